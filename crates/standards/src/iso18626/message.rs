//! The six messages of ISO 18626.

use super::Note;
use super::part::{Leaf, record};
use super::parts::{
    BibliographicInfo, BillingInfo, ConfirmationHeader, DeliveryInfo, ErrorData, Header, MessageInfo, PatronInfo,
    PublicationInfo, RequestedDeliveryInfo, RequestingAgencyInfo, ReturnInfo, ServiceInfo, StatusInfo, SupplierInfo,
};
use super::words::{Action, ReasonForMessage};

record! {
    /// The borrowing library asks for an item.
    Request {
        /// Who, whom, which.
        header: Header = "header",
        /// What.
        bibliographic_info: Option<BibliographicInfo> = "bibliographicInfo",
        /// Published by whom.
        publication_info: Option<PublicationInfo> = "publicationInfo",
        /// How.
        service_info: Option<ServiceInfo> = "serviceInfo",
        /// Who may have it.
        supplier_info: Vec<SupplierInfo> = "supplierInfo",
        /// Where it is to be sent.
        requested_delivery_info: Vec<RequestedDeliveryInfo> = "requestedDeliveryInfo",
        /// The borrowing library in words.
        requesting_agency_info: Option<RequestingAgencyInfo> = "requestingAgencyInfo",
        /// For whom.
        patron_info: Option<PatronInfo> = "patronInfo",
        /// Who pays.
        billing_info: Option<BillingInfo> = "billingInfo",
    }

    /// The answer to a request.
    RequestConfirmation {
        /// Which message, and whether it was taken.
        confirmation_header: ConfirmationHeader = "confirmationHeader",
        /// Why not.
        error_data: Option<ErrorData> = "errorData",
    }

    /// The lending library says how far it is.
    SupplyingAgencyMessage {
        /// Who, whom, which.
        header: Header = "header",
        /// Why it writes.
        message_info: MessageInfo = "messageInfo",
        /// How far it is. The schema requires it; answers come without.
        status_info: Option<StatusInfo> = "statusInfo",
        /// What was sent.
        delivery_info: Option<DeliveryInfo> = "deliveryInfo",
        /// Where it goes back to.
        return_info: Option<ReturnInfo> = "returnInfo",
    }

    /// The answer to a lending library's message.
    SupplyingAgencyMessageConfirmation {
        /// Which message, and whether it was taken.
        confirmation_header: ConfirmationHeader = "confirmationHeader",
        /// The reason of the message.
        reason_for_message: Option<ReasonForMessage> = "reasonForMessage",
        /// Why not.
        error_data: Option<ErrorData> = "errorData",
    }

    /// The borrowing library says what it does, or asks for something.
    RequestingAgencyMessage {
        /// Who, whom, which.
        header: Header = "header",
        /// What it does.
        action: Action = "action",
        /// A note for the lending library.
        note: Option<Note> = "note",
    }

    /// The answer to a borrowing library's message.
    RequestingAgencyMessageConfirmation {
        /// Which message, and whether it was taken.
        confirmation_header: ConfirmationHeader = "confirmationHeader",
        /// The action of the message.
        action: Option<Action> = "action",
        /// Why not.
        error_data: Option<ErrorData> = "errorData",
    }
}

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident = $element:literal,)+) => {
        /// One message, whichever it is.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Message {
            $($(#[$doc])* $name(Box<$name>),)+
        }

        /// Which message it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)+
        }

        impl Kind {
            /// Every kind, in the standard's order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The element's name.
            #[must_use]
            pub fn element(self) -> &'static str {
                match self {
                    $(Self::$name => $element,)+
                }
            }
        }

        impl Message {
            /// Which message it is.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$name(_) => Kind::$name,)+
                }
            }

            pub(super) fn read(
                kind: Kind,
                element: &super::xml::Element,
                log: &mut super::part::Log,
            ) -> Result<Self, super::part::Fault> {
                Ok(match kind {
                    $(Kind::$name => Self::$name(Box::new(Leaf::read(element, log)?)),)+
                })
            }

            pub(super) fn write(&self, out: &mut super::part::Writer) {
                match self {
                    $(Self::$name(message) => message.write($element, out),)+
                }
            }
        }

        $(impl From<$name> for Message {
            fn from(message: $name) -> Self {
                Self::$name(Box::new(message))
            }
        })+
    };
}

messages! {
    /// The borrowing library asks for an item.
    Request = "request",
    /// The answer to it.
    RequestConfirmation = "requestConfirmation",
    /// The lending library says how far it is.
    SupplyingAgencyMessage = "supplyingAgencyMessage",
    /// The answer to it.
    SupplyingAgencyMessageConfirmation = "supplyingAgencyMessageConfirmation",
    /// The borrowing library says what it does.
    RequestingAgencyMessage = "requestingAgencyMessage",
    /// The answer to it.
    RequestingAgencyMessageConfirmation = "requestingAgencyMessageConfirmation",
}

impl Kind {
    /// The kind of an element, by its name in any letter case.
    #[must_use]
    pub fn of(element: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.element().eq_ignore_ascii_case(element))
    }

    /// Whether it answers a message and wants no answer itself.
    #[must_use]
    pub fn is_confirmation(self) -> bool {
        matches!(
            self,
            Self::RequestConfirmation
                | Self::SupplyingAgencyMessageConfirmation
                | Self::RequestingAgencyMessageConfirmation
        )
    }
}

impl Message {
    /// The header of a message that is not a confirmation.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        match self {
            Self::Request(message) => Some(&message.header),
            Self::SupplyingAgencyMessage(message) => Some(&message.header),
            Self::RequestingAgencyMessage(message) => Some(&message.header),
            _ => None,
        }
    }
}
