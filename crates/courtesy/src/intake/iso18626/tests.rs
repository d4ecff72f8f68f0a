use jiff::tz::TimeZone;
use proptest::prelude::{any, prop, prop_assert, proptest};
use standards::iso18626::{ErrorType, Message, Note, Request, read};

use super::{Audience, Event, Mapped, RequestFacts, Side, Zones, event, remembered};

use Audience::{BorrowingStaff, LendingStaff, Patron};

fn vancouver() -> TimeZone {
    TimeZone::get("America/Vancouver").unwrap()
}

fn mapped_of(message: &Message) -> Mapped {
    let (borrowing, lending) = (vancouver(), TimeZone::get("America/Edmonton").unwrap());
    event(message, Zones { borrowing: &borrowing, lending: &lending })
}

fn message(kind: &str, body: &str) -> Message {
    message_at(kind, "2026-11-05T18:00:00Z", body)
}

fn message_at(kind: &str, timestamp: &str, body: &str) -> Message {
    let xml = format!(
        "<ISO18626Message><{kind}><header>
           <supplyingAgencyId><agencyIdType>ISIL</agencyIdType><agencyIdValue>ISIL:oknp</agencyIdValue></supplyingAgencyId>
           <requestingAgencyId><agencyIdType>ISIL</agencyIdType><agencyIdValue>MRPL</agencyIdValue></requestingAgencyId>
           <timestamp>{timestamp}</timestamp>
           <requestingAgencyRequestId>BC-104233</requestingAgencyRequestId>
           <supplyingAgencyRequestId>L-77</supplyingAgencyRequestId>
         </header>{body}</{kind}></ISO18626Message>"
    );
    read(xml.as_bytes()).unwrap().message
}

fn sam(reason: &str, info: &str, status: &str, rest: &str) -> Message {
    message(
        "supplyingAgencyMessage",
        &format!(
            "<messageInfo><reasonForMessage>{reason}</reasonForMessage>{info}</messageInfo>
             <statusInfo><status>{status}</status><dueDate>2026-12-11T07:59:59Z</dueDate></statusInfo>{rest}"
        ),
    )
}

fn ram(action: &str, note: &str) -> Message {
    message("requestingAgencyMessage", &format!("<action>{action}</action><note>{note}</note>"))
}

const ITEM_AND_PATRON: &str = "
    <bibliographicInfo>
      <title>The Salt Atlas</title><author>Ines Quill</author><titleOfComponent>Low tide</titleOfComponent>
      <volume>3</volume><pagesRequested>4-9</pagesRequested>
      <bibliographicItemId><bibliographicItemIdentifier>9780000000002</bibliographicItemIdentifier>
        <bibliographicItemIdentifierCode>ISBN</bibliographicItemIdentifierCode></bibliographicItemId>
    </bibliographicInfo>
    <publicationInfo><publisher>Tidewater Press</publisher><publicationDate>2019</publicationDate></publicationInfo>
    <serviceInfo><requestType>New</requestType><serviceType>Loan</serviceType><serviceLevel>Rush</serviceLevel>
      <needBeforeDate>2026-12-20T00:00:00Z</needBeforeDate><note>large print please</note></serviceInfo>
    <requestedDeliveryInfo><sortOrder>2</sortOrder><address><physicalAddress><line1>Head office</line1></physicalAddress></address></requestedDeliveryInfo>
    <requestedDeliveryInfo><sortOrder>1</sortOrder><address><physicalAddress><line1>Hammond branch</line1></physicalAddress></address></requestedDeliveryInfo>
    <requestingAgencyInfo><name>Maple Ridge Public Library</name></requestingAgencyInfo>
    <patronInfo><patronId>P-99</patronId><surname>Bellweather</surname><givenName>Amira</givenName>
      <address><physicalAddress><line1>2 Cedar Lane</line1><locality>Maple Ridge</locality><region>BC</region><postalCode>V0V 0V0</postalCode></physicalAddress></address>
      <address><electronicAddress><electronicAddressType>FTP</electronicAddressType><electronicAddressData>ftp@wrong.example</electronicAddressData></electronicAddress></address>
      <address><electronicAddress><electronicAddressType>Email</electronicAddressType><electronicAddressData>amira at nowhere</electronicAddressData></electronicAddress></address>
      <address><electronicAddress><electronicAddressType>email</electronicAddressType><electronicAddressData>mailto:amira@patrons.example</electronicAddressData></electronicAddress></address>
      <address><electronicAddress><electronicAddressType>Phone</electronicAddressType><electronicAddressData>+1 604 555 0112</electronicAddressData></electronicAddress></address>
    </patronInfo>";

