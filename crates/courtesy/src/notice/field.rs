//! The fields that words may name: `((title))`, `((due_date|date))`.
//!
//! In: a name as words or a caller write it. Out: the [`Field`], its kind, whether it gives away what somebody reads,
//! and with which notices it comes. Not here: values (`value`), and where they come from (`intake`).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Language;
use super::catalogue::{Audience, Notice};
use super::status::Status;
use super::suggest;

/// What a field holds: how it is read, written out and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Any words on one line or more.
    Text,
    /// A person's or an institution's name.
    Name,
    /// A day.
    Date,
    /// A moment.
    Time,
    /// A link: http or https.
    Url,
    /// A telephone number as people write it.
    Phone,
    /// A mail address.
    Email,
    /// A whole number.
    Number,
    /// An amount; its currency is a field of its own.
    Money,
    /// Lines, each an item where they stand alone in a list.
    Lines,
    /// What single notices say in short: items where they stand alone in a list.
    Items,
}

/// Which notices a field can come with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every notice.
    All,
    /// Every notice about a request.
    Request,
    /// Notices about a request to those who may know the patron: the patron and borrowing staff. A lender is never
    /// told who reads.
    Patron,
    /// Notices on these statuses only.
    Only(&'static [Status]),
}

/// Whether a field can be relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// It comes with every notice that may use it.
    Always,
    /// It comes with these statuses; with others it may be missing.
    With(&'static [Status]),
    /// It may be missing: words write `((field??…))`.
    Sometimes,
}

/// One row of the field table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name in words, in the API and in the store.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it says what somebody reads: it stays out of messages where titles are hidden.
    pub sensitive: bool,
    /// Which notices it can come with.
    pub scope: Scope,
    /// Whether it can be relied upon.
    pub given: Given,
    /// An example for previews, English.
    pub sample_en: &'static str,
    /// An example for previews, French.
    pub sample_fr: &'static str,
    /// Its names elsewhere.
    pub aliases: &'static [&'static str],
}

/// What `sensitive` says in the table below.
const HIDE: bool = true;
/// See [`HIDE`].
const SHOW: bool = false;

macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident $name:literal $kind:ident $sensitive:ident ($scope:expr) ($given:expr)
       $en:literal $fr:literal [$($alias:literal)*])*) => {
        /// A field that words may name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field {
            $($(#[$doc])* $field,)*
        }

        impl Field {
            /// Every field, grouped as field pickers show them.
            pub const ALL: &[Self] = &[$(Self::$field),*];
        }

        static ROWS: &[Row] = &[$(Row {
            name: $name,
            kind: Kind::$kind,
            sensitive: $sensitive,
            scope: $scope,
            given: $given,
            sample_en: $en,
            sample_fr: $fr,
            aliases: &[$($alias),*],
        }),*];
    };
}

use Given::{Always, Sometimes, With};
use Scope::{All, Only, Patron, Request};

/// Statuses on which a request ends without the item.
const ENDINGS: &[Status] =
    &[Status::Unfilled, Status::Cancelled, Status::CancelRefused, Status::Retry, Status::NeedByExpired];
/// Statuses that carry a price or a fee.
const PRICED: &[Status] =
    &[Status::Conditional, Status::ConditionAccepted, Status::LostOrBilled, Status::Recalled, Status::Overdue];
/// Statuses that tell of the service and its addresses.
const OPERATIONS: &[Status] = &[
    Status::AddressProblem,
    Status::TestNotice,
    Status::PatronCode,
    Status::OpsDomainBroken,
    Status::OpsQueueStuck,
    Status::OpsTemplateError,
    Status::OpsBounceDigest,
    Status::OpsWebhookOff,
    Status::CopiesDigest,
];
/// Statuses with something to count: those of the service, and several notices together.
const COUNTS: &[Status] = &[
    Status::AddressProblem,
    Status::TestNotice,
    Status::PatronCode,
    Status::OpsDomainBroken,
    Status::OpsQueueStuck,
    Status::OpsTemplateError,
    Status::OpsBounceDigest,
    Status::OpsWebhookOff,
    Status::CopiesDigest,
    Status::PatronDigest,
];
/// Those that always say how many.
const COUNTED: &[Status] =
    &[Status::OpsQueueStuck, Status::OpsBounceDigest, Status::CopiesDigest, Status::PatronDigest];

