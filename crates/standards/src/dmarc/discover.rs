//! Which record applies to an author domain, and what its organization is: by the DNS tree walk (RFC 9989 §4.10) and
//! by the public suffix list (RFC 7489 §3.2, §6.6.3), from one set of questions.

use std::collections::BTreeMap;

use super::record::{Place, Psd, Record, Tag};
use crate::dns::{Dns, NoAnswer};
use crate::domain::Domain;

/// RFC 9989 §4.10: a walk makes at most eight queries, however long the name is.
pub const QUERIES_MAX: usize = 8;
/// RFC 9989 §4.10 step 4: what is left of a name of eight labels or more after the first query.
const LABELS_AFTER_JUMP: usize = 7;
/// Names of one message whose organization is looked for; more are a flood of signatures, and each of them counts as
/// an organization of its own.
const IDENTIFIERS_MAX: usize = 10;
/// How long an answer may be remembered when nothing was asked at all, in seconds.
const TTL_WITHOUT_QUESTION_S: u32 = 300;

/// One question and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Asked {
    /// The name asked.
    pub name: String,
    /// The type asked: `TXT`, or `A` for the test whether a name exists.
    pub kind: String,
    /// The DMARC records found there; for `A`, whether the name exists.
    pub found: Vec<String>,
    /// Whether there was an answer; if not, this is what went wrong.
    pub trouble: Option<String>,
    /// Seconds the answer may be remembered; 0 where there was none.
    pub ttl_s: u32,
}

/// The record that applies, and the policy it gives this author domain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Applied {
    /// The domain the record stands for (without `_dmarc.`).
    pub at: Domain,
    /// The record.
    pub record: Record,
    /// The tag that was used.
    pub tag: Tag,
    /// The policy as published under that tag.
    pub published: super::Policy,
    /// The policy to expect, one step milder than published where the owner is testing.
    pub policy: super::Policy,
}

/// What discovery came to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// This record applies.
    Applies(Box<Applied>),
    /// There is no record: DMARC says nothing about this domain.
    Absent,
    /// There is a record at this domain that no policy can be taken from: as if there were none.
    Unusable(Domain),
    /// The DNS gave no answer; this is what went wrong. Temporary.
    Unknown(String),
}

/// One way of discovery.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct View {
    /// The policy that applies.
    pub finding: Finding,
    /// The author's organizational domain; none when the DNS gave no answer.
    pub organization: Option<Domain>,
    /// The organizational domain of each identifier that could share the author's; none when the DNS gave no answer.
    pub identifiers: BTreeMap<Domain, Option<Domain>>,
}

/// All that DNS says about an author domain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Discovery {
    /// The domain of the From address.
    pub author: Domain,
    /// As receivers that follow RFC 9989 see it.
    pub by_walk: View,
    /// As receivers that follow RFC 7489 see it: they know no `np` and no `t`.
    pub by_list: View,
    /// Each question, once, in the order asked.
    pub asked: Vec<Asked>,
    /// Seconds until the first of these answers is out of date; 0 when one is missing.
    pub ttl_s: u32,
}

/// Asks which policy applies to `author`.
pub async fn discover(dns: &dyn Dns, author: &Domain) -> Discovery {
    discover_for(dns, author, &[]).await
}

/// As [`discover`], and also finds the organizational domain of each of `identifiers`, which relaxed alignment needs.
pub async fn discover_for(dns: &dyn Dns, author: &Domain, identifiers: &[Domain]) -> Discovery {
    let mut asker = Asker { dns, records: BTreeMap::new(), asked: Vec::new() };
    let by_walk = asker.view_by_walk(author, identifiers).await;
    let by_list = asker.view_by_list(author, identifiers).await;
    let ttl_s = asker.asked.iter().map(|asked| asked.ttl_s).min().unwrap_or(TTL_WITHOUT_QUESTION_S);
    Discovery { author: author.clone(), by_walk, by_list, asked: asker.asked, ttl_s }
}

/// The organizational domain by the public suffix list: one label below the longest suffix that matches
/// (RFC 7489 §3.2). A suffix itself is its own.
#[must_use]
pub fn organization_by_list(domain: &Domain) -> Domain {
    psl::domain_str(domain.as_str()).and_then(|name| Domain::parse(name).ok()).unwrap_or_else(|| domain.clone())
}

