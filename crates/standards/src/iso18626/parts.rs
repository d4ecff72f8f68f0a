//! The parts of the messages of ISO 18626, in the order and with the words of its schema (v1.2, 2017).
//!
//! Elements the 2017 schema requires are optional here wherever a notice can do without them, because real senders
//! leave them out. Of the 2021 edition its statuses and the elements seen in use (`URL`) are read.

use std::fmt;

use super::part::{Fault, Field, Leaf, Log, Writer, demanded, record};
use super::words::{
    ErrorType, MessageStatus, ReasonForMessage, RequestSubType, RequestType, ServiceType, Status, YesNo,
};
use super::xml::Element;
use super::{Moment, Note};

/// A value of an open list (`type_schemeValuePair`): kept as text, known or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Where the list is defined.
    pub scheme: Option<String>,
    /// The value.
    pub value: String,
}

impl Code {
    /// Whether the value is this word, in any letter case.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        self.value.eq_ignore_ascii_case(word)
    }
}

impl From<&str> for Code {
    fn from(value: &str) -> Self {
        Self { scheme: None, value: value.to_owned() }
    }
}

impl Leaf for Code {
    fn read(element: &Element, log: &mut Log) -> Result<Self, Fault> {
        let scheme = element.attribute("scheme").map(|uri| uri.split_whitespace().collect::<String>());
        Ok(Self { scheme, value: String::read(element, log)? })
    }

    fn write(&self, name: &'static str, out: &mut Writer) {
        out.text(name, self.scheme.as_deref(), &self.value);
    }
}

/// An identifier that somebody gave to a library or a request. Never empty, never longer than [`Id::BYTES_MAX`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

impl Id {
    /// Longer than any ISIL (ISO 15511: 16), UUID (36) or request number seen, and short enough for a key.
    pub const BYTES_MAX: usize = 255;

    /// An identifier, trimmed. `None`: empty or too long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        (1..=Self::BYTES_MAX).contains(&text.len()).then(|| Self(text.to_owned()))
    }

    /// The identifier as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Leaf for Id {
    fn read(element: &Element, log: &mut Log) -> Result<Self, Fault> {
        let line = String::read(element, log)?;
        Self::parse(&line).ok_or_else(|| log.fault(ErrorType::UnrecognisedDataValue, "is longer than 255 octets"))
    }

    fn write(&self, name: &'static str, out: &mut Writer) {
        out.text(name, None, &self.0);
    }
}

/// `multipleItemRequestId`: the schema wants the element in every header, empty where there is one item only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MultipleItemRequestId(pub Option<Id>);

impl Field for MultipleItemRequestId {
    fn take(parent: &Element, name: &'static str, log: &mut Log) -> Result<Self, Fault> {
        <Option<Id> as Field>::take(parent, name, log).map(Self)
    }

    fn put(&self, name: &'static str, out: &mut Writer) {
        out.text(name, None, self.0.as_ref().map_or("", Id::as_str));
    }

    fn is_nothing(&self) -> bool {
        self.0.is_none()
    }
}

/// A secret between two libraries. It is read and written, and shows itself in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Leaf for Secret {
    fn read(element: &Element, log: &mut Log) -> Result<Self, Fault> {
        String::read(element, log).map(Self)
    }

    fn write(&self, name: &'static str, out: &mut Writer) {
        out.text(name, None, &self.0);
    }
}

demanded!(Id, AgencyId, Header, ConfirmationHeader, MessageInfo);

record! {
    /// A library (`type_agencyId`).
    AgencyId {
        /// The list its identifier is from: `ISIL`.
        agency_id_type: Option<Code> = "agencyIdType",
        /// Its identifier: a code or symbol.
        agency_id_value: Id = "agencyIdValue",
    }

    /// How the borrowing library proves itself to the lending one. Read, and never shown.
    #[derive(Default)]
    RequestingAgencyAuthentication {
        /// Its account.
        account_id: Option<String> = "accountId",
        /// Its secret.
        security_code: Option<Secret> = "securityCode",
    }

    /// What every message begins with.
    Header {
        /// The lending library; missing while none has been chosen.
        supplying_agency_id: Option<AgencyId> = "supplyingAgencyId",
        /// The borrowing library.
        requesting_agency_id: AgencyId = "requestingAgencyId",
        /// The number of a request for several items.
        multiple_item_request_id: MultipleItemRequestId = "multipleItemRequestId",
        /// When the message was made.
        timestamp: Option<Moment> = "timestamp",
        /// The request's number at the borrowing library.
        requesting_agency_request_id: Id = "requestingAgencyRequestId",
        /// The request's number at the lending library.
        supplying_agency_request_id: Option<Id> = "supplyingAgencyRequestId",
        /// How the borrowing library proves itself.
        requesting_agency_authentication: Option<RequestingAgencyAuthentication> = "requestingAgencyAuthentication",
    }

