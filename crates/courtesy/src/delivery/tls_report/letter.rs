//! The mail that carries a TLS report (RFC 8460 §5.3): a sentence for people, and the packed report.

use jiff::Timestamp;
use mail_builder::encoders::Base64Encoder;
use mail_builder::headers::Header as _;
use mail_builder::headers::text::Text;
use standards::address::Address;
use standards::tls_rpt::Written;

use crate::delivery::compose::{boundary, header, mailbox, push};

/// The mail, before signing.
pub(super) fn letter(
    from: &Address,
    to: &Address,
    report: &Written,
    file: &str,
    packed: &[u8],
    now: Timestamp,
) -> Vec<u8> {
    let (domain, submitter, id) = (&report.domain, &report.organization, &report.id);
    let mut out = Vec::with_capacity(1024 + packed.len() * 3 / 2);
    mailbox("From", "TLS reports", from, &mut out);
    mailbox("To", "", to, &mut out);
    push(&["Subject: "], &mut out);
    // §5.3: these words in this order.
    let subject = format!("Report Domain: {domain} Submitter: {submitter} Report-ID: <{id}>");
    Text::new(subject).write_header(&mut out, "Subject: ".len());
    let date = now.to_zoned(jiff::tz::TimeZone::UTC);
    header("Date", &jiff::fmt::rfc2822::to_string(&date).unwrap_or_default(), &mut out);
    header("Message-ID", &format!("<tls.{id}>"), &mut out);
    header("TLS-Report-Domain", domain, &mut out);
    header("TLS-Report-Submitter", submitter, &mut out);
    header("Auto-Submitted", "auto-generated", &mut out);
    header("MIME-Version", "1.0", &mut out);
    let boundary = boundary(id);
    header("Content-Type", &format!("multipart/report; report-type=\"tlsrpt\"; boundary=\"{boundary}\""), &mut out);
    let sessions: u64 = report.policies.iter().map(|policy| policy.successes).sum();
    let failed: u64 = report.policies.iter().flat_map(|policy| &policy.failures).map(|failure| failure.sessions).sum();
    push(&["\r\n--", &boundary, "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"], &mut out);
    push(&["This is a report of how TLS went when ", submitter, " handed mail to ", domain], &mut out);
    push(&[" on ", &report.begin.strftime("%F").to_string(), " (UTC):\r\n"], &mut out);
    push(&[&format!("{sessions} sessions went well, {failed} failed.\r\n")], &mut out);
    push(&["\r\n--", &boundary, "\r\nContent-Type: application/tlsrpt+gzip\r\n"], &mut out);
    push(&["Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n"], &mut out);
    push(&[" filename=\"", file, "\"\r\n\r\n"], &mut out);
    Base64Encoder::new().wrap_lines().encode_into(packed, &mut out);
    push(&["\r\n--", &boundary, "--\r\n"], &mut out);
    out
}