fn request_message() -> Message {
    message("request", ITEM_AND_PATRON)
}

fn request() -> Request {
    let Message::Request(request) = request_message() else { panic!("a request") };
    *request
}

fn events(message: &Message) -> Vec<Event> {
    match mapped_of(message) {
        Mapped::Events(events) => events,
        other => panic!("{other:?}"),
    }
}

/// `status@library(audiences)` of every event.
fn told(message: &Message) -> String {
    match mapped_of(message) {
        Mapped::Events(events) => {
            let told = events.iter().map(|event| format!("{}@{}{:?}", event.status, event.library, event.audiences));
            told.collect::<Vec<_>>().join(" ")
        }
        Mapped::Nothing { .. } => "nothing".to_owned(),
        Mapped::Refused { error_type, .. } => error_type.to_string(),
    }
}

fn at(status: &str, library: &str, audiences: &[Audience]) -> String {
    format!("{status}@{library}{audiences:?}")
}

const CONDITION: &str = "<deliveryInfo><loanCondition>LibraryUseOnly</loanCondition></deliveryInfo>";
const COSTS: &str = "<offeredCosts><currencyCode>CAD</currencyCode><monetaryValue>12.50</monetaryValue></offeredCosts>";

fn via(way: &str) -> String {
    format!("<deliveryInfo><sentVia>{way}</sentVia><itemId>https://files.example/a1</itemId></deliveryInfo>")
}

#[test]
fn every_row_of_the_catalogue_that_iso_18626_drives_is_driven() {
    let both = [Patron, BorrowingStaff];
    let rows: Vec<(Message, String)> = vec![
        (
            message("request", ""),
            format!(
                "{} {}",
                at("request_received", "MRPL", &[Patron]),
                at("new_lending_request", "OKNP", &[LendingStaff])
            ),
        ),
        (sam("RequestResponse", "", "RequestReceived", ""), at("request_received", "MRPL", &[Patron])),
        (sam("RequestResponse", "", "WillSupply", CONDITION), at("conditional", "MRPL", &both)),
        (sam("StatusChange", COSTS, "WillSupply", ""), at("conditional", "MRPL", &both)),
        (sam("StatusChange", COSTS, "RetryPossible", ""), at("conditional", "MRPL", &both)),
        (sam("StatusChange", "", "RetryPossible", CONDITION), at("conditional", "MRPL", &both)),
        (
            sam("Notification", "<note>#ReShareAddLoanCondition# reading room</note>", "WillSupply", ""),
            at("conditional", "MRPL", &both),
        ),
        (sam("StatusChange", "", "WillSupply", ""), at("will_supply", "MRPL", &[Patron])),
        (sam("RequestResponse", "", "ExpectToSupply", ""), at("will_supply", "MRPL", &[Patron])),
        (sam("StatusChange", "", "Loaned", ""), at("shipped", "MRPL", &both)),
        (sam("StatusChange", "", "Loaned", &via("Courier")), at("shipped", "MRPL", &both)),
        (sam("StatusChange", "", "Loaned", CONDITION), at("shipped", "MRPL", &both)),
        (ram("Received", ""), at("ready_for_pickup", "MRPL", &[Patron])),
        (sam("StatusChange", "", "CopyCompleted", ""), at("delivered_electronically", "MRPL", &[Patron])),
        (sam("StatusChange", "", "CopyCompleted", &via("Mail")), at("shipped", "MRPL", &both)),
        (sam("StatusChange", "", "Loaned", &via("URL")), at("delivered_electronically", "MRPL", &[Patron])),
        (sam("StatusChange", "", "Loaned", &via("Email")), at("delivered_electronically", "MRPL", &[Patron])),
        (sam("StatusChange", "", "Loaned", &via("ftp")), at("delivered_electronically", "MRPL", &[Patron])),
        (sam("StatusChange", "", "Overdue", ""), at("overdue", "MRPL", &both)),
        (sam("StatusChange", "", "Recalled", ""), at("recalled", "MRPL", &both)),
        (sam("RenewResponse", "<answerYesNo>Y</answerYesNo>", "Loaned", ""), at("renewal_accepted", "MRPL", &[Patron])),
        (sam("RenewResponse", "<answerYesNo>N</answerYesNo>", "Overdue", ""), at("renewal_rejected", "MRPL", &both)),
        (
            ram("ShippedReturn", ""),
            format!("{} {}", at("returned", "MRPL", &[Patron]), at("returned", "OKNP", &[LendingStaff])),
        ),
        (sam("StatusChange", "", "Unfilled", ""), at("unfilled", "MRPL", &both)),
        (sam("RequestResponse", "", "Unfilled", ""), at("unfilled", "MRPL", &both)),
        (sam("StatusChange", "", "RetryPossible", ""), at("retry", "MRPL", &both)),
        (
            sam("CancelResponse", "<answerYesNo>Y</answerYesNo>", "Cancelled", ""),
            format!("{} {}", at("cancelled", "MRPL", &[Patron]), at("cancelled", "OKNP", &[LendingStaff])),
        ),
        (
            sam("StatusChange", "", "Cancelled", ""),
            format!("{} {}", at("cancelled", "MRPL", &[Patron]), at("cancelled", "OKNP", &[LendingStaff])),
        ),
        (
            sam("CancelResponse", "<answerYesNo>N</answerYesNo>", "Loaned", ""),
            at("cancel_refused", "MRPL", &[BorrowingStaff]),
        ),
        (sam("StatusChange", "", "CompletedWithoutReturn", ""), at("lost_or_billed", "MRPL", &[Patron])),
        (
            sam("Notification", "<note>#seq:4# Jacket is torn</note>", "Loaned", ""),
            at("note_from_partner", "MRPL", &[BorrowingStaff]),
        ),
        (ram("Notification", "Where is it?"), at("note_from_partner", "OKNP", &[LendingStaff])),
        (ram("Notification", "#ReShareLoanConditionAgreeResponse#"), at("condition_accepted", "OKNP", &[LendingStaff])),
        (ram("Notification", "ACCEPT"), at("condition_accepted", "OKNP", &[LendingStaff])),
        (ram("Renew", ""), at("renew_requested", "OKNP", &[LendingStaff])),
    ];
    for (nth, (message, expected)) in rows.iter().enumerate() {
        assert_eq!(told(message), *expected, "row {nth}");
    }
}

