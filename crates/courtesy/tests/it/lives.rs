//! A thousand lives of a loan: renewed, recalled, returned late, cancelled, undone; told late, twice and in the wrong order. Against an
//! oracle of its own: no notice that was no longer true when it left, none missing, none doubled.
//!
//! The rooms run with a clock as argument: events are taken, reminders made and messages claimed and looked at as the service does it, and
//! what is not held back counts as having left. Chance is a number: the same lives each time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use courtesy::clock::Timestamp;
use courtesy::config::Role;
use courtesy::delivery::truth::{self, Untrue};
use courtesy::intake::together::together;
use courtesy::intake::{Event, Handed, Side, Strictness, Told};
use courtesy::library::Library;
use courtesy::notice::Language;
use courtesy::notice::status::Status;
use courtesy::patron::Patron;
use courtesy::queue::State;
use courtesy::store::{Claimed, Settled};
use courtesy::timeline::{Entry, What};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};
use serde_json::json;

use crate::world::{World, address, record};

/// Between two looks at everything.
const STEP_HOURS: i64 = 3;

/// Long enough for every life, and for the reminders after it.
const STEPS: i64 = 95 * 24 / STEP_HOURS;

const LEASE: SignedDuration = SignedDuration::from_mins(15);

/// What is broken, to see that it is seen.
#[derive(Clone, Copy, PartialEq)]
enum Broken {
    Nothing,
    /// Messages leave without a look whether they are still true.
    NoLook,
    /// An event that comes twice is another event.
    NoMemory,
    /// Nobody makes reminders for three days.
    NoReminders,
    /// Events are taken for having happened when they came.
    NoTimes,
    /// What a message tells together is not looked at again when it leaves.
    NoLookAtParts,
}

/// xorshift64*: no crate, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn percent(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }
}

/// One thing that happened, and when we are told of it.
#[derive(Clone, Debug)]
struct Happening {
    at: Timestamp,
    comes: Vec<Timestamp>,
    status: Status,
    due: Option<Date>,
    pickup_by: Option<Date>,
    undoes: Option<Status>,
}

struct Loan {
    number: usize,
    library: usize,
    request: String,
    happenings: Vec<Happening>,
}

fn start() -> Timestamp {
    "2031-03-01T00:00:00Z".parse().unwrap()
}

/// `digest`: whether patrons are told together what may wait.
fn libraries(digest: bool) -> Vec<Library> {
    let all = [
        ("WEST", "America/Vancouver", json!({ "due_soon_days": [3], "overdue_days": [1, 7], "pickup_days": [2] })),
        (
            "EAST",
            "America/Halifax",
            json!({ "due_soon_days": [7, 2], "overdue_days": [3], "pickup_days": [4, 1], "hour": 17 }),
        ),
        ("PARIS", "Europe/Paris", json!({ "due_soon_days": [], "overdue_days": [2, 4, 9], "hour": 7 })),
    ];
    let closures = json!([{ "from": "2031-03-20", "to": "2031-03-21" }, { "from": "2031-04-10", "to": "2031-04-14" }]);
    let library = |(code, zone, timing): &(&str, &str, serde_json::Value)| {
        let mut library = record(code);
        library.time_zone = (*zone).to_owned();
        library.timing = serde_json::from_value(timing.clone()).unwrap();
        library.closures = serde_json::from_value(closures.clone()).unwrap();
        library.switches = BTreeMap::from([
            ("shipped".to_owned(), true),
            ("returned".to_owned(), *code == "EAST"),
            ("patron_digest".to_owned(), digest),
        ]);
        // Hundreds of notices in an hour are what is wanted here.
        library.brake_at = Some(0);
        library
    };
    all.iter().map(library).collect()
}

fn zone(library: &Library) -> TimeZone {
    TimeZone::get(&library.time_zone).unwrap()
}

fn day_of(library: &Library, at: Timestamp) -> Date {
    at.to_zoned(zone(library)).date()
}

/// A life as it is told: what has happened so far.
struct Teller<'a> {
    loan: Loan,
    library: &'a Library,
    chance: &'a mut Chance,
    /// Whether its system says when things happened; they may come late then.
    tells_times: bool,
    now: Timestamp,
    due: Date,
}

