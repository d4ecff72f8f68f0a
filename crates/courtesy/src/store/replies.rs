//! Replies to the shared address: what is passed on, and whom we have answered.

use super::accept::{Accepted, NewEvent, accept_all};
use super::engine::Tx;
use super::nameless::{self, NAMELESS};
use super::new_message::NewMessage;
use super::statement::{Builder, query};
use super::timeline::append;
use super::{Result, Store, StoreError, id_from};
use crate::clock::micros;
use crate::id::{EventId, MessageId, ReturnedId};
use crate::library::LibraryCode;
use crate::reply::Kind;
use crate::timeline::{Entry, What};
use jiff::{SignedDuration, Timestamp};

/// What "once a day" means: this long after the last answer.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How many mails of one writer, and of all, become messages of one library within a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyLimits {
    /// Passed on, of one writer.
    pub passed_on_of_writer: i64,
    /// Passed on, of everybody.
    pub passed_on: i64,
    /// Answered. One writer is answered once.
    pub answered: i64,
}

/// A reply about to be kept.
#[derive(Clone, Debug)]
pub struct NewReply {
    /// The id the mail was taken in under.
    pub id: ReturnedId,
    /// What it says, hashed: the same mail makes its messages once.
    pub digest: String,
    /// Whose.
    pub library: LibraryCode,
    /// The message it replies to.
    pub about: Option<MessageId>,
    /// The request's number, empty where it is not known.
    pub request: String,
    /// Keyed hash of the writer's address.
    pub writer: Vec<u8>,
    /// The mail as it came.
    pub mail: Vec<u8>,
    /// When.
    pub at: Timestamp,
    /// The message that passes it on.
    pub pass_on: Option<NewMessage>,
    /// The message that answers it, the keyed hash of the address answered, and the languages' tags.
    pub answer: Option<(NewMessage, Vec<u8>, String)>,
}

/// What became of a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptReply {
    /// The message that passes it on; none where there was none, or too many that day.
    pub passed_on: Option<MessageId>,
    /// The message that answers it; none where there was none, or the writer was answered within a day.
    pub answered: Option<MessageId>,
}

/// A mail that a message is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyMail {
    /// What the message does with it.
    pub kind: Kind,
    /// Languages of an answer, their tags, comma separated.
    pub languages: String,
    /// As it came; of an answer, the header alone.
    pub mail: Vec<u8>,
}

impl Store {
    /// Makes the messages of a reply, within `limits`, and tells of them in the timeline of what it replies to; all in
    /// one transaction, and once for each mail. None: it was done before.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn keep_reply(&self, reply: NewReply, limits: ReplyLimits) -> Result<Option<KeptReply>> {
        self.writer.write(move |tx| Box::pin(async move { keep(tx, reply, limits).await })).await
    }

    /// The mail that the message `id` is made of; none where it was forgotten.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn reply_mail(&self, id: MessageId) -> Result<Option<ReplyMail>> {
        let row = query("select kind, languages, mail from reply where message = $1")
            .bind(id.to_bytes().to_vec())
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let kind: String = row.try_get(0)?;
        let kind = Kind::from_code(&kind).ok_or_else(|| StoreError::Corrupt(format!("a reply of kind {kind}")))?;
        Ok(Some(ReplyMail { kind, languages: row.try_get(1)?, mail: row.try_get(2)? }))
    }

    /// Forgets mails that came, and answers that were given, before `before`; and mails that are passed on and about a patron who is erased.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_replies(&self, before: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for old in ["delete from reply where at < $1", "delete from answered where answered_on < $1"] {
                        query(old).bind(micros(before)).execute(&mut *tx).await?;
                    }
                    query(format!(
                        "{PASSED_ON} and about is not null and exists (select 1 from message where message.id = reply.about \
                         and {NAMELESS})"
                    ))
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Mails whose way to their library is over.
const PASSED_ON: &str = "delete from reply where not exists (select 1 from message as way where way.id = reply.message \
     and way.state in ('queued', 'sending', 'delayed', 'held'))";

/// Forgets what was passed on of the mails that reply to these messages.
pub(super) async fn forget_passed_on(tx: &mut Tx, library: &LibraryCode, about: &[Vec<u8>]) -> Result<()> {
    let mut passed_on = Builder::new(PASSED_ON);
    passed_on.push(" and library = ").push_bind(library.as_str()).push(" and about in ").push_list(about);
    passed_on.build().execute(&mut *tx).await?;
    Ok(())
}