#[test]
fn what_concerns_nobody_is_nothing_and_no_error() {
    for message in [
        sam("StatusChange", "", "LoanCompleted", ""),
        sam("StatusChange", "", "HoldReturn", ""),
        sam("StatusChange", "", "ReadyToShip", ""),
        sam("StatusRequestResponse", "", "Overdue", ""),
        sam("Notification", "", "Unfilled", ""),
        sam("Notification", "<note>#seq:4#</note>", "Loaned", ""),
        sam("RenewResponse", "", "Loaned", ""),
        sam("CancelResponse", "", "Loaned", ""),
        ram("StatusRequest", ""),
        ram("Cancel", ""),
        ram("ShippedForward", ""),
        ram("Notification", "#lastSeq:3#"),
    ] {
        assert_eq!(told(&message), "nothing", "{message:?}");
    }
    let confirmation = read(
        b"<ISO18626Message><requestConfirmation><confirmationHeader><messageStatus>OK</messageStatus>
          </confirmationHeader></requestConfirmation></ISO18626Message>",
    );
    assert_eq!(told(&confirmation.unwrap().message), "nothing");
}

#[test]
fn a_word_outside_the_standard_is_refused_with_its_own_error_type() {
    let Mapped::Refused { error_type, value } = mapped_of(&ram("Dance", "")) else { panic!("not refused") };
    assert_eq!(error_type, ErrorType::UnsupportedActionType);
    assert_eq!(value, "requestingAgencyMessage/action “Dance” is not one of ISO 18626.");
    let Mapped::Refused { error_type, value } = mapped_of(&sam("Gossip", "", "Loaned", "")) else {
        panic!("not refused")
    };
    assert_eq!(error_type, ErrorType::UnsupportedReasonForMessageType);
    assert!(value.contains("messageInfo/reasonForMessage “Gossip”"), "{value}");
    let statusless = message(
        "supplyingAgencyMessage",
        "<messageInfo><reasonForMessage>StatusChange</reasonForMessage></messageInfo>",
    );
    assert_eq!(told(&statusless), "BadlyFormedMessage");
}

