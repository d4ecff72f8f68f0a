//! The statuses a request can enter, under the names every system has for them.
//!
//! In: a status as an ILL system writes it (`overdue`, `Received - no attachments`, `RetryPossible`). Out: our
//! [`Status`]. Not here: which message of ISO 18626 gives which status (`intake`), and who is told (`catalogue`).

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use super::suggest;

/// A text that names no status we know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NoSuchStatus {
    /// What was given, cut to a sane length.
    pub given: String,
    /// The status probably meant.
    pub suggestion: Option<Status>,
}

impl fmt::Display for NoSuchStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}” is not a status", self.given)?;
        match self.suggestion {
            Some(status) => write!(f, "; did you mean {}?", status.code()),
            None => Ok(()),
        }
    }
}

/// Enough of a wrong status to recognise it in an error.
const GIVEN_LETTERS_MAX: usize = 60;

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident $code:literal [$($alias:literal)*])*) => {
        /// What became of a request, or of our own service.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Status {
            $($(#[$doc])* $name,)*
        }

        impl Status {
            /// Every status, in the order of a request's life.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in the API, in file names and in the store.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// Its names elsewhere: SHAREit's, ISO 18626's, other systems'.
            #[must_use]
            pub fn aliases(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($alias),*],)*
                }
            }
        }
    };
}

statuses! {
    /// The request is in and nobody has answered yet.
    RequestReceived "request_received" ["Pending" "RequestReceived" "New request" "Submitted"]
    /// A lender would supply on conditions.
    Conditional "conditional" ["Conditional Response" "CONDITION_PENDING"]
    /// A lender has said yes.
    WillSupply "will_supply" ["Will Supply/In Process" "In Process" "WillSupply" "ExpectToSupply"]
    /// The item is on its way to the borrowing library.
    Shipped "shipped" ["Loaned" "In Transit" "Item Shipped"]
    /// The item is on the hold shelf.
    ReadyForPickup "ready_for_pickup" ["Received - no attachments" "Received no attachments" "Received" "On Hold Shelf"]
    /// The patron has it. Nobody is told; it ends reminders to pick it up.
    PickedUp "picked_up" ["Checked out" "Received/In Use" "Item checked out"]
    /// A copy is there to be opened.
    DeliveredElectronically "delivered_electronically"
        ["Received with attachments" "CopyCompleted" "Document delivered" "Loaned digitally"]
    /// The item still waits and will go back soon.
    PickupReminder "pickup_reminder" ["On Hold Shelf Reminder"]
    /// The loan ends in a few days.
    DueSoon "due_soon" ["PREDUE" "Courtesy" "Overdue Reminder"]
    /// The loan has ended and the item is not back.
    Overdue "overdue" []
    /// The lender wants the item back before its day.
    Recalled "recalled" ["Recall" "Item recalled"]
    /// The loan runs longer.
    RenewalAccepted "renewal_accepted" ["Accepted Renewal" "Renewed"]
    /// The loan does not run longer.
    RenewalRejected "renewal_rejected" ["Rejected Renewal" "Renewal rejected"]
    /// The item is on its way back, or back.
    Returned "returned" ["ShippedReturn" "LoanCompleted" "Checked In"]
    /// Nobody could supply.
    Unfilled "unfilled" ["Will not Supply" "End of rota" "REQUEST_UNAVAIL"]
    /// A lender cannot supply now, and may later.
    Retry "retry" ["RetryPossible"]
    /// The request was withdrawn.
    Cancelled "cancelled" ["Canceled" "Request cancelled"]
    /// The lender would not withdraw it.
    CancelRefused "cancel_refused" ["Cancel refused" "Cancel rejected"]
    /// The day by which it was needed has passed.
    NeedByExpired "need_by_expired" ["Need by Expired" "Expired"]
    /// The item counts as lost, and may be charged.
    LostOrBilled "lost_or_billed" ["Lost" "CompletedWithoutReturn" "Aged to lost"]
    /// The patron has as many requests as the library allows.
    OverLimit "over_limit" ["Over limit"]
    /// The other library wrote something.
    NoteFromPartner "note_from_partner" ["Notification" "Note"]
    /// What was shipped has not arrived.
    NotReceived "not_received" ["Not Received"]
    /// Another library asks us to lend.
    NewLendingRequest "new_lending_request" ["New lending request" "new_supply_request" "new_supply_request_expedited"]
    /// The borrower takes our conditions.
    ConditionAccepted "condition_accepted" ["Condition accepted" "CONDITION_ACCEPTED"]
    /// The borrower asks for more time.
    RenewRequested "renew_requested" ["Renewal requested" "Renew/Overdue" "Renew"]
    /// An earlier status was undone, and those who were told hear so.
    Correction "correction" ["Undo"]
    /// A patron could not be reached at the address we have.
    AddressProblem "address_problem" []
    /// A patron answered a text message.
    TextReply "text_reply" []
    /// Somebody wants to see that notices arrive.
    TestNotice "test_notice" ["Test"]
    /// A patron is to show that an address is theirs.
    PatronCode "patron_code" []
    /// Notices of a day that a patron is told together.
    PatronDigest "patron_digest" []
    /// A library's domain no longer proves us.
    OpsDomainBroken "ops_domain_broken" []
    /// Messages wait longer than they should.
    OpsQueueStuck "ops_queue_stuck" []
    /// A library's words could not be written out.
    OpsTemplateError "ops_template_error" []
    /// What could not be delivered lately.
    OpsBounceDigest "ops_bounce_digest" []
    /// The notices of a day, for those who get copies.
    CopiesDigest "copies_digest" []
    /// A library's system is no longer told of events.
    OpsWebhookOff "ops_webhook_off" []
}

/// Statuses by each of their names in plain form. A name that two statuses have belongs to the first.
static BY_NAME: LazyLock<HashMap<String, Status>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    for status in Status::ALL {
        for name in std::iter::once(status.code()).chain(status.aliases().iter().copied()) {
            names.entry(suggest::plain(name)).or_insert(*status);
        }
    }
    names
});

impl Status {
    /// Whether somebody asked for it here and now: it is about no request, and no library switches or edits it.
    #[must_use]
    pub fn is_asked_for(self) -> bool {
        matches!(self, Self::TestNotice | Self::PatronCode)
    }

    /// Reads a status by our code or by a name other systems have for it; case, dashes and spaces do not count.
    ///
    /// # Errors
    /// [`NoSuchStatus`], with the status probably meant.
    pub fn from_code(text: &str) -> Result<Self, NoSuchStatus> {
        // Most callers write our code: every event and every attempt comes by here.
        if let Some(found) = BY_NAME.get(text).or_else(|| BY_NAME.get(&suggest::plain(text))) {
            return Ok(*found);
        }
        let names = |status: Self| std::iter::once(status.code()).chain(status.aliases().iter().copied());
        let near = suggest::nearest(text, Self::ALL.iter().flat_map(|status| names(*status)));
        let suggestion =
            near.and_then(|name| Self::ALL.iter().copied().find(|status| names(*status).any(|n| n == name)));
        Err(NoSuchStatus { given: text.chars().take(GIVEN_LETTERS_MAX).collect(), suggestion })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::str::FromStr for Status {
    type Err = NoSuchStatus;
    fn from_str(text: &str) -> Result<Self, NoSuchStatus> {
        Self::from_code(text)
    }
}

#[cfg(test)]
mod tests;