/// What stands at `_dmarc.<domain>`.
#[derive(Clone)]
enum Here {
    Nothing,
    One(Box<Record>),
    /// Several records: they are all discarded (RFC 9989 §4.10 step 2).
    Several,
    Trouble(NoAnswer),
}

struct Asker<'a> {
    dns: &'a dyn Dns,
    records: BTreeMap<Domain, Here>,
    asked: Vec<Asked>,
}

/// The names of one walk, longest first, with what stands there.
struct Walk {
    steps: Vec<(Domain, Here)>,
}

impl Asker<'_> {
    async fn at(&mut self, domain: &Domain) -> Here {
        if let Some(known) = self.records.get(domain) {
            return known.clone();
        }
        // A name too long for a label before it has no record there.
        let Ok(name) = domain.below("_dmarc") else { return Here::Nothing };
        let mut asked =
            Asked { name: name.to_string(), kind: "TXT".to_owned(), found: Vec::new(), trouble: None, ttl_s: 0 };
        let here = match self.dns.txt(&name).await {
            Err(trouble) => {
                asked.trouble = Some(trouble.why.clone());
                Here::Trouble(trouble)
            }
            Ok(found) => {
                let mut records: Vec<Record> = found.records.iter().filter_map(|text| Record::parse(text)).collect();
                asked.ttl_s = found.ttl_s;
                asked.found = records.iter().map(|record| record.text.clone()).collect();
                match (records.pop(), records.is_empty()) {
                    (None, _) => Here::Nothing,
                    (Some(record), true) => Here::One(Box::new(record)),
                    (Some(_), false) => Here::Several,
                }
            }
        };
        self.asked.push(asked);
        self.records.insert(domain.clone(), here.clone());
        here
    }

    /// Whether the name exists: anything but NXDOMAIN (RFC 9989 §3.2.13, RFC 8020).
    async fn exists(&mut self, domain: &Domain) -> Result<bool, NoAnswer> {
        let answer = self.dns.a(domain).await;
        let mut asked = Asked {
            name: domain.to_string(),
            kind: "A".to_owned(),
            found: Vec::new(),
            trouble: answer.as_ref().err().map(|trouble| trouble.why.clone()),
            ttl_s: 0,
        };
        let exists = answer.map(|found| {
            asked.found = vec![if found.name_exists { "exists" } else { "does not exist" }.to_owned()];
            asked.ttl_s = found.ttl_s;
            found.name_exists
        });
        self.asked.push(asked);
        exists
    }

    /// RFC 9989 §4.10. Stops at a record that says `psd=n` or `psd=y`, and where there is no answer: nothing above
    /// can be judged without it.
    async fn walk(&mut self, start: &Domain) -> Walk {
        let mut steps = Vec::with_capacity(QUERIES_MAX);
        let mut next = Some(start.clone());
        while let Some(domain) = next {
            let here = self.at(&domain).await;
            let stop = match &here {
                Here::One(record) => record.psd != Psd::Unsaid,
                Here::Trouble(_) => true,
                Here::Nothing | Here::Several => false,
            };
            next = if stop { None } else { above(&domain) };
            steps.push((domain, here));
        }
        Walk { steps }
    }

    async fn view_by_walk(&mut self, author: &Domain, identifiers: &[Domain]) -> View {
        let walk = self.walk(author).await;
        let organization = walk.organization(author);
        let policy = match (&walk.steps[0].1, &organization, walk.trouble()) {
            (Here::One(record), ..) => applied(author, record, Place::Here, true),
            (_, None, trouble) => Finding::Unknown(trouble.unwrap_or_default()),
            (_, Some(organization), _) => match walk.record_for(organization) {
                None => Finding::Absent,
                Some((at, record)) => match self.place_below(author, &record).await {
                    Ok(place) => applied(&at, &record, place, true),
                    Err(trouble) => Finding::Unknown(trouble.to_string()),
                },
            },
        };
        let mut organizations = BTreeMap::new();
        // An organization is the name itself or one above it: names outside the author's cannot share it, and are not
        // asked about.
        let could_share = |name: &&Domain| organization.as_ref().is_none_or(|ours| name.is_within(ours));
        for (index, identifier) in identifiers.iter().filter(could_share).enumerate() {
            let organization = match &organization {
                // Nothing can be compared with an organization that is not known: nothing is asked.
                None => None,
                Some(_) if index < IDENTIFIERS_MAX => self.walk(identifier).await.organization(identifier),
                Some(_) => Some(identifier.clone()),
            };
            organizations.insert(identifier.clone(), organization);
        }
        View { finding: policy, organization, identifiers: organizations }
    }

    async fn place_below(&mut self, author: &Domain, record: &Record) -> Result<Place, NoAnswer> {
        // The test costs a question, so it is asked only where the answer matters.
        if record.np.is_none() || record.policy_invalid || self.exists(author).await? {
            return Ok(Place::Below);
        }
        Ok(Place::BelowAndMissing)
    }

    /// RFC 7489 §6.6.3: the author domain, then its organizational domain. Several records end it (step 5).
    async fn view_by_list(&mut self, author: &Domain, identifiers: &[Domain]) -> View {
        let organization = organization_by_list(author);
        let mut at = author.clone();
        let mut here = self.at(author).await;
        if matches!(here, Here::Nothing) && organization != *author {
            at = organization.clone();
            here = self.at(&organization).await;
        }
        let place = if at == *author { Place::Here } else { Place::Below };
        let policy = match here {
            Here::One(record) => applied(&at, &record, place, false),
            Here::Nothing | Here::Several => Finding::Absent,
            Here::Trouble(trouble) => Finding::Unknown(trouble.to_string()),
        };
        let identifiers = identifiers.iter().map(|name| (name.clone(), Some(organization_by_list(name)))).collect();
        View { finding: policy, organization: Some(organization), identifiers }
    }
}

