"""Records that come and go: a library's own name within the TTL of its records, and never a notice lost.

Notices leave every second while the library publishes the records of its IT kit and takes them away again; then one
goes to a receiver that refuses for authentication although the proof is good.
"""

import json
import re
import socketserver
import threading
import time
from collections import Counter

from laboratory import Courtesy, code_of, expected, provable, row

TURN_S = 90                 # the longest that a change of records may take: TTL 60 s, and a look
FUSSY = "127.25.9.25"       # where the receiver that refuses without good reason listens


def kit(facts, courtesy, domain):
    """(name, type, data): what the operator publishes at the targets, and what the library's IT publishes."""
    shared, code = facts["service"]["domain"], code_of(domain).lower()
    zone, target = courtesy.call("GET", "/v1/zone"), re.compile(rf"^((\S+)\.{code}\.dkim\.{re.escape(shared)})\. IN TXT (.*)$", re.M)
    keys = [(name, selector, "".join(re.findall(r'"([^"]*)"', text))) for name, selector, text in target.findall(zone)]
    operator = [(name, "TXT", text) for name, _, text in keys]
    library = [(f"{selector}._domainkey.{domain}", "CNAME", f"{name}.") for name, selector, _ in keys]
    return operator, library + [(f"{facts['return_path_label']}.{domain}", "CNAME", f"{facts['service']['bounce_domain']}.")]


class Fussy(socketserver.StreamRequestHandler):
    """A receiver that believes nobody but the shared domain, whatever the records say."""

    def handle(self):
        say = lambda line: self.wfile.write(line.encode() + b"\r\n")
        say("220 mx.fussy ESMTP")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                return say("221 2.0.0 bye")
            if verb != b"DATA":
                say("250 2.0.0 ok")
                continue
            say("354 go on")
            mail = b"".join(iter(self.rfile.readline, b".\r\n")).decode(errors="replace")
            author = re.search(r"^From:.*@([\w.-]+)", mail, re.M | re.I)[1]
            fine = author == self.server.believes
            say("250 2.0.0 taken" if fine else f"550 5.7.26 Unauthenticated email from {author} is not accepted due to"
                " domain's DMARC policy")


def run(lab, options):
    facts, domain = lab.facts, options.publish
    calm = [name for name, one in facts["receivers"].items()
            if expected(one)[0] == "accepted" and one.get("tls") == "may" and not {"greylist", "options"} & set(one)]
    fussy, believed = facts["spare_libraries"][-1], next((d for d in facts["libraries"] if provable(facts, d)), None)
    courtesy, sent, marks = Courtesy(lab), [], {}
    began = time.monotonic()

    def send_until(condition, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            at, number = time.monotonic(), len(sent)
            receiver = calm[number % len(calm)]
            sent.append((at - began, receiver, courtesy.tell(domain, number, f"patron-{number:04}@{receiver}")))
            time.sleep(max(0.0, at + 1 - time.monotonic()))
            if condition():
                return True
        return False

    def last_is(sender):
        told = courtesy.call("GET", f"/v1/messages/{sent[-1][2]}/timeline")
        return any(entry.get("sender") == sender for entry in told["entries"] if entry["kind"] == "attempted")

    wrong = []
    try:
        courtesy.prepare(facts, dict.fromkeys([domain, *facts["libraries"]]))
        operator = library = []
        courtesy.wait_for(lambda: len(kit(facts, courtesy, domain)[0]) == 2, 30)
        operator, library = kit(facts, courtesy, domain)
        for name, kind, data in operator:
            lab("publish", name, kind, data)
        send_until(lambda: len(sent) >= 5, 10)
        for what, records, sender in (("publish", library, "own"), ("unpublish", library, "shared")):
            for name, kind, data in records:
                lab(what, name, kind, *([data] if what == "publish" else []))
            changed = time.monotonic()
            if not send_until(lambda: last_is(sender), TURN_S):
                wrong.append(f"{what}: still not {sender} after {TURN_S} s")
            marks[what] = round(time.monotonic() - changed, 1)
            steady = len(sent) + 10
            send_until(lambda: len(sent) >= steady, 15)
        told = courtesy.settled([one for _, _, one in sent])
        patron = against_reason(lab, courtesy, fussy, believed) if believed else None
    finally:
        courtesy.stop()
        for name, kind, _ in library:
            lab("unpublish", name, kind)
    rows = [row(courtesy.shared, domain, receiver, f"patron@{receiver}", one) for (_, receiver, _), one in zip(sent, told)]
    (lab.folder / "courtesy-publish.jsonl").write_text("".join(json.dumps({"at_s": round(at, 1), **one}) + "\n"
                                                              for (at, _, _), one in zip(sent, rows)))
    time.sleep(2)
    verdicts = {record["message_id"]: record for record in lab.verdicts() if "message_id" in record}
    fates = Counter((verdicts.get(one["message_id"]) or {}).get("outcome") for one in rows)
    tries = [cause for one in rows for cause in one["refused_tries"]]
    wrong += [f"{one['receiver']}: {one['state']} {one['cause']}" for one in rows if one["state"] != "accepted"]
    wrong += [f"an attempt was refused: {cause}" for cause in tries]
    wrong += [f"the lab says {fate} {count} times" for fate, count in fates.items() if fate != "delivered"]
    if patron and (patron["state"], patron["sender"], patron["attempts"]) != ("accepted", "shared", 2):
        wrong.append(f"refused although the proof was good: {patron}")
    senders = "".join("O" if one["sender"] == "own" else "s" for one in rows)
    summary = {"library": domain, "notices": len(rows), "senders": senders, "own_after_s": marks.get("publish"),
               "shared_after_s": marks.get("unpublish"), "fates": fates, "refused_tries": len(tries),
               "refused_though_proven": patron, "wrong": wrong}
    if options.json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        print(f"{len(rows)} notices of {domain}, one a second (s shared, O own): {senders}")
        print(f"own {marks.get('publish')} s after publishing; shared {marks.get('unpublish')} s after taking the records away")
        print(f"the lab: {dict(fates)}; refused attempts: {len(tries)}")
        print(f"refused although the proof was good ({believed}): {patron}")
        for sentence in wrong:
            print("not as it must be:", sentence)
    return wrong


def against_reason(lab, courtesy, fussy, believed):
    """A notice in a proven name to a receiver that refuses it; its row."""
    records = [(fussy, "MX", f"10 mx.{fussy}."), (f"mx.{fussy}", "A", FUSSY)]
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer((FUSSY, lab.facts["smtp_port"]), Fussy) as server:
        server.daemon_threads, server.believes = True, courtesy.shared
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for record in records:
            lab("publish", *record)
        time.sleep(3)                                      # the resolver forgets what it knew
        told = courtesy.settled([courtesy.tell(believed, 900_000, f"patron@{fussy}")])[0]
        server.shutdown()
    for name, kind, _ in records:
        lab("unpublish", name, kind)
    return row(courtesy.shared, believed, fussy, f"patron@{fussy}", told)
