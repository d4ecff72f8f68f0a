//! The closed list of notices: for each status, who may be told, and how that notice is treated.
//!
//! In: a status and an audience. Out: the notice's code, labels, default, patience and urgency; [`NOTICES`] is the
//! list that pages, command line and tests walk. Not here: words (`builtin`), fields (`field`), triggers (`intake`).

use std::fmt;
use std::time::Duration;

use super::Language;
use super::status::Status;
use super::suggest;

/// Who a notice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Audience {
    /// The patron who asked for the item.
    Patron,
    /// Staff of the library that borrows for its patron.
    Borrowing,
    /// Staff of the library that lends.
    Lending,
    /// Library admins and the consortium's operator.
    Operator,
}

impl Audience {
    /// Every audience.
    pub const ALL: [Self; 4] = [Self::Patron, Self::Borrowing, Self::Lending, Self::Operator];

    /// Its name in words' front matter, in codes and in the API.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Patron => "patron",
            Self::Borrowing => "borrowing",
            Self::Lending => "lending",
            Self::Operator => "operator",
        }
    }

    /// Reads an audience by its code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|audience| audience.code() == code)
    }
}

/// The groups in which staff find notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Asked for and on its way.
    Requested,
    /// There to be picked up or opened.
    Arrived,
    /// In the patron's hands.
    OnLoan,
    /// Over, one way or another.
    Ended,
    /// For staff.
    Staff,
    /// About the service itself.
    Operations,
}

/// How soon a notice is worth sending against others that wait: the queue's lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Urgency {
    /// Somebody waits for it: an item on the shelf, a document, a test.
    Now,
    /// A day depends on it: due, overdue, recalled, and what changes a patron's plan.
    Soon,
    /// It informs.
    Routine,
}

impl Urgency {
    /// Its word in metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Soon => "soon",
            Self::Routine => "routine",
        }
    }

    /// Its lane's number in the queue: the lower goes first.
    #[must_use]
    pub fn lane(self) -> i64 {
        match self {
            Self::Now => 0,
            Self::Soon => 1,
            Self::Routine => 2,
        }
    }

    /// Its place among the three, the most urgent first.
    #[must_use]
    pub fn place(self) -> usize {
        self as usize
    }

    /// The lane of messages of the notice with this code. What is not in the catalogue, as other systems' mail, is news of a day.
    #[must_use]
    pub fn of(notice: &str) -> Self {
        Notice::from_code(notice).ok().and_then(Notice::entry).map_or(Self::Soon, |entry| entry.urgency)
    }
}

/// How long we keep trying to send a notice, and why no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Patience {
    /// Two days: an item waits on the shelf for about a week, and a notice that comes late costs the loan.
    Shelf,
    /// One day: the day it speaks of comes nearer, and the next reminder says it again.
    Reminder,
    /// Three days: it is still true then, and nothing else tells the patron.
    News,
    /// Two days: staff see the request's status in their own system in the meantime.
    Staff,
    /// One day: the next digest or check says it again.
    Operations,
    /// One hour: whoever asked for a test is watching.
    Test,
}

impl Patience {
    /// How long after its event we give up.
    #[must_use]
    pub fn duration(self) -> Duration {
        let hours = match self {
            Self::Test => 1,
            Self::Reminder | Self::Operations => 24,
            Self::Shelf | Self::Staff => 48,
            Self::News => 72,
        };
        Duration::from_secs(hours * 60 * 60)
    }
}

/// What a library says on one status to one audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Notice {
    /// What happened.
    pub status: Status,
    /// Who is told.
    pub audience: Audience,
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The notice.
    pub notice: Notice,
    /// Whether libraries that never touched its switch send it.
    pub on_by_default: bool,
    /// Its name as staff know it, English.
    pub label_en: &'static str,
    /// Its name as staff know it, French.
    pub label_fr: &'static str,
    /// The group it stands in.
    pub stage: Stage,
    /// How long we keep trying.
    pub patience: Patience,
    /// Its lane in the queue.
    pub urgency: Urgency,
}

impl Entry {
    /// Its name as staff know it.
    #[must_use]
    pub fn label(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.label_en,
            Language::Fr => self.label_fr,
        }
    }
}

/// A text that names no notice of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NoSuchNotice {
    /// What was given, cut to a sane length.
    pub given: String,
    /// The notice probably meant.
    pub suggestion: Option<String>,
}

