//! The writer: gathers what waits, runs it in one transaction, answers all callers after the commit.
//!
//! Events and outcomes, the two things there are thousands of, are gathered into few statements. Any other write rides
//! along in the same transaction on SQLite, which has one writer at a time. On PostgreSQL it is a transaction of its
//! own, beside the others: it holds nobody up, and no locks longer than it needs them.

use futures_core::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::accept::{Accepted, NewEvent, accept_all};
use super::audit::{Deed, noted};
use super::do_not_send::Unlisted;
use super::engine::{Patience, Pool, Tx};
use super::settled::{Settled, settle_all};
use super::statement::query;
use super::{Result, StoreError};

/// Writes waiting to be taken up. A full line makes callers wait, which is the back-pressure we want.
const LINE: usize = 4096;

/// Writes gathered into one transaction at most; beyond some hundreds an fsync is shared well enough.
const GATHER_MAX: usize = 512;

/// Events plus outcomes in one transaction at most, so that no caller waits long behind a flood.
const ROWS_MAX: usize = 4000;

type Other = Box<dyn for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<()>> + Send>;

enum Write {
    Accept(Vec<NewEvent>, oneshot::Sender<Result<Vec<Accepted>>>),
    Settle(Vec<Settled>, oneshot::Sender<Result<Vec<bool>>>),
    Other(Other, oneshot::Sender<Result<()>>),
    /// Write what has been handed over, and take nothing more.
    Close,
}

impl Write {
    fn rows(&self) -> usize {
        match self {
            Self::Accept(events, _) => events.len(),
            Self::Settle(settled, _) => settled.len(),
            Self::Other(..) => 1,
            Self::Close => 0,
        }
    }
}

/// A handle to the writer task.
#[derive(Clone)]
pub(super) struct Writer {
    pool: Pool,
    line: mpsc::Sender<Write>,
    stopped: std::sync::Arc<tokio::sync::Mutex<Option<tokio::task::JoinHandle<()>>>>,
    /// What its writes are noted as.
    deed: Option<std::sync::Arc<Deed>>,
}

impl Writer {
    /// Starts the writer on its own connections.
    pub(super) fn start(pool: Pool) -> Self {
        let (line, waiting) = mpsc::channel(LINE);
        let task = tokio::spawn(run(pool.clone(), waiting));
        Self { pool, line, stopped: std::sync::Arc::new(tokio::sync::Mutex::new(Some(task))), deed: None }
    }

    /// The same, whose writes are noted as `deed`, each in its transaction.
    pub(super) fn noting(self, deed: Deed) -> Self {
        Self { deed: Some(std::sync::Arc::new(deed)), ..self }
    }

    /// Waits until the task is gone.
    pub(super) async fn gone(&self) {
        self.line.closed().await;
    }

    /// Whether the task is gone.
    pub(super) fn is_gone(&self) -> bool {
        self.line.is_closed()
    }

    /// Has the task write what it holds, and waits for that. Other handles get [`StoreError::Closed`] from now on.
    pub(super) async fn stop(self) {
        let task = self.stopped.lock().await.take();
        // An error means that it has ended already.
        let _ = self.line.send(Write::Close).await;
        if let Some(task) = task {
            let _ = tokio::time::timeout(super::BUSY_TIMEOUT, task).await;
        }
    }

    /// See [`super::Store::empty_log`].
    pub(super) async fn empty_log(&self) -> Result<bool> {
        self.pool.empty_log().await
    }

    pub(super) async fn accept(&self, events: Vec<NewEvent>) -> Result<Vec<Accepted>> {
        self.put(|answer| Write::Accept(events, answer)).await
    }

    pub(super) async fn settle(&self, settled: Vec<Settled>) -> Result<Vec<bool>> {
        self.put(|answer| Write::Settle(settled, answer)).await
    }

