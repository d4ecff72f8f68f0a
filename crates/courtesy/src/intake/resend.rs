//! The seeds of "Resend": a message sent again because a person asked, or because there was reason to wait.

use jiff::Timestamp;
use standards::address::Address;

use super::ladder::to_be_posted;
use super::{Intake, Told, event};
use crate::channel::{Channel, Number};
use crate::clock;
use crate::id::MessageId;
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Notice, Patience};
use crate::outcome::stop::ListedAddress;
use crate::patron::Record;
use crate::queue::State;
use crate::sender::SenderKind;
use crate::store::{Consent, MessageRow, NewMessage, Repeated};
use crate::submitted::UNKNOWN_KIND;
use crate::timeline::{Entry, What};

/// How a message is to be sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Another way than it went; none: the same.
    pub channel: Option<Channel>,
    /// Another address, this once.
    pub to: Option<Address>,
    /// Another telephone number, this once.
    pub number: Option<Number>,
    /// From the shared address, whatever is proven.
    pub shared: bool,
}

/// What became of the wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resent {
    /// It goes out under this id: a new message, or the same one where it had not ended.
    As(MessageId),
    /// It was sent again before, to the same address, and that one waits or was accepted.
    Before(MessageId),
    /// It is not sent: this address is on the library's do-not-send list, and its time to be tried again has not come.
    Stopped(String),
    /// It cannot be sent again now, and why.
    NotNow(String),
}

/// Where a patron is reached now, and which addresses that replaced.
struct Reached {
    email: Option<Address>,
    phone: Option<Number>,
    has_postal: bool,
    /// The library's number for them.
    number: Option<String>,
    corrected: Vec<String>,
}