fn hours(many: i64) -> SignedDuration {
    SignedDuration::from_hours(many)
}

impl Teller<'_> {
    fn tell(&mut self, status: Status, due: Option<Date>, pickup_by: Option<Date>, undoes: Option<Status>) {
        // No two things happen at the same moment.
        let at = self.now + SignedDuration::from_secs(i64::try_from(self.loan.happenings.len()).unwrap());
        let is_late = self.tells_times && self.chance.percent(15);
        let first = at + hours(if is_late { self.chance.below(96) } else { 0 });
        let mut comes = vec![first];
        if self.chance.percent(10) {
            comes.push(first + hours(self.chance.below(72)));
        }
        self.loan.happenings.push(Happening { at, comes, status, due, pickup_by, undoes });
    }

    /// Something between `least` and `least + below` hours later.
    fn later(&mut self, least: i64, below: i64) {
        self.now += hours(least + self.chance.below(below));
    }

    fn undo(&mut self, status: Status) {
        self.tell(Status::Correction, None, None, Some(status));
    }

    fn day(&mut self, least: i64, below: i64) -> Date {
        let days = i32::try_from(least + self.chance.below(below)).unwrap();
        day_of(self.library, self.now) + days.days()
    }

    fn noon_of_due(&self) -> Timestamp {
        self.due.at(12, 0, 0, 0).to_zoned(zone(self.library)).unwrap().timestamp()
    }

    /// Sent off, and perhaps cancelled. Whether it goes on.
    fn asked(&mut self) -> bool {
        self.due = self.day(18, 15);
        let due = self.chance.percent(80).then_some(self.due);
        self.tell(Status::Shipped, due, None, None);
        if self.chance.percent(8) {
            self.later(1, 60);
            self.tell(Status::Cancelled, None, None, None);
            if !self.chance.percent(25) {
                return false;
            }
            self.later(1, 20);
            self.undo(Status::Cancelled);
        }
        true
    }

    /// On the shelf, perhaps by mistake first; and picked up, or not. Whether it goes on.
    fn waited(&mut self) -> bool {
        self.later(12, 80);
        let last_day = self.day(6, 5);
        self.tell(Status::ReadyForPickup, Some(self.due), Some(last_day), None);
        if self.chance.percent(12) {
            self.later(1, 30);
            self.undo(Status::ReadyForPickup);
            if self.chance.percent(20) {
                return false;
            }
            self.later(2, 40);
            let last_day = self.day(6, 5);
            self.tell(Status::ReadyForPickup, Some(self.due), Some(last_day), None);
        }
        if !self.chance.percent(25) {
            self.later(1, 7 * 24);
            self.tell(Status::PickedUp, None, None, None);
        } else if self.chance.percent(60) {
            // Nobody comes for it.
            self.later(9 * 24, 6 * 24);
            self.tell(Status::Returned, None, None, None);
            return false;
        }
        true
    }

    /// Renewed and recalled, and either taken back.
    fn lent(&mut self) {
        if self.chance.percent(30) {
            self.now = self.now.max(self.noon_of_due() - hours(self.chance.below(6 * 24))) + hours(1);
            let before = self.due;
            self.due += i32::try_from(7 + self.chance.below(12)).unwrap().days();
            // Some lenders say yes, and not until when.
            let told = (!self.chance.percent(25)).then_some(self.due);
            self.tell(Status::RenewalAccepted, told, None, None);
            if self.chance.percent(20) {
                self.later(1, 48);
                self.undo(Status::RenewalAccepted);
                self.due = before;
            }
        }
        if self.chance.percent(10) {
            self.later(1, 72);
            let before = self.due;
            self.due = self.day(5, 4);
            self.tell(Status::Recalled, Some(self.due), None, None);
            if self.chance.percent(25) {
                self.later(1, 30);
                self.undo(Status::Recalled);
                self.due = before;
            }
        }
    }

    /// Back, early or late, perhaps after it was lost, perhaps by mistake first.
    fn ended(&mut self) {
        let back = self.noon_of_due() + hours(24 * (self.chance.below(24) - 10));
        self.now = self.now.max(back) + hours(2);
        if self.chance.percent(5) {
            self.tell(Status::LostOrBilled, None, None, None);
            if self.chance.percent(50) {
                return;
            }
            self.later(30, 1);
        }
        self.tell(Status::Returned, None, None, None);
        if self.chance.percent(8) {
            self.later(1, 20);
            self.undo(Status::Returned);
            self.later(24, 100);
            self.tell(Status::Returned, None, None, None);
        }
    }
}