    /// What every confirmation begins with. All but the status may be missing, for the message may have been unreadable.
    ConfirmationHeader {
        /// The lending library, as the message named it.
        supplying_agency_id: Option<AgencyId> = "supplyingAgencyId",
        /// The borrowing library, as the message named it.
        requesting_agency_id: Option<AgencyId> = "requestingAgencyId",
        /// The message's own time.
        timestamp: Option<Moment> = "timestamp",
        /// The request's number, as the message gave it.
        requesting_agency_request_id: Option<Id> = "requestingAgencyRequestId",
        /// The number of a request for several items, as the message gave it.
        multiple_item_request_id: Option<Id> = "multipleItemRequestId",
        /// When the message came in.
        timestamp_received: Option<Moment> = "timestampReceived",
        /// Whether it was taken.
        message_status: MessageStatus = "messageStatus",
    }

    /// Why a message was not taken.
    ErrorData {
        /// The kind of error.
        error_type: ErrorType = "errorType",
        /// What exactly.
        error_value: Option<String> = "errorValue",
    }

    /// A standard number of the work: ISBN, ISSN.
    #[derive(Default)]
    BibliographicItemId {
        /// The number.
        bibliographic_item_identifier: Option<String> = "bibliographicItemIdentifier",
        /// Which kind: `ISBN`, `ISSN`, `ISMN`.
        bibliographic_item_identifier_code: Option<Code> = "bibliographicItemIdentifierCode",
    }

    /// The number of a record in a catalogue.
    #[derive(Default)]
    BibliographicRecordId {
        /// Which catalogue: `OCLC`, `LCCN`, `AMICUS`.
        bibliographic_record_identifier_code: Option<Code> = "bibliographicRecordIdentifierCode",
        /// The number.
        bibliographic_record_identifier: Option<String> = "bibliographicRecordIdentifier",
    }

    /// What is asked for.
    #[derive(Default)]
    BibliographicInfo {
        /// The lending library's record.
        supplier_unique_record_id: Option<String> = "supplierUniqueRecordId",
        /// Title of the book or journal.
        title: Option<String> = "title",
        /// Its author.
        author: Option<String> = "author",
        /// Its subtitle.
        subtitle: Option<String> = "subtitle",
        /// The series it is in.
        series_title: Option<String> = "seriesTitle",
        /// Its edition.
        edition: Option<String> = "edition",
        /// Title of the article or chapter.
        title_of_component: Option<String> = "titleOfComponent",
        /// Its author.
        author_of_component: Option<String> = "authorOfComponent",
        /// Volume.
        volume: Option<String> = "volume",
        /// Issue.
        issue: Option<String> = "issue",
        /// Pages.
        pages_requested: Option<String> = "pagesRequested",
        /// How many pages that may be.
        estimated_no_pages: Option<String> = "estimatedNoPages",
        /// Standard numbers.
        bibliographic_item_id: Vec<BibliographicItemId> = "bibliographicItemId",
        /// Who stands behind the work.
        sponsor: Option<String> = "sponsor",
        /// Where the description is from.
        information_source: Option<String> = "informationSource",
        /// Catalogue records.
        bibliographic_record_id: Vec<BibliographicRecordId> = "bibliographicRecordId",
    }

    /// Who published it, and when.
    #[derive(Default)]
    PublicationInfo {
        /// The publisher.
        publisher: Option<String> = "publisher",
        /// Book, journal, sound recording …
        publication_type: Option<Code> = "publicationType",
        /// The year, as people write it.
        publication_date: Option<String> = "publicationDate",
        /// The place.
        place_of_publication: Option<String> = "placeOfPublication",
    }

    /// How it is asked for.
    #[derive(Default)]
    ServiceInfo {
        /// For the first time, again, or as a reminder.
        request_type: Option<RequestType> = "requestType",
        /// What is special about it.
        request_sub_type: Vec<RequestSubType> = "requestSubType",
        /// The number under which it was asked for before.
        requesting_agency_previous_request_id: Option<Id> = "requestingAgencyPreviousRequestId",
        /// Copy or loan.
        service_type: Option<ServiceType> = "serviceType",
        /// Express, Normal, Rush …
        service_level: Option<Code> = "serviceLevel",
        /// The wished format.
        preferred_format: Option<Code> = "preferredFormat",
        /// Of no use later.
        need_before_date: Option<Moment> = "needBeforeDate",
        /// The copyright rule that is kept.
        copyright_compliance: Option<Code> = "copyrightCompliance",
        /// Whether another edition will do.
        any_edition: Option<YesNo> = "anyEdition",
        /// First day of a booking.
        start_date: Option<Moment> = "startDate",
        /// Its last day.
        end_date: Option<Moment> = "endDate",
        /// A note for the lending library.
        note: Option<Note> = "note",
    }

    /// A library that may have it.
    #[derive(Default)]
    SupplierInfo {
        /// Which to ask first.
        sort_order: Option<String> = "sortOrder",
        /// The library.
        supplier_code: Option<AgencyId> = "supplierCode",
        /// The library in words.
        supplier_description: Option<String> = "supplierDescription",
        /// Its record.
        bibliographic_record_id: Option<BibliographicRecordId> = "bibliographicRecordId",
        /// Where it stands there.
        call_number: Option<String> = "callNumber",
        /// What they have of it.
        summary_holdings: Option<String> = "summaryHoldings",
        /// Whether it is in.
        availability_note: Option<String> = "availabilityNote",
    }

