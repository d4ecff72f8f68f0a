//! DMARC aggregate reports: RFC 9990 (`urn:ietf:params:xml:ns:dmarc-2.0`), the older form of RFC 7489 appendix C, and what
//! reporters make of both.
//!
//! Read by the path of each element, without namespaces and in any order. A tag that is never closed ends with the element
//! around it; octets that are no UTF-8 become replacement characters. Entities are never expanded.

use std::net::IpAddr;

use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::{ROWS_MAX, Refused, domain_name, filled, tidy};

/// The deepest path of a report has five steps; what is deeper is not looked at.
const DEPTH_MAX: usize = 32;
/// Signatures kept for one row. RFC 9990 §3.1.1.4 allows more; a hundred is what verifiers look at.
const RESULTS_MAX: usize = 100;

/// How a domain's mail fared at one receiver, by source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// Who reports: the receiver's own name for itself, or the domain of its address where it gives none.
    pub reporter: String,
    /// The reporter's id of this report; with the reporter it tells a repeated report.
    pub id: String,
    /// The first moment it is about.
    pub begin: Timestamp,
    /// The last moment it is about.
    pub end: Timestamp,
    /// The domain it is about.
    pub domain: String,
    /// The policy the receiver found.
    pub policy: Policy,
    /// What sent mail, and how that fared.
    pub rows: Vec<Row>,
    /// Rows without a readable source, and those beyond [`super::ROWS_MAX`].
    pub left_out: u64,
    /// Whether the XML was broken, so that something may be missing.
    pub broken: bool,
}

/// The policy of the domain as the receiver found it, in the words of the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// `p=`.
    pub p: Option<String>,
    /// `sp=`.
    pub sp: Option<String>,
    /// `np=` (RFC 9989).
    pub np: Option<String>,
    /// `adkim=`.
    pub adkim: Option<String>,
    /// `aspf=`.
    pub aspf: Option<String>,
    /// Whether `t=y` was set (RFC 9989 §4.7).
    pub testing: bool,
    /// How the domain was found: `psl` or `treewalk` (RFC 9990).
    pub discovery: Option<String>,
}

/// Mail of one kind from one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it came from.
    pub source: IpAddr,
    /// How many mails.
    pub count: u64,
    /// What the receiver did: `none`, `pass`, `quarantine` or `reject`.
    pub disposition: String,
    /// An aligned DKIM signature held.
    pub dkim: bool,
    /// SPF passed for an aligned domain.
    pub spf: bool,
    /// Why the receiver did something else than the policy says.
    pub overrides: Vec<Override>,
    /// The domain of From.
    pub header_from: String,
    /// The domain of MAIL FROM.
    pub envelope_from: Option<String>,
    /// Each DKIM signature.
    pub dkim_results: Vec<AuthResult>,
    /// SPF.
    pub spf_results: Vec<AuthResult>,
}

/// Why a receiver did something else than the policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// `local_policy`, `mailing_list`, `trusted_forwarder`, `policy_test_mode`, `other` ...
    pub kind: String,
    /// The receiver's words.
    pub comment: Option<String>,
}

/// What one check said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthResult {
    /// The domain checked.
    pub domain: String,
    /// The DKIM selector.
    pub selector: Option<String>,
    /// `pass`, `fail`, `none`, `softfail`, `permerror` ...
    pub result: String,
    /// The receiver's words.
    pub words: Option<String>,
}

impl Row {
    /// Whether DMARC passed: one aligned check is enough (RFC 9989 §4.4).
    #[must_use]
    pub fn passes(&self) -> bool {
        self.dkim || self.spf
    }
}

impl Aggregate {
    /// Reads a report's XML.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(xml: &[u8]) -> Result<Self, Refused> {
        let text = as_text(xml);
        if text.to_ascii_uppercase().contains("<!ENTITY") {
            return Err(Refused::Entities);
        }
        let mut growing = Growing::default();
        growing.grow(&text);
        growing.finish()
    }
}

/// UTF-16 with its mark, UTF-8, or where it is neither, UTF-8 with what is none replaced.
fn as_text(xml: &[u8]) -> String {
    let wide = |units: &dyn Fn(&[u8]) -> u16| {
        let units: Vec<u16> = xml[2..].chunks_exact(2).map(units).collect();
        String::from_utf16_lossy(&units)
    };
    if xml.starts_with(&[0xff, 0xfe]) {
        return wide(&|two| u16::from_le_bytes([two[0], two[1]]));
    }
    if xml.starts_with(&[0xfe, 0xff]) {
        return wide(&|two| u16::from_be_bytes([two[0], two[1]]));
    }
    String::from_utf8_lossy(xml.strip_prefix(b"\xef\xbb\xbf").unwrap_or(xml)).into_owned()
}