impl Loan {
    fn new(number: usize, libraries: &[Library], chance: &mut Chance) -> Self {
        let library = usize::try_from(chance.below(3)).unwrap();
        let loan = Self { number, library, request: format!("L-{number}"), happenings: Vec::new() };
        let now = start() + SignedDuration::from_mins(chance.below(20 * 24 * 60));
        let (library, tells_times) = (&libraries[library], chance.percent(80));
        let mut teller = Teller { loan, library, tells_times, now, due: day_of(library, now), chance };
        if teller.asked() && teller.waited() {
            teller.lent();
            teller.lent();
            teller.ended();
        }
        teller.loan
    }
}

/// A reminder by what it is about: two of one name are one too many.
type Named = (Status, String);

/// What is true of a loan, worked out from the happenings that are known: the oracle.
struct Truth<'a> {
    library: &'a Library,
    /// What is known and was not taken back, in the order in which it happened, with the time at which we were told.
    stands: Vec<(&'a Happening, Timestamp)>,
    taken_back: Vec<&'a Happening>,
    today: Date,
}

#[derive(PartialEq)]
enum Where {
    OnItsWay,
    OnTheShelf,
    WithThePatron,
    Over(Status),
}

fn is_here(place: &Where) -> bool {
    matches!(place, Where::OnTheShelf | Where::WithThePatron)
}

impl<'a> Truth<'a> {
    fn of(loan: &'a Loan, library: &'a Library, steps: &HashMap<(usize, usize), Timestamp>, now: Timestamp) -> Self {
        let told = loan.happenings.iter().enumerate();
        let mut known: Vec<_> =
            told.filter_map(|(place, one)| Some((one, *steps.get(&(loan.number, place))?))).collect();
        known.sort_by_key(|(one, _)| one.at);
        let (mut stands, mut taken_back): (Vec<(&Happening, Timestamp)>, Vec<&Happening>) = (Vec::new(), Vec::new());
        for one in known {
            if let Some(undone) = one.0.undoes
                && let Some(place) = stands.iter().rposition(|(before, _)| before.status == undone)
            {
                taken_back.push(stands.remove(place).0);
            }
            stands.push(one);
        }
        Self { library, stands, taken_back, today: day_of(library, now) }
    }

    fn place(&self) -> Where {
        let mut place = Where::OnItsWay;
        for (one, _) in &self.stands {
            place = match one.status {
                Status::Shipped => Where::OnItsWay,
                Status::ReadyForPickup => Where::OnTheShelf,
                Status::PickedUp => Where::WithThePatron,
                Status::RenewalAccepted if !matches!(place, Where::Over(_)) => Where::WithThePatron,
                Status::Cancelled | Status::Returned | Status::LostOrBilled => Where::Over(one.status),
                _ => place,
            };
        }
        place
    }

    /// The day that stands, and since when we know it.
    fn day(&self, which: impl Fn(&Happening) -> Option<Date>) -> Option<(Date, Timestamp)> {
        self.day_since(0, which)
    }

    /// The same from what stands at `first` on.
    fn day_since(&self, first: usize, which: impl Fn(&Happening) -> Option<Date>) -> Option<(Date, Timestamp)> {
        let mut day: Option<(Date, Timestamp)> = None;
        for (one, told) in &self.stands[first..] {
            let Some(new) = which(one) else { continue };
            day = Some(match day {
                Some((known, since)) if known == new => (known, since.min(*told)),
                _ => (new, *told),
            });
        }
        day
    }

    fn due(&self) -> Option<(Date, Timestamp)> {
        let is_dateless = |one: &Happening| one.status == Status::RenewalAccepted && one.due.is_none();
        let renewed = self.stands.iter().rposition(|(one, _)| is_dateless(one));
        self.day_since(renewed.map_or(0, |place| place + 1), |one| one.due)
    }