#[test]
fn a_rejected_condition_is_a_note_and_never_a_yes() {
    for words in ["REJECT", "we cannot accept", "accept?", "OK"] {
        assert_eq!(told(&ram("Notification", words)), at("note_from_partner", "OKNP", &[LendingStaff]), "{words}");
    }
}

#[test]
fn a_loan_that_costs_nothing_is_not_conditional() {
    for costs in ["0", "0.00", "free", "-1"] {
        let info = COSTS.replace("12.50", costs);
        assert_eq!(
            told(&sam("StatusChange", &info, "WillSupply", "")),
            at("will_supply", "MRPL", &[Patron]),
            "{costs}"
        );
    }
}

#[test]
fn a_retry_and_a_reminder_are_told_to_the_lending_library_alone() {
    for kind in ["Retry", "Reminder"] {
        let body = format!("<serviceInfo><requestType>{kind}</requestType></serviceInfo>");
        let message = message("request", &body);
        assert_eq!(told(&message), at("new_lending_request", "OKNP", &[LendingStaff]));
        assert_eq!(events(&message)[0].fields["request_type"], kind);
    }
}

#[test]
fn a_message_gives_its_fields_in_the_zone_of_the_library_that_is_told() {
    let rest = "<deliveryInfo><dateSent>2026-11-06T06:30:00Z</dateSent><itemId>33333000111222</itemId>
        <sentVia>Courier</sentVia><loanCondition>NoReproduction</loanCondition>
        <deliveryCosts><currencyCode>CAD</currencyCode><monetaryValue>4</monetaryValue></deliveryCosts></deliveryInfo>
        <returnInfo><name>North Park Library</name></returnInfo>";
    let loaned = &events(&sam("StatusChange", "<note>#seq:2#Handle with care</note>", "Loaned", rest))[0];
    let expected = [
        ("barcode", "33333000111222"),
        ("condition", "NoReproduction"),
        ("cost", "4"),
        ("currency", "CAD"),
        ("date_sent", "2026-11-05"),
        ("due_date", "2026-12-10"),
        ("note", "Handle with care"),
        ("partner_code", "OKNP"),
        ("partner_name", "North Park Library"),
        ("partner_number", "L-77"),
        ("request_number", "BC-104233"),
        ("sent_via", "Courier"),
    ];
    let found: Vec<(&str, &str)> = loaned.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(found, expected);
    assert!(loaned.needs_request);
    // 07:59:59 UTC is the last second of the tenth in Vancouver, and the eleventh in Edmonton.
    let cancelled = events(&sam("StatusChange", "", "Cancelled", ""));
    assert_eq!((cancelled[0].side, cancelled[0].fields["due_date"].as_str()), (Side::Borrowing, "2026-12-10"));
    assert_eq!((cancelled[1].side, cancelled[1].fields["due_date"].as_str()), (Side::Lending, "2026-12-11"));
}

#[test]
fn reasons_and_retry_days_are_fields() {
    let info = "<reasonUnfilled>NotOnShelf</reasonUnfilled><reasonRetry>OnLoan</reasonRetry>
        <retryAfter>2026-11-20</retryAfter><retryBefore>2026-12-01T00:00:00</retryBefore>";
    let fields = &events(&sam("StatusChange", info, "RetryPossible", ""))[0].fields;
    for (name, value) in [
        ("reason_unfilled", "NotOnShelf"),
        ("reason_retry", "OnLoan"),
        ("retry_after", "2026-11-20"),
        ("retry_before", "2026-12-01"),
    ] {
        assert_eq!(fields[name], value);
    }
}

#[test]
fn only_a_link_that_opens_over_the_web_is_a_url() {
    let url = |place: &str, element: &str| {
        let rest = format!("<deliveryInfo><sentVia>URL</sentVia><{element}>{place}</{element}></deliveryInfo>");
        events(&sam("StatusChange", "", "CopyCompleted", &rest))[0].fields.get("url").cloned()
    };
    assert_eq!(url("https://files.example/a1", "itemId").as_deref(), Some("https://files.example/a1"));
    assert_eq!(url("HTTPS://files.example/a1", "url").as_deref(), Some("HTTPS://files.example/a1"));
    for place in
        ["javascript:alert(1)", "https://", "https://a.example/ b", "33333000111222", "https://a.example/&quot;x"]
    {
        assert_eq!(url(place, "itemId"), None, "{place}");
    }
}

