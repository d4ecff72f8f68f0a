//! The table: which message is which of our statuses, for whom.
//!
//! In: a message. Out: its [`Meaning`]. Where a message could mean two things the reason is at the rule.

use standards::iso18626::{
    Action, DeliveryInfo, ErrorType, Message, Note, ReasonForMessage, Request, RequestType, RequestingAgencyMessage,
    Status, SupplyingAgencyMessage, Token, YesNo,
};

use super::fields::amount;
use super::{Audience, Side};

/// A status of ours, told to one library.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling {
    pub status: &'static str,
    pub side: Side,
    pub audiences: &'static [Audience],
}

/// What a message means.
pub(super) enum Meaning {
    Tell(&'static [Telling]),
    Nothing(&'static str),
    Refused(ErrorType, String),
}

use Audience::{BorrowingStaff, LendingStaff, Patron};

pub(super) const REQUEST_RECEIVED: &str = "request_received";

const RECEIVED: Telling = borrowing(REQUEST_RECEIVED, &[Patron]);
const NEW_LENDING_REQUEST: Telling = lending("new_lending_request");

const fn borrowing(status: &'static str, audiences: &'static [Audience]) -> Telling {
    Telling { status, side: Side::Borrowing, audiences }
}

const fn lending(status: &'static str) -> Telling {
    Telling { status, side: Side::Lending, audiences: &[LendingStaff] }
}

/// The meaning of a message.
pub(super) fn of(message: &Message) -> Meaning {
    match message {
        Message::Request(message) => request(message),
        Message::SupplyingAgencyMessage(message) => supplying(message),
        Message::RequestingAgencyMessage(message) => requesting(message),
        Message::RequestConfirmation(_)
        | Message::SupplyingAgencyMessageConfirmation(_)
        | Message::RequestingAgencyMessageConfirmation(_) => {
            Meaning::Nothing("a confirmation answers a message of ours")
        }
    }
}

/// The note of a message, whichever part it is in.
pub(super) fn note(message: &Message) -> Option<&Note> {
    match message {
        Message::Request(message) => message.service_info.as_ref()?.note.as_ref(),
        Message::SupplyingAgencyMessage(message) => message.message_info.note.as_ref(),
        Message::RequestingAgencyMessage(message) => message.note.as_ref(),
        _ => None,
    }
}

fn request(message: &Request) -> Meaning {
    match message.service_info.as_ref().and_then(|info| info.request_type.as_ref()) {
        // The patron was told when it was asked for the first time.
        Some(RequestType::Retry | RequestType::Reminder) => Meaning::Tell(const { &[NEW_LENDING_REQUEST] }),
        Some(RequestType::New | RequestType::Unknown(_)) | None => {
            Meaning::Tell(const { &[RECEIVED, NEW_LENDING_REQUEST] })
        }
    }
}

fn supplying(message: &SupplyingAgencyMessage) -> Meaning {
    let answer = message.message_info.answer_yes_no;
    let status = message.status_info.as_ref().map(|info| &info.status);
    match &message.message_info.reason_for_message {
        ReasonForMessage::RequestResponse | ReasonForMessage::StatusChange => match status {
            Some(status) => changed(message, status),
            None => Meaning::Refused(
                ErrorType::BadlyFormedMessage,
                "supplyingAgencyMessage/statusInfo/status is missing.".to_owned(),
            ),
        },
        ReasonForMessage::RenewResponse => match answer {
            Some(YesNo::Y) => Meaning::Tell(const { &[borrowing("renewal_accepted", &[Patron])] }),
            Some(YesNo::N) => Meaning::Tell(const { &[borrowing("renewal_rejected", &[Patron, BorrowingStaff])] }),
            None => Meaning::Nothing("it answers a renewal with neither yes nor no"),
        },
        ReasonForMessage::CancelResponse => match (answer, status) {
            (Some(YesNo::Y), _) | (None, Some(Status::Cancelled)) => cancelled(),
            (Some(YesNo::N), _) => Meaning::Tell(const { &[borrowing("cancel_refused", &[BorrowingStaff])] }),
            (None, _) => Meaning::Nothing("it answers a cancellation with neither yes nor no"),
        },
        // A broker that asks library after library tells each "no" as a notification; the last one is a status change.
        ReasonForMessage::Notification if is_conditional(message, status) => conditional(),
        ReasonForMessage::Notification => {
            partner_note(message.message_info.note.as_ref(), const { &[borrowing(NOTE, &[BorrowingStaff])] })
        }
        ReasonForMessage::StatusRequestResponse => {
            Meaning::Nothing("it repeats a status because somebody asked for it; when it changed, that was told")
        }
        ReasonForMessage::Unknown(word) => Meaning::Refused(
            ErrorType::UnsupportedReasonForMessageType,
            format!("supplyingAgencyMessage/messageInfo/reasonForMessage “{}” is not one of ISO 18626.", cut(word)),
        ),
    }
}

fn changed(message: &SupplyingAgencyMessage, status: &Status) -> Meaning {
    if is_conditional(message, Some(status)) {
        return conditional();
    }
    let tellings: &'static [Telling] = match status {
        Status::RequestReceived => const { &[RECEIVED] },
        Status::ExpectToSupply | Status::WillSupply => const { &[borrowing("will_supply", &[Patron])] },
        Status::Loaned => match way(message.delivery_info.as_ref()) {
            Some(Way::Wire) => DELIVERED,
            Some(Way::Road) | None => SHIPPED,
        },
        // A copy is a file unless it says that it travels as paper.
        Status::CopyCompleted => match way(message.delivery_info.as_ref()) {
            Some(Way::Road) => SHIPPED,
            Some(Way::Wire) | None => DELIVERED,
        },
        Status::Overdue => const { &[borrowing("overdue", &[Patron, BorrowingStaff])] },
        Status::Recalled => const { &[borrowing("recalled", &[Patron, BorrowingStaff])] },
        Status::RetryPossible => const { &[borrowing("retry", &[Patron, BorrowingStaff])] },
        Status::Unfilled => const { &[borrowing("unfilled", &[Patron, BorrowingStaff])] },
        Status::Cancelled => return cancelled(),
        Status::CompletedWithoutReturn => const { &[borrowing("lost_or_billed", &[Patron])] },
        Status::LoanCompleted => return Meaning::Nothing("the loan is back where it belongs"),
        Status::HoldReturn | Status::ReleaseHoldReturn => {
            return Meaning::Nothing("when to send the item back is between the libraries");
        }
        Status::Unknown(_) => return Meaning::Nothing("its status is not one of ISO 18626"),
    };
    Meaning::Tell(tellings)
}

const NOTE: &str = "note_from_partner";
const SHIPPED: &[Telling] = &[borrowing("shipped", &[Patron, BorrowingStaff])];
const DELIVERED: &[Telling] = &[borrowing("delivered_electronically", &[Patron])];

fn cancelled() -> Meaning {
    Meaning::Tell(const { &[borrowing("cancelled", &[Patron]), lending("cancelled")] })
}

fn conditional() -> Meaning {
    Meaning::Tell(const { &[borrowing("conditional", &[Patron, BorrowingStaff])] })
}

/// Whether the lending library wants something first. A condition on an item that is on its way is no question.
fn is_conditional(message: &SupplyingAgencyMessage, status: Option<&Status>) -> bool {
    let open = matches!(status, Some(Status::WillSupply | Status::ExpectToSupply | Status::RetryPossible));
    let condition = message.delivery_info.as_ref().is_some_and(|info| info.loan_condition.is_some());
    let cost = message.message_info.offered_costs.as_ref().and_then(amount).is_some();
    let token = message.message_info.note.as_ref().is_some_and(|note| note.tokens.contains(&Token::AddLoanCondition));
    open && (condition || cost || token)
}

/// How an item travels.
enum Way {
    Wire,
    Road,
}

/// `None`: it does not say, or in a word we do not know.
fn way(delivery: Option<&DeliveryInfo>) -> Option<Way> {
    let sent_via = delivery?.sent_via.as_ref()?;
    if ["URL", "Email", "FTP", "ArticleExchange", "Odyssey"].iter().any(|word| sent_via.is(word)) {
        return Some(Way::Wire);
    }
    ["Mail", "Courier"].iter().any(|word| sent_via.is(word)).then_some(Way::Road)
}

fn requesting(message: &RequestingAgencyMessage) -> Meaning {
    match &message.action {
        Action::Received => Meaning::Tell(const { &[borrowing("ready_for_pickup", &[Patron])] }),
        Action::ShippedReturn => Meaning::Tell(const { &[borrowing("returned", &[Patron]), lending("returned")] }),
        Action::Renew => Meaning::Tell(const { &[lending("renew_requested")] }),
        Action::Notification => match message.note.as_ref() {
            Some(note) if agrees(note) => Meaning::Tell(const { &[lending("condition_accepted")] }),
            note => partner_note(note, const { &[lending(NOTE)] }),
        },
        Action::Cancel => Meaning::Nothing("it asks to cancel; the answer is what is told"),
        Action::StatusRequest => Meaning::Nothing("it asks for the status"),
        Action::ShippedForward => Meaning::Nothing("the item goes on to another library"),
        Action::Unknown(word) => Meaning::Refused(
            ErrorType::UnsupportedActionType,
            format!("requestingAgencyMessage/action “{}” is not one of ISO 18626.", cut(word)),
        ),
    }
}

/// ISO 18626 has no action for a yes to a condition: ReShare says it by a token, Alma by the bare word. Any other words
/// are a note: a yes that was none would ship an item nobody wants to pay for.
fn agrees(note: &Note) -> bool {
    note.tokens.contains(&Token::ConditionAgreed)
        || note.words.trim_matches(['"', '`', '.', '!', ' ']).eq_ignore_ascii_case("accept")
}

fn partner_note(note: Option<&Note>, tellings: &'static [Telling]) -> Meaning {
    match note {
        Some(note) if !note.is_silent() => Meaning::Tell(tellings),
        _ => Meaning::Nothing("a notification without words for people"),
    }
}

/// As much of a foreign word as an answer repeats.
fn cut(word: &str) -> String {
    word.chars().take(60).collect()
}