async fn keep(tx: &mut Tx, reply: NewReply, limits: ReplyLimits) -> Result<Option<KeptReply>> {
    let natural_key = format!("reply\u{1f}{}", reply.digest);
    if is_known(tx, &reply.library, &natural_key).await? {
        return Ok(None);
    }
    let since = reply.at.checked_sub(DAY).unwrap_or(Timestamp::MIN);
    let pass_on = match reply.pass_on {
        Some(message) if may_pass_on(tx, &reply.library, &reply.writer, since, limits).await? => Some(message),
        _ => None,
    };
    // A person wrote it, so it is passed on; but to answer a patron who is erased is to keep their address.
    let is_nameless = match reply.about {
        Some(about) => nameless::is(tx, about).await?,
        None => false,
    };
    let answer = match reply.answer {
        Some((message, sender, languages))
            if !is_nameless && may_answer(tx, &reply.library, &sender, reply.at, since, limits).await? =>
        {
            Some((message, languages))
        }
        _ => None,
    };
    let kept = KeptReply {
        passed_on: pass_on.as_ref().map(|message| message.id),
        answered: answer.as_ref().map(|(message, _)| message.id),
    };
    let (answer, languages) = answer.unzip();
    let event = NewEvent {
        id: EventId::new(reply.at),
        library: reply.library.clone(),
        natural_key,
        request: reply.request,
        status: "reply".to_owned(),
        patron: String::new(),
        source: "mail",
        fields: "{}".to_owned(),
        found_by: String::new(),
        received_at: reply.at,
        messages: pass_on.into_iter().chain(answer).collect(),
        idempotency: None,
        news: None,
    };
    if accept_all(tx, &[event]).await?.first() != Some(&Accepted::New) {
        return Ok(None);
    }
    let head = &reply.mail[..crate::reply::head_octets(&reply.mail)];
    let rows = [(kept.passed_on, Kind::PassedOn, reply.mail.as_slice()), (kept.answered, Kind::Answer, head)];
    for (message, kind, mail) in rows {
        let Some(message) = message else { continue };
        query(
            "insert into reply (message, library, kind, sender, at, languages, mail, about) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(message.to_bytes().to_vec())
        .bind(reply.library.as_str())
        .bind(kind.code())
        .bind(&reply.writer)
        .bind(micros(reply.at))
        .bind(languages.as_deref().unwrap_or_default())
        .bind(mail)
        .bind(reply.about.map(|about| about.to_bytes().to_vec()))
        .execute(&mut *tx)
        .await?;
    }
    if let Some(about) = reply.about {
        let what = What::Replied { reply: reply.id, passed_on: kept.passed_on, answered: kept.answered };
        append(tx, &[(about, &Entry { at: reply.at, what })]).await?;
    }
    Ok(Some(kept))
}

async fn is_known(tx: &mut Tx, library: &LibraryCode, natural_key: &str) -> Result<bool> {
    let row = query("select id from event where library = $1 and natural_key = $2")
        .bind(library.as_str())
        .bind(natural_key)
        .fetch_optional(&mut *tx)
        .await?;
    row.map(|row| id_from(&row.try_get::<Vec<u8>>(0)?)).transpose().map(|known| known.is_some())
}

async fn may_pass_on(
    tx: &mut Tx,
    library: &LibraryCode,
    writer: &[u8],
    since: Timestamp,
    limits: ReplyLimits,
) -> Result<bool> {
    let of_writer = "select count(*) from reply where library = $1 and kind = 'passed_on' and at > $2 and sender = $3";
    let of_all = "select count(*) from reply where library = $1 and kind = 'passed_on' and at > $2";
    let of_writer = query(of_writer).bind(library.as_str()).bind(micros(since)).bind(writer);
    let of_writer: i64 = of_writer.fetch_one(&mut *tx).await?.try_get(0)?;
    let of_all: i64 = query(of_all).bind(library.as_str()).bind(micros(since)).fetch_one(&mut *tx).await?.try_get(0)?;
    Ok(of_writer < limits.passed_on_of_writer && of_all < limits.passed_on)
}

/// Whether `sender` may be answered now; says so once.
async fn may_answer(
    tx: &mut Tx,
    library: &LibraryCode,
    sender: &[u8],
    now: Timestamp,
    since: Timestamp,
    limits: ReplyLimits,
) -> Result<bool> {
    let given: i64 = query("select count(*) from answered where library = $1 and answered_on > $2")
        .bind(library.as_str())
        .bind(micros(since))
        .fetch_one(&mut *tx)
        .await?
        .try_get(0)?;
    if given >= limits.answered {
        return Ok(false);
    }
    let done = query(
        "insert into answered (library, sender, answered_on) values ($1, $2, $3) \
         on conflict (library, sender) do update set answered_on = excluded.answered_on where answered.answered_on <= $4",
    )
    .bind(library.as_str())
    .bind(sender)
    .bind(micros(now))
    .bind(micros(since))
    .execute(&mut *tx)
    .await?;
    Ok(done == 1)
}
