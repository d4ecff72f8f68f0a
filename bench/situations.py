"""Every situation of the sender's tests that can be published in the lab: is the chosen sender believed there?

Each gets one of the lab's spare libraries, with its zone published by the lab's own command; Courtesy plans and sends to the
strictest receivers; the lab's verifiers say what they found.
"""

import json
import re
import subprocess
import time
import tomllib
from collections import Counter

from laboratory import REGION, ROOT, Courtesy, code_of, row

FOLDER = ROOT / "crates/courtesy/testdata/sender"
RECEIVERS = ("gmailish.example", "outlookish.example", "yahooish.example", "plain.example")
# What makes a situation out of more than a zone.
NOT_A_ZONE = ("age_s", "never_looked", "shared_unknown", "no_relays", "observed", "exclude", "family")
FORGET_S = 4                # the lab's resolver remembers answers for two seconds, and that there are none for one

# `lab publish` and `lab unpublish` again and again, in one process.
BATCH = """
import importlib.machinery, importlib.util, json, pathlib, sys, time
loader = importlib.machinery.SourceFileLoader("lab", sys.argv[1])
lab = importlib.util.module_from_spec(importlib.util.spec_from_loader("lab", loader))
loader.exec_module(lab)
for record in json.load(sys.stdin):
    for pause in (1, 3, 0):
        try:
            lab.publish(pathlib.Path(sys.argv[2]), *record)
            break
        except SystemExit:
            if not pause:
                raise
            time.sleep(pause)
"""


def publish(lab, records):
    """(name, type, data) each; without data it is taken away."""
    subprocess.run(["/usr/bin/python3", "-B", "-c", BATCH, lab.script, lab.folder], input=json.dumps(records),
                   text=True, check=True)


def read(facts):
    """[(file, fixture, library, records)] and why the others cannot be published."""
    spare, found, left_out = iter(facts["spare_libraries"]), [], []
    for path in sorted(FOLDER.glob("*.toml")):
        case = tomllib.loads(path.read_text())
        records = [record(line) for line in case["zone"].splitlines() if line.strip()]
        names = Counter((name, kind) for name, kind, _ in records if kind == "TXT")
        why = next((key for key in NOT_A_ZONE if key in case), None)
        if not why and not case["from"].endswith("library.example"):
            why = "not below a library's domain"
        elif not why and any(kind == "SERVFAIL" for _, kind, _ in records):
            why = "a name server that fails"
        elif not why and '\\"' in case["zone"]:
            why = "quotes in a text"
        elif not why and any(count > 1 for count in names.values()):
            why = "several records of one name"
        elif not why and any(not name.endswith("library.example") for name, _, _ in records):
            why = "other people's names"
        if why:
            left_out.append(f"{path.stem} ({why})")
        else:
            found.append((path.stem, case, next(spare), records))
    return found, left_out


def record(line):
    name, kind, *data = line.split(maxsplit=2)
    data = "".join(data)
    return name, kind, "".join(re.findall(r'"([^"]*)"', data)) if kind == "TXT" else data


def here(text, facts, domain):
    """A fixture's text with this world's names and addresses."""
    service = facts["service"]
    relays = [f"ip{'6' if ':' in ip else '4'}:{ip}" for ip in [*service["relays"], service["relay_v6"]]]
    code = code_of(domain).lower()
    first, second = selectors(facts)
    for old, new in (
        ("ip4:192.0.2.10 ip6:2001:db8::10", " ".join(relays)), ("ip4:192.0.2.10", relays[0]),
        # A sub-domain of that name would be the label of the return path here.
        ("ill.library.example", f"desk.{domain}"), ("notices-bounce", facts["return_path_label"]),
        ("library.example", domain), (".mrpl.dkim.", f".{code}.dkim."), ("bounces.notices.example", service["bounce_domain"]),
        ("notices.example", service["domain"]), ("na1._domainkey", f"{first}._domainkey"),
        ("na2._domainkey", f"{second}._domainkey"), ("na1.", f"{first}."), ("na2.", f"{second}."),
    ):
        text = text.replace(old, new)
    return text


def selectors(facts):
    """Those that libraries delegate, as the settings give them to Courtesy."""
    theirs = [key["selector"] for key in facts["dkim"] if key["domain"] != facts["service"]["domain"]]
    return list(dict.fromkeys(theirs))[:2] if theirs else ["na1", "na2"]


