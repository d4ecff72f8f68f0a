"""What comes back: late bounces, complaints, automatic replies; and which addresses are stopped by them.

Two notices for each person of the lab that answers, from a library that writes under the shared address and one whose
return path is delegated to us. The second leaves when all that follows from the first has come back.
"""

import json
import time

from laboratory import Courtesy, code_of

# Person: after the first notice its state, causes, and whether the address is stopped; after the second its state and cause.
PEOPLE = {
    "late": ("failed", ["addr.unknown"], True, "suppressed", "addr.stopped"),
    "latefull": ("failed", ["mailbox.full"], False, "failed", "mailbox.full"),
    "vacation": ("accepted", [None], False, "accepted", None),
    "rudevacation": ("accepted", [None], False, "accepted", None),
    "complainer": ("accepted", ["complaint"], True, "suppressed", "addr.stopped"),
    "full": ("delayed", ["mailbox.full"], False, "delayed", "mailbox.full"),
    "overquota": ("delayed", ["mailbox.full"], False, "delayed", "mailbox.full"),
    "disabled": ("failed", ["addr.disabled"], False, "failed", "addr.disabled"),
    "nobody": ("failed", ["addr.unknown"], True, "suppressed", "addr.stopped"),
}
STOPPED_AT_LAST = {"late", "complainer", "nobody", "disabled"}
RECEIVERS = ("gmailish.example", "plain.example")
COMES_BACK_S = 60           # the longest a report may take: Postfix bounces at once, and offers again every 5 to 30 s


def run(lab, options):
    """Sentences, one for each thing that is not as it must be."""
    facts, wrong = lab.facts, []
    delegated = next(name for name, one in facts["libraries"].items() if one.get("delegates"))
    shared = next(name for name, one in facts["libraries"].items() if "p=reject" in one.get("dmarc", "") and name != delegated
                  and not any("include" in record for record in one.get("spf", [])))
    jobs = [(library, f"{who}@{receiver}", who) for library in (shared, delegated) for receiver in RECEIVERS for who in PEOPLE]
    courtesy = Courtesy(lab)
    try:
        courtesy.prepare(facts, [shared, delegated])
        for turn in (1, 2):
            ids = [courtesy.tell(library, turn * 1000 + number, address) for number, (library, address, _) in enumerate(jobs)]
            wanted = [(PEOPLE[who][0], PEOPLE[who][1]) if turn == 1 else (PEOPLE[who][3], [PEOPLE[who][4]]) for *_, who in jobs]

            def state(one):
                message = courtesy.rested(one)["message"]
                return message["state"], (message.get("cause") or {}).get("code")

            def as_wanted():
                return all(found[0] == want[0] and found[1] in want[1] for found, want in zip(map(state, ids), wanted))

            courtesy.wait_for(as_wanted, COMES_BACK_S)
            time.sleep(5)                                  # and what must not change has had the time to
            for (library, address, _), one, want in zip(jobs, ids, wanted):
                found = state(one)
                if found[0] != want[0] or found[1] not in want[1]:
                    wrong.append(f"{library} to {address}, notice {turn}: {found[0]} {found[1]}, not {want[0]} {want[1]}")
            for library in (shared, delegated):
                stops = courtesy.call("GET", f"/v1/libraries/{code_of(library)}/do-not-send?limit=1000")["data"]
                found = {stop["address"] for stop in stops}
                must = {address for whose, address, who in jobs
                        if whose == library and (PEOPLE[who][2] if turn == 1 else who in STOPPED_AT_LAST)}
                wrong += [f"{library}: {address} is not stopped after notice {turn}" for address in sorted(must - found)]
                wrong += [f"{library}: {address} is stopped after notice {turn}" for address in sorted(found - must)]
        unreached = courtesy.call("GET", "/v1/unreached?limit=500")["data"]
    finally:
        courtesy.stop()
    if options.json:
        print(json.dumps({"notices": 2 * len(jobs), "unreached": len(unreached), "wrong": wrong}, ensure_ascii=False))
    else:
        print(f"\nWhat came back: {2 * len(jobs)} notices to {len(PEOPLE)} people at {len(RECEIVERS)} receivers from {shared} and {delegated};"
              f" {len(unreached)} patrons on the list of the unreached")
        for sentence in wrong:
            print("not as it must be:", sentence)
    return wrong
