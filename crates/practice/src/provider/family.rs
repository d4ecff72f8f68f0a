//! The large providers' habits, and their words as their own servers say them.
//!
//! In: what was found. Out: replies. The texts are those a sender meets on the internet, so that whoever reads
//! replies is tested on the real thing. Which of them applies is [`decide`](super::decide).

use std::fmt;
use std::net::IpAddr;

use standards::reply::Reply;

use super::findings::{Findings, Mark};
use super::headers::HeaderFault;

/// Whose habits and words a provider has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Gmail: refuses DMARC failures and everything that is not authenticated at all.
    Gmail,
    /// Microsoft 365 (Exchange Online): refuses DMARC failures with 5.7.509, junks the unauthenticated.
    Microsoft365,
    /// Outlook.com and Hotmail: refuses with 5.7.515, junks the unauthenticated.
    Outlook,
    /// Yahoo and AOL: refuses both, in few words.
    Yahoo,
    /// iCloud: refuses both.
    Apple,
    /// A provider with a stock filter: refuses DMARC failures only.
    Stock,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gmail => "Gmail",
            Self::Microsoft365 => "Microsoft 365",
            Self::Outlook => "Outlook.com",
            Self::Yahoo => "Yahoo",
            Self::Apple => "iCloud",
            Self::Stock => "stock filter",
        })
    }
}

/// What a family does with mail that passes neither SPF nor DKIM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unauthenticated {
    Refuse,
    Junk,
    JudgeFurther,
}

