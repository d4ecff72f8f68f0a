//! A mail to a library's shared address: passed on to the library, and answered once a day.
//!
//! In: a mail that a person or a machine wrote. Out: at most two messages in the queue, and a line in the timeline of what
//! it replies to. What no person wrote is passed on to nobody and never answered. The messages of one mail are made
//! once, whatever crashes between.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use standards::address::Address;
use standards::domain::Domain;
use standards::dsn::Letter;

use super::bounce::entry;
use super::spool::Waiting;
use super::{Became, Done, Inbound, Worked};
use crate::channel::Channel;
use crate::clock;
use crate::id::MessageId;
use crate::library::{Library, LibraryCode};
use crate::notice::Language;
use crate::outcome::bounce::Finding;
use crate::reply::{self, Kind, Robot, Wrote};
use crate::store::{Book, Follows, KeptReply, MessageRow, NewMessage, NewReply, ReplyLimits};
use crate::timeline::{Entry, What};

/// How much becomes of mail within a day: a person writes a few, a desk reads some hundreds, and whoever sends more is a
/// machine that hides it. What is over is kept, and not passed on.
const LIMITS: ReplyLimits = ReplyLimits { passed_on_of_writer: 20, passed_on: 1000, answered: 500 };

/// How long we try to pass a mail on: a desk's mail server may be down over a weekend.
const PASS_ON_WITHIN: SignedDuration = SignedDuration::from_hours(3 * 24);

/// How long we try to answer: later it is no news that a mail has come.
const ANSWER_WITHIN: SignedDuration = SignedDuration::from_hours(4);

/// RFC 5321 §6.3: a mail that has passed so many servers goes in circles.
const RECEIVED_MAX: usize = 50;

/// What the code of a writer's address is bound to.
const ABOUT: &str = "writer";

/// The library whose shared address this is: `<its code>@<the shared domain>`, in any case.
#[must_use]
pub fn library_of(book: &Book, shared: &Domain, address: &Address) -> Option<Arc<Library>> {
    let code = LibraryCode::parse(address.local()).ok().filter(|_| address.domain() == shared)?;
    book.library(&code)
}

impl Inbound {
    /// Works off a mail to the shared address of `library`; or to the return path of `about`, where a person wrote it.
    pub(super) async fn reply(
        &self,
        waiting: &Waiting,
        letter: &Letter,
        library: &Library,
        to: &Address,
        about: Option<MessageId>,
    ) -> anyhow::Result<(Worked, Became)> {
        let ours = self.our_domains();
        let became = |kind: &'static str, message, done| Became { kind, message, done, ..Became::of(to) };
        let wrote = Wrote::read(&waiting.mail);
        let row = self.joined(library, wrote.as_ref(), about).await?;
        let message = row.as_ref().map(|row| row.id);
        let mail_from = waiting.envelope.mail_from.as_str();
        let message_id = wrote.as_ref().and_then(|wrote| wrote.message_id.as_deref());
        let robot = reply::robot(letter, mail_from, message_id, &ours);
        if let (Some(Robot::Absence(cause) | Robot::Challenge(cause)), Some(message)) = (robot, message) {
            let entry = entry(waiting, Some(&Finding::automatic(cause)), clock::now());
            self.parts.store.join_returned(message, entry, Follows::default()).await?;
        }
        if let Some(robot) = robot.filter(|robot| !matches!(robot, Robot::Challenge(_))) {
            tracing::info!(library = %library.code, returned = %waiting.id, robot = robot.code(), "no person wrote it");
            // An absence is told in the timeline; whatever else machines say, the operator may look at.
            let told = matches!(robot, Robot::Absence(_)) && message.is_some();
            return Ok((Worked::Off, became(robot.code(), message, if told { Done::Joined } else { Done::Kept })));
        }
        let round = letter.header.iter().filter(|(name, _)| *name == "received").count() > RECEIVED_MAX;
        let Some(wrote) = wrote.filter(|_| !round) else {
            return Ok((Worked::Off, became("unreadable", message, Done::Kept)));
        };
        let new = self.new_reply(waiting, letter, library, to, &wrote, row.as_ref(), robot.is_none(), &ours);
        let Some(kept) = self.parts.store.keep_reply(new, LIMITS).await? else {
            return Ok((Worked::Off, became("reply", message, Done::Known)));
        };
        self.parts.wake.notify_one();
        let KeptReply { passed_on, answered } = kept;
        tracing::info!(
            library = %library.code, returned = %waiting.id, message = message.map(tracing::field::display),
            passed_on = passed_on.map(tracing::field::display), answered = answered.is_some(), "a reply was taken"
        );
        let done = if passed_on.is_some() { Done::PassedOn } else { Done::Kept };
        Ok((Worked::Off, Became { passed_on, answered, ..became("reply", message, done) }))
    }