impl fmt::Display for NoSuchNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}” is not a notice", self.given)?;
        match &self.suggestion {
            Some(code) => write!(f, "; did you mean {code}?"),
            None => Ok(()),
        }
    }
}

/// Enough of a wrong code to recognise it in an error.
const GIVEN_LETTERS_MAX: usize = 60;

impl Notice {
    /// The notice's code: the status for patrons and operators (`overdue`), with the audience for staff
    /// (`overdue.borrowing`). File names of words and the library's switches carry it.
    #[must_use]
    pub fn code(self) -> String {
        match self.audience {
            Audience::Patron | Audience::Operator => self.status.code().to_owned(),
            Audience::Borrowing | Audience::Lending => format!("{}.{}", self.status.code(), self.audience.code()),
        }
    }

    /// Reads a notice's code; the status may be written under any of its names.
    ///
    /// # Errors
    /// [`NoSuchNotice`], with the notice probably meant.
    pub fn from_code(text: &str) -> Result<Self, NoSuchNotice> {
        let (status, audience) = match text.rsplit_once('.').map(|(status, a)| (status, Audience::from_code(a))) {
            Some((status, Some(audience))) => (status, Some(audience)),
            _ => (text, None),
        };
        let found = Status::from_code(status).ok().and_then(|status| {
            let audience = audience.unwrap_or_else(|| status.first_audience());
            NOTICES.iter().map(|entry| entry.notice).find(|n| n.status == status && n.audience == audience)
        });
        found.ok_or_else(|| {
            let codes: Vec<String> = NOTICES.iter().map(|entry| entry.notice.code()).collect();
            let suggestion = suggest::nearest(text, codes.iter().map(String::as_str)).map(str::to_owned);
            NoSuchNotice { given: text.chars().take(GIVEN_LETTERS_MAX).collect(), suggestion }
        })
    }

    /// Whether it may wait some hours to be told together with others. Not what somebody waits for, what says no, or what cannot wait:
    /// an item on the shelf, a refusal, a recall, a correction.
    #[must_use]
    pub fn may_wait(self) -> bool {
        let does_no_harm = matches!(
            self.status,
            Status::DueSoon
                | Status::Overdue
                | Status::PickupReminder
                | Status::RenewalAccepted
                | Status::WillSupply
                | Status::Shipped
                | Status::Returned
                | Status::NeedByExpired
        );
        self.audience == Audience::Patron && does_no_harm
    }

    /// Its row of the catalogue, or none where nobody of that audience is told of that status.
    #[must_use]
    pub fn entry(self) -> Option<&'static Entry> {
        NOTICES.iter().find(|entry| entry.notice == self)
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code())
    }
}

impl Status {
    /// The notices that tell of this status, patron first.
    pub fn notices(self) -> impl Iterator<Item = &'static Entry> {
        NOTICES.iter().filter(move |entry| entry.notice.status == self)
    }

    /// Whom a bare status means where an audience is not named: the patron, or whoever else is told of it.
    #[must_use]
    pub fn first_audience(self) -> Audience {
        self.notices().map(|entry| entry.notice.audience).min().unwrap_or(Audience::Patron)
    }
}

/// Whether a library that never touched the switch sends it.
const ON: bool = true;
/// See [`ON`].
const OFF: bool = false;

macro_rules! notices {
    ($($status:ident $audience:ident $on:ident $stage:ident $patience:ident $urgency:ident $en:literal $fr:literal)*) => {
        /// Every notice there is, in the order in which staff see them.
        pub static NOTICES: &[Entry] = &[$(Entry {
            notice: Notice { status: Status::$status, audience: Audience::$audience },
            on_by_default: $on,
            label_en: $en,
            label_fr: $fr,
            stage: Stage::$stage,
            patience: Patience::$patience,
            urgency: Urgency::$urgency,
        }),*];
    };
}