impl Intake {
    /// Sends `row` again as `wish` has it. A message that still waits is only made due; one that is over is repeated as a
    /// new message, with the words in force now and a history of its own. Asked twice, it is sent once.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn resend(&self, row: MessageRow, wish: Wish, by: String) -> crate::store::Result<Resent> {
        let now = clock::now();
        if row.state == State::Sending {
            return Ok(Resent::NotNow("The message is being sent at this moment.".to_owned()));
        }
        if row.state.may_be_cancelled() && wish == Wish::default() {
            let released = self.store.release(row.library.clone(), row.id, by, now).await?;
            self.wake.notify_one();
            return Ok(if released { Resent::As(row.id) } else { Resent::NotNow("It has just left.".to_owned()) });
        }
        let channel = wish.channel.unwrap_or(row.channel);
        let address = match self.address_for(&row, channel, &wish).await? {
            Ok(address) => address,
            Err(why) => return Ok(Resent::NotNow(why.to_owned())),
        };
        if channel == Channel::Mail && self.is_stopped(&row.library, &address, now).await? {
            return Ok(Resent::Stopped(address));
        }
        if channel == Channel::Text
            && let Some(why) = self.consents(&row, &address, &by, now).await?
        {
            return Ok(Resent::NotNow(why.to_owned()));
        }
        let entry = Notice::from_code(&row.notice).ok().and_then(Notice::entry);
        let is_letter = channel == Channel::Letter;
        let deadline = match is_letter {
            true => event::until_posted(now),
            false => event::until(entry.map_or(Patience::News, |entry| entry.patience), now, self.at_most),
        };
        let Some(message) = self.repeat_of(&row, (channel, address), now, now, deadline, &by) else {
            return Ok(Resent::NotNow("Its notice is no longer in the catalogue.".to_owned()));
        };
        let message = if is_letter { to_be_posted(message, now) } else { message };
        let id = message.id;
        let own = [SenderKind::Own.code(), SenderKind::Relay.code()].join(",");
        let refused = if wish.shared { own } else { String::new() };
        Ok(match self.store.repeat(row, message, refused, by, now).await? {
            Repeated::Now => {
                self.wake.notify_one();
                Resent::As(id)
            }
            Repeated::Before(again) => Resent::Before(again),
            Repeated::UnderWay => Resent::NotNow("It has just left.".to_owned()),
            Repeated::Nameless => Resent::NotNow("The patron is erased: it can be sent to nobody.".to_owned()),
        })
    }

    /// Whether a message to `address` would end at the library's do-not-send list.
    async fn is_stopped(&self, library: &LibraryCode, address: &str, now: Timestamp) -> crate::store::Result<bool> {
        let Ok(address) = Address::parse(address) else { return Ok(false) };
        let stop = self.store.do_not_send(library, &ListedAddress::of(&address)).await?;
        Ok(stop.is_some_and(|stop| stop.probe_at.is_none_or(|at| at > now)))
    }

    /// Where a repeat of `row` goes by `channel`; or why it cannot.
    async fn address_for(
        &self,
        row: &MessageRow,
        channel: Channel,
        wish: &Wish,
    ) -> crate::store::Result<Result<String, &'static str>> {
        let entry = Notice::from_code(&row.notice).ok().and_then(Notice::entry);
        let to_patron = entry.is_some_and(|entry| entry.notice.audience == Audience::Patron);
        if channel != Channel::Mail && !to_patron {
            return Ok(Err("Only notices to patrons can go by this channel."));
        }
        let told = Told::of(&self.store, &row.library, row.event).await?.unwrap_or_default();
        let told = self.as_known_now(&row.library, told).await?;
        // An address that was corrected since is not written to again.
        let stands = |address: &String| told.corrected.iter().all(|was| was != address);
        let same = Some(row.address.clone()).filter(|address| channel == row.channel && !address.is_empty());
        let same = same.filter(stands);
        Ok(match channel {
            Channel::Mail => {
                let given = wish.to.as_ref().map(ToString::to_string).or(same);
                let known = given.or_else(|| told.email.map(|email| email.to_string()));
                known.ok_or("There is no address to send it to; give one.")
            }
            Channel::Text => {
                let given = wish.number.as_ref().map(ToString::to_string).or(same);
                let known = given.or_else(|| told.phone.map(|phone| phone.to_string()));
                known.ok_or("There is no telephone number to text; give one.")
            }
            Channel::Push => {
                let devices = match &told.number {
                    Some(number) => self.store.subscriptions_of(&row.library, number).await?,
                    None => Vec::new(),
                };
                let nowhere = "The patron has turned notifications on nowhere.";
                if devices.is_empty() { Err(nowhere) } else { Ok(String::new()) }
            }
            // Where it goes is looked up when it is printed.
            Channel::Letter => told.has_postal.then(String::new).ok_or("There is no postal address of the patron."),
        })
    }

    /// The contact points of a message's patron, as they are known now.
    async fn as_known_now(&self, library: &LibraryCode, told: Told) -> crate::store::Result<Reached> {
        let record = match told.patron.key() {
            Some(key) => self.store.patron(library, &key).await?.unwrap_or_default(),
            None => Record::default(),
        };
        let patron = record.complete(&told.patron);
        let was = [record.mail_was.map(|was| was.to_string()), record.phone_was.map(|was| was.to_string())];
        let (has_postal, number) = (!patron.postal.is_empty(), patron.number().map(str::to_owned));
        let corrected = was.into_iter().flatten().collect();
        Ok(Reached { email: patron.email, phone: patron.phone, has_postal, number, corrected })
    }

    /// Why `number` is not to be texted, where its patron has said so. Whoever sends a text message by hand says that the patron
    /// agreed to it; that is noted where nothing else is.
    async fn consents(
        &self,
        row: &MessageRow,
        number: &str,
        by: &str,
        now: Timestamp,
    ) -> crate::store::Result<Option<&'static str>> {
        match self.store.consent(&row.library, number).await? {
            Some(consent) if consent.given => Ok(None),
            Some(consent) if consent.how == "gateway" && consent.by.starts_with("sms.invalid") => {
                Ok(Some("This number takes no text messages; give another."))
            }
            Some(_) => {
                Ok(Some("The patron asked us to send no text messages there. They can text START to change that."))
            }
            None => {
                let consent = Consent { given: true, at: now, how: "staff".to_owned(), by: by.to_owned() };
                self.store.note_consent(Some(row.library.clone()), number.to_owned(), consent).await?;
                Ok(None)
            }
        }
    }

    /// A message that says the same as `row` to an address of a channel, due at `due_at`. None where its notice has left the
    /// catalogue.
    #[must_use]
    pub fn repeat_of(
        &self,
        row: &MessageRow,
        (channel, address): (Channel, String),
        now: Timestamp,
        due_at: Timestamp,
        deadline: Timestamp,
        by: &str,
    ) -> Option<NewMessage> {
        let notice = Notice::from_code(&row.notice).ok();
        if notice.is_none() && row.notice != UNKNOWN_KIND {
            return None;
        }
        let language = Language::from_tag(&row.language)?;
        let words =
            notice.and_then(|notice| self.book.words(row.library.as_str(), notice, language)).map(|(source, _)| source);
        Some(NewMessage {
            words_of: words.as_ref().and_then(|source| source.of.clone()),
            words_version: words.map_or(0, |source| source.version),
            due_at: Some(due_at),
            entries: vec![Entry { at: now, what: What::Repeats { of: row.id, by: by.to_owned() } }],
            ..NewMessage::queued(row.notice.as_str(), language, (channel, address), now, deadline)
        })
    }
}
