//! The closed lists of ISO 18626, with the standard's words.
//!
//! In: the text of an element. Out: a value of its list, in any letter case; a word of no list is kept as `Unknown`,
//! because whether it matters is for whoever acts on it. Open lists (reasons, conditions, formats) are text:
//! see [`super::Code`].

use std::fmt;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$word_doc])* $word,)+
            /// A word that is not in the list, as it was given.
            Unknown(String),
        }

        impl $name {
            /// Every word of the list, in the standard's order.
            pub const ALL: &'static [Self] = &[$(Self::$word),+];

            /// Reads a word in any letter case.
            #[must_use]
            pub fn parse(text: &str) -> Self {
                let text = text.trim();
                let known = Self::ALL.iter().find(|word| word.as_str().eq_ignore_ascii_case(text));
                known.cloned().unwrap_or_else(|| Self::Unknown(text.to_owned()))
            }

            /// The word as the standard writes it; an unknown one as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$word => stringify!($word),)+
                    Self::Unknown(text) => text,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

words! {
    /// `type_status`: how far the lending library is with a request.
    Status {
        /// The request has come in.
        RequestReceived,
        /// It will probably be supplied.
        ExpectToSupply,
        /// It will be supplied.
        WillSupply,
        /// The item is on its way, or with the borrowing library.
        Loaned,
        /// The loan is past its due date.
        Overdue,
        /// The lending library wants the item back before the due date.
        Recalled,
        /// Not as asked, but perhaps when asked again.
        RetryPossible,
        /// Not supplied.
        Unfilled,
        /// The item is to be kept until further notice (2021).
        HoldReturn,
        /// It may be returned again (2021).
        ReleaseHoldReturn,
        /// The copy was sent; nothing comes back.
        CopyCompleted,
        /// The loan came back.
        LoanCompleted,
        /// Closed although the item did not come back.
        CompletedWithoutReturn,
        /// Cancelled at the borrowing library's wish.
        Cancelled,
    }

    /// `type_reasonForMessage`: why the lending library writes.
    ReasonForMessage {
        /// The first answer to a request.
        RequestResponse,
        /// The answer to a StatusRequest.
        StatusRequestResponse,
        /// The answer to a Renew.
        RenewResponse,
        /// The answer to a Cancel.
        CancelResponse,
        /// The status has changed.
        StatusChange,
        /// A note; the status is as it was.
        Notification,
    }

    /// `type_action`: what the borrowing library does or asks.
    Action {
        /// Asks for the status.
        StatusRequest,
        /// The item has arrived.
        Received,
        /// Asks to cancel.
        Cancel,
        /// Asks for a renewal.
        Renew,
        /// The item is on its way back.
        ShippedReturn,
        /// The item is on its way to the next library.
        ShippedForward,
        /// A note.
        Notification,
    }

    /// `type_requestType`.
    RequestType {
        /// The first time.
        New,
        /// Again, changed as the lending library wished.
        Retry,
        /// Again, because there was no answer.
        Reminder,
    }

    /// `type_requestSubType`.
    RequestSubType {
        /// For a given time.
        BookingRequest,
        /// One of several items asked for together.
        MultipleItemRequest,
        /// By a patron, without staff.
        PatronRequest,
        /// Handed on by another library.
        TransferRequest,
        /// The lending library may choose the edition or item.
        SupplyingLibrarysChoice,
    }

    /// `type_serviceType`.
    ServiceType {
        /// A copy that is kept.
        Copy,
        /// A loan that goes back.
        Loan,
        /// Either.
        CopyOrLoan,
    }

    /// `type_messageStatus`: what a confirmation says.
    MessageStatus {
        /// The message was taken.
        OK,
        /// It was not, and `errorData` says why.
        ERROR,
    }

    /// `type_errorType`: why a message was not taken.
    ErrorType {
        /// An `action` that is not acted on here.
        UnsupportedActionType,
        /// A `reasonForMessage` that is not acted on here.
        UnsupportedReasonForMessageType,
        /// An element that is not part of the message.
        UnrecognisedDataElement,
        /// A value that cannot be one of its element.
        UnrecognisedDataValue,
        /// Not XML, or without an element the message cannot do without.
        BadlyFormedMessage,
    }
}

/// `type_yesNo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YesNo {
    /// `Y`
    Y,
    /// `N`
    N,
}

impl YesNo {
    /// Reads `Y`, `N`, and how `xs:boolean` and people say it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" | "true" | "1" => Some(Self::Y),
            "n" | "no" | "false" | "0" => Some(Self::N),
            _ => None,
        }
    }
}
