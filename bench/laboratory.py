"""A lab, a Courtesy of our own in it, and what must become of each notice: what bench/lab is made of."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REGION = "lab"
# Greylisting ends after seconds; a pace of messages a minute is waited for without an attempt. What is put off then waits for hours.
SCHEDULE = ["7s", "20s", "45s", "6h"]
PUT_OFF_S = 1800            # due later than this: nothing more will happen while we watch
WAITING = ("queued", "sending", "delayed")
SILENCE_S = 90              # so long after the last change nothing more will happen: a receiver's minute, and a half
PATIENCE_S = 450


class Lab:
    """The lab's own command, and its facts."""

    def __init__(self, script, folder):
        self.script, self.folder = script, Path(folder).resolve()
        self.facts = json.loads(self("facts"))

    def __call__(self, command, *rest):
        for pause in (1, 3, 0):         # the name server may be at work on the zone, and refuse an update meanwhile
            done = subprocess.run([self.script, command, self.folder, *rest], capture_output=True, text=True)
            if done.returncode == 0 or command not in ("publish", "unpublish"):
                break
            time.sleep(pause)
        if done.returncode:
            raise SystemExit(f"lab {command} {' '.join(rest)}: {done.stdout}{done.stderr}")
        return done.stdout

    def verdicts(self):
        """Records of what came from our relays; baseline's come from elsewhere."""
        service = self.facts["service"]
        ours = {*service["relays"], service["relay_v6"]}
        lines = self("verdicts", "--json").splitlines()
        return [record for record in map(json.loads, lines) if record["client"] in ours]


def is_ed25519(pem):
    return len(pem) < 200                  # 119 characters; the smallest RSA key has ten times as many


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def settings(facts, folder, port, submission):
    """courtesy.toml for this world."""
    service = facts["service"]
    keys = [(key["domain"], key["selector"], is_ed25519(Path(key["key"]).read_text())) for key in facts["dkim"]]
    shared = [name for domain, name, short in sorted(keys, key=lambda key: key[2]) if domain == service["domain"]]
    theirs = list(dict.fromkeys(
        name for domain, name, short in sorted(keys, key=lambda key: key[2]) if domain != service["domain"]))
    values = {
        "public_host": f"mx.{service['domain']}", "data": str(folder / "data"), "listen.http": f"127.0.0.1:{port}",
        "listen.submission": f"127.0.0.1:{submission}",
        "dns.resolver": facts["resolver"], "smtp.port": facts["smtp_port"], "smtp.loopback": True,
        "smtp.extra_ca": facts["ca"], "shared.domain": service["domain"], "shared.selectors": shared,
        "shared.bounce_domain": service["bounce_domain"], "shared.spf_include": f"_spf.{service['domain']}",
        "shared.return_path_label": facts["return_path_label"], "retry.schedule": SCHEDULE, "relays.block_lists": [],
    }
    if service.get("mx"):                                 # where bounces, complaints and replies come to
        values |= {"listen.smtp": f"{service['mx']}:{facts['smtp_port']}", "listen.smtp_certificate": service["certificate"],
                   "listen.smtp_key": service["key"]}
    if theirs:
        values["shared.library_selectors"] = theirs
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
    v6_host = next(iter(service["relays"].values()))      # the lab says which host the IPv6 address is: the first
    for address, host in service["relays"].items():
        sources = [address] + [service["relay_v6"]] * (host == v6_host)
        text += f"\n[[relay]]\nhost = {json.dumps(host)}\nregion = \"{REGION}\"\nsources = {json.dumps(sources)}\n"
    return text


