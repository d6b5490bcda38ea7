//! A model on a server with its generations, each in a place of its own there.
//!
//! ```text
//!  instance 1 (holds the lease): builds, compares, switches ──┐
//!  instance 2: reads the record every second ─────────────────┼──▶ record ──▶ place 1, place 2, …
//!  instance 3: …                                              ┘
//! ```
//!
//! Which generation serves is in the record, which is replaced by compare-and-swap. An instance answers from what it knew at most
//! [`FRESH`] ago. Both generations are taken through the log until one is dropped, so one that learns of a switch a moment later has
//! answered correctly meanwhile. What was dropped is removed after [`REST`]: by then no instance reads it.

mod digest;
mod forward;
mod generations;
mod record;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kernel::sync;
use tokio::{
    sync::{Mutex, oneshot, watch},
    time::Instant,
};

use super::{
    ReadModel, Shared,
    server::{CALL, opened},
};
use crate::{ModelError, Tasks};
pub use digest::Part;
use record::{FIRST, Record};

/// The time between two looks at the record.
const LOOK: Duration = Duration::from_secs(1);
/// How old an instance's knowledge of the record may be when it answers.
const FRESH: Duration = Duration::from_secs(2);
/// How long a dropped generation is left where it is: longer than [`FRESH`] and a call together.
const REST: Duration = Duration::from_secs(5);
/// How often a change of the record is tried when others change it too.
const TRIES: u32 = 8;

/// A model in one place on a server, beside which there can be other generations of it.
#[async_trait]
pub trait Relocatable: ReadModel + Shared + Sized {
    /// The model in the place of another generation. Nothing is asked of the server yet.
    fn beside(&self, number: u32) -> Result<Self, ModelError>;

    /// The record of the generations, which is kept apart from the model's rows; none if nothing was recorded.
    async fn record(&self) -> Result<Option<String>, ModelError>;

    /// Puts `next` in the place of `seen`, durably; false, and nothing changed, if something else is there.
    async fn replace_record(&self, seen: Option<&str>, next: &str) -> Result<bool, ModelError>;

    /// Removes the model and its place, which is not the first one.
    async fn remove(&self) -> Result<(), ModelError>;

    /// The rows by part, as of one state; `begun` is sent or dropped once later changes no longer show.
    async fn digest(&self, begun: oneshot::Sender<()>) -> Result<Vec<Part>, ModelError> {
        let lines = self.dump().await?;
        drop(begun);
        Ok(digest::of_lines(&lines))
    }

    /// This instance has taken the lease for the first time in a term.
    fn begins_term(&self, _term: u64) {}
}

/// A model with its generations.
pub struct Served<M> {
    /// In the place that the setting names: with the lease and the record, whichever generation serves.
    first: Arc<M>,
    known: RwLock<Known<M>>,
    /// Held while the server is asked for the record; when it was asked last without success, and why.
    asking: Mutex<Option<(Instant, String)>>,
    number: watch::Sender<u32>,
    /// Counts what others changed.
    changes: watch::Sender<u64>,
    /// Whether this instance holds the lease, and so looks after the generations; in which term it took it.
    holds: AtomicBool,
    term: AtomicU64,
    turn: Mutex<()>,
}

/// Generations pending removal, since when, and the last failure that was reported.
#[derive(Default)]
struct Sweeping {
    seen: BTreeMap<u32, Instant>,
    told: Option<String>,
}

/// What an instance knows of the generations.
struct Known<M> {
    record: Record,
    /// As it is written.
    text: Option<String>,
    /// Whether the server has answered yet.
    is_read: bool,
    /// When it was so; not known while it is being replaced.
    at: Option<Instant>,
    serving: Arc<M>,
    beside: Option<(u32, Arc<M>)>,
}

impl<M: Relocatable> Served<M> {
    /// Opens the model whose first place `first` is. A server that does not answer may do so later; one that refuses us is an error.
    pub async fn open(first: M, name: &str, tasks: &Tasks) -> Result<Arc<Self>, ModelError> {
        let first = opened(first, name).await?;
        let known = Known {
            record: Record::read(None)?,
            text: None,
            is_read: false,
            at: None,
            serving: Arc::clone(&first),
            beside: None,
        };
        let served = Arc::new(Self {
            first,
            known: RwLock::new(known),
            asking: Mutex::default(),
            number: watch::Sender::new(FIRST),
            changes: watch::Sender::new(0),
            holds: AtomicBool::new(false),
            term: AtomicU64::new(0),
            turn: Mutex::default(),
        });
        match served.refreshed().await {
            Ok(()) | Err(ModelError::Unavailable(_)) => {}
            Err(error) => return Err(error),
        }
        let looking = Arc::downgrade(&served);
        tasks.spawn_until_stopped("generations", async move {
            let mut sweeping = Sweeping::default();
            loop {
                tokio::time::sleep(LOOK).await;
                let Some(served) = looking.upgrade() else { return };
                // Readers get the error.
                if served.refreshed().await.is_ok() {
                    served.sweep(&mut sweeping).await;
                }
            }
        });
        Ok(served)
    }