    /// Whether the notice of a happening may leave.
    fn is_true(&self, told: &Happening) -> bool {
        if self.taken_back.iter().any(|one| one.at == told.at) {
            return false;
        }
        let same_day = |told: Option<Date>, now: Option<(Date, Timestamp)>| {
            told.zip(now).is_none_or(|(told, (now, _))| told == now)
        };
        match told.status {
            Status::Shipped => self.place() == Where::OnItsWay,
            Status::ReadyForPickup => {
                self.place() == Where::OnTheShelf && same_day(told.pickup_by, self.day(|one| one.pickup_by))
            }
            Status::RenewalAccepted => !matches!(self.place(), Where::Over(_)) && same_day(told.due, self.due()),
            Status::Recalled => !matches!(self.place(), Where::Over(_)) && told.due == self.due().map(|(day, _)| day),
            Status::LostOrBilled => self.place() == Where::Over(Status::LostOrBilled),
            Status::Cancelled | Status::Returned => matches!(self.place(), Where::Over(_)),
            other => panic!("nobody is told of {other}"),
        }
    }

    /// Whether the item was put back to where a correction took it from.
    fn is_right_again(&self, correction: &Happening) -> bool {
        self.stands.iter().any(|(one, _)| Some(one.status) == correction.undoes && one.at > correction.at)
    }

    /// The reminders that ought to have been made by `now`, where none was made before.
    fn reminders(&self, now: Timestamp) -> Vec<Named> {
        let timing = &self.library.timing;
        let mut found = Vec::new();
        let mut last_of = |status: Status, day: Option<(Date, Timestamp)>, days: &[u8], sign: i32| {
            let Some((day, known)) = day else { return };
            let passed = days.iter().filter_map(|many| {
                let wished = day + (sign * i32::from(*many)).days();
                let mut open = wished;
                while self.library.closures.iter().any(|closed| closed.from <= open && open <= closed.to) {
                    open += sign.signum().days();
                }
                let moment = |day: Date| day.at(timing.hour, 0, 0, 0).to_zoned(zone(self.library)).unwrap().timestamp();
                (moment(wished) >= known && moment(open).max(known) <= now).then_some((moment(open).max(known), *many))
            });
            let is_over = sign < 0 && self.today > day;
            if let Some((_, many)) = passed.max_by_key(|(at, many)| (*at, *many)).filter(|_| !is_over) {
                found.push((status, format!("{day} {many}")));
            }
        };
        let place = self.place();
        if is_here(&place) {
            last_of(Status::DueSoon, self.due(), &timing.due_soon_days, -1);
            last_of(Status::Overdue, self.due(), &timing.overdue_days, 1);
        }
        if place == Where::OnTheShelf {
            last_of(Status::PickupReminder, self.day(|one| one.pickup_by), &timing.pickup_days, -1);
        }
        found
    }

    /// Whether a reminder may still leave.
    fn reminds_truly(&self, (status, name): &Named) -> bool {
        let about: Date = name[..10].parse().unwrap();
        let (place, is_of) = (self.place(), |day: Option<(Date, Timestamp)>| day.is_some_and(|(day, _)| day == about));
        match status {
            Status::PickupReminder => {
                place == Where::OnTheShelf && is_of(self.day(|one| one.pickup_by)) && self.today <= about
            }
            Status::DueSoon => is_here(&place) && is_of(self.due()) && self.today <= about,
            _ => is_here(&place) && is_of(self.due()),
        }
    }
}

/// A message that ought to leave, or one that did: whose, of which status, named by what.
type Notice = (String, Named);

struct Lives {
    world: World,
    libraries: Vec<Library>,
    loans: Vec<Loan>,
    /// When each happening was told of first, by request and place.
    told: HashMap<(usize, usize), Timestamp>,
    /// What is expected to leave as soon as anything does, if it is true then: of which happening, and not before which moment.
    waiting: BTreeMap<Notice, (Option<usize>, Timestamp)>,
    left: BTreeMap<Notice, usize>,
    reminded: BTreeSet<Notice>,
    wrong: Vec<String>,
    broken: Broken,
    /// Whether patrons are told together what may wait.
    digest: bool,
    /// How often that was so, and of how many notices.
    together: (usize, usize),
}

