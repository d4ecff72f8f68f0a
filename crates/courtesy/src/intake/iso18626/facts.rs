//! What a `request` told us of an item and its patron, kept for the messages that follow.
//!
//! A `requestingAgencyMessage` that says "Received" names neither title nor patron. In: a request. Out: [`RequestFacts`], one
//! for each library of the request; the lending library's have nothing of the patron in them. Not here: where
//! they are kept, and for how long.

use jiff::tz::TimeZone;
use standards::address::Address;
use standards::iso18626::{
    BibliographicInfo, ElectronicAddress, Note, PatronInfo, PhysicalAddress, PublicationInfo, Request, ServiceInfo,
    Token, YesNo,
};

use super::fields::{put, put_day};
use super::{Fields, Side, Zones, library_code, request_key};
use crate::library::LibraryCode;

/// What is known of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RequestFacts {
    /// Values for placeholders: the item's, and on the borrowing side the patron's.
    pub fields: Fields,
    /// The patron's address: `patronInfo/address/electronicAddress` of type Email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Address>,
}

/// Facts, and under what to keep them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Whose memory.
    pub library: LibraryCode,
    /// Which request: [`super::Event::request`] of later messages is the same.
    pub request: String,
    /// What to remember.
    pub facts: RequestFacts,
}

/// What both libraries of a request are to remember of it.
#[must_use]
pub fn remembered(request: &Request, zones: Zones<'_>) -> Vec<Remembered> {
    let header = &request.header;
    let keep = |library: Option<LibraryCode>, side: Side, facts: RequestFacts| {
        Some(Remembered { library: library?, request: request_key(header, side), facts })
    };
    let borrower = library_code(&header.requesting_agency_id);
    let lender = header.supplying_agency_id.as_ref().and_then(library_code);
    [
        keep(borrower, Side::Borrowing, RequestFacts::from_request(request, zones.borrowing)),
        keep(lender, Side::Lending, RequestFacts::from_request(request, zones.lending).without_patron()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Every field of the patron, and none else.
const PATRON_FIELDS: [&str; 7] =
    ["email", "first_name", "full_name", "patron_address", "patron_id", "patron_phone", "surname"];

impl RequestFacts {
    /// What a request says, with its days as a reader in `zone` means them.
    #[must_use]
    pub fn from_request(request: &Request, zone: &TimeZone) -> Self {
        let mut facts = Self::default();
        let fields = &mut facts.fields;
        put_day(fields, "date_requested", request.header.timestamp, zone);
        if let Some(item) = &request.bibliographic_info {
            describe(fields, item);
        }
        if let Some(publication) = &request.publication_info {
            published(fields, publication);
        }
        if let Some(service) = &request.service_info {
            asked(fields, service, zone);
        }
        let patron = request.patron_info.as_ref();
        // What goes to the patron's own door is picked up nowhere.
        if patron.and_then(|patron| patron.send_to_patron) != Some(YesNo::Y) {
            put(fields, "pickup_location", pickup_location(request).as_deref());
        }
        if let Some(patron) = patron {
            facts.email = patron.address.iter().find_map(|address| email(address.electronic_address.as_ref()?));
            for_whom(&mut facts.fields, patron);
            put(&mut facts.fields, "email", facts.email.as_ref().map(ToString::to_string).as_deref());
        }
        facts
    }

    /// Takes over what a later message says; what it does not say stays.
    pub fn merge(&mut self, newer: Self) {
        self.fields.extend(newer.fields);
        self.email = newer.email.or(self.email.take());
    }

    /// Takes over the fields that a note says have changed.
    pub fn update(&mut self, note: &Note) {
        for token in &note.tokens {
            if let Token::UpdatedField { field, value } = token
                && let Some((_, name)) = UPDATED_FIELDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(field))
            {
                put(&mut self.fields, name, Some(value));
            }
        }
    }

    /// The same without the patron: what a lending library may know.
    #[must_use]
    pub fn without_patron(mut self) -> Self {
        for name in PATRON_FIELDS {
            self.fields.remove(name);
        }
        Self { fields: self.fields, email: None }
    }
}

/// ReShare's names of the fields a note may change, and ours.
const UPDATED_FIELDS: [(&str, &str); 10] = [
    ("Author", "author"),
    ("AuthorOfComponent", "component_author"),
    ("Edition", "edition"),
    ("ISBN", "isbn"),
    ("ISSN", "issn"),
    ("Issue", "issue"),
    ("PickupLocation", "pickup_location"),
    ("Title", "title"),
    ("TitleOfComponent", "component_title"),
    ("Volume", "volume"),
];

fn describe(fields: &mut Fields, item: &BibliographicInfo) {
    for (name, value) in [
        ("title", &item.title),
        ("subtitle", &item.subtitle),
        ("author", &item.author),
        ("series", &item.series_title),
        ("component_title", &item.title_of_component),
        ("component_author", &item.author_of_component),
        ("edition", &item.edition),
        ("volume", &item.volume),
        ("issue", &item.issue),
        ("pages", &item.pages_requested),
    ] {
        put(fields, name, value.as_deref());
    }
    for (name, kind) in [("isbn", "ISBN"), ("issn", "ISSN")] {
        let of_kind = item
            .bibliographic_item_id
            .iter()
            .find(|id| id.bibliographic_item_identifier_code.as_ref().is_some_and(|code| code.is(kind)));
        put(fields, name, of_kind.and_then(|id| id.bibliographic_item_identifier.as_deref()));
    }
}

fn published(fields: &mut Fields, publication: &PublicationInfo) {
    put(fields, "publisher", publication.publisher.as_deref());
    put(fields, "year", publication.publication_date.as_deref());
}

fn asked(fields: &mut Fields, service: &ServiceInfo, zone: &TimeZone) {
    put(fields, "service_type", service.service_type.as_ref().map(|kind| kind.as_str()));
    put(fields, "request_type", service.request_type.as_ref().map(|kind| kind.as_str()));
    put_day(fields, "need_before", service.need_before_date, zone);
    put(fields, "format", service.preferred_format.as_ref().map(|format| format.value.as_str()));
    if let Some(level) = &service.service_level {
        put(fields, "service_level", Some(&level.value));
        let expedited = ["Rush", "Urgent", "Express"].iter().any(|word| level.is(word));
        put(fields, "expedited", expedited.then_some("yes"));
    }
}

/// The first line of the first place to deliver to: systems put the branch there.
fn pickup_location(request: &Request) -> Option<String> {
    let order = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok()).unwrap_or(i64::MAX);
    let places = request.requested_delivery_info.iter().filter_map(|delivery| {
        let place = delivery.address.as_ref()?.physical_address.as_ref()?;
        Some((order(&delivery.sort_order), place.line1.clone()?))
    });
    places.min_by_key(|(order, _)| *order).map(|(_, line)| line)
}

fn for_whom(fields: &mut Fields, patron: &PatronInfo) {
    let names = [patron.given_name.as_deref(), patron.surname.as_deref()];
    put(fields, "first_name", names[0]);
    put(fields, "surname", names[1]);
    put(fields, "full_name", Some(&names.into_iter().flatten().collect::<Vec<_>>().join(" ")));
    put(fields, "patron_id", patron.patron_id.as_deref());
    let electronic = patron.address.iter().filter_map(|address| address.electronic_address.as_ref());
    put(fields, "patron_phone", electronic.filter_map(phone).next());
    let place = patron.address.iter().find_map(|address| address.physical_address.as_ref());
    put(fields, "patron_address", place.map(lines).as_deref());
}

/// An address of type Email, or of no type that can be nothing else.
fn email(address: &ElectronicAddress) -> Option<Address> {
    let is_email = address.electronic_address_type.as_ref().is_none_or(|kind| kind.is("Email") || kind.is("E-mail"));
    let data = address.electronic_address_data.as_deref()?;
    let bare = data.split_at_checked("mailto:".len()).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("mailto:"));
    let bare = bare.map_or(data, |(_, rest)| rest);
    is_email.then(|| Address::parse(bare.trim()).ok()).flatten()
}

/// Not in the standard's list of types, and sent all the same.
fn phone(address: &ElectronicAddress) -> Option<&str> {
    let kind = address.electronic_address_type.as_ref()?;
    let is_phone = ["Phone", "Telephone", "Mobile", "SMS"].iter().any(|word| kind.is(word));
    is_phone.then_some(address.electronic_address_data.as_deref()).flatten()
}

/// An address as it stands on a letter.
fn lines(place: &PhysicalAddress) -> String {
    let town = [
        place.locality.as_deref(),
        place.region.as_ref().map(|region| region.value.as_str()),
        place.postal_code.as_deref(),
    ];
    let town = town.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let country = place.country.as_ref().map(|country| country.value.as_str());
    let lines = [place.line1.as_deref(), place.line2.as_deref(), Some(town.as_str()), country];
    lines.into_iter().flatten().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}