/// A report in the making.
#[derive(Default)]
struct Growing {
    path: Vec<String>,
    text: String,
    is_feedback: bool,
    broken: bool,
    org: String,
    email: String,
    id: String,
    begin: Option<Timestamp>,
    end: Option<Timestamp>,
    domain: String,
    policy: Policy,
    row: Option<Partial>,
    rows: Vec<Row>,
    left_out: u64,
}

/// A row in the making.
#[derive(Default)]
struct Partial {
    source: Option<IpAddr>,
    count: u64,
    disposition: String,
    dkim: bool,
    spf: bool,
    overrides: Vec<Override>,
    header_from: String,
    envelope_from: Option<String>,
    dkim_results: Vec<AuthResult>,
    spf_results: Vec<AuthResult>,
}

impl Growing {
    fn grow(&mut self, text: &str) {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        loop {
            match reader.read_event() {
                Ok(Event::Start(start)) => self.open(start.local_name().as_ref()),
                Ok(Event::Empty(start)) => {
                    self.open(start.local_name().as_ref());
                    self.close_one();
                }
                Ok(Event::End(end)) => self.close(end.local_name().as_ref()),
                Ok(Event::Text(words)) => self.say(&words.xml10_content()),
                Ok(Event::CData(words)) => self.say(&words.xml10_content()),
                Ok(Event::GeneralRef(name)) => match name.resolve_char_ref() {
                    Ok(Some(c)) => self.text.push(c),
                    _ => self.say(predefined(&name)),
                },
                Ok(Event::DocType(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_)) => {}
                Ok(Event::Eof) => break,
                Err(_) => {
                    self.broken = true;
                    break;
                }
            }
        }
        self.broken |= !self.path.is_empty();
        while !self.path.is_empty() {
            self.close_one();
        }
    }

    fn say(&mut self, words: &str) {
        // Far more than any value; what is longer is cut when it is kept.
        if self.text.len() < 4096 {
            self.text.push_str(words);
        }
    }

    fn open(&mut self, name: &str) {
        let name = name.to_ascii_lowercase();
        self.text.clear();
        self.is_feedback |= self.path.is_empty() && name == "feedback";
        // A row that was never closed ends where the next begins.
        if name == "record" {
            if self.row.is_some() {
                self.broken = true;
                self.end_row();
            }
            self.row = Some(Partial::default());
        }
        if let Some(row) = &mut self.row
            && self.path.last().is_some_and(|parent| parent == "auth_results")
        {
            match name.as_str() {
                "dkim" if row.dkim_results.len() < RESULTS_MAX => row.dkim_results.push(AuthResult::default()),
                "spf" if row.spf_results.len() < RESULTS_MAX => row.spf_results.push(AuthResult::default()),
                _ => {}
            }
        }
        if name == "reason"
            && let Some(row) = &mut self.row
            && row.overrides.len() < RESULTS_MAX
        {
            row.overrides.push(Override { kind: String::new(), comment: None });
        }
        if self.path.len() < DEPTH_MAX {
            self.path.push(name);
        } else {
            self.broken = true;
        }
    }

    /// Closes the innermost element of that name with all that is open in it; a name that is not open is passed over.
    fn close(&mut self, name: &str) {
        let name = name.to_ascii_lowercase();
        let Some(at) = self.path.iter().rposition(|open| *open == name) else {
            self.broken = true;
            return;
        };
        self.broken |= at + 1 != self.path.len();
        while self.path.len() > at {
            self.close_one();
        }
    }

    fn close_one(&mut self) {
        let text = std::mem::take(&mut self.text);
        let names: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let (parent, name) = match names.as_slice() {
            [.., parent, name] => (*parent, *name),
            [name] => ("", *name),
            [] => return,
        };
        let above = names.len().checked_sub(3).map_or("", |at| names[at]);
        if name == "record" {
            self.end_row();
        } else if let Some(row) = &mut self.row {
            row.keep(above, parent, name, &text);
        } else {
            let (parent, name) = (parent.to_owned(), name.to_owned());
            self.keep(&parent, &name, &text);
        }
        self.path.pop();
    }

    fn keep(&mut self, parent: &str, name: &str, text: &str) {
        match (parent, name) {
            ("report_metadata", "org_name") => self.org = tidy(text),
            ("report_metadata", "email") => self.email = tidy(text),
            ("report_metadata", "report_id") => self.id = tidy(text),
            ("date_range", "begin") => self.begin = moment(text),
            ("date_range", "end") => self.end = moment(text),
            ("policy_published", "domain") => self.domain = domain_name(text),
            ("policy_published", "p") => self.policy.p = filled(text),
            ("policy_published", "sp") => self.policy.sp = filled(text),
            ("policy_published", "np") => self.policy.np = filled(text),
            ("policy_published", "adkim") => self.policy.adkim = filled(text),
            ("policy_published", "aspf") => self.policy.aspf = filled(text),
            ("policy_published", "testing") => self.policy.testing = tidy(text) == "y",
            ("policy_published", "discovery_method") => self.policy.discovery = filled(text),
            _ => {}
        }
    }