impl Family {
    pub(super) fn banner(self) -> &'static str {
        match self {
            Self::Gmail => "ready - gsmtp",
            Self::Microsoft365 | Self::Outlook => "Microsoft ESMTP MAIL Service ready",
            Self::Yahoo | Self::Apple => "ready",
            Self::Stock => "Postfix",
        }
    }

    /// The words for a message that was taken.
    pub(super) fn taken(self) -> Reply {
        said(
            250,
            match self {
                Self::Gmail => "2.0.0 OK - gsmtp",
                Self::Microsoft365 | Self::Outlook => "2.6.0 Queued mail for delivery",
                Self::Yahoo => "2.0.0 OK dirdel",
                Self::Apple | Self::Stock => "2.0.0 Ok: queued",
            },
        )
    }

    pub(super) fn on_unauthenticated(self) -> Unauthenticated {
        match self {
            Self::Gmail | Self::Yahoo | Self::Apple => Unauthenticated::Refuse,
            Self::Microsoft365 | Self::Outlook => Unauthenticated::Junk,
            Self::Stock => Unauthenticated::JudgeFurther,
        }
    }

    /// Gmail refuses addresses without a name that points back (5.7.25); the others only count it.
    pub(super) fn demands_ptr(self) -> bool {
        self == Self::Gmail
    }

    /// Gmail refuses what RFC 5322 §3.6 forbids (5.7.1).
    pub(super) fn demands_sound_header(self) -> bool {
        self == Self::Gmail
    }

    /// From does not pass DMARC, and its domain asks for refusal.
    pub(super) fn dmarc_refused(self, found: &Findings) -> Reply {
        let domain = from_domain(found);
        match self {
            Self::Gmail => said(
                550,
                &format!(
                    "5.7.26 Unauthenticated email from {domain} is not accepted due to\n\
                     5.7.26 domain's DMARC policy. Please contact the administrator of\n\
                     5.7.26 {domain} domain if this was a legitimate mail. To learn about the\n\
                     5.7.26 DMARC initiative, go to\n\
                     5.7.26 https://support.google.com/mail/?p=DmarcRejection - gsmtp"
                ),
            ),
            Self::Microsoft365 => said(
                550,
                &format!(
                    "5.7.509 Access denied, sending domain {domain} does not pass DMARC verification and has a \
                     DMARC policy of reject."
                ),
            ),
            Self::Outlook => said(
                550,
                &format!(
                    "5.7.515 Access denied, sending domain {domain} does not meet the required authentication \
                     level. The sender's domain in the 5322.From address doesn't meet the authentication \
                     requirements defined for the sender. To learn how to fix this see: \
                     https://go.microsoft.com/fwlink/p/?linkid=2319303 Spf= {} , Dkim= {} , DMARC= {}",
                    capital(found.spf),
                    capital(found.best_dkim()),
                    capital(found.dmarc)
                ),
            ),
            Self::Yahoo => said(
                554,
                "5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes",
            ),
            Self::Apple => said(
                550,
                &format!(
                    "5.7.1 Your message was rejected due to {domain}'s DMARC policy. See \
                     https://support.apple.com/en-us/HT204137 for info"
                ),
            ),
            Self::Stock => said(550, &format!("5.7.26 rejected by DMARC policy for {domain}")),
        }
    }

    /// Neither SPF nor DKIM passes. Families that junk such mail use their DMARC words when they misjudge.
    pub(super) fn unauthenticated(self, found: &Findings) -> Reply {
        let (domain, ip) = (&found.spf_domain, found.client);
        match self {
            Self::Gmail if found.spf == Mark::Fail => said(
                550,
                &format!(
                    "5.7.26 The MAIL FROM domain [{domain}] has an SPF record with a hard fail\n\
                     5.7.26 policy (-all) but it fails to pass SPF checks with the ip:\n\
                     5.7.26 [{ip}]. To best protect our users from spam and phishing,\n\
                     5.7.26 the message has been blocked. For more information, go to\n\
                     5.7.26 https://support.google.com/mail/answer/81126#authentication - gsmtp"
                ),
            ),
            Self::Gmail => said(
                550,
                &format!(
                    "5.7.26 Your email has been blocked because the sender is unauthenticated.\n\
                     5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM.\n\
                     5.7.26\n\
                     5.7.26  Authentication results:\n\
                     5.7.26  DKIM = did not pass\n\
                     5.7.26  SPF [{domain}] with ip: [{ip}] = did not pass\n\
                     5.7.26\n\
                     5.7.26  For instructions on setting up authentication, go to\n\
                     5.7.26  https://support.google.com/mail/answer/81126#authentication - gsmtp"
                ),
            ),
            Self::Yahoo => said(
                550,
                "5.7.9 This mail has been blocked because the sender is unauthenticated. Yahoo requires all senders \
                 to authenticate with either SPF or DKIM. See https://senders.yahooinc.com/error-codes/",
            ),
            Self::Apple => said(
                550,
                // The misspelling is the provider's own.
                "5.7.1 Your message was rejected for failing both SPF and DKIM autentication checks. See \
                 https://support.apple.com/en-us/HT204137 for info",
            ),
            Self::Microsoft365 | Self::Outlook | Self::Stock => self.dmarc_refused(found),
        }
    }

    /// DNS did not answer, so nothing can be said for good.
    pub(super) fn dns_trouble(self, found: &Findings) -> Reply {
        match self {
            Self::Gmail => said(
                451,
                &format!(
                    "4.7.26 Unauthenticated email from {} is not accepted due to\n\
                     4.7.26 domain's DMARC policy, but temporary DNS failures prevent\n\
                     4.7.26 authentication. Please try again later. - gsmtp",
                    from_domain(found)
                ),
            ),
            _ => said(451, "4.4.3 Temporary DNS error while checking the sender"),
        }
    }

    /// The client's address has no name, or the name does not point back.
    pub(super) fn no_ptr(self, client: IpAddr) -> Reply {
        said(
            550,
            &format!(
                "5.7.25 [{client}] The IP address sending this message does not have a\n\
                 5.7.25 PTR record setup, or the corresponding forward DNS entry does not\n\
                 5.7.25 match the sending IP. As a policy, Gmail does not accept messages\n\
                 5.7.25 from IPs with missing PTR records. - gsmtp"
            ),
        )
    }

    /// The header breaks RFC 5322.
    pub(super) fn bad_header(self, client: IpAddr, fault: &HeaderFault) -> Reply {
        let issue = match fault {
            HeaderFault::Missing("From") => {
                return said(
                    550,
                    &format!(
                        "5.7.1 [{client}] Messages missing a valid address in From: header, or\n\
                         5.7.1 having no From: header, are not accepted. - gsmtp"
                    ),
                );
            }
            HeaderFault::SeveralAuthors => {
                return said(
                    550,
                    &format!(
                        "5.7.1 [{client}] Messages with multiple addresses in From:\n\
                         5.7.1 header are not accepted. - gsmtp"
                    ),
                );
            }
            HeaderFault::Missing(field) => format!("'{field}' header missing"),
            HeaderFault::Duplicate(field) => format!("duplicate {field} headers"),
        };
        said(
            550,
            &format!(
                "5.7.1 [{client}] This message is not RFC 5322 compliant, the issue is:\n\
                 5.7.1 {issue}. To reduce the amount of spam sent\n\
                 5.7.1 to Gmail, this message has been blocked. Please review\n\
                 5.7.1 RFC 5322 specifications for more information. - gsmtp"
            ),
        )
    }

    /// Too many messages from this client.
    pub(super) fn too_fast(self, client: IpAddr) -> Reply {
        match self {
            Self::Gmail => said(
                421,
                &format!(
                    "4.7.28 Gmail has detected an unusual rate of email originating from\n\
                     4.7.28 your IP address [{client}]. To protect our users from spam, mail sent\n\
                     4.7.28 from your IP address has been temporarily rate limited. - gsmtp"
                ),
            ),
            Self::Microsoft365 | Self::Outlook => {
                said(451, &format!("4.7.500 Server busy. Please try again later from [{client}]. (S77719)"))
            }
            Self::Yahoo => said(
                421,
                &format!(
                    "4.7.0 [TSS04] Messages from {client} temporarily deferred due to unexpected volume or user \
                     complaints; see https://postmaster.yahooinc.com/error-codes"
                ),
            ),
            Self::Apple => said(421, &format!("4.7.1 [HCM1] Messages from {client} deferred, try again later")),
            Self::Stock => said(450, &format!("4.7.1 Error: too much mail from {client}")),
        }
    }
}

/// A reply from words in which every line carries its status.
fn said(code: u16, words: &str) -> Reply {
    Reply::from_lines(code, words.lines())
}

fn from_domain(found: &Findings) -> &str {
    found.from_domain.as_ref().map_or("the sender", |domain| domain.as_str())
}

/// Outlook.com's way to write a result.
fn capital(mark: Mark) -> &'static str {
    match mark {
        Mark::Pass => "Pass",
        Mark::None => "None",
        Mark::TempError => "TempError",
        _ => "Fail",
    }
}
