//! The real words of real providers, each with what it must mean.

use super::{Cause, Provider, Stage, judge, said};

/// Provider, stage, reply, cause.
type Case = (Provider, Stage, &'static str, &'static str);

use Provider::{
    Apple, Comcast, Gmail, Gmx, Messagelabs, Microsoft365, Mimecast, Orange, Other, Outlook, Proofpoint, Tencent,
    Yahoo, Zoho,
};
use Stage::{Auth, Content, Greeting, MailFrom, RcptTo};

const AUTHENTICATION: &[Case] = &[
    (
        Gmail,
        Content,
        "421 4.7.26 Your email has been rate limited because it is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.",
        "auth",
    ),
    (
        Gmail,
        Content,
        "451 4.7.26 Unauthenticated email from library.example is not accepted due to domain's DMARC policy, but temporary DNS failures prevent authentication.",
        "dns.temp.theirs",
    ),
    (
        Gmail,
        Content,
        "550 5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.",
        "auth",
    ),
    (
        Gmail,
        Content,
        "550 5.7.26 This mail is unauthenticated, which poses a security risk to the sender and Gmail users, and has been blocked. The sender fails to pass authentication checks.",
        "auth",
    ),
    (
        Gmail,
        Content,
        "550 5.7.26 Unauthenticated email from library.example is not accepted due to domain's DMARC policy.",
        "auth.dmarc",
    ),
    (
        Gmail,
        Content,
        "550 5.7.1 Unauthenticated email from library.example is not accepted due to domain's DMARC policy. Please contact the administrator of library.example domain",
        "auth.dmarc",
    ),
    (
        Gmail,
        Content,
        "550 5.7.26 The MAIL FROM domain [library.example] has an SPF record with a hard fail policy (-all) but it fails to pass SPF checks with the ip: [192.0.2.1].",
        "auth.spf",
    ),
    (Gmail, Content, "550 5.7.24 The SPF record of the sending domain has one or more suspicious entries.", "auth.spf"),
    (Gmail, Content, "451 4.7.24 The SPF record of the sending domain has one or more suspicious entries.", "auth.spf"),
    (
        Gmail,
        Content,
        "421 4.7.27 Your email has been rate limited because SPF authentication didn't pass for this message.",
        "auth.spf",
    ),
    (
        Gmail,
        Content,
        "550 5.7.27 Your email has been blocked because SPF authentication didn't pass for this message.",
        "auth.spf",
    ),
    (
        Gmail,
        Content,
        "421 4.7.29 Your email has been rate limited because this message wasn't sent over a TLS connection.",
        "tls.required",
    ),
    (
        Gmail,
        Content,
        "550 5.7.29 Your email has been blocked because this message isn't sent over a TLS connection.",
        "tls.required",
    ),
    (
        Gmail,
        Content,
        "421 4.7.30 Your email has been rate limited because DKIM authentication didn't pass for this message.",
        "auth.dkim",
    ),
    (
        Gmail,
        Content,
        "550 5.7.30 Your email has been blocked because DKIM authentication didn't pass for this message.",
        "auth.dkim",
    ),
    (
        Gmail,
        Content,
        "421 4.7.31 Your email has been rate limited because the sending domain doesn't have a DMARC record.",
        "auth.dmarc",
    ),
    (
        Gmail,
        Content,
        "550 5.7.40 The sending domain doesn't have a DMARC record, or the DMARC record doesn't specify a DMARC policy.",
        "auth.dmarc",
    ),
    (
        Gmail,
        Content,
        "421 4.7.32 Your email has been rate limited because the From: header (RFC5322) in this message isn't aligned with either the authenticated SPF or DKIM organizational domain.",
        "auth.dmarc",
    ),
    (
        Gmail,
        Content,
        "421 5.7.32 Your email has been rate limited because the From: header (RFC5322) in this message isn't aligned with either the authenticated SPF or DKIM organizational domain.",
        "auth.dmarc",
    ),
    (
        Gmail,
        Content,
        "421 4.7.0 This message does not have authentication information or fails to pass authentication checks (SPF or DKIM).",
        "auth",
    ),
    (
        Outlook,
        Content,
        "550 5.7.515 Access denied, sending domain library.example does not meet the required authentication level.",
        "auth.dmarc",
    ),
    (
        Microsoft365,
        Content,
        "550 5.7.509 Access denied, sending domain library.example does not pass DMARC verification and has a DMARC policy of reject.",
        "auth.dmarc",
    ),
    (
        Microsoft365,
        Content,
        "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
        "auth.spf",
    ),
    (
        Microsoft365,
        Content,
        "450 4.7.26 Service does not accept messages sent over IPv6 [2001:db8::1] unless they pass either SPF or DKIM validation. This message is not signed",
        "auth",
    ),
    (
        Yahoo,
        Content,
        "550 5.7.9 This mail has been blocked because the sender is unauthenticated. Yahoo requires all senders to authenticate with either SPF or DKIM.",
        "auth",
    ),
    (
        Yahoo,
        Content,
        "554 5.7.9 Message not accepted for policy reasons. See https://senders.yahooinc.com/error-codes",
        "auth.dmarc",
    ),
    (
        Apple,
        Content,
        "550 5.7.1 [HME1] This message was rejected due to library.example's DMARC policy. Please visit https://support.apple.com/en-us/HT204137",
        "auth.dmarc",
    ),
    (
        Apple,
        Content,
        "550 5.7.1 Your message was rejected due to failing both SPF and DKIM autentication checks.",
        "auth",
    ),
    (Mimecast, MailFrom, "550 SPF Sender Invalid - envelope rejected", "auth.spf"),
    (Mimecast, Content, "550 DKIM Sender Invalid - envelope rejected", "auth.dkim"),
    (Mimecast, Content, "550 DMARC Sender Invalid - envelope rejected", "auth.dmarc"),
    (Mimecast, RcptTo, "550 Anti-Spoofing policy - Inbound not allowed", "auth.antispoof"),
    (Mimecast, Content, "550 Rejected by header-based Anti-Spoofing policy: staff@library.example", "auth.antispoof"),
    (Mimecast, Content, "550 Rejected by header based Anti-Spoofing policy", "auth.antispoof"),
    (Proofpoint, Content, "550 5.7.0 Local Policy Violation: rejected per sender's DMARC policy", "auth.dmarc"),
    (
        Zoho,
        Content,
        "550 5.7.1 Email cannot be delivered. Reason: Email detected as failed per DMARC policy",
        "auth.dmarc",
    ),
    (Tencent, Content, "550 DMARC check failed", "auth.dmarc"),
    (Tencent, Content, "550 SPF check failed", "auth.spf"),
    (Gmx, Content, "550 Requested action not taken: mailbox unavailable. Reject due to SPF policy.", "auth.spf"),
    (
        Comcast,
        Content,
        "550 5.2.0 Message rejected due to DMARC. Please see http://postmaster.comcast.net/smtp-error-codes.php#DM000001",
        "auth.dmarc",
    ),
    (Other, Content, "550 5.7.1 rejected by DMARC policy for library.example", "auth.dmarc"),
    (Other, RcptTo, "550 5.7.1 SPF-check failed", "auth.spf"),
    (Orange, Content, "501 5.7.1 DMARC check failed", "auth.dmarc"),
    (Other, Content, "550 5.7.1 Email rejected per DMARC policy for library.example", "auth.dmarc"),
    (Messagelabs, Content, "553 DMARC domain authentication fail", "auth.dmarc"),
];

