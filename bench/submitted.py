"""Mail of library systems that can only send mail, handed in on the submission port and taken to strict receivers.

Each library's system signs in with that library's key and writes as Koha, Evergreen and SHAREit write: From the library,
text or HTML, French, a copy to the desk. Every mail must arrive with DMARC pass, in the library's own name where that is
proven, with its body as it was handed in and with its Message-ID where it had one. Then what must not work: another
library's From, and no password.
"""

import email
import json
import smtplib
import ssl
import time
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.utils import formatdate, parseaddr

from laboratory import Courtesy, code_of, provable

RECEIVERS = ("gmailish.example", "outlookish.example", "yahooish.example", "plain.example")
SUBJECT = "Interlibrary loan request number {number} ready for pickup"
FRENCH = "Bonjour Amélie,\n\nVotre document « L’Étranger » vous attend à l’accueil.\n\n.un point au début\nMerci\n"


def koha(domain, number, to, _desk):
    """Text in quoted-printable, a Reply-To, and a Message-ID of its own."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["To"], mail["From"], mail["Reply-To"] = to, f"Prêt entre bibliothèques <ill@{domain}>", f"circ@{domain}"
    mail["Subject"], mail["Date"] = SUBJECT.format(number=number), formatdate()
    mail["Message-ID"], mail["X-Mailer"] = f"<{number}.koha@{domain}>", "Koha"
    mail.set_content(FRENCH, cte="quoted-printable")
    return mail.as_bytes(), [to]


def evergreen(domain, number, to, _desk):
    """An Action Trigger's template: eight-bit text under headers as typed, without a Message-ID."""
    subject = Header(f"{SUBJECT.format(number=number)} – à l’accueil", "utf-8").encode(linesep="\r\n")
    head = (f"To: {to}\r\nFrom: ill@{domain}\r\nSubject: {subject}\r\nAuto-Submitted: auto-generated\r\n"
            f"X-Courtesy-Notice: ready_for_pickup\r\nX-Courtesy-Request: {number}\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
    return head.encode() + FRENCH.replace("\n", "\r\n").encode(), [to]


def shareit(domain, number, to, desk):
    """Text and HTML, the desk in Cc."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"], mail["Cc"] = f"ill@{domain}", to, desk
    mail["Subject"], mail["Date"] = f"ILL Request {number}: Received - no attachments", formatdate()
    mail["Message-ID"] = f"<{number}.notice@{domain}>"
    mail.set_content("Your item is ready for pickup.\n")
    mail.add_alternative("<html><body><p>Your item is <b>ready for pickup</b>.</p></body></html>\n", subtype="html")
    return mail.as_bytes(), [to, desk]


SYSTEMS = (koha, evergreen, shareit)


def run(lab, options):
    """Sentences, one for each thing that is not as it must be."""
    facts, wrong, jobs = lab.facts, [], []
    courtesy = Courtesy(lab)
    try:
        courtesy.prepare(facts, facts["libraries"])
        keys = {domain: courtesy.call("POST", "/v1/keys", {"name": "system", "library": code_of(domain), "scope": "submit"})["secret"]
                for domain in facts["libraries"]}
        number = int(time.time()) * 1000                   # the receivers remember earlier runs
        for at, domain in enumerate(facts["libraries"]):
            for turn, system in enumerate(SYSTEMS):
                number += 1
                receiver = RECEIVERS[(at + turn) % len(RECEIVERS)]
                to = f"patron-{number}@{receiver}"
                mail, recipients = system(domain, number, to, f"patron-desk-{number}@{receiver}")
                hand_in(courtesy, domain, keys[domain], mail, recipients)
                jobs += [(system.__name__, domain, one, mail) for one in recipients]
        told = courtesy.settled([row["id"] for row in courtesy.call("GET", "/v1/messages?limit=500")["data"]])
        if len(told) != len(jobs):
            wrong.append(f"{len(told)} messages for {len(jobs)} recipients")
        wrong += [f"{one['message']['id']}: {one['message']['state']}" for one in told if one["message"]["state"] != "accepted"]
        wrong += must_not_work(courtesy, list(facts["libraries"]), keys)
    finally:
        courtesy.stop()
    time.sleep(2)                                          # the receivers file what they took
    arrived = {record["recipient"]: record for record in lab.verdicts() if "message_id" in record}
    own = 0
    for system, domain, recipient, mail in jobs:
        who, record = f"{system} of {domain} to {recipient}", arrived.get(recipient)
        if record is None:
            wrong.append(f"{who}: has not arrived")
            continue
        own += provable(facts, domain)
        seen = (lab.folder / "seen" / f"{record['id']}.eml").read_bytes()
        wrong += [f"{who}: {fault}" for fault in faults(facts, courtesy.shared, domain, record, mail, seen)]
    if options.json:
        print(json.dumps({"mails": len(jobs), "own": own, "wrong": wrong}, ensure_ascii=False))
    else:
        print(f"\nHanded in: {len(jobs)} copies of the mail of {len(facts['libraries'])} libraries' systems"
              f" ({', '.join(system.__name__ for system in SYSTEMS)}) arrived, {own} in the library's own name")
        for sentence in wrong:
            print("not as it must be:", sentence)
    return wrong


def sign_in(courtesy, domain, key):
    client = smtplib.SMTP("127.0.0.1", courtesy.submission, local_hostname=f"server.{domain}", timeout=60)
    # Who it is was proven when it was started: the lab's certificate is for its mail hosts.
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    client.starttls(context=unchecked)
    if key:
        client.login(code_of(domain), key)
    return client


def hand_in(courtesy, domain, key, mail, recipients):
    with sign_in(courtesy, domain, key) as client:
        client.sendmail(f"ill@{domain}", recipients, mail, mail_options=["BODY=8BITMIME"])


def must_not_work(courtesy, domains, keys):
    wrong, (one, other) = [], domains[:2]
    mail, recipients = koha(other, 1, "patron@plain.example", "")
    for what, key, code in ((f"{one} wrote as {other}", keys[one], 550), (f"{one} wrote without a password", None, 530)):
        try:
            hand_in(courtesy, one, key, mail, recipients)
            wrong.append(f"{what}, and it was taken")
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as refused:
            if refused.smtp_code != code:
                wrong.append(f"{what}: answered {refused.smtp_code}, not {code}")
    return wrong


def body(mail):
    return mail.replace(b"\r\n", b"\n").partition(b"\n\n")[2].rstrip(b"\n")


def faults(facts, shared, domain, record, mail, seen):
    """What is not as it must be with one mail: as it was handed in, and as the receiver's filters saw it."""
    handed, arrived, wrong = email.message_from_bytes(mail), email.message_from_bytes(seen), []
    if record["outcome"] != "delivered":
        wrong.append(f"{record['outcome']}: {record['reply']}")
    if set(record["dmarc"].values()) != {"pass"}:
        wrong.append(f"DMARC {record['dmarc']}")
    wanted = domain if provable(facts, domain) else shared
    if record["from_domain"] != wanted:
        wrong.append(f"From {record['from_domain']}, not {wanted}")
    if handed["Message-ID"] and arrived["Message-ID"] != handed["Message-ID"]:
        wrong.append(f"Message-ID {arrived['Message-ID']}, not {handed['Message-ID']}")
    replies, answered = (parseaddr(one["Reply-To"] or one["From"])[1] for one in (handed, arrived))
    if replies != answered:
        wrong.append(f"replies go to {answered}, not {replies}")
    if body(mail) != body(seen):
        wrong.append("the body is not as it was handed in")
    return wrong