impl Lives {
    async fn new(count: usize, url: Option<String>, broken: Broken, digest: bool) -> Self {
        let world = World::with(|config| {
            config.database = url.unwrap_or_default();
            // What delivers has the clock of this machine.
            config.roles = vec![Role::Intake];
        })
        .await;
        let libraries = libraries(digest);
        for library in &libraries {
            world.put(library.clone()).await;
        }
        let mut chance = Chance(0x5EED_0F1A_57A4_C0DE);
        let loans = (0..count).map(|number| Loan::new(number, &libraries, &mut chance)).collect();
        let (told, waiting, left, reminded) = Default::default();
        let (wrong, together) = Default::default();
        Self { world, libraries, loans, told, waiting, left, reminded, wrong, broken, digest, together }
    }

    /// Tells of all that comes in (`before`, `now`].
    async fn tell(&mut self, before: Timestamp, now: Timestamp) {
        let mut coming = Vec::new();
        for (number, loan) in self.loans.iter().enumerate() {
            for (place, one) in loan.happenings.iter().enumerate() {
                for (time, comes) in
                    one.comes.iter().enumerate().filter(|(_, comes)| **comes > before && **comes <= now)
                {
                    coming.push((*comes, number, place, time));
                }
            }
        }
        coming.sort_unstable();
        let mut handed = Vec::new();
        for (_, number, place, time) in coming {
            let loan = &self.loans[number];
            let one = &loan.happenings[place];
            handed.push(Handed { event: self.event(loan, one, place, time), key: None });
            let key = (number, place);
            // The first time counts.
            if self.told.contains_key(&key) {
                continue;
            }
            self.told.insert(key, now);
            if is_told_to_patrons(one.status, &self.libraries[loan.library]) {
                let not_before = self.not_before(loan, one.status, one.due, now);
                self.waiting.insert((loan.request.clone(), (one.status, place.to_string())), (Some(place), not_before));
            }
        }
        if !handed.is_empty() {
            let intake = &self.world.app().intake;
            intake.take_at(handed, Strictness::Mendable, false, |_| String::new(), now).await.unwrap();
        }
    }

    fn event(&self, loan: &Loan, one: &Happening, place: usize, time: usize) -> Event {
        let mut fields = BTreeMap::from([("title".to_owned(), "The Overstory".to_owned())]);
        let day = |day: Option<Date>| day.map(|day| day.to_string());
        let due =
            if matches!(one.status, Status::RenewalAccepted | Status::Recalled) { "new_due_date" } else { "due_date" };
        fields.extend(day(one.due).map(|day| (due.to_owned(), day)));
        fields.extend(day(one.pickup_by).map(|day| ("pickup_by".to_owned(), day)));
        // Who is told together has several loans.
        let whose = if self.digest { format!("P-{}", loan.number / 8) } else { loan.request.clone() };
        let patron = Patron {
            email: Some(address(&format!("{}@patron.example", whose.to_lowercase()))),
            id: Some(whose),
            ..Patron::default()
        };
        let occurrence = match self.broken {
            Broken::NoMemory => format!("{place} {time}"),
            _ => place.to_string(),
        };
        let at = (self.broken != Broken::NoTimes).then_some(one.at);
        Event {
            library: self.libraries[loan.library].code.clone(),
            request: loan.request.clone(),
            status: one.status,
            side: Side::Borrowing,
            occurrence,
            told: Told { patron, fields, at, undoes: one.undoes, ..Told::default() },
            source: "api",
        }
    }

    /// When a notice made at `now` leaves at the soonest: at once, or where it may wait, ten past the hour of an open day; a reminder waits
    /// ten minutes. Nothing waits for a day that comes before. `about`: the day that it is about.
    fn not_before(&self, loan: &Loan, status: Status, about: Option<Date>, now: Timestamp) -> Timestamp {
        let library = &self.libraries[loan.library];
        let is_reminder = matches!(status, Status::DueSoon | Status::Overdue | Status::PickupReminder);
        let may_wait = is_reminder || matches!(status, Status::RenewalAccepted | Status::Shipped | Status::Returned);
        if !self.digest || !may_wait {
            return now;
        }
        let today = day_of(library, now);
        let is_open = |day: &Date| !library.closures.iter().any(|closed| closed.from <= *day && *day <= closed.to);
        let days = (0..30).map(|ahead: i32| today + ahead.days()).filter(is_open);
        let mut hours =
            days.map(|day| day.at(library.timing.hour, 10, 0, 0).to_zoned(zone(library)).unwrap().timestamp());
        let at = if is_reminder { now + SignedDuration::from_mins(10) } else { hours.find(|at| *at > now).unwrap() };
        let is_before = matches!(status, Status::DueSoon | Status::PickupReminder | Status::RenewalAccepted);
        if is_before && about.is_some_and(|day| day_of(library, at) >= day) { now } else { at }
    }