#[test]
fn a_request_tells_the_borrowing_side_of_the_patron_and_the_lending_side_nothing() {
    let told = events(&request_message());
    let (patron, lender) = (&told[0], &told[1]);
    assert_eq!(patron.email.as_ref().map(ToString::to_string).as_deref(), Some("amira@patrons.example"));
    for (name, value) in [
        ("title", "The Salt Atlas"),
        ("author", "Ines Quill"),
        ("component_title", "Low tide"),
        ("volume", "3"),
        ("pages", "4-9"),
        ("isbn", "9780000000002"),
        ("publisher", "Tidewater Press"),
        ("year", "2019"),
        ("need_before", "2026-12-20"),
        ("pickup_location", "Hammond branch"),
        ("first_name", "Amira"),
        ("surname", "Bellweather"),
        ("full_name", "Amira Bellweather"),
        ("patron_id", "P-99"),
        ("email", "amira@patrons.example"),
        ("patron_phone", "+1 604 555 0112"),
        ("patron_address", "2 Cedar Lane\nMaple Ridge BC V0V 0V0"),
    ] {
        assert_eq!(patron.fields.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!patron.needs_request);
    assert!(!patron.fields.contains_key("note"), "the note is for the lending library");

    assert_eq!(lender.email, None);
    for (name, value) in [
        ("title", "The Salt Atlas"),
        ("expedited", "yes"),
        ("service_level", "Rush"),
        ("note", "large print please"),
        ("partner_name", "Maple Ridge Public Library"),
        ("partner_code", "MRPL"),
        ("own_number", "L-77"),
    ] {
        assert_eq!(lender.fields.get(name).map(String::as_str), Some(value), "{name}");
    }
    let text = format!("{lender:?}");
    for private in ["Amira", "Bellweather", "P-99", "patrons.example", "Cedar Lane", "555"] {
        assert!(!text.contains(private), "{private} in {text}");
    }
}

#[test]
fn what_the_message_does_not_say_comes_from_the_request() {
    let zone = vancouver();
    let kept = remembered(&request(), Zones { borrowing: &zone, lending: &zone });
    let mut received = events(&ram("Received", "")).remove(0);
    assert!(received.needs_request && received.email.is_none());
    let mine = kept.iter().find(|kept| kept.library == received.library && kept.request == received.request).unwrap();
    received.complete(&mine.facts);
    assert_eq!(received.fields["title"], "The Salt Atlas");
    assert_eq!(received.email.unwrap().to_string(), "amira@patrons.example");
    assert!(!received.needs_request);

    let returned = &events(&ram("ShippedReturn", ""))[1];
    let theirs = kept.iter().find(|kept| kept.library == returned.library && kept.request == returned.request).unwrap();
    assert_eq!(theirs.facts.fields["title"], "The Salt Atlas");
    assert!(!format!("{:?}", theirs.facts).contains("Amira"));
}

#[test]
fn what_a_message_says_itself_is_stronger_than_memory() {
    let mut facts = RequestFacts::default();
    facts.fields.insert("due_date".to_owned(), "2020-01-01".to_owned());
    let mut overdue = events(&sam("StatusChange", "", "Overdue", "")).remove(0);
    overdue.complete(&facts);
    assert_eq!(overdue.fields["due_date"], "2026-12-10");
}

#[test]
fn a_lending_event_never_takes_a_patron_from_memory() {
    let facts = RequestFacts::from_request(&request(), &vancouver());
    let mut renewal = events(&ram("Renew", "")).remove(0);
    renewal.complete(&facts);
    assert_eq!(renewal.email, None);
    assert_eq!(renewal.fields["title"], "The Salt Atlas");
    assert!(!format!("{renewal:?}").contains("Amira"));
}

#[test]
fn facts_grow_by_later_requests_and_by_changed_fields() {
    let mut facts = RequestFacts::from_request(&request(), &vancouver());
    let again = message("request", "<bibliographicInfo><title>The Salt Atlas, 2nd</title></bibliographicInfo>");
    let Message::Request(again) = again else { panic!("a request") };
    facts.merge(RequestFacts::from_request(&again, &vancouver()));
    assert_eq!(facts.fields["title"], "The Salt Atlas, 2nd");
    assert_eq!(facts.fields["author"], "Ines Quill");
    assert!(facts.email.is_some());
    facts.update(&Note::parse("#ReShareUpdatedField-PickupLocation:North branch##ReShareUpdatedField-Mood:sad#"));
    assert_eq!(facts.fields["pickup_location"], "North branch");
    assert!(!facts.fields.contains_key("mood"));
    let kept = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<RequestFacts>(&kept).unwrap(), facts);
}