fields! {
    // The patron
    /// Given name.
    FirstName "first_name" Name SHOW (Patron) (Sometimes) "Amira" "Zoé" ["given_name" "patron.given_name" "patron_first_name" "user.firstName"]
    /// Family name.
    Surname "surname" Name SHOW (Patron) (Sometimes) "O’Neill-Haddad" "Lévesque-Haddad" ["last_name" "patron_last_name" "user.lastName"]
    /// Both names.
    FullName "full_name" Name SHOW (Patron) (Sometimes) "Amira O’Neill-Haddad" "Zoé Lévesque-Haddad" ["patron_name" "name"]
    /// The number on the patron's card.
    PatronId "patron_id" Text SHOW (Patron) (Sometimes) "21187000123456" "21187000123456" ["patron.id" "patron_barcode" "card_number"]

    // The item
    /// Title.
    Title "title" Text HIDE (Request) (Always) "The Overstory" "L’Océan au bout du chemin" ["item_title"]
    /// Subtitle.
    Subtitle "subtitle" Text HIDE (Request) (Sometimes) "a novel" "roman" []
    /// Author of the whole.
    Author "author" Text HIDE (Request) (Sometimes) "Richard Powers" "Élise Fontaine-Çelik" ["item_author"]
    /// Title of the article or chapter.
    ComponentTitle "component_title" Text HIDE (Request) (Sometimes) "Roots that talk: what a forest knows" "Les racines parlent : ce que sait la forêt" ["article_title" "title_of_component"]
    /// Author of the article or chapter.
    ComponentAuthor "component_author" Text HIDE (Request) (Sometimes) "محمود درويش" "محمود درويش" ["article_author" "author_of_component"]
    /// Edition.
    Edition "edition" Text HIDE (Request) (Sometimes) "2nd edition" "2e édition" []
    /// Volume.
    Volume "volume" Text HIDE (Request) (Sometimes) "12" "12" []
    /// Issue.
    Issue "issue" Text HIDE (Request) (Sometimes) "3" "3" []
    /// Pages asked for.
    Pages "pages" Text HIDE (Request) (Sometimes) "117–131" "117-131" ["pages_requested"]
    /// Year of publication.
    Year "year" Text HIDE (Request) (Sometimes) "2018" "2018" ["publication_date"]
    /// Publisher.
    Publisher "publisher" Text HIDE (Request) (Sometimes) "Example House" "Éditions de l’Exemple" []
    /// ISBN.
    Isbn "isbn" Text HIDE (Request) (Sometimes) "978-0-00-000000-2" "978-0-00-000000-2" []
    /// ISSN.
    Issn "issn" Text HIDE (Request) (Sometimes) "0000-0019" "0000-0019" []
    /// Book, recording, copy of an article.
    Format "format" Text SHOW (Request) (Sometimes) "Book" "Livre" ["item_format" "material_type"]
    /// Where it stands on the lender's shelf.
    CallNumber "call_number" Text HIDE (Request) (Sometimes) "FIC POW" "848.914 FON" ["callnumber"]
    /// The number on the item.
    Barcode "barcode" Text SHOW (Request) (Sometimes) "31187000654321" "31187000654321" ["item_barcode" "item_id"]

    // The request
    /// The request's number in the ILL system.
    RequestNumber "request_number" Text SHOW (Request) (Always) "BC-104233" "BC-104233" ["request.number" "ill_number" "transaction_number" "request_id"]
    /// The number the other library gave it.
    PartnerNumber "partner_number" Text SHOW (Request) (Sometimes) "RL-2291" "RL-2291" ["request.partner_number"]
    /// Loan or copy.
    RequestType "request_type" Text SHOW (Request) (Sometimes) "Loan" "Prêt" ["request.type" "service_type"]
    /// Normal, rush.
    ServiceLevel "service_level" Text SHOW (Request) (Sometimes) "Rush" "Urgent" []
    /// The day on which it was asked for.
    DateRequested "date_requested" Date SHOW (Request) (Sometimes) "2026-11-02" "2026-11-02" ["request_date"]
    /// The day by which it is needed.
    NeedBefore "need_before" Date SHOW (Request) (With(&[Status::NeedByExpired])) "2026-12-01" "2026-12-01" ["need_by" "need_by_date" "need_before_date"]
    /// Where it waits.
    PickupLocation "pickup_location" Name SHOW (Request) (Sometimes) "Front desk, Haney branch" "Comptoir de prêt, succursale Haney" ["pickup_branch"]
    /// The last day on which it waits.
    PickupBy "pickup_by" Date SHOW (Request) (With(&[Status::PickupReminder])) "2026-11-30" "2026-12-01" ["pickup_expiry_date" "hold_until"]
    /// Where the parcel is.
    TrackingUrl "tracking_url" Url SHOW (Request) (Sometimes) "https://parcels.example/track/7H2K" "https://parcels.example/track/7H2K" []
    /// Why it was withdrawn.
    CancelReason "cancel_reason" Text SHOW (Only(ENDINGS)) (Sometimes) "The library now has its own copy" "La bibliothèque possède maintenant son propre exemplaire" []
    /// Why nobody could supply.
    UnfilledReason "unfilled_reason" Text SHOW (Only(ENDINGS)) (Sometimes) "Not available for interlibrary loan" "Non disponible pour le prêt entre bibliothèques" ["reason_unfilled"]
    /// Why to try again later.
    RetryReason "retry_reason" Text SHOW (Only(ENDINGS)) (Sometimes) "On loan until 4 January" "En prêt jusqu’au 4 janvier" ["reason_retry"]
    /// What staff or the other library want to say.
    Note "note" Text SHOW (Request) (With(&[Status::NoteFromPartner, Status::TextReply])) "Please handle with care: the spine is loose." "À manipuler avec soin : la reliure est fragile." ["notes_public" "notes" "request.notes_public" "staff_note"]
    /// The status before, in words.
    OldStatus "old_status" Text SHOW (Only(&[Status::Correction])) (Sometimes) "Received – no attachments" "Reçu – sans pièce jointe" []
    /// The status now, in words.
    NewStatus "new_status" Text SHOW (Only(&[Status::Correction])) (Sometimes) "Shipped" "Expédié" []

    // The loan
    /// The day on which it is due.
    DueDate "due_date" Date SHOW (Request) (With(&[Status::DueSoon])) "2026-12-15" "2026-12-15" ["loan_due_date"]
    /// The day on which it is due now.
    NewDueDate "new_due_date" Date SHOW (Only(&[Status::RenewalAccepted, Status::RenewalRejected, Status::RenewRequested, Status::Recalled, Status::Correction])) (Sometimes) "2027-01-05" "2027-01-05" []
    /// How often it can still be renewed.
    RenewalsLeft "renewals_left" Number SHOW (Request) (Sometimes) "1" "1" []
    /// Days since it was due.
    DaysOverdue "days_overdue" Number SHOW (Only(&[Status::Overdue, Status::LostOrBilled, Status::RenewRequested])) (Sometimes) "3" "3" []
    /// Which reminder this is.
    OverdueLevel "overdue_level" Number SHOW (Only(&[Status::Overdue])) (Sometimes) "1" "1" []
    /// What the lender asks for.
    Condition "condition" Text SHOW (Request) (Sometimes) "For use in the library only" "Consultation sur place seulement" ["loan_condition" "conditions"]
    /// What it costs.
    Cost "cost" Money SHOW (Only(PRICED)) (Sometimes) "25.00" "25.00" ["offered_costs" "price" "amount"]
    /// In which currency: an ISO 4217 code.
    Currency "currency" Text SHOW (Only(PRICED)) (Sometimes) "CAD" "CAD" []

    // The delivery
    /// Where to open the copy.
    Url "url" Url SHOW (Request) (Sometimes) "https://ill.mapleridge.example/d/7H2K" "https://ill.mapleridge.example/d/7H2K" ["delivery_url" "delivery.url" "download_url"]
    /// Until when that link works.
    UrlExpires "url_expires" Time SHOW (Request) (Sometimes) "2026-12-06T18:05:00-08:00" "2026-12-06T18:05:00-08:00" []
    /// How many files came.
    AttachmentCount "attachment_count" Number SHOW (Request) (Sometimes) "1" "1" []
    /// Courier, mail, link.
    SentVia "sent_via" Text SHOW (Request) (Sometimes) "Courier" "Messagerie" ["delivery_method"]

    // The other library
    /// Its name.
    PartnerName "partner_name" Name SHOW (Request) (Sometimes) "Richmond Lending Library" "Bibliothèque de Richmond" ["partner.library_name" "lender_name" "borrower_name" "lender" "borrower"]
    /// Its code.
    PartnerCode "partner_code" Text SHOW (Request) (Sometimes) "RLL" "RLL" ["partner.library_code" "lender_code" "borrower_code"]
    /// Its ILL desk's address.
    PartnerEmail "partner_email" Email SHOW (Request) (Sometimes) "ill@richmond.example" "ill@richmond.example" []
    /// Its ILL desk's telephone.
    PartnerPhone "partner_phone" Phone SHOW (Request) (Sometimes) "604-555-0142" "604 555-0142" []

    // The library that writes
    /// Its name.
    LibraryName "library_name" Name SHOW (All) (Always) "Maple Ridge Public Library" "Bibliothèque publique de Maple Ridge" ["library.name" "library" "signature"]
    /// Its code.
    LibraryCode "library_code" Text SHOW (All) (Always) "MRPL" "MRPL" ["library.code"]
    /// The desk's telephone.
    LibraryPhone "library_phone" Phone SHOW (All) (Sometimes) "604-555-0111" "604 555-0111" ["library.phone"]
    /// The desk's address.
    LibraryEmail "library_email" Email SHOW (All) (Sometimes) "ill@mapleridge.example" "ill@mapleridge.example" ["library.email" "library_ill_email" "library.ill_email"]
    /// When it is open.
    LibraryHours "library_hours" Text SHOW (All) (Sometimes) "Monday to Saturday, 9 a.m. to 8 p.m." "Du lundi au samedi, de 9 h à 20 h" ["library.hours"]
    /// Where it is.
    LibraryAddress "library_address" Text SHOW (All) (Sometimes) "130 Example Street, Maple Ridge" "130, rue de l’Exemple, Maple Ridge" ["library.address"]
    /// Its page.
    LibraryUrl "library_url" Url SHOW (All) (Sometimes) "https://mapleridge.example/" "https://mapleridge.example/" ["library.url"]

    // Links of ours
    /// The patron's or staff's page of this request.
    RequestUrl "request_url" Url SHOW (All) (Sometimes) "https://notices.example/r/7H2K9Q" "https://notices.example/r/7H2K9Q" ["request.url" "message_url"]
    /// Digits that show that an address is theirs.
    Code "code" Text SHOW (Only(&[Status::PatronCode])) (With(&[Status::PatronCode])) "4821 0937" "4821 0937" []
    /// Where a patron says how to be reached.
    PreferencesUrl "preferences_url" Url SHOW (All) (Sometimes) "https://notices.example/p/7H2K9Q" "https://notices.example/p/7H2K9Q" ["unsubscribe_url"]

    // The service itself
    /// The domain concerned.
    Domain "domain" Text SHOW (Only(OPERATIONS)) (With(&[Status::OpsDomainBroken, Status::OpsWebhookOff])) "mapleridge.example" "mapleridge.example" []
    /// The mail address concerned.
    Address "address" Email SHOW (Only(OPERATIONS)) (With(&[Status::AddressProblem])) "amira@mail.example" "zoe@courriel.example" ["email"]
    /// Why, in words.
    Reason "reason" Text SHOW (All) (With(&[Status::AddressProblem, Status::OpsDomainBroken, Status::OpsTemplateError, Status::OpsWebhookOff])) "This address does not exist" "Cette adresse n’existe pas" ["cause"]
    /// How many.
    Count "count" Number SHOW (Only(COUNTS)) (With(COUNTED)) "3" "3" []
    /// The day that a list is of.
    ListDay "list_day" Date SHOW (Only(&[Status::CopiesDigest])) (With(&[Status::CopiesDigest])) "2026-11-21" "2026-11-21" []
    /// The notices of that day, a line each; without titles where the library hides them.
    Notices "notices" Lines SHOW (Only(&[Status::CopiesDigest])) (With(&[Status::CopiesDigest])) "9:12 a.m. · Overdue · BC-104233\n2:40 p.m. · Recalled · BC-104240" "9 h 12 · En retard · BC-104233\n14 h 40 · Rappelé · BC-104240" []
    /// What a patron is told together: of each notice its subject, the day it is about and the request. Titles stay out where they are hidden.
    Items "items" Items SHOW (Only(&[Status::PatronDigest])) (With(&[Status::PatronDigest])) "Please return: The Overstory\twas due 20 November 2026 · BC-104233\nDue soon: The Waves\tdue 15 December 2026 · BC-104240" "À rapporter : L’Océan au bout du chemin\tétait à rendre le 20 novembre 2026 · BC-104233\nBientôt à rendre : Les Vagues\tà rendre le 15 décembre 2026 · BC-104240" []
}

