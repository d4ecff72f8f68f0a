"""What people and machines write to the shared address: passed on to the right desk, answered once, no loops.

A patron replies, with an attachment, to the address a notice came from; 1,000 automatic answers come in, half of which hide
what they are; an automatic answerer that hides it best, and answers to everything at once, writes to a library and is the desk
of another. What reaches the lab's receivers is judged by them; the answerer is ours, and counts.
"""

import email
import email.policy
import email.utils
import json
import re
import smtplib
import socketserver
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage

from laboratory import Courtesy, code_of

PATRONS = "gmailish.example"
STORM, STORM_SENDERS, HANDS = 1000, 50, 8
WAIT_S = 60                  # the longest that a mail may take there and back
QUIET_S = 15                 # so long without a new mail, and the answerer is done
ANSWERER = "127.25.9.26"     # where the answerer's mail server listens
LOOP_MAX = 25                # mails an answerer may get for one it wrote: what of a person is passed on in a day, and some


def letter(author, to, text, **fields):
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = author, to, fields.pop("subject", "My loan")
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = email.utils.make_msgid(domain=author.rpartition("@")[2])
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


class Answerer(socketserver.StreamRequestHandler):
    """A mail server that answers every mail at once, to its From, and says nowhere that it is a machine."""

    def handle(self):
        say = lambda line: self.wfile.write(line.encode() + b"\r\n")
        say("220 mx.answerer ESMTP")
        recipient = ""
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                return say("221 2.0.0 bye")
            if verb == b"RCPT":
                recipient = re.search(rb"<(.*?)>", line)[1].decode()
            if verb != b"DATA":
                say("250 2.0.0 ok")
                continue
            say("354 go on")
            mail = b"".join(iter(self.rfile.readline, b".\r\n"))
            say("250 2.0.0 taken")
            self.server.got(recipient, mail)


class Answering(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self, facts, source):
        super().__init__((ANSWERER, facts["smtp_port"]), Answerer)
        self.mx, self.port, self.source, self.mails, self.last = facts["service"]["mx"], facts["smtp_port"], source, [], 0.0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def got(self, recipient, raw):
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        self.mails.append((recipient, mail))
        self.last = time.monotonic()
        to = email.utils.parseaddr(mail["From"])[1]
        threading.Thread(target=self.write, args=(recipient, to, mail["Subject"], mail["Message-ID"]), daemon=True).start()

    def write(self, author, to, subject, about=None):
        more = {"In_Reply_To": about, "References": about} if about else {}
        message = letter(author, to, "Thank you, we have your letter and will look into it.\n", subject=f"Re: {subject}", **more)
        return hand_in(self.mx, self.port, self.source, author, to, message)


def hand_in(mx, port, source, mail_from, to, message):
    """By SMTP to the service's own MX, as a stranger's server does: what is put off comes again."""
    for pause in (1, 2, 5, 10, 20, 30, 60, 60, 60, 0):
        try:
            with smtplib.SMTP(mx, port, "mx.strangers.example", timeout=30, source_address=(source, 0)) as wire:
                wire.send_message(message, mail_from, [to])
            return True
        except (OSError, smtplib.SMTPException):
            time.sleep(pause)
    return False


class Box:
    """A Maildir of the lab's: what came there since."""

    def __init__(self, lab, domain):
        self.folder, self.seen = lab.folder / "mail" / domain, set()
        self.fresh()

    def fresh(self):
        files = [path for part in ("new", "cur") for path in self.folder.glob(f"{part}/*") if path.name not in self.seen]
        self.seen |= {path.name for path in files}
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]

    def wait(self, wanted, seconds=WAIT_S):
        """All that came until one is wanted."""
        came, deadline = [], time.monotonic() + seconds
        while time.monotonic() < deadline:
            came += self.fresh()
            if any(map(wanted, came)):
                return came
            time.sleep(0.25)
        return came


def address(value):
    return email.utils.parseaddr(str(value or ""))[1].lower()