#[test]
fn what_is_sent_to_the_patrons_door_has_no_pickup_location() {
    let body = ITEM_AND_PATRON.replace("<patronInfo>", "<patronInfo><sendToPatron>Y</sendToPatron>");
    assert!(!events(&message("request", &body))[0].fields.contains_key("pickup_location"));
}

#[test]
fn the_same_message_has_the_same_key_and_no_other_has_it() {
    let key = |message: &Message| events(message)[0].key.clone();
    let overdue = sam("StatusChange", "", "Overdue", "");
    assert_eq!(key(&overdue), key(&overdue.clone()));
    let all = [
        overdue,
        sam("StatusChange", "<note>#seq:2#</note>", "Overdue", ""),
        sam("StatusChange", "", "Recalled", ""),
        ram("Received", ""),
        ram("Renew", ""),
        message_at("requestingAgencyMessage", "2026-11-06T18:00:00Z", "<action>Received</action>"),
    ];
    let mut keys: Vec<String> = all.iter().map(key).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all.len(), "{keys:#?}");
    let both = events(&ram("ShippedReturn", ""));
    assert_ne!(both[0].key, both[1].key);
}

#[test]
fn a_patron_hears_once_that_a_request_was_received() {
    let asked = &events(&message("request", ""))[0];
    let another_lender = &events(&message_at("request", "2026-11-09T18:00:00Z", ""))[0];
    let answered = &events(&sam("RequestResponse", "", "RequestReceived", ""))[0];
    assert_eq!((&asked.key, &asked.key), (&another_lender.key, &answered.key));
}

#[test]
fn two_borrowers_with_one_number_are_two_requests_to_a_lender() {
    let one = &events(&ram("Renew", ""))[0];
    assert_eq!(one.request, "MRPL:BC-104233");
    assert_eq!(events(&ram("Received", ""))[0].request, "BC-104233");
}

#[test]
fn a_library_without_a_code_is_told_nothing() {
    let xml = "<requestingAgencyMessage><header><requestingAgencyId><agencyIdValue>the town library</agencyIdValue>
        </requestingAgencyId><requestingAgencyRequestId>1</requestingAgencyRequestId></header>
        <action>Received</action></requestingAgencyMessage>";
    assert_eq!(told(&read(xml.as_bytes()).unwrap().message), "nothing");
}

proptest! {
    #[test]
    fn no_message_breaks_the_mapping(
        reason in prop::sample::select(vec!["RequestResponse", "StatusChange", "RenewResponse", "CancelResponse", "Notification", "x"]),
        status in prop::sample::select(vec!["RequestReceived", "WillSupply", "Loaned", "CopyCompleted", "Unfilled", "x"]),
        words in "[a-z0-9#:|%é/. -]{0,40}",
        yes in any::<bool>(),
    ) {
        let info = format!(
            "<answerYesNo>{}</answerYesNo><note>{words}</note><reasonRetry>{words}</reasonRetry>
             <offeredCosts><monetaryValue>{words}</monetaryValue></offeredCosts>",
            if yes { "Y" } else { "N" }
        );
        let rest = format!(
            "<deliveryInfo><dateSent>{words}</dateSent><itemId>{words}</itemId><sentVia>{words}</sentVia></deliveryInfo>"
        );
        if let Mapped::Events(events) = mapped_of(&sam(reason, &info, status, &rest)) {
            for event in events {
                prop_assert!(!event.key.is_empty() && !event.audiences.is_empty());
                prop_assert!(event.fields.values().all(|value| !value.is_empty()));
            }
        }
    }
}
