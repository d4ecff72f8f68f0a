//! What a message says: the words of a notice, or the mail that the library's own system handed in.
//!
//! In: a claimed message. Out: its content, and with the plan of the attempt its octets, signed. The words are those of the version
//! recorded with the message; a mail that was handed in is rewritten where the plan wants it, and only there (`submitted`).

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;
use standards::address::Address;

use super::attempt::{Not, ended};
use super::compose::{Letter, Origin, compose};
use super::reply::{self, Made};
use super::{Delivery, return_path, truth};
use crate::intake::Told;
use crate::keyring::Key;
use crate::library::Library;
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::frame::Frame;
use crate::notice::render::{Missing, Rendered, render};
use crate::notice::status::Status;
use crate::notice::value::Fields;
use crate::notice::words::Words;
use crate::patron;
use crate::queue::State;
use crate::reply::Kind as ReplyKind;
use crate::sender::{Plan, Rung};
use crate::store::{Claimed, ReplyMail, Settled, WordsSource};
use crate::submitted::{self, Name, honest};
use crate::timeline::{Entry, What};

/// The content of one message.
pub(super) enum Written {
    /// Our words.
    Notice(Box<Rendered>),
    /// Somebody's mail, passed on or answered.
    Reply(ReplyMail),
    /// Another system's mail.
    Submitted {
        /// As it came.
        mail: Vec<u8>,
        /// Whether that system wrote it of its own accord.
        generated: bool,
    },
}

impl Written {
    /// What `message` says; held where a value is missing.
    pub(super) async fn of(
        engine: &Delivery,
        message: &Claimed,
        library: &Library,
        language: Language,
        now: Timestamp,
    ) -> Result<Self, Not> {
        if ReplyKind::from_notice(&message.notice).is_some() {
            let mail = engine.parts.store.reply_mail(message.id).await?;
            return mail.map(Self::Reply).ok_or_else(|| Not::Ours("the mail it is made of is gone".to_owned()));
        }
        let told: Told = serde_json::from_str(&message.fields)?;
        let Some(submitted) = &told.submitted else {
            return rendered(engine, message, &told, library, language, now).await.map(Box::new).map(Self::Notice);
        };
        let mail = engine.parts.store.submitted(&message.library, message.event).await?;
        let mail = mail.ok_or_else(|| Not::Ours("the mail that was handed in is gone".to_owned()))?;
        Ok(Self::Submitted { mail, generated: submitted.generated })
    }

    /// Whether its header can only travel under SMTPUTF8.
    pub(super) fn needs_smtputf8(&self) -> bool {
        match self {
            Self::Notice(_) => false,
            Self::Reply(mail) => reply::needs_smtputf8(mail),
            Self::Submitted { mail, .. } => submitted::needs_utf8(mail),
        }
    }

    /// The mail, composed and signed; none where the `key` it is to be signed with cannot, for then it does not leave.
    #[expect(clippy::too_many_arguments, reason = "all that a mail is made from, once")]
    pub(super) fn mail(
        &self,
        engine: &Delivery,
        message: &Claimed,
        to: &Address,
        plan: &Plan,
        library: &Library,
        key: Option<&Key>,
        language: Language,
    ) -> Option<Vec<u8>> {
        let message_id = crate::reply::message_id(message.id, &engine.parts.config.shared.domain);
        let feedback_id = format!("{}:{}:{}:courtesy", message.notice, message.library, plan.sender.code());
        // RFC 9477 §3.1.3: each mail has an address for complaints of its own, which stands under the signature. Mail through
        // a library's own relay has none: nothing of ours vouches for it there.
        let through_ours = plan.rung != Rung::OwnRelay;
        let bounces = engine.parts.config.shared.bounces();
        let complaints = through_ours.then(|| return_path::write_feedback(&engine.parts.secret, message.id, &bounces));
        let complaints = complaints.map(|address| format!("{address}; report=arf"));
        let complaints = complaints.as_deref().map(|value| ("CFBL-Address", value));
        let mail = match self {
            Self::Reply(mail) => {
                let date = message.created_at;
                // It was read when it was taken.
                reply::write(&Made { reply: mail, library, plan, to, message_id: &message_id, date, language })
                    .unwrap_or_default()
            }
            Self::Notice(rendered) => compose(&Letter {
                from: &plan.from,
                from_name: &plan.display_name,
                to,
                reply_to: plan.reply_to.as_ref(),
                message_id: &message_id,
                date: message.created_at,
                language,
                subject: &rendered.subject,
                text: &rendered.text,
                html: Some(&rendered.html),
                feedback_id: &feedback_id,
                list_unsubscribe: None,
                origin: Origin::Notice,
                headers: complaints.as_slice(),
            }),
            Self::Submitted { mail, generated } => honest(
                mail,
                &Name {
                    from: &plan.from,
                    display_name: &plan.display_name,
                    reply_to: plan.reply_to.as_ref(),
                    // The library's own relay takes the one address it knows; DNS proves a whole domain. On ours each has its own.
                    whole_domain: !matches!(plan.rung, Rung::OwnRelay | Rung::Shared),
                    message_id: &message_id,
                    date: message.created_at,
                    feedback_id: &feedback_id,
                    complaints: complaints.map(|(_, value)| value),
                    generated: *generated,
                },
            ),
        };
        signed(key.map(|key| |mail: &[u8]| key.sign(mail)), mail)
    }
}