    /// Makes reminders, and works out which ought to be made.
    async fn remind(&mut self, now: Timestamp) {
        let mut expected = Vec::new();
        for loan in self.loans.iter().filter(|loan| loan.happenings[0].at <= now) {
            let truth = Truth::of(loan, &self.libraries[loan.library], &self.told, now);
            for named in truth.reminders(now) {
                let notice = (loan.request.clone(), named);
                if !self.reminded.contains(&notice) {
                    expected.push(notice);
                }
            }
        }
        for notice in expected {
            self.reminded.insert(notice.clone());
            let loan = self.loans.iter().find(|loan| loan.request == notice.0).unwrap();
            let (status, name) = &notice.1;
            let not_before = self.not_before(loan, *status, name[..10].parse().ok(), now);
            self.waiting.insert(notice, (None, not_before));
        }
        if self.broken == Broken::NoReminders && (30..33).contains(&(now.duration_since(start()).as_hours() / 24)) {
            return;
        }
        while self.world.app().intake.remind(now).await.unwrap() == 200 {}
    }

    /// Lets leave what is true, and compares.
    async fn send(&mut self, now: Timestamp) {
        let store = self.world.app().store.clone();
        let book = self.world.app().book.clone();
        let mut gone: Vec<Notice> = Vec::new();
        let mut round = 0;
        loop {
            let libraries = store.libraries_due(now, "", 10).await.unwrap();
            if libraries.is_empty() {
                break;
            }
            let claimed =
                store.claim_led(libraries, 300, courtesy::queue::leads(round), now, now + LEASE).await.unwrap();
            round += 1;
            let mut settled = Vec::with_capacity(claimed.len());
            for message in &claimed {
                if message.notice == "patron_digest" {
                    settled.push(self.told_together(message, &mut gone, now).await);
                    continue;
                }
                let untrue = match self.broken {
                    Broken::NoLook => None,
                    _ => truth::look(&store, &book, message, now).await.unwrap(),
                };
                settled.push(match untrue {
                    None => {
                        gone.push(self.named(&message.notice, &message.request, &message.fields));
                        over(message, State::Accepted, None, now)
                    }
                    Some(Untrue::Because(why)) => over(message, State::Cancelled, Some(why.code()), now),
                    Some(Untrue::NotKnownYet) => Settled {
                        state: State::Queued,
                        tried: false,
                        due_at: Some(now + SignedDuration::from_mins(1)),
                        ..over(message, State::Queued, None, now)
                    },
                });
            }
            store.settle(settled).await.unwrap();
        }
        self.compare(gone, now);
    }

    /// What a message that tells others comes to, as the service works it out: it leaves with what is true of it.
    async fn told_together(&mut self, message: &Claimed, gone: &mut Vec<Notice>, now: Timestamp) -> Settled {
        let app = self.world.app();
        let library = app.book.library(&message.library).unwrap();
        let mut found =
            together(&app.store, &app.book, &library, message.event, Language::En, false, now).await.unwrap();
        let members = app.store.gathered_in(&message.library, message.event).await.unwrap();
        if self.broken == Broken::NoLookAtParts {
            found.messages.extend(found.left_out.drain(..).map(|one| one.message));
        }
        for member in members.iter().filter(|member| found.messages.contains(&member.row.id)) {
            gone.push(self.named(&member.row.notice, &member.row.request, &member.fields));
        }
        self.together.0 += 1;
        self.together.1 += found.messages.len();
        let mut settled = match found.messages.is_empty() {
            true => over(message, State::Cancelled, Some("untrue.nothing_left"), now),
            false => over(message, State::Accepted, None, now),
        };
        settled.entries.extend(found.left_out.into_iter().map(|one| {
            let (message, request, cause) = (one.message, one.request, one.why.code().to_owned());
            Entry { at: now, what: What::LeftOut { message, request, cause } }
        }));
        settled
    }

