//! One connection, from its bind to its end.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use standards::smpp::{self, Pdu, ShortMessage, command, status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Delivered, Settings, Stream, Submitted, Waiting};

/// How long the other side has for the answer to a bind.
const BIND_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a throttled gateway is left alone at first; twice as long each time in a row.
const THROTTLE_PAUSE: Duration = Duration::from_secs(1);
const THROTTLE_PAUSE_MAX: Duration = Duration::from_secs(30);

/// How often one short message is said again to a throttled gateway before the queue has it back.
const THROTTLED_MAX: u32 = 6;

/// How long we wait for last answers when we take leave.
const LEAVE: Duration = Duration::from_secs(5);

/// Why a connection is over.
pub(super) enum Ended {
    /// We were asked to stop.
    Stopped,
    /// It broke, or the other side took leave.
    Broken(String),
}

/// A bound connection.
pub(super) struct Link {
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
    settings: Settings,
    sequence: u32,
    /// Submitted and not answered, with when the answer is overdue.
    under_way: HashMap<u32, (Waiting, Instant)>,
    /// To be said again, before anything new.
    again: VecDeque<Waiting>,
    /// Not before this may anything be submitted.
    not_before: Instant,
    pause: Duration,
    /// An enquire_link that is not answered yet.
    enquired: Option<Instant>,
    heard: Instant,
}

impl Link {
    /// Signs in on a fresh connection.
    pub(super) async fn bind(stream: Box<dyn Stream>, settings: &Settings) -> Result<Self, String> {
        let now = Instant::now();
        let mut link = Self {
            stream,
            unread: Vec::new(),
            settings: settings.clone(),
            sequence: 0,
            under_way: HashMap::new(),
            again: VecDeque::new(),
            not_before: now,
            pause: THROTTLE_PAUSE,
            enquired: None,
            heard: now,
        };
        let body = smpp::bind(&settings.system_id, &settings.password, &settings.system_type);
        let sequence = link.next();
        link.write(&Pdu::new(command::BIND_TRANSCEIVER, sequence, body)).await?;
        let answer = timeout(BIND_TIMEOUT, async {
            loop {
                let pdu = link.read().await?;
                if pdu.is_answer() && pdu.sequence == sequence {
                    return Ok::<_, String>(pdu);
                }
            }
        });
        let answer = answer.await.map_err(|_| "no answer to our bind".to_owned())??;
        match answer.status {
            status::OK => Ok(link),
            refused => Err(format!("the gateway refused our bind: status 0x{refused:02x}")),
        }
    }

    fn next(&mut self) -> u32 {
        // §3.2: 1 to 0x7fffffff.
        self.sequence = if self.sequence >= 0x7fff_ffff { 1 } else { self.sequence + 1 };
        self.sequence
    }

    async fn write(&mut self, pdu: &Pdu) -> Result<(), String> {
        self.stream.write_all(&pdu.octets()).await.map_err(|error| error.to_string())?;
        self.stream.flush().await.map_err(|error| error.to_string())
    }

    async fn read(&mut self) -> Result<Pdu, String> {
        next_pdu(&mut self.stream, &mut self.unread).await
    }

    /// Submits what waits and takes what is delivered until it ends. Whatever is unanswered then is answered with why.
    pub(super) async fn serve(
        &mut self,
        waiting: &mut mpsc::Receiver<Waiting>,
        deliver: &mpsc::Sender<Delivered>,
        stop: &mut (impl Future<Output = ()> + Unpin),
    ) -> Ended {
        // Acknowledgements come when what was delivered is on disk, in any order.
        let (acknowledge, mut acknowledged) = mpsc::channel::<Pdu>(64);
        let ended = loop {
            let room = self.under_way.len() < self.settings.window;
            let ready = room && Instant::now() >= self.not_before;
            let (not_before, look_at) = (self.not_before, self.look_at());
            let step = tokio::select! {
                biased;
                () = &mut *stop => break Ended::Stopped,
                Some(answer) = acknowledged.recv() => self.write(&answer).await,
                read = next_pdu(&mut self.stream, &mut self.unread) => match read {
                    Ok(pdu) => self.take(pdu, deliver, &acknowledge).await,
                    Err(why) => Err(why),
                },
                next = next_waiting(&mut self.again, waiting), if ready => match next {
                    Some(next) => self.submit(next).await,
                    None => break Ended::Stopped,
                },
                () = sleep_until(not_before), if room && !ready => Ok(()),
                () = sleep_until(look_at) => self.look().await,
            };
            if let Err(why) = step {
                break Ended::Broken(why);
            }
        };
        self.end(&ended).await;
        ended
    }

    async fn submit(&mut self, waiting: Waiting) -> Result<(), String> {
        let sequence = self.next();
        let pdu = Pdu::new(command::SUBMIT_SM, sequence, waiting.short.body());
        let now = Instant::now();
        self.under_way.insert(sequence, (waiting, now + self.settings.enquire_every));
        self.not_before = self.not_before.max(now) + Duration::from_secs(1) / self.settings.per_second.max(1);
        self.write(&pdu).await
    }