const OUR_MACHINES_AND_RELAYS: &[Case] = &[
    (Gmail, Greeting, "421 4.7.0 The IP address sending this message does not have a PTR record setup", "infra.ptr"),
    (
        Gmail,
        Content,
        "421 4.7.23 The sending IP address doesn't have a PTR record, or the PTR record doesn't match",
        "infra.ptr",
    ),
    (
        Gmail,
        Content,
        "550 5.7.25 The IP address sending this message does not have a PTR record setup, or the corresponding forward DNS entry does not point to the sending IP.",
        "infra.ptr",
    ),
    (
        Gmail,
        Content,
        "550 5.7.1 [2001:db8::1] Our system has detected that this message does not meet IPv6 sending guidelines regarding PTR records and authentication.",
        "infra.ipv6",
    ),
    (Microsoft365, RcptTo, "550 5.7.25 Sending IPv6 address must have a reverse DNS record", "infra.ptr"),
    (Microsoft365, RcptTo, "550 5.7.510 Access denied, library.example does not accept email over IPv6", "infra.ipv6"),
    (Microsoft365, Auth, "550 5.7.30 Basic authentication is not supported for Client Submission.", "relay.auth"),
    (Microsoft365, MailFrom, "530 5.7.57 Client not authenticated to send mail", "relay.auth"),
    (
        Microsoft365,
        MailFrom,
        "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM",
        "relay.auth",
    ),
    (Microsoft365, RcptTo, "550 5.7.64 TenantAttribution; Relay Access Denied [192.0.2.1]", "relay.denied"),
    (
        Microsoft365,
        Content,
        "550 5.7.750 Service unavailable. Client blocked from sending from unregistered domains",
        "relay.denied",
    ),
    (Yahoo, Content, "451 Message temporarily deferred due to unresolvable RFC.5321 from domain", "sender.refused"),
    (Yahoo, Content, "554 5.7.5 Message not accepted due to unresolvable RFC.5322 From domain", "sender.refused"),
    (Other, Auth, "535 5.7.8 Error: authentication failed", "relay.auth"),
];