    fn end_row(&mut self) {
        let Some(partial) = self.row.take() else { return };
        match partial.whole(&self.domain) {
            Some(row) if self.rows.len() < ROWS_MAX => self.rows.push(row),
            _ => self.left_out += 1,
        }
    }

    fn finish(self) -> Result<Aggregate, Refused> {
        if !self.is_feedback {
            return Err(Refused::NotOne("the XML is not of a DMARC report"));
        }
        if self.domain.is_empty() {
            return Err(Refused::Lacks("which domain it is about"));
        }
        let end = self.end.or(self.begin).ok_or(Refused::Lacks("which days it is about"))?;
        let begin = self.begin.unwrap_or(end).min(end);
        let reporter = match (self.org.is_empty(), self.email.rsplit_once('@')) {
            (false, _) => self.org,
            (true, Some((_, domain))) => domain_name(domain),
            (true, None) => return Err(Refused::Lacks("who reports")),
        };
        // RFC 9990 §3.1.1.2 demands an id; without one the days tell reports apart.
        let id = if self.id.is_empty() { format!("{}-{}", begin.as_second(), end.as_second()) } else { self.id };
        Ok(Aggregate {
            reporter,
            id,
            begin,
            end,
            domain: self.domain,
            policy: self.policy,
            rows: self.rows,
            left_out: self.left_out,
            broken: self.broken,
        })
    }
}

impl Partial {
    fn keep(&mut self, above: &str, parent: &str, name: &str, text: &str) {
        let passed = || tidy(text).eq_ignore_ascii_case("pass");
        match (parent, name) {
            ("row", "source_ip") => self.source = tidy(text).trim_matches(['[', ']']).parse().ok(),
            ("row", "count") => self.count = tidy(text).parse().unwrap_or(0),
            ("policy_evaluated", "disposition") => self.disposition = tidy(text).to_ascii_lowercase(),
            ("policy_evaluated", "dkim") => self.dkim = passed(),
            ("policy_evaluated", "spf") => self.spf = passed(),
            ("reason", "type") => {
                if let (Some(reason), Some(kind)) = (self.overrides.last_mut(), filled(text)) {
                    reason.kind = kind;
                }
            }
            ("reason", "comment") => {
                if let Some(reason) = self.overrides.last_mut() {
                    reason.comment = filled(text);
                }
            }
            ("identifiers" | "identities", "header_from") => self.header_from = domain_name(text),
            ("identifiers" | "identities", "envelope_from") => {
                self.envelope_from = filled(text).map(|from| domain_name(&from));
            }
            ("dkim" | "spf", _) if above == "auth_results" => {
                let results = if parent == "dkim" { &mut self.dkim_results } else { &mut self.spf_results };
                if let Some(result) = results.last_mut() {
                    match name {
                        "domain" => result.domain = domain_name(text),
                        "selector" => result.selector = filled(text),
                        "result" => result.result = tidy(text).to_ascii_lowercase(),
                        "human_result" => result.words = filled(text),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn whole(mut self, domain: &str) -> Option<Row> {
        self.overrides.retain(|reason| !reason.kind.is_empty());
        self.dkim_results.retain(|result| !result.domain.is_empty() || !result.result.is_empty());
        self.spf_results.retain(|result| !result.domain.is_empty() || !result.result.is_empty());
        let header_from = if self.header_from.is_empty() { domain.to_owned() } else { self.header_from };
        Some(Row {
            source: self.source?,
            count: self.count,
            disposition: self.disposition,
            dkim: self.dkim,
            spf: self.spf,
            overrides: self.overrides,
            header_from,
            envelope_from: self.envelope_from,
            dkim_results: self.dkim_results,
            spf_results: self.spf_results,
        })
    }
}

/// The five entities of XML 1.0 §4.6; any other stands for nothing.
fn predefined(name: &str) -> &'static str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => "",
    }
}

/// Seconds since 1970 (RFC 9990 §3.1.1.2), also with a fraction; or a date and time, as some reporters write.
fn moment(text: &str) -> Option<Timestamp> {
    let text = tidy(text);
    let whole = text.split_once('.').map_or(text.as_str(), |(whole, _)| whole);
    match whole.parse::<i64>() {
        Ok(seconds) => Timestamp::from_second(seconds).ok(),
        Err(_) => text.parse().ok().or_else(|| {
            text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp())
        }),
    }
}