    /// Runs `write` in the next transaction and gives what it found.
    pub(super) async fn write<T, F>(&self, write: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send + 'static,
    {
        let deed = self.deed.clone();
        if self.pool.is_postgres() {
            let mut tx = self.pool.begin().await?;
            let before = Unlisted::now();
            let value = write(&mut tx).await?;
            let value = noted(&mut tx, value, deed).await?;
            let committed = tx.commit().await;
            before.seen_by_others();
            return committed.map(|()| value);
        }
        let (found, gives) = oneshot::channel();
        let other: Other = Box::new(move |tx| {
            Box::pin(async move {
                let value = write(tx).await?;
                let _ = found.send(noted(tx, value, deed).await?);
                Ok(())
            })
        });
        self.put(|answer| Write::Other(other, answer)).await?;
        gives.await.map_err(|_| StoreError::Closed)
    }

    async fn put<T>(&self, write: impl FnOnce(oneshot::Sender<Result<T>>) -> Write) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.line.send(write(answer)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

async fn run(pool: Pool, mut waiting: mpsc::Receiver<Write>) {
    let mut gathered = Vec::new();
    while waiting.recv_many(&mut gathered, 1).await > 0 {
        let mut rows = gathered[0].rows();
        while gathered.len() < GATHER_MAX && rows < ROWS_MAX {
            match waiting.try_recv() {
                Ok(write) => {
                    rows += write.rows();
                    gathered.push(write);
                }
                Err(_) => break,
            }
        }
        if gathered.iter().any(|write| matches!(write, Write::Close)) {
            // What stands in the line before it is closed is still read.
            waiting.close();
            gathered.retain(|write| !matches!(write, Write::Close));
        }
        if !gathered.is_empty() {
            together(&pool, std::mem::take(&mut gathered)).await;
        }
    }
    pool.close().await;
}

/// Who waits for the commit, and with what in hand.
enum Owed {
    Accepted(oneshot::Sender<Result<Vec<Accepted>>>, Vec<Accepted>),
    Settled(oneshot::Sender<Result<Vec<bool>>>, Vec<bool>),
    Done(oneshot::Sender<Result<()>>),
}

impl Owed {
    fn pay(self, outcome: std::result::Result<(), &str>) {
        let broken = |why: &str| StoreError::Together(why.to_owned());
        match (self, outcome) {
            (Self::Accepted(answer, found), Ok(())) => drop(answer.send(Ok(found))),
            (Self::Settled(answer, written), Ok(())) => drop(answer.send(Ok(written))),
            (Self::Done(answer), Ok(())) => drop(answer.send(Ok(()))),
            (Self::Accepted(answer, _), Err(why)) => drop(answer.send(Err(broken(why)))),
            (Self::Settled(answer, _), Err(why)) => drop(answer.send(Err(broken(why)))),
            (Self::Done(answer), Err(why)) => drop(answer.send(Err(broken(why)))),
        }
    }
}

/// One transaction for all of `writes`. Whatever breaks it breaks it for all: nobody is told that something is on
/// disk which is not.
async fn together(pool: &Pool, writes: Vec<Write>) {
    let mut owed = Vec::with_capacity(writes.len());
    let outcome = attempt(pool, writes, &mut owed).await;
    if let Err(error) = &outcome {
        tracing::error!(%error, waiting = owed.len(), "a transaction failed");
    }
    let words = outcome.map_err(|error| error.to_string());
    for one in owed {
        one.pay(words.as_ref().map(|_| ()).map_err(String::as_str));
    }
}

async fn attempt(pool: &Pool, writes: Vec<Write>, owed: &mut Vec<Owed>) -> Result<()> {
    let mut events = Vec::new();
    let mut asked = Vec::new();
    let mut settled = Vec::new();
    let mut settling = Vec::new();
    let mut others = Vec::new();
    for write in writes {
        match write {
            Write::Accept(more, answer) => {
                asked.push((more.len(), answer));
                events.extend(more);
            }
            Write::Settle(more, answer) => {
                settling.push((more.len(), answer));
                settled.extend(more);
            }
            Write::Other(other, answer) => others.push((other, answer)),
            Write::Close => {}
        }
    }
    let (tx, written, accepted) = match in_bulk(pool, &settled, &events, others.is_empty()).await {
        Ok(begun) => begun,
        Err(error) => {
            owed.extend(asked.into_iter().map(|(_, answer)| Owed::Accepted(answer, Vec::new())));
            owed.extend(settling.into_iter().map(|(_, answer)| Owed::Settled(answer, Vec::new())));
            owed.extend(others.into_iter().map(|(_, answer)| Owed::Done(answer)));
            return Err(error);
        }
    };
    let mut written = written.into_iter();
    for (count, answer) in settling {
        owed.push(Owed::Settled(answer, written.by_ref().take(count).collect()));
    }
    let mut accepted = accepted.into_iter();
    for (count, answer) in asked {
        owed.push(Owed::Accepted(answer, accepted.by_ref().take(count).collect()));
    }
    match tx {
        None => Ok(()),
        Some(tx) => one_by_one(tx, others, owed).await,
    }
}

/// Writes outcomes and events, and commits where that `is_all`; otherwise gives the transaction back.
///
/// Where the database goes away meanwhile, all is written again, also after a commit that nobody answered: an outcome is
/// written for its attempt once, and was written where it was the first time; an event that we find under its own id is the one
/// we wrote.
async fn in_bulk(
    pool: &Pool,
    settled: &[Settled],
    events: &[NewEvent],
    is_all: bool,
) -> Result<(Option<Tx>, Vec<bool>, Vec<Accepted>)> {
    let mut patience = Patience::new();
    let mut written = vec![false; settled.len()];
    loop {
        let tried = async {
            let mut tx = pool.begin().await?;
            let before = Unlisted::now();
            for (was, is) in written.iter_mut().zip(settle_all(&mut tx, settled).await?) {
                *was |= is;
            }
            let accepted = accept_all(&mut tx, events).await?;
            if !is_all {
                return Ok((Some(tx), accepted));
            }
            let committed = tx.commit().await;
            before.seen_by_others();
            committed.map(|()| (None, accepted))
        };
        match tried.await {
            Err(error) if pool.is_postgres() => patience.or(error).await?,
            tried => return tried.map(|(tx, accepted)| (tx, written, accepted)),
        }
    }
}

/// Runs the other writes on SQLite, and commits.
async fn one_by_one(mut tx: Tx, others: Vec<(Other, oneshot::Sender<Result<()>>)>, owed: &mut Vec<Owed>) -> Result<()> {
    for (other, answer) in others {
        // A savepoint each: one caller's conflict is not the others' loss.
        query("savepoint one").execute(&mut tx).await?;
        match other(&mut tx).await {
            Ok(()) => {
                query("release one").execute(&mut tx).await?;
                owed.push(Owed::Done(answer));
            }
            Err(error) => {
                query("rollback to one").execute(&mut tx).await?;
                query("release one").execute(&mut tx).await?;
                let _ = answer.send(Err(error));
            }
        }
    }
    tx.commit().await
}