impl Walk {
    fn trouble(&self) -> Option<String> {
        self.steps.iter().find_map(|(_, here)| match here {
            Here::Trouble(trouble) => Some(trouble.to_string()),
            _ => None,
        })
    }

    fn records(&self) -> impl Iterator<Item = (usize, &Domain, &Record)> {
        self.steps.iter().enumerate().filter_map(|(index, (domain, here))| match here {
            Here::One(record) => Some((index, domain, &**record)),
            _ => None,
        })
    }

    /// RFC 9989 §4.10.2. None when a question on the way had no answer.
    fn organization(&self, start: &Domain) -> Option<Domain> {
        if self.trouble().is_some() {
            return None;
        }
        let mut fewest_labels = None;
        for (index, domain, record) in self.records() {
            match record.psd {
                Psd::No => return Some(domain.clone()),
                // Where the walk began, `psd=y` does not count: a suffix that sends mail is its own organization.
                Psd::Yes if index > 0 => return one_label_below(domain, start),
                Psd::Yes | Psd::Unsaid => fewest_labels = Some(domain),
            }
        }
        Some(fewest_labels.unwrap_or(start).clone())
    }

    /// The organizational domain's record, or else that of the public suffix domain above it (RFC 9989 §4.10.1).
    fn record_for(&self, organization: &Domain) -> Option<(Domain, Record)> {
        let own = self.records().find(|(_, domain, _)| *domain == organization);
        let suffix = || self.records().find(|(index, _, record)| *index > 0 && record.psd == Psd::Yes);
        own.or_else(suffix).map(|(_, domain, record)| (domain.clone(), record.clone()))
    }
}

/// The next name of a walk (RFC 9989 §4.10 steps 4 and 7).
fn above(domain: &Domain) -> Option<Domain> {
    let labels = domain.labels().count();
    let away = if labels > QUERIES_MAX { labels - LABELS_AFTER_JUMP } else { 1 };
    let mut name = domain.clone();
    for _ in 0..away {
        name = name.parent()?;
    }
    Some(name)
}

/// The name one label below `suffix` on the way to `start`.
fn one_label_below(suffix: &Domain, start: &Domain) -> Option<Domain> {
    let mut name = start.clone();
    loop {
        let parent = name.parent()?;
        if parent == *suffix {
            return Some(name);
        }
        name = parent;
    }
}

fn applied(at: &Domain, record: &Record, place: Place, knows_testing: bool) -> Finding {
    let Some((published, tag)) = record.policy_for(place) else { return Finding::Unusable(at.clone()) };
    let policy = if record.testing && knows_testing { published.lowered() } else { published };
    Finding::Applies(Box::new(Applied { at: at.clone(), record: record.clone(), tag, published, policy }))
}