    /// An address of one kind or the other.
    #[derive(Default)]
    Address {
        /// E-mail and the like.
        electronic_address: Option<ElectronicAddress> = "electronicAddress",
        /// A place.
        physical_address: Option<PhysicalAddress> = "physicalAddress",
    }

    /// E-mail and the like.
    #[derive(Default)]
    ElectronicAddress {
        /// `Email`, `FTP`.
        electronic_address_type: Option<Code> = "electronicAddressType",
        /// The address itself.
        electronic_address_data: Option<String> = "electronicAddressData",
    }

    /// A place.
    #[derive(Default)]
    PhysicalAddress {
        /// First line.
        line1: Option<String> = "line1",
        /// Second line.
        line2: Option<String> = "line2",
        /// Town.
        locality: Option<String> = "locality",
        /// Postal code.
        postal_code: Option<String> = "postalCode",
        /// Province or state (ISO 3166-2).
        region: Option<Code> = "region",
        /// Country (ISO 3166-1).
        country: Option<Code> = "country",
    }

    /// Where it is to be sent.
    #[derive(Default)]
    RequestedDeliveryInfo {
        /// Which address to try first.
        sort_order: Option<String> = "sortOrder",
        /// The address.
        address: Option<Address> = "address",
    }

    /// The borrowing library in words.
    #[derive(Default)]
    RequestingAgencyInfo {
        /// Its name.
        name: Option<String> = "name",
        /// Whom to ask there.
        contact_name: Option<String> = "contactName",
        /// How to reach them.
        address: Vec<Address> = "address",
    }

    /// For whom it is.
    #[derive(Default)]
    PatronInfo {
        /// Their number at the borrowing library.
        patron_id: Option<String> = "patronId",
        /// Family name.
        surname: Option<String> = "surname",
        /// Given name.
        given_name: Option<String> = "givenName",
        /// Student, staff …
        patron_type: Option<Code> = "patronType",
        /// Whether the item goes to them directly.
        send_to_patron: Option<YesNo> = "sendToPatron",
        /// How to reach them.
        address: Vec<Address> = "address",
    }

    /// Who pays.
    #[derive(Default)]
    BillingInfo {
        /// How.
        payment_method: Option<Code> = "paymentMethod",
        /// At most.
        maximum_costs: Option<Costs> = "maximumCosts",
        /// How the bill comes.
        billing_method: Option<Code> = "billingMethod",
        /// To whom.
        billing_name: Option<String> = "billingName",
        /// Where to.
        address: Option<Address> = "address",
    }

    /// An amount of money (`type_costs`).
    #[derive(Default)]
    Costs {
        /// ISO 4217: `CAD`.
        currency_code: Option<Code> = "currencyCode",
        /// The amount as written, with a decimal point.
        monetary_value: Option<String> = "monetaryValue",
    }

    /// Why the lending library writes.
    MessageInfo {
        /// The reason.
        reason_for_message: ReasonForMessage = "reasonForMessage",
        /// The answer, where one was asked for.
        answer_yes_no: Option<YesNo> = "answerYesNo",
        /// A note for the borrowing library.
        note: Option<Note> = "note",
        /// Why it is not supplied.
        reason_unfilled: Option<Code> = "reasonUnfilled",
        /// Why it should be asked for again.
        reason_retry: Option<Code> = "reasonRetry",
        /// What it would cost.
        offered_costs: Option<Costs> = "offeredCosts",
        /// Ask again after this.
        retry_after: Option<Moment> = "retryAfter",
        /// Ask again before this.
        retry_before: Option<Moment> = "retryBefore",
    }

    /// How far the request is.
    StatusInfo {
        /// The status.
        status: Status = "status",
        /// When the item should be there.
        expected_delivery_date: Option<Moment> = "expectedDeliveryDate",
        /// When the loan is due.
        due_date: Option<Moment> = "dueDate",
        /// Since when the status is so.
        last_change: Option<Moment> = "lastChange",
    }

    /// What was sent.
    #[derive(Default)]
    DeliveryInfo {
        /// When.
        date_sent: Option<Moment> = "dateSent",
        /// The item's number; for a file, where it is.
        item_id: Option<String> = "itemId",
        /// How: Mail, Courier, URL …
        sent_via: Option<Code> = "sentVia",
        /// Whether the patron gets it directly.
        sent_to_patron: Option<bool> = "sentToPatron",
        /// What the loan is bound to.
        loan_condition: Option<Code> = "loanCondition",
        /// Printed, PDF …
        delivered_format: Option<Code> = "deliveredFormat",
        /// What it costs.
        delivery_costs: Option<Costs> = "deliveryCosts",
        /// Where the file is. Not in the 2017 schema, and sent all the same.
        url: Option<String> = "URL",
    }

    /// Where the item goes back to.
    #[derive(Default)]
    ReturnInfo {
        /// The library.
        return_agency_id: Option<AgencyId> = "returnAgencyId",
        /// Its name.
        name: Option<String> = "name",
        /// Its place.
        physical_address: Option<PhysicalAddress> = "physicalAddress",
    }
}