    /// One PDU of the other side.
    async fn take(
        &mut self,
        pdu: Pdu,
        deliver: &mpsc::Sender<Delivered>,
        acknowledge: &mpsc::Sender<Pdu>,
    ) -> Result<(), String> {
        self.heard = Instant::now();
        self.enquired = None;
        match pdu.command {
            command::ENQUIRE_LINK => self.write(&pdu.answer(status::OK, Vec::new())).await,
            command::UNBIND => {
                self.write(&pdu.answer(status::OK, Vec::new())).await?;
                Err("the gateway took leave".to_owned())
            }
            command::DELIVER_SM => {
                let Some(short) = ShortMessage::read(&pdu.body) else {
                    return self.write(&pdu.answer(status::OK, vec![0])).await;
                };
                let (done, on_disk) = tokio::sync::oneshot::channel();
                let acknowledge = acknowledge.clone();
                let full = deliver.try_send(Delivered { short, done }).is_err();
                tokio::spawn(async move {
                    let is_done = !full && on_disk.await.unwrap_or(false);
                    let status = if is_done { status::OK } else { status::TRY_AGAIN };
                    // §4.6.2: message_id is empty.
                    let _ = acknowledge.send(pdu.answer(status, vec![0])).await;
                });
                Ok(())
            }
            command if command & smpp::command::RESPONSE != 0 => {
                self.answered(&pdu);
                Ok(())
            }
            _ => self.write(&pdu.answer(status::INVALID_COMMAND, Vec::new())).await,
        }
    }

    /// The answer to something we said; one to an enquire_link is known by having come at all.
    fn answered(&mut self, pdu: &Pdu) {
        let Some((mut waiting, _)) = self.under_way.remove(&pdu.sequence) else { return };
        match pdu.status {
            status::OK => {
                self.pause = THROTTLE_PAUSE;
                let _ = waiting.answer.send(Submitted::Taken(smpp::first_text(&pdu.body)));
            }
            status::THROTTLED | status::QUEUE_FULL if waiting.throttled < THROTTLED_MAX => {
                waiting.throttled += 1;
                self.not_before = Instant::now() + self.pause;
                self.pause = (self.pause * 2).min(THROTTLE_PAUSE_MAX);
                self.again.push_back(waiting);
            }
            refused => {
                let _ = waiting.answer.send(Submitted::Refused(refused));
            }
        }
    }

    /// When we next look whether the other side is still there.
    fn look_at(&self) -> Instant {
        let overdue = self.under_way.values().map(|(_, overdue)| *overdue).min();
        let enquire = self.enquired.unwrap_or(self.heard) + self.settings.enquire_every;
        overdue.map_or(enquire, |overdue| overdue.min(enquire))
    }

    /// Asks whether the other side is there; it is not where it has not answered the last time.
    async fn look(&mut self) -> Result<(), String> {
        let now = Instant::now();
        let overdue = self.under_way.values().any(|(_, overdue)| *overdue <= now);
        let silent = self.enquired.is_some_and(|since| since + self.settings.enquire_every <= now);
        if overdue || silent {
            return Err("the gateway answers no more".to_owned());
        }
        if self.enquired.is_none() {
            self.enquired = Some(now);
            let sequence = self.next();
            return self.write(&Pdu::new(command::ENQUIRE_LINK, sequence, Vec::new())).await;
        }
        Ok(())
    }

    /// Waits for last answers where we leave of our own accord, and tells everybody else that there will be none.
    async fn end(&mut self, ended: &Ended) {
        if matches!(ended, Ended::Stopped) {
            let _ = timeout(LEAVE, async {
                while !self.under_way.is_empty() {
                    let pdu = self.read().await?;
                    if pdu.is_answer() {
                        self.answered(&pdu);
                    }
                }
                let sequence = self.next();
                self.write(&Pdu::new(command::UNBIND, sequence, Vec::new())).await
            })
            .await;
        }
        let why = match ended {
            Ended::Stopped => "we are stopping",
            Ended::Broken(why) => why,
        };
        let unanswered = self.under_way.drain().map(|(_, (waiting, _))| waiting).chain(self.again.drain(..));
        for waiting in unanswered {
            let _ = waiting.answer.send(Submitted::NoLink(why.to_owned()));
        }
    }
}

/// The next PDU. May be dropped and called again: nothing that was read is lost.
async fn next_pdu(stream: &mut Box<dyn Stream>, unread: &mut Vec<u8>) -> Result<Pdu, String> {
    loop {
        if let Some((pdu, length)) = Pdu::read(unread).map_err(|error| error.to_string())? {
            unread.drain(..length);
            return Ok(pdu);
        }
        let read = stream.read_buf(unread).await.map_err(|error| error.to_string())?;
        if read == 0 {
            return Err("the gateway closed the connection".to_owned());
        }
    }
}

/// What is said again comes first.
async fn next_waiting(again: &mut VecDeque<Waiting>, waiting: &mut mpsc::Receiver<Waiting>) -> Option<Waiting> {
    match again.pop_front() {
        Some(next) => Some(next),
        None => waiting.recv().await,
    }
}