def run(lab, options):
    """Sentences, one for each thing that is not as it must be."""
    facts, wrong = lab.facts, []
    service = facts["service"]
    shared = next(name for name, one in facts["libraries"].items() if "p=reject" in one.get("dmarc", "")
                  and not one.get("delegates") and not any("include" in record for record in one.get("spf", [])))
    other = next(name for name in facts["libraries"] if name != shared and not facts["libraries"][name].get("spf"))
    answerers = facts["spare_libraries"][-2]
    records = [(answerers, "MX", f"10 mx.{answerers}."), (f"mx.{answerers}", "A", ANSWERER)]
    source = "127.0.0.1"
    courtesy = Courtesy(lab)
    try:
        courtesy.prepare(facts, [shared, other])
        for record in records:
            lab("publish", *record)
        time.sleep(3)                                      # the resolver forgets what it knew
        # One desk is its library's own mailbox; the other is where receivers judge what comes, and a third an answerer's.
        put = lambda domain, **more: courtesy.call("PUT", f"/v1/libraries/{code_of(domain)}", {
            "code": code_of(domain), "name": {"en": f"{code_of(domain).title()} Public Library"}, "region": "lab",
            "time_zone": "America/Vancouver", "languages": ["en", "fr"], "phone": "604-555-0100", **more})
        put(other, **{"from": f"ill@{other}"}, reply_to=f"patron-desk@{PATRONS}")
        at = {domain: f"{code_of(domain).lower()}@{service['domain']}" for domain in (shared, other)}
        wrong += replied(lab, courtesy, shared, other, at)
        storm = stormed(lab, facts, other, at, source, wrong)
        loop = looped(courtesy, facts, answerers, put, source, wrong)
    finally:
        courtesy.stop()
        for name, kind, _ in records:
            lab("unpublish", name, kind)
    summary = {"storm": storm, "loop": loop, "wrong": wrong}
    if options.json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        print(f"\nWhat people write: a reply to {shared} and one to {other}, each passed on and answered once"
              f"{'' if not wrong else ', or not'}")
        print(f"1,000 automatic answers of {STORM_SENDERS} senders: {storm}")
        print(f"An answerer that hides it: {loop}")
        for sentence in wrong:
            print("not as it must be:", sentence)
    return wrong


def replied(lab, courtesy, shared, other, at):
    """A patron replies to the address a notice came from."""
    wrong, smtp = [], ("127.25.0.1", 2525)                 # the providers' own way out, which the lab's people use
    patrons, desk = Box(lab, PATRONS), Box(lab, shared)
    for number, domain in enumerate((shared, other)):
        who = f"patron-writes{number}@{PATRONS}"
        sent = courtesy.tell(domain, 700_000 + number, who)
        courtesy.settled([sent])
        notice = next((mail for mail in patrons.wait(lambda mail: address(mail["To"]) == who) if address(mail["To"]) == who), None)
        if notice is None or address(notice["From"]) != at[domain]:
            wrong.append(f"{domain}: the notice came from {notice and notice['From']}, not from {at[domain]}")
            continue
        for turn in (1, 2):
            mail = letter(who, at[domain], "Can you keep it for me until Friday?\n", subject=f"Re: {notice['Subject']}",
                          In_Reply_To=notice["Message-ID"], References=notice["Message-ID"])
            mail.add_attachment(bytes(range(256)), maintype="application", subtype="octet-stream", filename=f"card{turn}.bin")
            with smtplib.SMTP(*smtp) as wire:
                wire.send_message(mail, who, [at[domain]])
            box = desk if domain == shared else patrons
            to = f"ill@{domain}" if domain == shared else f"patron-desk@{PATRONS}"
            of_turn = lambda one: address(one["To"]) == to and f"card{turn}.bin" in [part.get_filename() for part in one.iter_attachments()]
            came = box.wait(of_turn)
            passed = next((one for one in came if of_turn(one)), None)
            if passed is None:
                wrong.append(f"{domain}, reply {turn}: it did not reach {to}")
                continue
            if address(passed["Reply-To"]) != who or address(passed["From"]) != at[domain]:
                wrong.append(f"{domain}, reply {turn}: From {passed['From']}, Reply-To {passed['Reply-To']}")
            if next(passed.iter_attachments()).get_content() != bytes(range(256)):
                wrong.append(f"{domain}, reply {turn}: the attachment is another")
            is_answer = lambda one: address(one["To"]) == who
            if turn == 1 and not any(map(is_answer, came)):
                came += patrons.wait(is_answer)
            time.sleep(5)                                  # another answer would come about now
            answers = [one for one in [*came, *patrons.fresh()] if is_answer(one)]
            if len(answers) != (turn == 1):
                wrong.append(f"{domain}, reply {turn}: {len(answers)} answers")
            for answer in answers:
                polite = "604-555-0100" in answer.get_body(("plain",)).get_content()
                if not (answer["Auto-Submitted"] or "").startswith("auto-replied") or not polite or address(answer["From"]) != at[domain]:
                    wrong.append(f"{domain}: the answer is not as it must be: {answer['From']} {answer['Auto-Submitted']} {polite}")
        kinds = Counter(entry["kind"] for entry in courtesy.call("GET", f"/v1/messages/{sent}/timeline")["entries"])
        if kinds["replied"] != 2:
            wrong.append(f"{domain}: {kinds['replied']} replies stand in the timeline of the notice, not 2")
    ours = [one for one in lab.verdicts() if str(one.get("recipient", "")).startswith(("patron-writes", "patron-desk"))]
    for one in ours:
        if one["outcome"] != "delivered" or set(one["dmarc"].values()) != {"pass"}:
            wrong.append(f"to {one['recipient']}: {one['outcome']}, DMARC {one['dmarc']}")
    if len(ours) < 6:
        wrong.append(f"the receivers saw {len(ours)} of our mails, not two notices, two answers, two passed on")
    return wrong


