//! Nine libraries in the nine situations that domains are found in when somebody else sends their notices.

use std::fmt;
use std::net::Ipv4Addr;

/// What a library's DNS says about the old hosted server and about the new service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub enum Situation {
    /// A: SPF without either server, DMARC p=reject.
    Strict,
    /// B: SPF includes the service's relays, DMARC p=reject.
    IncludesService,
    /// C: DKIM keys and return path delegated to the service by CNAME, SPF without it, p=reject.
    Delegates,
    /// D: nothing published.
    Nothing,
    /// E: two SPF records, which is an error; no DMARC.
    TwoSpfRecords,
    /// F: SPF needs twelve look-ups, which is an error; DMARC p=none.
    TooManyLookups,
    /// G: SPF `~all` without either server, DMARC p=quarantine.
    Quarantine,
    /// H: SPF lists the old server, as its host advises; DMARC p=none.
    ListsOldServer,
    /// I: SPF `~all` without either server, no DMARC: the commonest case.
    SoftOnly,
}

impl Situation {
    /// The letter it is known by.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Strict => 'A',
            Self::IncludesService => 'B',
            Self::Delegates => 'C',
            Self::Nothing => 'D',
            Self::TwoSpfRecords => 'E',
            Self::TooManyLookups => 'F',
            Self::Quarantine => 'G',
            Self::ListsOldServer => 'H',
            Self::SoftOnly => 'I',
        }
    }
}

impl fmt::Display for Situation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Strict => "SPF without us, DMARC p=reject",
            Self::IncludesService => "SPF includes the relays, DMARC p=reject",
            Self::Delegates => "DKIM and return path delegated, DMARC p=reject",
            Self::Nothing => "publishes nothing",
            Self::TwoSpfRecords => "two SPF records",
            Self::TooManyLookups => "SPF needs 12 look-ups, DMARC p=none",
            Self::Quarantine => "SPF ~all without us, DMARC p=quarantine",
            Self::ListsOldServer => "SPF lists the old server, DMARC p=none",
            Self::SoftOnly => "SPF ~all without us, no DMARC",
        })
    }
}

/// One library of the practice internet. The people and places do not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Library {
    /// Its code in the consortium's ILL system.
    pub code: &'static str,
    /// Its name in English.
    pub name_en: &'static str,
    /// Its name in French.
    pub name_fr: &'static str,
    /// Where it stands.
    pub town: &'static str,
    /// The language it writes in first: `en` or `fr`.
    pub language: &'static str,
    /// The desk's telephone (numbers reserved for fiction).
    pub phone: &'static str,
    /// Its domain. Its notices come from `ill@` there.
    pub domain: &'static str,
    /// What its DNS says.
    pub situation: Situation,
    /// Its own mail server, the only one all of its SPF records agree on.
    pub mail_server: Ipv4Addr,
}

impl Library {
    /// The address its notices come from: `ill@` its domain.
    #[must_use]
    pub fn notice_address(&self) -> String {
        format!("ill@{}", self.domain)
    }
}

/// The libraries, in the order of their situations.
#[rustfmt::skip] // a table
pub const LIBRARIES: [Library; 9] = [
    library("ALDR", "Alder Bay Public Library", "Bibliothèque publique d'Alder Bay", "Alder Bay", "en", 1, "alder.example", Situation::Strict),
    library("BRCH", "Birch Grove Regional Library", "Bibliothèque régionale de Birch Grove", "Birch Grove", "en", 2, "birch.example", Situation::IncludesService),
    library("CDRE", "Val-Cèdre Library", "Bibliothèque de Val-Cèdre", "Val-Cèdre", "fr", 3, "cedar.example", Situation::Delegates),
    library("DGWD", "Dogwood Island Reading Centre", "Centre de lecture de l'île Dogwood", "Dogwood Island", "en", 4, "dogwood.example", Situation::Nothing),
    library("ORME", "Les Ormes Municipal Library", "Bibliothèque municipale des Ormes", "Les Ormes", "fr", 5, "elm.example", Situation::TwoSpfRecords),
    library("FIRV", "Fir Valley College Library", "Bibliothèque du collège Fir Valley", "Fir Valley", "en", 6, "fir.example", Situation::TooManyLookups),
    library("GNKG", "Ginkgo Hill Memorial Library", "Bibliothèque commémorative de Ginkgo Hill", "Ginkgo Hill", "en", 7, "ginkgo.example", Situation::Quarantine),
    library("HZLT", "Hazelton Lake Library", "Bibliothèque du lac Hazelton", "Hazelton Lake", "en", 8, "hazel.example", Situation::ListsOldServer),
    library("LIER", "Saint-Lierre Library", "Bibliothèque de Saint-Lierre", "Saint-Lierre", "fr", 9, "ivy.example", Situation::SoftOnly),
];

/// The numbers 555-0101 to 555-0199 are kept for fiction in North America.
const PHONES: [&str; 9] = [
    "604-555-0101",
    "250-555-0102",
    "418-555-0103",
    "250-555-0104",
    "514-555-0105",
    "778-555-0106",
    "604-555-0107",
    "250-555-0108",
    "819-555-0109",
];

#[expect(clippy::too_many_arguments, reason = "the columns of the table above")]
const fn library(
    code: &'static str,
    name_en: &'static str,
    name_fr: &'static str,
    town: &'static str,
    language: &'static str,
    number: u8,
    domain: &'static str,
    situation: Situation,
) -> Library {
    let phone = PHONES[number as usize - 1];
    let mail_server = Ipv4Addr::new(127, 77, 3, number);
    Library { code, name_en, name_fr, town, language, phone, domain, situation, mail_server }
}