/// `mail` as `sign` signs it, and as it is where there is no key to sign with. None where the key fails at it.
fn signed(sign: Option<impl FnOnce(&[u8]) -> Option<Vec<u8>>>, mail: Vec<u8>) -> Option<Vec<u8>> {
    match sign {
        Some(sign) => sign(&mail),
        None => Some(mail),
    }
}

/// What a message is written from.
pub(super) struct Ingredients {
    pub(super) words: Arc<Words>,
    pub(super) fields: Fields,
    pub(super) frame: Frame,
}

/// The words of this message's version, the fields it came with and what stands around them.
pub(super) async fn ingredients(
    engine: &Delivery,
    message: &Claimed,
    told: &Told,
    library: &Library,
    language: Language,
    now: Timestamp,
) -> Result<Ingredients, Not> {
    let notice = Notice::from_code(&message.notice)?;
    let words = match &told.tried {
        Some(tried) => Words::parse(&tried.words, language).ok().map(Arc::new),
        None => {
            let source = WordsSource { of: message.words_of.clone(), version: message.words_version };
            let words = engine.parts.book.words_at(&source, notice, language).await;
            words?
        }
    };
    let words = words.ok_or_else(|| Not::Ours(format!("the words of {} are gone", message.notice)))?;
    let mut all = told.all_fields(library, &message.request, language);
    let link = own_page(engine, message, told, notice);
    all.extend(link.clone().map(|link| ("preferences_url".to_owned(), link)));
    if let Some(stands) = truth::stands(message, language).filter(|_| notice.status == Status::Correction) {
        all.entry("new_status".to_owned()).or_insert(stands);
    }
    let (mut fields, _, _) = Fields::from_pairs(all.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    told.put_items(&mut fields);
    let zone = jiff::tz::TimeZone::get(&library.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let mut frame = Frame::of(library, words.notice.audience, language, now.to_zoned(zone).date());
    frame.is_test = notice.status == Status::TestNotice;
    frame.hide_titles |= told.hide_titles;
    frame.preferences_url = link;
    Ok(Ingredients { words, fields, frame })
}

/// The link to the page of the patron whom `message` is for.
fn own_page(engine: &Delivery, message: &Claimed, told: &Told, notice: Notice) -> Option<String> {
    // Copies are for staff, and what is sent elsewhere by hand may be for anybody: the link is the patron's alone. A code is to
    // show whose an address is, so a link would show too much.
    let is_theirs = notice.audience == Audience::Patron && told.patron.is_at(&message.address);
    let has_one = is_theirs && notice.status != Status::PatronCode;
    let token = has_one.then(|| patron::link::token(&engine.parts.secret, message.id))?;
    Some(format!("{}/me/{token}", engine.parts.config.url()))
}

/// The words of this message, written out; held where a value is missing.
async fn rendered(
    engine: &Delivery,
    message: &Claimed,
    told: &Told,
    library: &Library,
    language: Language,
    now: Timestamp,
) -> Result<Rendered, Not> {
    let made = ingredients(engine, message, told, library, language, now).await?;
    render(&made.words, &made.fields, &made.frame).map_err(|missing| held(message, &missing, now))
}

/// Held: a value is missing. It still ends at its deadline; and it was not tried.
pub(super) fn held(message: &Claimed, missing: &Missing, now: Timestamp) -> Not {
    let fields = missing.fields.iter().map(ToString::to_string).collect();
    let entry = Entry { at: now, what: What::Held { cause: "render.field".to_owned(), fields } };
    let held = ended(message, State::Held, Some("render.field".to_owned()), vec![entry], now);
    Not::Settled(Box::new(Settled { due_at: Some(message.deadline), tried: false, ..held }))
}