def stormed(lab, facts, domain, at, source, wrong):
    """Automatic answers to a notice that everybody got; every second one hides what it is."""
    service, patrons = facts["service"], Box(lab, PATRONS)

    def one(number):
        who = f"patron-storm{number % STORM_SENDERS}@{PATRONS}"
        marks = {"Auto_Submitted": "auto-replied"} if number // STORM_SENDERS % 2 == 0 else {}
        mail = letter(who, at[domain], f"I am away. {number}\n", subject="Away" if marks else "Re: Ready for pickup", **marks)
        return hand_in(service["mx"], facts["smtp_port"], source, "" if marks else who, at[domain], mail)

    began = time.monotonic()
    with ThreadPoolExecutor(HANDS) as hands:
        taken = sum(hands.map(one, range(STORM)))
    took = time.monotonic() - began
    answers, passed, quiet = Counter(), 0, time.monotonic()
    while time.monotonic() - quiet < QUIET_S:
        for mail in patrons.fresh():
            quiet = time.monotonic()
            if address(mail["To"]).startswith("patron-storm"):
                answers[address(mail["To"])] += 1
            passed += address(mail["To"]) == f"patron-desk@{PATRONS}"
        time.sleep(0.25)
    if taken < STORM:
        wrong.append(f"storm: {STORM - taken} of {STORM} were not taken")
    if not answers or max(answers.values()) > 1 or len(answers) > STORM_SENDERS:
        wrong.append(f"storm: {sum(answers.values())} answers to {len(answers)} senders")
    return {"sent": taken, "took_s": round(took, 1), "answers": sum(answers.values()), "senders_answered": len(answers),
            "most_for_one": max(answers.values(), default=0), "passed_on": passed}


def looped(courtesy, facts, answerers, put, source, wrong):
    """Somebody's mailbox that answers everything, as a patron's and as a library's desk."""
    put("looped.example", reply_to=f"desk@{answerers}")
    shared = f"looped@{facts['service']['domain']}"
    with Answering(facts, source) as server:
        if not server.write(f"parrot@{answerers}", shared, "A question"):
            wrong.append("the answerer's mail was not taken")
        server.last = time.monotonic()
        deadline = time.monotonic() + 4 * WAIT_S
        while time.monotonic() - server.last < QUIET_S and time.monotonic() < deadline:
            time.sleep(0.5)
        quiet = time.monotonic() - server.last >= QUIET_S
        got = Counter(recipient for recipient, _ in server.mails)
        answers = sum(1 for recipient, mail in server.mails if (mail["Auto-Submitted"] or "").startswith("auto-replied"))
        server.shutdown()
    if not quiet or sum(got.values()) > LOOP_MAX:
        wrong.append(f"the answerer got {sum(got.values())} mails, and {'is quiet' if quiet else 'they go on'}")
    if answers != 1:
        wrong.append(f"the answerer was answered {answers} times, not once")
    return {"mails": dict(got), "answers": answers, "quiet_after_s": QUIET_S if quiet else None}