/// Fields by each of their names in plain form. A name that two fields have belongs to the first.
static BY_NAME: LazyLock<HashMap<String, Field>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    for field in Field::ALL {
        names.entry(field.name().to_owned()).or_insert(*field);
        for alias in field.row().aliases {
            names.entry(suggest::plain(alias)).or_insert(*field);
        }
    }
    names
});

impl Field {
    /// How many fields there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Its row of the table.
    #[must_use]
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// Its name: `due_date`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What it holds.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.row().kind
    }

    /// Whether it says what somebody reads.
    #[must_use]
    pub fn is_sensitive(self) -> bool {
        self.row().sensitive
    }

    /// An example for previews.
    #[must_use]
    pub fn sample(self, language: Language) -> &'static str {
        match language {
            Language::En => self.row().sample_en,
            Language::Fr => self.row().sample_fr,
        }
    }

    /// Reads a field by its exact name, as words write it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }

    /// Reads a field by any of its names: ours, another system's, or a dotted one (`patron.first_name`).
    #[must_use]
    pub fn from_any_name(name: &str) -> Option<Self> {
        let by = |wanted: &str| BY_NAME.get(wanted).copied();
        // Most callers write the name as it stands: every field of every event comes by here.
        by(name).or_else(|| {
            let plain = suggest::plain(name);
            by(&plain).or_else(|| {
                let (group, rest) = plain.split_once('_')?;
                GROUPS.contains(&group).then(|| by(rest)).flatten()
            })
        })
    }

    /// The field a wrong name probably meant: one it is an alias of, or the nearest.
    #[must_use]
    pub fn nearest(name: &str) -> Option<Self> {
        Self::from_any_name(name)
            .or_else(|| suggest::nearest(name, Self::ALL.iter().map(|field| field.name())).and_then(Self::from_name))
    }

    /// Whether `notice` can carry it at all.
    #[must_use]
    pub fn comes_with(self, notice: Notice) -> bool {
        // Several notices together are about several requests, and so about none.
        let is_of_several = notice.status == Status::PatronDigest;
        let about_a_request = notice.audience != Audience::Operator && !notice.status.is_asked_for() && !is_of_several;
        match self.row().scope {
            All => true,
            Request => about_a_request,
            Patron => {
                about_a_request && notice.audience != Audience::Lending || notice.status.is_asked_for() || is_of_several
            }
            Only(statuses) => statuses.contains(&notice.status),
        }
    }

    /// Whether `notice` always carries it, so that words may name it without `??`.
    #[must_use]
    pub fn always_comes_with(self, notice: Notice) -> bool {
        self.comes_with(notice)
            && match self.row().given {
                Always => true,
                With(statuses) => statuses.contains(&notice.status),
                Sometimes => false,
            }
    }
}

impl Notice {
    /// The fields its words may name, in the order of the table: what a field picker shows.
    pub fn fields(self) -> impl Iterator<Item = Field> {
        Field::ALL.iter().copied().filter(move |field| field.comes_with(self))
    }
}

/// The groups other systems put before a name: `item.title` is our `title`.
const GROUPS: [&str; 9] = ["patron", "user", "item", "request", "loan", "delivery", "partner", "library", "notice"];

#[cfg(test)]
mod tests;