    /// The generation that serves, as far as was known at most [`FRESH`] ago. It may be read for as long as a call may take.
    pub async fn current(&self) -> Result<Arc<M>, ModelError> {
        if let Some(serving) = self.fresh() {
            return Ok(serving);
        }
        let asked = tokio::time::timeout(CALL, self.refreshed()).await;
        asked.map_err(|_| ModelError::Unavailable("no answer in time".to_owned()))??;
        Ok(Arc::clone(&sync::read(&self.known).serving))
    }

    fn fresh(&self) -> Option<Arc<M>> {
        let known = sync::read(&self.known);
        known.at.is_some_and(|at| at.elapsed() < FRESH).then(|| Arc::clone(&known.serving))
    }

    /// Asks the server for the record. Those that wait for the same answer share it, a failure too.
    async fn refreshed(&self) -> Result<(), ModelError> {
        let wanted = Instant::now();
        let mut failed = self.asking.lock().await;
        if sync::read(&self.known).at.is_some_and(|at| at >= wanted) {
            return Ok(());
        }
        if let Some((_, reason)) = failed.as_ref().filter(|(at, _)| *at >= wanted) {
            return Err(ModelError::Unavailable(reason.clone()));
        }
        self.ask(&mut failed).await
    }

    /// Asks the server for the record. `failed` is what `asking` holds.
    async fn ask(&self, failed: &mut Option<(Instant, String)>) -> Result<(), ModelError> {
        let at = Instant::now();
        let text = match self.first.record().await {
            Ok(text) => text,
            Err(error) => {
                *failed = Some((at, error.to_string()));
                return Err(error);
            }
        };
        let is_new = {
            let mut known = sync::write(&self.known);
            let is_known = known.is_read && known.text == text;
            if is_known {
                known.at = Some(at);
            }
            !is_known
        };
        if is_new {
            let record = Record::read(text.as_deref())?;
            self.learn(record, text, at)?;
            self.changes.send_modify(|count| *count += 1);
        }
        Ok(())
    }

    /// Replaces the record by what `change` makes of it.
    async fn update(
        &self,
        change: impl Fn(&Record) -> Result<Record, ModelError> + Send,
    ) -> Result<(), ModelError> {
        let mut failed = self.asking.lock().await;
        for _ in 0..TRIES {
            self.ask(&mut failed).await?;
            let (seen, next) = {
                let known = sync::read(&self.known);
                (known.text.clone(), change(&known.record)?)
            };
            let (text, at) = (next.text()?, Instant::now());
            if seen.as_ref() == Some(&text) {
                return Ok(());
            }
            // Whether it is replaced is not known without an answer: then it is asked for before anything else.
            sync::write(&self.known).at = None;
            if self.first.replace_record(seen.as_deref(), &text).await? {
                return self.learn(next, Some(text), at);
            }
        }
        Err(ModelError::Unavailable(
            "other instances keep changing the record of the generations".to_owned(),
        ))
    }

    fn learn(&self, record: Record, text: Option<String>, at: Instant) -> Result<(), ModelError> {
        let current = record.current;
        {
            let mut known = sync::write(&self.known);
            let serving = self.place(&known, current)?;
            let beside = match record.other {
                Some(other) => Some((other.number, self.place(&known, other.number)?)),
                None => None,
            };
            *known = Known { record, text, is_read: true, at: Some(at), serving, beside };
        }
        self.number.send_if_modified(|number| std::mem::replace(number, current) != current);
        Ok(())
    }

    /// The place of a generation, kept open if it is.
    fn place(&self, known: &Known<M>, number: u32) -> Result<Arc<M>, ModelError> {
        if number == FIRST {
            return Ok(Arc::clone(&self.first));
        }
        if number == known.record.current {
            return Ok(Arc::clone(&known.serving));
        }
        match &known.beside {
            Some((open, place)) if *open == number => Ok(Arc::clone(place)),
            _ => {
                let place = self.first.beside(number)?;
                place.begins_term(self.term.load(Ordering::Relaxed));
                Ok(Arc::new(place))
            }
        }
    }

    /// Removes what was dropped for longer than any instance may still read it.
    async fn sweep(&self, sweeping: &mut Sweeping) {
        let dropped = sync::read(&self.known).record.dropped.clone();
        sweeping.seen.retain(|number, _| dropped.contains(number));
        if !self.holds.load(Ordering::Relaxed) {
            return;
        }
        for number in dropped {
            let since = *sweeping.seen.entry(number).or_insert_with(Instant::now);
            if since.elapsed() < REST {
                continue;
            }
            match self.swept(number).await {
                Ok(()) => sweeping.told = None,
                Err(error) => {
                    let why = error.to_string();
                    if sweeping.told.as_ref() != Some(&why) {
                        tracing::warn!(%error, generation = number, "a dropped read model cannot be removed; retrying");
                    }
                    sweeping.told = Some(why);
                    sweeping.seen.insert(number, Instant::now());
                }
            }
        }
    }

    async fn swept(&self, number: u32) -> Result<(), ModelError> {
        if number == FIRST {
            // The place stays, with the lease.
            self.first.reset().await?;
        } else {
            self.first.beside(number)?.remove().await?;
        }
        self.update(|record| Ok(record.removed(number))).await
    }
}
