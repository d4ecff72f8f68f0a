//! Who and what the story is about: nine libraries, a patron of each at every mailbox provider, what they asked for.
//!
//! In: the practice internet and the day. Out: one [`Case`] for each notice. The people and the books do not exist.

use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Date;
use practice::provider::{Family, Provider};
use practice::world::{LIBRARIES, Library as Place};
use serde_json::{Value, json};
use standards::address::Address;
use standards::domain::Domain;

use crate::intake::Told;
use crate::notice::Language;
use crate::notice::status::Status;
use crate::patron::Patron;

/// One patron of each library, in the libraries' order.
const PEOPLE: [(&str, &str); 9] = [
    ("Amira", "Haddad"),
    ("Wes", "Lindqvist"),
    ("Noémie", "Gagnon-Roy"),
    ("Priya", "Nair"),
    ("Étienne", "Bélanger"),
    ("Joan", "Fairweather"),
    ("Tomás", "Ibarra"),
    ("Grace", "Okafor"),
    ("Maëlle", "Thériault"),
];

/// What was asked for: title and author.
const LOANS: [(&str, &str); 8] = [
    ("The Salt Road", "H. Mercer"),
    ("Les oiseaux du fleuve", "C. Desrosiers"),
    ("Small Boats and How to Mend Them", "A. Whitcombe"),
    ("Un hiver à Tadoussac", "L. Morency"),
    ("A Field Guide to Tide Pools", "R. Sandhu"),
    ("Le goût des pommes", "É. Charbonneau"),
    ("The Mapmaker’s Sister", "V. Okonkwo"),
    ("Tricoter la laine du pays", "M.-J. Fortin"),
];

/// What may have become of it.
const STATUSES: [Status; 7] = [
    Status::ReadyForPickup,
    Status::Overdue,
    Status::Unfilled,
    Status::DueSoon,
    Status::RenewalAccepted,
    Status::Recalled,
    Status::PickupReminder,
];

/// One notice: from which library, to whom, about what.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// The library.
    pub place: Place,
    /// Whose mailbox the patron has, by its domain.
    pub provider: Domain,
    /// Whose habits that provider has.
    pub family: Family,
    /// The patron's address.
    pub address: Address,
    /// The request's number.
    pub request: String,
    /// What happened to the request.
    pub status: Status,
    /// The language of the notice.
    pub language: Language,
    given: String,
    surname: &'static str,
    fields: Vec<(&'static str, String)>,
}

impl Case {
    /// Case number `index` of `place` at `provider`, on the day `today`.
    fn new(place: Place, number: usize, provider: &Provider, index: usize, today: Date) -> Self {
        let (given, surname) = PEOPLE[number % PEOPLE.len()];
        let (title, author) = LOANS[(number * 3 + index) % LOANS.len()];
        let status = STATUSES[(number + index) % STATUSES.len()];
        let home = Language::from_tag(place.language).unwrap_or(Language::En);
        let other = if home == Language::En { Language::Fr } else { Language::En };
        // Every third patron reads the other language.
        let language = if index % 3 == 2 { other } else { home };
        let local = surname.to_lowercase().replace(['é', 'è'], "e");
        let address =
            Address::parse(&format!("patron-{local}@{}", provider.domain())).expect("names of the table above");
        let request = format!("ILL-{}{:02}", 10_420 + number * 17, index + 1);
        let fields = fields(status, title, author, language, today);
        let given = given.to_owned();
        let (provider, family) = (provider.domain().clone(), provider.family());
        Self { place, provider, family, address, request, status, language, given, surname, fields }
    }

    /// The event as an ILL system tells it to the API; `idempotency_key` is the system's own number of it.
    pub fn event(&self) -> Value {
        let fields: serde_json::Map<String, Value> =
            self.fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json!({
            "library": self.place.code,
            "request": self.request,
            "status": self.status.code(),
            "patron": {
                "email": self.address.to_string(),
                "first_name": self.given,
                "surname": self.surname,
                "language": self.language.tag(),
            },
            "fields": fields,
            "idempotency_key": format!("{}-{}", self.request, self.status.code()),
        })
    }

    /// The same event as Courtesy keeps it.
    pub fn told(&self) -> Told {
        let patron = Patron {
            email: Some(self.address.clone()),
            first_name: Some(self.given.clone()),
            surname: Some(self.surname.to_owned()),
            language: Some(self.language),
            ..Patron::default()
        };
        let fields = self.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Told { patron, fields, ..Told::default() }
    }

    /// The same patron with another request: what happens later in the story.
    pub fn later(&self, request: &str, status: Status, today: Date) -> Self {
        let (title, author) = LOANS[request.len() % LOANS.len()];
        let fields = fields(status, title, author, self.language, today);
        Self { request: request.to_owned(), status, fields, ..self.clone() }
    }
}

/// One notice from each library to its patron at each provider, the small provider last.
pub(super) fn cases(providers: &[Arc<Provider>], today: Date) -> Vec<Case> {
    let mut providers: Vec<&Provider> = providers.iter().map(Arc::as_ref).collect();
    providers.sort_by_key(|provider| provider.family() == Family::Stock);
    let mut cases = Vec::with_capacity(LIBRARIES.len() * providers.len());
    for (number, place) in LIBRARIES.into_iter().enumerate() {
        for (index, provider) in providers.iter().enumerate() {
            cases.push(Case::new(place, number, provider, index, today));
        }
    }
    cases
}

/// The Participant Record of a practice library, as its staff would send it to the API.
pub(super) fn record(place: &Place) -> Value {
    let french = place.language == Language::Fr.tag();
    json!({
        "code": place.code,
        "name": { "en": place.name_en, "fr": place.name_fr },
        "time_zone": if french { "America/Toronto" } else { "America/Vancouver" },
        "languages": if french { ["fr", "en"] } else { ["en", "fr"] },
        "region": super::stage::REGION,
        "from": place.notice_address(),
        "phone": place.phone,
        "hours": { "en": "Tuesday to Saturday, 10 a.m. to 6 p.m.", "fr": "Du mardi au samedi, de 10 h à 18 h" },
        "url": format!("https://{}/", place.domain),
    })
}

fn fields(status: Status, title: &str, author: &str, language: Language, today: Date) -> Vec<(&'static str, String)> {
    let day = |from_now: i64| today.saturating_add(from_now.days()).to_string();
    let mut fields = vec![("title", title.to_owned()), ("author", author.to_owned())];
    match status {
        Status::ReadyForPickup | Status::PickupReminder => fields.push(("pickup_by", day(7))),
        Status::Overdue => fields.extend([("due_date", day(-3)), ("days_overdue", "3".to_owned())]),
        Status::DueSoon => fields.extend([("due_date", day(3)), ("renewals_left", "1".to_owned())]),
        Status::Recalled => fields.push(("new_due_date", day(5))),
        Status::RenewalAccepted => fields.push(("new_due_date", day(21))),
        Status::Unfilled => {
            let why = match language {
                Language::En => "In use at every library that owns it",
                Language::Fr => "En prêt dans toutes les bibliothèques qui le possèdent",
            };
            fields.push(("unfilled_reason", why.to_owned()));
        }
        _ => {}
    }
    fields
}