const REPUTATION_RATE_AND_CAPACITY: &[Case] = &[
    (
        Yahoo,
        Greeting,
        "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints",
        "policy.reputation",
    ),
    (Yahoo, MailFrom, "421 4.7.0 [TSS05] Messages from 192.0.2.1 temporarily deferred", "policy.reputation"),
    (
        Yahoo,
        MailFrom,
        "421 [IPTS04] Messages from 192.0.2.1 temporarily deferred due to user complaints",
        "policy.reputation",
    ),
    (
        Yahoo,
        MailFrom,
        "421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed.",
        "policy.reputation",
    ),
    (Yahoo, MailFrom, "421 4.7.0 [TS02] Messages from 192.0.2.1 temporarily deferred", "policy.rate"),
    (Yahoo, Content, "451 Message temporarily deferred - [170]", "temp"),
    (
        Yahoo,
        Greeting,
        "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list",
        "policy.reputation",
    ),
    (
        Yahoo,
        Greeting,
        "553 5.7.1 [BL23] Connections not accepted from IP addresses on Spamhaus XBL",
        "policy.reputation",
    ),
    (Yahoo, MailFrom, "421 Max message per connection reached, closing transmission channel", "policy.rate"),
    (
        Outlook,
        Greeting,
        "421 RP-001 The mail server IP connecting to Outlook.com server has exceeded the rate limit allowed.",
        "policy.rate",
    ),
    (
        Outlook,
        Greeting,
        "421 RP-002 The mail server IP connecting to Outlook.com server has exceeded the rate limit allowed on this connection.",
        "policy.rate",
    ),
    (
        Outlook,
        Greeting,
        "421 RP-003 The mail server IP connecting to Outlook.com server has exceeded the connection limit allowed.",
        "policy.rate",
    ),
    (
        Outlook,
        MailFrom,
        "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. (S775)",
        "policy.reputation",
    ),
    (
        Outlook,
        MailFrom,
        "421 4.7.652 The mail server [192.0.2.1] has exceeded the maximum number of connections.",
        "policy.rate",
    ),
    (Outlook, MailFrom, "451 4.7.500 Server busy. Please try again later from [192.0.2.1].", "policy.rate"),
    (Outlook, MailFrom, "550 SC-001 Mail rejected by Outlook.com for policy reasons.", "policy.reputation"),
    (
        Outlook,
        MailFrom,
        "550 SC-004 Mail rejected by Outlook.com for policy reasons. A block has been placed against your IP address because of concerns about the reputation of the server",
        "policy.reputation",
    ),
    (
        Outlook,
        MailFrom,
        "550 DY-001 Mail rejected by Outlook.com for policy reasons. We generally do not accept email from dynamic IP's",
        "policy.reputation",
    ),
    (Outlook, MailFrom, "550 OU-002 Mail rejected by Outlook.com for policy reasons.", "policy.reputation"),
    (
        Outlook,
        MailFrom,
        "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).",
        "policy.reputation",
    ),
    (
        Outlook,
        MailFrom,
        "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. part of their network is on our block list (S3150).",
        "policy.reputation",
    ),
    (Microsoft365, MailFrom, "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", "policy.reputation"),
    (Microsoft365, MailFrom, "550 5.7.511 Access denied, banned sender[192.0.2.1]", "policy.reputation"),
    (
        Microsoft365,
        MailFrom,
        "550 5.7.513 Access denied, library.example is on the recipient's customer block list",
        "policy.org",
    ),
    (Microsoft365, RcptTo, "451 4.7.850 Access denied, please try again later", "policy.reputation"),
    (
        Microsoft365,
        RcptTo,
        "550 5.2.121 Recipient's per hour message receive limit from specific sender exceeded",
        "policy.rate",
    ),
    (
        Microsoft365,
        RcptTo,
        "550 5.2.122 The recipient has exceeded their limit for the number of messages they can receive per hour",
        "policy.rate",
    ),
    (
        Microsoft365,
        MailFrom,
        "550 5.7.508 Access denied, [2001:db8::1] has exceeded permitted limits within the range",
        "policy.rate",
    ),
    (Microsoft365, MailFrom, "550 5.7.705 Access denied, tenant has exceeded threshold", "policy.rate"),
    (
        Gmail,
        Content,
        "421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address.",
        "policy.rate",
    ),
    (
        Gmail,
        Content,
        "421 4.7.28 Gmail has detected an unusual rate of email originating from your DKIM domain [library.example]. To protect our users from spam, email has been temporarily rate limited.",
        "policy.rate",
    ),
    (
        Gmail,
        Content,
        "421 4.7.28 Gmail has detected an unusual rate of email originating from your SPF domain [library.example].",
        "policy.rate",
    ),
    (
        Gmail,
        Content,
        "421 4.7.28 Gmail has detected this message exceeded its quota for sending messages with the same Message-ID.",
        "policy.rate",
    ),
    (
        Gmail,
        RcptTo,
        "450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please resend your message at a later time.",
        "policy.rate",
    ),
    (Gmail, RcptTo, "452 4.2.2 The email account that you tried to reach is over quota.", "mailbox.full"),
    (Gmail, Content, "552 5.2.2 The email account that you tried to reach is over quota and inactive.", "mailbox.full"),
    (
        Gmail,
        RcptTo,
        "550 5.2.1 The email account that you tried to reach is disabled. Learn more at https://support.google.com/mail/?p=DisabledUser",
        "addr.disabled",
    ),
    (
        Gmail,
        RcptTo,
        "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces. Learn more at https://support.google.com/mail/?p=NoSuchUser",
        "addr.unknown",
    ),
    (Apple, RcptTo, "421 4.7.0 [HCM1] Message deferred", "policy.rate"),
    (Apple, RcptTo, "451 4.7.0 [BS02] Message deferred", "policy.reputation"),
    (Apple, MailFrom, "550 5.7.0 Blocked - see https://www.spamhaus.org/query/dbl", "policy.reputation"),
    (
        Mimecast,
        RcptTo,
        "451 Internal resource temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451",
        "temp.greylist",
    ),
    (Mimecast, MailFrom, "451 IP temporarily blacklisted", "temp.greylist"),
    (Mimecast, RcptTo, "550 Administrative prohibition - envelope blocked", "policy.org"),
    (Mimecast, RcptTo, "550 Envelope blocked - User Entry", "policy.recipient"),
    (Other, Content, "550 Header value not allowed", "content.form"),
    (Microsoft365, RcptTo, "550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized", "policy.recipient"),
    (
        Other,
        RcptTo,
        "550 5.1.1 <ann@receiver.example>: Recipient address rejected: User unknown in relay recipient table",
        "addr.unknown",
    ),
    (Other, RcptTo, "450 4.2.0 <ann@receiver.example>: Recipient address rejected: Greylisted", "temp.greylist"),
];

fn check(cases: &[Case]) {
    let mut wrong = Vec::new();
    for (provider, stage, line, cause) in cases {
        let outcome = judge(&said(*stage, line), *provider);
        if outcome.cause() != Some(Cause::of(cause)) {
            wrong.push(format!("{line}\n    is {:?}, should be {cause}", outcome.cause()));
        }
        assert!(!outcome.stops_address() || cause.starts_with("addr."), "stops the address: {line}");
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn refusals_for_authentication_are_told_from_all_others() {
    check(AUTHENTICATION);
}

#[test]
fn faults_of_our_machines_and_of_relays_are_named() {
    check(OUR_MACHINES_AND_RELAYS);
}

#[test]
fn reputation_rate_and_capacity_are_told_apart() {
    check(REPUTATION_RATE_AND_CAPACITY);
}
