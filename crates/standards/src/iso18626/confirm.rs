//! The answer every message must get at once: its confirmation.
//!
//! In: a message that was read, or the error with which reading ended, and when it came in. Out: the confirmation of its
//! kind, with the message's header repeated. A confirmation is never confirmed: `None`.
//!
//! A document that could not be read is answered by the confirmation of the message it was meant to be, which is told by the
//! element inside the envelope, if that much was readable; ids are repeated as far as they were read. Where not even
//! that is known there is no confirmation to make (`None`), and the HTTP door answers with a problem document and
//! status 400. Confirmations with ERROR go out with status 200: the protocol says what is wrong, not HTTP.

use jiff::Timestamp;

use super::{
    ConfirmationHeader, Document, Echo, ErrorData, ErrorType, Kind, Message, MessageStatus, Moment, ReadError,
    RequestConfirmation, RequestingAgencyMessageConfirmation, SupplyingAgencyMessageConfirmation,
};

/// `errorValue` is a sentence, and repeats at most this much of a value that was not understood.
const ERROR_VALUE_LETTERS_MAX: usize = 250;

/// The message was taken.
#[must_use]
pub fn accepted(document: &Document, received: Timestamp) -> Option<Document> {
    confirmation(document.message.kind(), Echo::from(document), received, None)
}

/// The message was read, and nothing can be done with it.
#[must_use]
pub fn refused(document: &Document, received: Timestamp, error_type: ErrorType, value: &str) -> Option<Document> {
    let error = ErrorData { error_type, error_value: Some(value.chars().take(ERROR_VALUE_LETTERS_MAX).collect()) };
    confirmation(document.message.kind(), Echo::from(document), received, Some(error))
}

/// The message could not be read.
#[must_use]
pub fn unread(error: &ReadError, received: Timestamp) -> Option<Document> {
    let value = error.sentence.chars().take(ERROR_VALUE_LETTERS_MAX).collect();
    let data = ErrorData { error_type: error.error_type.clone(), error_value: Some(value) };
    confirmation(error.kind?, (*error.echo).clone(), received, Some(data))
}

impl From<&Document> for Echo {
    fn from(document: &Document) -> Self {
        let version = document.version.clone();
        let Some(header) = document.message.header() else {
            return Self { version, ..Self::default() };
        };
        let (reason_for_message, action) = match &document.message {
            Message::SupplyingAgencyMessage(message) => (Some(message.message_info.reason_for_message.clone()), None),
            Message::RequestingAgencyMessage(message) => (None, Some(message.action.clone())),
            _ => (None, None),
        };
        Self {
            version,
            supplying_agency_id: header.supplying_agency_id.clone(),
            requesting_agency_id: Some(header.requesting_agency_id.clone()),
            timestamp: header.timestamp,
            requesting_agency_request_id: Some(header.requesting_agency_request_id.clone()),
            multiple_item_request_id: header.multiple_item_request_id.0.clone(),
            reason_for_message,
            action,
        }
    }
}

fn confirmation(kind: Kind, echo: Echo, received: Timestamp, error_data: Option<ErrorData>) -> Option<Document> {
    let received = Moment::from(received);
    let confirmation_header = ConfirmationHeader {
        supplying_agency_id: echo.supplying_agency_id,
        requesting_agency_id: echo.requesting_agency_id,
        // The schema requires a timestamp even where the message had none to repeat.
        timestamp: Some(echo.timestamp.unwrap_or(received)),
        requesting_agency_request_id: echo.requesting_agency_request_id,
        multiple_item_request_id: echo.multiple_item_request_id,
        timestamp_received: Some(received),
        message_status: if error_data.is_none() { MessageStatus::OK } else { MessageStatus::ERROR },
    };
    // The schema has no place for a word outside its lists; the error names it.
    let reason_for_message =
        echo.reason_for_message.filter(|word| !matches!(word, super::ReasonForMessage::Unknown(_)));
    let action = echo.action.filter(|word| !matches!(word, super::Action::Unknown(_)));
    let message: Message = match kind {
        Kind::Request => RequestConfirmation { confirmation_header, error_data }.into(),
        Kind::SupplyingAgencyMessage => {
            SupplyingAgencyMessageConfirmation { confirmation_header, reason_for_message, error_data }.into()
        }
        Kind::RequestingAgencyMessage => {
            RequestingAgencyMessageConfirmation { confirmation_header, action, error_data }.into()
        }
        Kind::RequestConfirmation
        | Kind::SupplyingAgencyMessageConfirmation
        | Kind::RequestingAgencyMessageConfirmation => return None,
    };
    Some(Document { version: echo.version, message, oddities: Vec::new() })
}