    /// What a message is about: for reminders its day, else which happening.
    fn named(&self, notice: &str, request: &str, fields: &str) -> Notice {
        let told: serde_json::Value = serde_json::from_str(fields).unwrap();
        let field = |name: &str| told["fields"][name].as_str().unwrap_or_default().to_owned();
        let status = Status::from_code(notice).unwrap();
        let loan = self.loans.iter().find(|loan| loan.request == request).unwrap();
        let library = &self.libraries[loan.library];
        let name = match status {
            Status::DueSoon | Status::PickupReminder | Status::Overdue => {
                let day = field(if status == Status::PickupReminder { "pickup_by" } else { "due_date" });
                let timing = &library.timing;
                // Which of several: by the level, or by the day on which it was made.
                let days = if status == Status::Overdue {
                    timing.overdue_days[field("overdue_level").parse::<usize>().unwrap() - 1].to_string()
                } else {
                    "?".to_owned()
                };
                format!("{day} {days}")
            }
            _ => {
                let at: Timestamp = told["at"].as_str().unwrap().parse().unwrap();
                let place = loan.happenings.iter().position(|one| one.at == at && one.status == status);
                place.map_or_else(|| format!("at {at}"), |place| place.to_string())
            }
        };
        (request.to_owned(), (status, name))
    }

    fn compare(&mut self, gone: Vec<Notice>, now: Timestamp) {
        let mut expected: Vec<Notice> = Vec::new();
        for (notice, (place, not_before)) in std::mem::take(&mut self.waiting) {
            if not_before > now {
                self.waiting.insert(notice, (place, not_before));
                continue;
            }
            let loan = self.loans.iter().find(|loan| loan.request == notice.0).unwrap();
            let truth = Truth::of(loan, &self.libraries[loan.library], &self.told, now);
            let is_due = match place.map(|place| &loan.happenings[place]) {
                None => truth.reminds_truly(&notice.1),
                Some(one) if one.status == Status::Correction => self.corrects(loan, one, &truth),
                Some(one) => truth.is_true(one),
            };
            if is_due {
                // A message before a day does not say how many days before.
                let (request, (status, name)) = notice;
                let name = match status {
                    Status::DueSoon | Status::PickupReminder => format!("{} ?", &name[..10]),
                    _ => name,
                };
                expected.push((request, (status, name)));
            }
        }
        let mut gone_now = gone.clone();
        for notice in &expected {
            match gone_now.iter().position(|one| one == notice) {
                Some(place) => drop(gone_now.swap_remove(place)),
                None => self.wrong.push(format!("{now} missing {notice:?}")),
            }
        }
        self.wrong.extend(gone_now.iter().map(|notice| format!("{now} not true, or doubled {notice:?}")));
        for notice in gone {
            *self.left.entry(notice).or_default() += 1;
        }
    }

    /// Whether a correction has something to correct: the very event that it takes back had left.
    fn corrects(&self, loan: &Loan, correction: &Happening, truth: &Truth<'_>) -> bool {
        let undone =
            truth.taken_back.iter().filter(|one| Some(one.status) == correction.undoes && one.at < correction.at);
        let Some(undone) = undone.max_by_key(|one| one.at) else { return false };
        let place = loan.happenings.iter().position(|one| one.at == undone.at && one.status == undone.status).unwrap();
        let notice = (loan.request.clone(), (undone.status, place.to_string()));
        self.left.contains_key(&notice) && !truth.is_right_again(correction)
    }

    async fn live(&mut self) {
        let mut before = start() - SignedDuration::from_hours(STEP_HOURS);
        for step in 0..STEPS {
            let hour = step * STEP_HOURS;
            let now = start() + SignedDuration::from_hours(hour);
            self.tell(before, now).await;
            before = now;
            // Each 5 days nobody looks for reminders for 26 hours; each 3 days nothing leaves for 18.
            if hour % 120 >= 26 {
                self.remind(now).await;
            }
            // Now and then nobody gathers: what waits leaves by itself.
            while hour % 96 >= 12 && self.world.app().intake.gather(now).await.unwrap() > 0 {}
            if hour % 72 >= 18 {
                self.send(now).await;
            }
        }
    }
}