    /// Domains that are ours: mail from there has been sent by us.
    fn our_domains(&self) -> Vec<Domain> {
        let config = &self.parts.config;
        vec![config.shared.domain.clone(), config.shared.bounces(), config.public_host.clone()]
    }

    /// The message it is about: the one whose return path it came to, or the nearest one it refers to. Another library's
    /// is none of this one's business.
    async fn joined(
        &self,
        library: &Library,
        wrote: Option<&Wrote>,
        about: Option<MessageId>,
    ) -> anyhow::Result<Option<MessageRow>> {
        let refers_to = wrote.iter().flat_map(|wrote| wrote.about(&self.parts.config.shared.domain));
        for id in about.into_iter().chain(refers_to) {
            if let Some(row) = self.parts.store.message(Some(&library.code), id).await? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    #[expect(clippy::too_many_arguments, reason = "all that is known of one mail")]
    fn new_reply(
        &self,
        waiting: &Waiting,
        letter: &Letter,
        library: &Library,
        to: &Address,
        wrote: &Wrote,
        row: Option<&MessageRow>,
        may_answer: bool,
        ours: &[Domain],
    ) -> NewReply {
        let (now, about) = (clock::now(), row.map(|row| row.id));
        let mark =
            |address: &Address| self.parts.secret.mark(&address.to_string().to_ascii_lowercase(), ABOUT).to_vec();
        let staff_language = library.language_for(None);
        let pass_on = reply::desk(library, &wrote.from, ours).map(|desk| {
            let what = What::PassesOn { reply: waiting.id, of: about };
            message(Kind::PassedOn, &desk, staff_language, what, now, PASS_ON_WITHIN)
        });
        // The patron's own language where we know whom we wrote to; else every language of the library.
        let language = row.and_then(|row| Language::from_tag(&row.language));
        let languages = language.map_or_else(|| library.languages.clone(), |language| vec![language]);
        let first = languages.first().copied().unwrap_or(staff_language);
        let tags = languages.iter().map(|language| language.tag()).collect::<Vec<_>>().join(",");
        // We say that a person will read it only where it is passed on to one.
        let answer_to = if may_answer && pass_on.is_some() {
            reply::answer_to(letter, &waiting.envelope.mail_from, to, library, ours).ok()
        } else {
            None
        };
        let answer = answer_to.map(|address| {
            let what = What::Answers { reply: waiting.id, of: about };
            (message(Kind::Answer, &address, first, what, now, ANSWER_WITHIN), mark(&address), tags)
        });
        NewReply {
            id: waiting.id,
            digest: waiting.digest(),
            library: library.code.clone(),
            about,
            request: row.map(|row| row.request.clone()).unwrap_or_default(),
            writer: mark(&wrote.from),
            mail: waiting.mail.clone(),
            at: now,
            pass_on,
            answer,
        }
    }
}

fn message(
    kind: Kind,
    to: &Address,
    language: Language,
    what: What,
    now: Timestamp,
    within: SignedDuration,
) -> NewMessage {
    let deadline = now.checked_add(within).unwrap_or(Timestamp::MAX);
    NewMessage {
        entries: vec![Entry { at: now, what }],
        ..NewMessage::queued(kind.notice(), language, (Channel::Mail, to.to_string()), now, deadline)
    }
}