def zone_of(facts, case, domain, records, public):
    """What the library's IT publishes: the lab gives every spare library a mail server, which some situations lack."""
    fixed = dict(line.split(" ", 1) for line in (FOLDER / "00-keys").read_text().splitlines() if " " in line)
    result, has_mx = [], False
    for name, kind, data in records:
        apex = name == "library.example"
        if apex and kind == "MX":
            has_mx = True
            if data.split()[1] != ".":
                continue                               # the lab's own mail server stands for it
        if kind == "MX" and data.split()[1] != ".":
            data = "10 mx.libraries.example"
        name, data = here(name, facts, domain), here(data, facts, domain)
        key = public.get(f"{name.split('.')[0]}.{code_of(domain).lower()}.dkim", next(iter(public.values()), ""))
        for word, value in (("{key}", key), ("{oldkey}", fixed["oldkey"]), ("{key1024}", fixed["key1024"]),
                            ("{cutkey}", key[:255])):
            data = data.replace(word, value)
        result.append((name, kind, data if kind in ("TXT", "A", "AAAA") or data.endswith(".") else data + "."))
    without = [] if has_mx else [(domain, "MX")] + ([] if any(r[:2] == (domain, "A") for r in result) else [(domain, "A")])
    return without + result


def run(lab, options):
    facts = lab.facts
    cases, left_out = read(facts)
    courtesy, published = Courtesy(lab), []
    try:
        courtesy.prepare(facts, [])
        for _, case, domain, _ in cases:
            courtesy.call("PUT", f"/v1/libraries/{code_of(domain)}", {
                "code": code_of(domain), "name": {"en": f"{code_of(domain)} Library"}, "region": REGION,
                "time_zone": "America/Vancouver", "languages": ["en"], "from": here(case["from"], facts, domain),
                "phone": "604-555-0100", "prefer_shared_over_own_bounces": case.get("prefer_shared", False)})
        shared = re.escape(facts["service"]["domain"])
        target = re.compile(rf"^((\S+\.dkim)\.{shared})\. IN TXT (.*)$", re.M)

        def keys():
            text = courtesy.call("GET", "/v1/zone")
            return {short: (name, "".join(re.findall(r'"([^"]*)"', data))) for name, short, data in target.findall(text)}
        courtesy.wait_for(lambda: len(keys()) >= 2 * len(cases), 240)
        made = keys()
        public = {short: re.search(r"p=([^;\s]*)", text)[1] for short, (_, text) in made.items()}
        for _, case, domain, records in cases:
            mine = {short: key for short, key in public.items() if f".{code_of(domain).lower()}." in f".{short}."}
            published += zone_of(facts, case, domain, records, mine)
            if "_domainkey" in case["zone"]:
                published += [(made[short][0], "TXT", made[short][1]) for short in mine]
        publish(lab, published)
        time.sleep(FORGET_S)
        for _, _, domain, _ in cases:
            courtesy.call("GET", f"/v1/libraries/{code_of(domain)}/sender?fresh=true")
        jobs = [(file, case, domain, receiver) for file, case, domain, _ in cases for receiver in RECEIVERS
                if receiver in facts["receivers"]]
        ids = [courtesy.tell(domain, number, f"patron-{number:04}@{receiver}")
               for number, (_, _, domain, receiver) in enumerate(jobs)]
        told = courtesy.settled(ids)
    finally:
        courtesy.stop()
    rows = [row(courtesy.shared, domain, receiver, f"patron@{receiver}", one)
            for (_, _, domain, receiver), one in zip(jobs, told)]
    time.sleep(2)                                          # the receivers file what they took
    verdicts = {one["message_id"]: one for one in lab.verdicts() if "message_id" in one}
    publish(lab, [one[:2] for one in published])
    wrong, fates = [], Counter()
    for (file, case, _, receiver), one in zip(jobs, rows):
        seen = verdicts.get(one["message_id"])
        fates[(seen or {}).get("outcome")] += 1
        wanted = "shared" if case["rung"] == "shared" else "own"
        where = f"{file} at {receiver}"
        if one["sender"] != wanted or one["state"] != "accepted" or one["refused_tries"]:
            wrong.append(f"{where}: {one['state']} as {one['sender']}, wanted {wanted}: {one['reply']} {one['refused_tries']}")
        if seen is None or seen["outcome"] != "delivered":
            wrong.append(f"{where}: the lab says {seen and seen['outcome']}")
        # Without a policy there is nothing to pass.
        elif set(seen["dmarc"].values()) - ({"pass"} if wanted == "shared" else {"pass", "none"}):
            wrong.append(f"{where}: DMARC {seen['dmarc']}")
    own = sum(one["sender"] == "own" for one in rows)
    summary = {"situations": len(cases), "notices": len(rows), "own": own, "fates": dict(fates), "left_out": left_out, "wrong": wrong}
    if options.json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        print(f"{len(cases)} situations, {len(rows)} notices, {own} of them in the library's own name; the lab: {dict(fates)}")
        print(f"not to be published here: {', '.join(left_out)}")
        for sentence in wrong:
            print("not as it must be:", sentence)
    return wrong