class Courtesy:
    """A server of our own, and its API."""

    def __init__(self, lab):
        folder = lab.folder / "courtesy"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        port, self.submission = free_port(), free_port()
        self.shared, self.base = lab.facts["service"]["domain"], f"http://127.0.0.1:{port}"
        (folder / "courtesy.toml").write_text(settings(lab.facts, folder, port, self.submission))
        candidates = [os.environ.get("COURTESY_BIN"), ROOT / "target/release/courtesy", ROOT / "target/debug/courtesy"]
        binary = next(path for path in candidates if path and Path(path).exists())
        self.log = folder / "log"
        # Its settings are the file's alone: every COURTESY_ variable would be one.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COURTESY_")}
        self.process = subprocess.Popen([binary, "--config", folder / "courtesy.toml", "serve"],
                                        stderr=self.log.open("w"), env=environment)
        self.key, self.planned = "", {}
        self.wait_for(lambda: self.call("GET", "/health") is not None and (folder / "data/operator.key").exists(), 30)
        self.key = (folder / "data/operator.key").read_text().strip()

    def call(self, method, path, body=None, kind="application/json"):
        data = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": kind}
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read().decode()
                return json.loads(text) if answer.headers.get_content_type() == "application/json" else text
        except urllib.error.HTTPError as refused:
            sys.exit(f"{method} {path}: {refused.code} {refused.read().decode()}")
        except OSError:
            if self.process.poll() is not None:
                sys.exit(f"courtesy serve has ended: {self.log.read_text()}")
            return None

    def wait_for(self, condition, seconds):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.25)
        return True

    def prepare(self, facts, domains):
        """The service's keys and the libraries' records; then waits until each domain was looked at."""
        for key in facts["dkim"]:
            pem = Path(key["key"]).read_text()
            body = {"domain": key["domain"], "selector": key["selector"], "private_key": pem, "active": not is_ed25519(pem)}
            if key["domain"] != facts["service"]["domain"]:
                body["library"] = code_of(key["domain"])
            self.call("POST", "/v1/dkim/import", body)
        for domain in domains:
            self.call("PUT", f"/v1/libraries/{code_of(domain)}", {
                "code": code_of(domain), "name": {"en": f"{code_of(domain).title()} Public Library"}, "region": REGION,
                "time_zone": "America/Vancouver", "languages": ["en", "fr"], "from": f"ill@{domain}", "phone": "604-555-0100"})
        for domain in domains:
            self.call("GET", f"/v1/libraries/{code_of(domain)}/sender?fresh=true")

    def tell(self, domain, number, email):
        """One event; the id of its message."""
        answer = self.call("POST", "/v1/events", {
            "library": code_of(domain), "request": f"ILL-{number:06}", "status": "ready_for_pickup",
            "patron": {"email": email, "first_name": "Amélie", "surname": "Ng"},
            "fields": {"title": "L’Étranger", "author": "Camus, Albert", "pickup_by": "2027-01-31"}})
        message = answer["messages"][0]
        self.planned[message["id"]] = next(iter(message.get("plan", [])), {})
        return message["id"]

    def tell_by_iso18626(self, domain, number, email):
        """The same from a system that speaks ISO 18626: the document of the README, with this library, patron and number."""
        text = (ROOT / "docs/examples/iso18626-request.xml").read_text()
        request_number = f"ISO-{number:06}"
        for old, new in (("MRPL", code_of(domain)), ("BC-104250", request_number), ("a.bellweather@patron.example", email)):
            text = text.replace(old, new)
        confirmation = self.call("POST", "/iso18626", text, "application/xml")
        if "<messageStatus>OK</messageStatus>" not in confirmation:
            sys.exit(f"POST /iso18626: {confirmation}")
        return self.call("GET", f"/v1/messages?request={request_number}")["data"][0]["id"]

    def settled(self, ids):
        """Waits until each of these is over or put off; their timelines."""
        known, changed = {}, time.monotonic()

        def quiet():
            nonlocal known, changed
            before, known, after = known, {}, ""
            while after is not None:
                page = self.call("GET", "/v1/messages?limit=500" + after)
                known |= {row["id"]: row for row in page["data"]}
                after = f"&after={page['next']}" if page["has_more"] else None
            waiting = {one for one in ids if known[one]["state"] in WAITING}
            if waiting != {one for one in ids if one in before and before[one]["state"] in WAITING}:
                changed = time.monotonic()
            soon = [known[one] for one in waiting if instant(known[one]["due_at"]) - time.time() < PUT_OFF_S]
            # A site that nobody reaches is asked ever more rarely, and its messages stay due soon.
            silent = time.monotonic() - changed > SILENCE_S and all(row["attempts"] or row.get("cause") for row in soon)
            return not soon or silent
        if not self.wait_for(quiet, PATIENCE_S):
            print("some messages are neither over nor put off", file=sys.stderr)
        return [self.rested(one) | {"planned": self.planned.get(one, {})} for one in ids]

    def rested(self, one):
        """The timeline of a message that no attempt is at: one that is put off may be tried again at any moment."""
        for _ in range(240):
            told = self.call("GET", f"/v1/messages/{one}/timeline")
            if told["message"]["state"] != "sending":
                break
            time.sleep(0.25)
        return told

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def code_of(domain):
    return domain.split(".")[0].upper()[:24]


def instant(text):
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", text).replace("Z", "+00:00")).timestamp()


def row(shared, library, receiver, recipient, told):
    """A line of courtesy.jsonl."""
    message, tries = told["message"], [entry for entry in told["entries"] if entry["kind"] == "attempted"]
    # Who waits for a receiver that nobody reaches may not have been tried: its plan says how it will leave.
    last = tries[-1] if tries else told.get("planned", {})
    return {"library": library, "receiver": receiver, "recipient": recipient, "sender": last.get("sender"),
            "from": last.get("from"), "state": message["state"], "cause": (message.get("cause") or {}).get("code"),
            "message_id": f"<{message['id'].rpartition('_')[2].lower()}@{shared}>", "attempts": len(tries),
            "refused_tries": [entry["cause"] for entry in tries if entry["outcome"] == "refused"],
            "tls": last.get("tls"), "reply": last.get("reply"), "took_s": round(sum(t["took_ms"] for t in tries) / 1000, 2)}


def expected(receiver):
    """(state, causes) of a notice to `patron` there."""
    if receiver.get("mx") == "null":
        return "failed", ["domain.nomail"]
    if receiver.get("mx") == "missing":
        return "failed", ["domain.nomail.nohost"]
    if receiver.get("mx") == "bogus":
        return "delayed", ["dns.temp"]
    if receiver.get("tlsa") == "bad":
        return "delayed", ["tls.dane"]
    if receiver.get("sts") and receiver.get("self_signed"):
        return "delayed", ["tls.sts"]
    if not receiver.get("tls"):
        return "delayed", ["net"]
    if any(re.search(r"\{4\d\d ", str(value)) for value in receiver.get("options", {}).values()):
        return "delayed", ["temp", "remote"]
    return "accepted", [None]


# RFC 5321 §4.5.3.1.10: 552 at RCPT is to be taken as 452.
PEOPLE = {"full": ("delayed", ["mailbox.full"]), "overquota": ("delayed", ["mailbox.full"]),
          "disabled": ("failed", ["addr.disabled"]), "nobody": ("failed", ["addr.unknown"])}


def provable(facts, domain):
    """Whether the records let us write in the library's name: our include in its one SPF record, or names delegated."""
    library, include = facts["libraries"][domain], f"include:_spf.{facts['service']['domain']}"
    listed = [record for record in library.get("spf", []) if include in record.split()]
    return bool(library.get("delegates") or listed and len(library["spf"]) == 1)