/// Notices that are on for the libraries here.
fn is_told_to_patrons(status: Status, library: &Library) -> bool {
    status.notices().any(|entry| {
        let code = entry.notice.code();
        entry.notice.audience == courtesy::notice::catalogue::Audience::Patron
            && library.switches.get(&code).copied().unwrap_or(entry.on_by_default)
    })
}

fn over(message: &Claimed, state: State, cause: Option<&str>, now: Timestamp) -> Settled {
    let entries = cause.map(|cause| Entry { at: now, what: What::NotSent { cause: cause.to_owned() } });
    Settled {
        id: message.id,
        attempt: message.attempt,
        tried: cause.is_none(),
        state,
        cause: cause.map(str::to_owned),
        due_at: None,
        refused: String::new(),
        sender: None,
        provider: None,
        waits_for: None,
        at: now,
        entries: entries.into_iter().collect(),
    }
}

/// What went wrong with so many lives, and how much left in all, by status.
async fn lived(count: usize, url: Option<String>, broken: Broken) -> (Vec<String>, BTreeMap<&'static str, usize>) {
    lived_with(count, url, broken, false).await
}

/// The same, `digest`: where patrons are told together what may wait.
async fn lived_with(
    count: usize,
    url: Option<String>,
    broken: Broken,
    digest: bool,
) -> (Vec<String>, BTreeMap<&'static str, usize>) {
    let mut lives = Lives::new(count, url, broken, digest).await;
    lives.live().await;
    if digest {
        let (messages, notices) = lives.together;
        println!("{notices} notices were told in {messages} messages");
        assert!(messages > count / 10 && notices > 2 * messages - messages / 5, "hardly any were told together");
    }
    let mut by_status = BTreeMap::new();
    for ((_, (status, _)), times) in &lives.left {
        *by_status.entry(status.code()).or_default() += times;
    }
    (lives.wrong, by_status)
}

#[track_caller]
fn all_right(count: usize, (wrong, left): (Vec<String>, BTreeMap<&'static str, usize>)) {
    let mut first = String::new();
    wrong.iter().take(20).for_each(|line| writeln!(first, "{line}").unwrap());
    assert!(wrong.is_empty(), "{} wrong of {count} lives, {left:?}; the first:\n{first}", wrong.len());
    println!("{count} lives: {left:?}");
    for status in
        ["shipped", "ready_for_pickup", "due_soon", "overdue", "pickup_reminder", "correction", "renewal_accepted"]
    {
        assert!(left.get(status).is_some_and(|times| *times > count / 50), "{status} hardly ever left: {left:?}");
    }
}

#[tokio::test]
async fn in_a_thousand_lives_no_notice_is_untrue_missing_or_doubled() {
    all_right(1000, lived(1000, None, Broken::Nothing).await);
}

#[tokio::test]
async fn in_a_thousand_lives_told_together_no_notice_is_untrue_missing_or_doubled() {
    all_right(1000, lived_with(1000, None, Broken::Nothing, true).await);
}

#[tokio::test]
async fn in_a_hundred_lives_on_postgresql_no_notice_is_untrue_missing_or_doubled() {
    match practice::postgres::schema() {
        Ok(url) => all_right(100, lived(100, Some(url), Broken::Nothing).await),
        Err(why) => println!("skipped: {why}"),
    }
}

#[tokio::test]
async fn a_broken_rule_is_seen() {
    for broken in [Broken::NoLook, Broken::NoMemory, Broken::NoReminders, Broken::NoTimes] {
        let (wrong, _) = lived(60, None, broken).await;
        let wanted = if broken == Broken::NoReminders { "missing" } else { "not true" };
        assert!(wrong.iter().any(|line| line.contains(wanted)), "{wrong:?}");
    }
    // Those told together are looked at when they are gathered, and once more when they leave.
    let (wrong, _) = lived_with(200, None, Broken::NoLookAtParts, true).await;
    assert!(wrong.iter().any(|line| line.contains("not true")), "{wrong:?}");
}