// Labels are the status names of SHAREit where it has one, so that existing training pages stay true.
notices! {
    RequestReceived Patron ON Requested News Routine "Pending" "En attente"
    Conditional Patron ON Requested News Soon "Conditional" "Conditionnel"
    WillSupply Patron OFF Requested News Routine "Will Supply" "Sera fourni"
    Shipped Patron OFF Requested News Routine "Shipped" "Expédié"
    Retry Patron OFF Requested News Routine "Retry" "À réessayer"
    OverLimit Patron ON Requested News Soon "Over limit" "Limite atteinte"
    ReadyForPickup Patron ON Arrived Shelf Now "Received – no attachments" "Reçu – sans pièce jointe"
    DeliveredElectronically Patron ON Arrived Shelf Now "Received with attachments" "Reçu avec pièces jointes"
    PickupReminder Patron ON Arrived Reminder Soon "Pickup reminder" "Rappel de retrait"
    DueSoon Patron ON OnLoan Reminder Soon "Due soon" "Bientôt à rendre"
    Overdue Patron ON OnLoan Reminder Soon "Overdue" "En retard"
    Recalled Patron ON OnLoan Shelf Now "Recalled" "Rappelé"
    RenewalAccepted Patron ON OnLoan Shelf Soon "Accepted Renewal" "Renouvellement accepté"
    RenewalRejected Patron ON OnLoan Shelf Soon "Rejected Renewal" "Renouvellement refusé"
    PatronDigest Patron OFF OnLoan Reminder Routine "Daily digest" "Sommaire du jour"
    Returned Patron OFF Ended News Routine "Returned" "Retourné"
    Unfilled Patron ON Ended News Soon "Unfilled" "Non satisfait"
    Cancelled Patron ON Ended News Soon "Cancelled" "Annulé"
    NeedByExpired Patron ON Ended News Soon "Need by Expired" "Date limite dépassée"
    LostOrBilled Patron ON Ended News Soon "Lost" "Perdu"
    Correction Patron ON Ended Shelf Now "Correction" "Correction"
    TestNotice Patron ON Staff Test Now "Test notice" "Avis d’essai"
    PatronCode Patron ON Staff Test Now "Code for the patron’s page" "Code pour la page de l’usager"

    Conditional Borrowing ON Staff Staff Soon "Conditional" "Conditionnel"
    Shipped Borrowing ON Staff Staff Routine "Shipped" "Expédié"
    Overdue Borrowing ON Staff Staff Soon "Overdue" "En retard"
    Recalled Borrowing ON Staff Staff Soon "Recalled" "Rappelé"
    RenewalRejected Borrowing ON Staff Staff Soon "Rejected Renewal" "Renouvellement refusé"
    Unfilled Borrowing ON Staff Staff Routine "Unfilled" "Non satisfait"
    Retry Borrowing ON Staff Staff Routine "Retry" "À réessayer"
    CancelRefused Borrowing ON Staff Staff Soon "Cancel refused" "Annulation refusée"
    NoteFromPartner Borrowing ON Staff Staff Soon "Note from lender" "Note du prêteur"
    Correction Borrowing ON Staff Staff Soon "Correction" "Correction"
    AddressProblem Borrowing ON Staff Staff Now "Address problem" "Problème d’adresse"
    TextReply Borrowing ON Staff Staff Now "Answer by text message" "Réponse par texto"

    NewLendingRequest Lending ON Staff Staff Soon "New lending request" "Nouvelle demande de prêt"
    ConditionAccepted Lending ON Staff Staff Soon "Condition accepted" "Condition acceptée"
    RenewRequested Lending ON Staff Staff Soon "Renew/Overdue" "Renouvellement demandé"
    Returned Lending ON Staff Staff Routine "Returned" "Retourné"
    Cancelled Lending ON Staff Staff Soon "Cancelled" "Annulé"
    NotReceived Lending ON Staff Staff Soon "Not Received" "Non reçu"
    NoteFromPartner Lending ON Staff Staff Soon "Note from borrower" "Note de l’emprunteur"
    Correction Lending ON Staff Staff Soon "Correction" "Correction"

    OpsDomainBroken Operator ON Operations Operations Now "Domain not ready" "Domaine non prêt"
    OpsQueueStuck Operator ON Operations Operations Now "Notices are waiting" "Avis en attente"
    OpsTemplateError Operator ON Operations Operations Soon "Notice with an error" "Avis comportant une erreur"
    OpsBounceDigest Operator ON Operations Operations Routine "Not delivered: digest" "Non livrés : sommaire"
    CopiesDigest Operator ON Operations Operations Routine "Copies: list of the day" "Copies : liste du jour"
    OpsWebhookOff Operator ON Operations Operations Routine "Webhook switched off" "Webhook désactivé"
}

#[cfg(test)]
mod tests;
