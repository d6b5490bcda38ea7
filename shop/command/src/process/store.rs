//! The event store of a process: an engine behind the service, and the mark of its log in the data folder.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use eventlog::{Files, Hash, Known, Lost, OpenError, Options};
use events::Beside;
use faults::{SlowWriter, Slowness};
use kernel::{Clock as _, Position, Timestamp};
use runtime::{
    Progress,
    clock::SystemClock,
    event_store::{self, Figures},
};
use store::{LogStore, Page, Read, Reader as _, log::LogReader};
use web::{Service, ServiceDeps};

use super::{
    choices::{Choices, Store},
    second,
    witness::{self, NOTE_EVERY},
};
use crate::{
    data_folder::mark::{self, Mark},
    engines::{MongoStore, open_mongo},
};

/// The first of January 2026: no clock that is right shows an earlier time.
const MADE: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
/// A shop that has recorded nothing for longer is most likely one whose clock is ahead.
const QUIET_MAX: Duration = Duration::from_hours(24 * 366);

/// What decides how a store is opened.
#[derive(Clone)]
pub(super) struct Opening {
    pub(super) data: PathBuf,
    pub(super) store: Store,
    pub(super) accept_shorter_log: bool,
    pub(super) accept_clock: bool,
    /// Where the log's files are.
    pub(super) files: Arc<dyn Files>,
}

impl Opening {
    /// As the settings say, with the log's files there.
    pub(super) fn of(choices: &Choices, files: Arc<dyn Files>) -> Self {
        Self {
            data: choices.data.clone(),
            store: choices.store.clone(),
            accept_shorter_log: choices.accept_shorter_log,
            accept_clock: choices.accept_clock,
            files,
        }
    }
}

/// An engine that is ready to serve.
pub(super) struct OpenStore {
    engine: Engine,
    mark: Arc<Mark>,
    /// What it no longer has of what is known, if that is accepted.
    pub(super) lost: Option<Lost>,
}

enum Engine {
    /// With its folder.
    Log(Box<LogStore>, PathBuf),
    MongoDb(Box<MongoStore>),
}

/// Notes the very end of a log, once nothing more is written to it.
pub(super) type LastNote = Box<dyn Fn() + Send + Sync>;

impl OpenStore {
    /// Opens the store that the settings name, unless it lacks what the data folder knows of it. `alone` if no other process can have
    /// begun the shop in this folder.
    pub(super) async fn open(choices: &Opening, alone: bool) -> anyhow::Result<Self> {
        let (data, accept) = (&choices.data, choices.accept_shorter_log);
        let mark = Arc::new(Mark::of_store(data));
        let has_begun =
            || alone && ["secret", "shop.json"].iter().all(|name| data.join(name).exists());
        let known = match mark::of_log(data)? {
            // `shop.json` is written only once there is a log: of that one, nothing more is known.
            None if has_begun() => {
                Some(Known { log: Some(([0; 16], Hash::from_bytes([0; 32]))), ..Known::default() })
            }
            known => known,
        };
        let (engine, lost) = match &choices.store {
            Store::Log(folder) => {
                let log = open_log(folder, Arc::clone(&choices.files), known, accept)?;
                let lost = log.report.lost.clone();
                (Engine::Log(Box::new(log), folder.clone()), lost)
            }
            Store::MongoDb(url) => {
                let (store, lost) = open_on_server(url, known, accept).await?;
                (Engine::MongoDb(Box::new(store)), lost)
            }
        };
        let store = Self { engine, mark, lost };
        if !choices.accept_clock {
            clock_is_likely(SystemClock.now(), store.last_time().await)?;
        }
        Ok(store)
    }

    async fn last_time(&self) -> Option<Timestamp> {
        match &self.engine {
            Engine::Log(store, _) => event_store::last_time(&store.reader).await,
            Engine::MongoDb(store) => event_store::last_time(&store.reader).await,
        }
    }

    /// The own log, if it is that.
    pub(super) fn log(&self) -> Option<&LogReader> {
        match &self.engine {
            Engine::Log(store, _) => Some(&store.reader),
            Engine::MongoDb(_) => None,
        }
    }

    pub(super) async fn head(&self) -> anyhow::Result<Position> {
        Ok(match &self.engine {
            Engine::Log(store, _) => store.reader.head().await?,
            Engine::MongoDb(store) => store.reader.head().await?,
        })
    }

    pub(super) async fn read(&self, read: &Read) -> anyhow::Result<Page> {
        Ok(match &self.engine {
            Engine::Log(store, _) => store.reader.read(read).await?,
            Engine::MongoDb(store) => store.reader.read(read).await?,
        })
    }

    /// Serves the store over the bus, and managers over HTTP.
    pub(super) async fn run(
        self,
        deps: &ServiceDeps,
        figures: Figures,
        beside: Beside,
        slowness: Option<Slowness>,
    ) -> anyhow::Result<(Service, Option<LastNote>)> {
        let mark = self.mark;
        match self.engine {
            Engine::Log(store, folder) => {
                let LogStore { writer, reader, maintenance, .. } = *store;
                match slowness {
                    Some(slowness) => {
                        let writer = SlowWriter { writer, slowness };
                        event_store::serve(deps, writer, reader.clone(), figures.clone()).await;
                    }
                    None => event_store::serve(deps, writer, reader.clone(), figures.clone()).await,
                }
                let kept = Kept { reader: reader.clone(), mark: Arc::clone(&mark), folder };
                look_after(deps, maintenance, kept, figures.progress(deps));
                let log = reader.log().clone();
                let backup = Arc::new(move |blocks| crate::backup::stream(&log, &blocks));
                let last = reader.clone();
                let service =
                    events::service(deps, Arc::new(reader), &figures, Some(backup), beside).await?;
                let service = Service { engine: Some("log files"), ..service };
                Ok((service, Some(Box::new(move || note(&last, &mark)))))
            }
            Engine::MongoDb(store) => {
                let MongoStore { writer, reader } = *store;
                event_store::serve(deps, writer, reader.clone(), figures.clone()).await;
                witness::spawn(deps, mark, false);
                let service =
                    events::service(deps, Arc::new(reader), &figures, None, beside).await?;
                Ok((Service { engine: Some("MongoDB"), ..service }, None))
            }
        }
    }
}

/// Refuses to date events, and with them invoices, by a clock that is most likely wrong: what is recorded keeps its time.
fn clock_is_likely(now: Timestamp, last: Option<Timestamp>) -> anyhow::Result<()> {
    let because = match last {
        _ if now < MADE => "before this version of the shop was made".to_owned(),
        Some(last) if now.since(last) > QUIET_MAX => {
            format!("more than a year after the last event, of {last}")
        }
        _ => return Ok(()),
    };
    bail!(
        "the system clock shows {now}, which is {because}. Events and invoices keep the time they are recorded with, so nothing was \
         recorded. Set the clock right; if it is right, start once with --accept-clock"
    )
}

fn open_log(
    folder: &Path,
    files: Arc<dyn Files>,
    known: Option<Known>,
    accept_loss: bool,
) -> anyhow::Result<LogStore> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).context("the OS random generator failed")?;
    let options = Options { known, accept_loss, ..Options::new(salt) };
    let store = LogStore::open(folder, files, options);
    let store = store.map_err(|error| match error {
        OpenError::Lost(lost) => mark::refusal(&lost),
        OpenError::Locked(folder) => {
            second::refused(&folder);
            OpenError::Locked(folder).into()
        }
        error => error.into(),
    })?;
    if store.report.extended > 0 {
        tracing::warn!(
            bytes = store.report.extended,
            "the last segment of the log was shorter than when it was created. Only zeros were missing, no events, as log.json proves; they \
             were restored. Find out what truncated the file"
        );
    }
    if let Some(torn) = store.report.torn {
        let eventlog::Torn { segment, position, bytes, .. } = torn;
        let meaning = match store.report.lost {
            None => "as after a crash; it held no events known to be acknowledged",
            Some(_) => "although it was acknowledged; its events are lost",
        };
        tracing::warn!(
            segment,
            position,
            bytes,
            "truncated an incomplete batch at the end of the log, {meaning}"
        );
    }
    Ok(store)
}

async fn open_on_server(
    url: &str,
    known: Option<Known>,
    accept_loss: bool,
) -> anyhow::Result<(MongoStore, Option<Lost>)> {
    let store = open_mongo(url).await?;
    let Some(known) = known else { return Ok((store, None)) };
    let reader = &store.reader;
    let read = |read| async move { reader.read(&read).await };
    match witness::look_for(&known, read).await? {
        Some(lost) if !accept_loss => Err(mark::refusal(&lost)),
        lost => Ok((store, lost)),
    }
}

/// A log that is looked after.
struct Kept {
    reader: LogReader,
    mark: Arc<Mark>,
    folder: PathBuf,
}

/// Every second: writes indexes, looks whether another process was refused, notes how far the log is, and looks whether its files are still there.
fn look_after(
    deps: &ServiceDeps,
    maintenance: eventlog::Maintenance,
    Kept { reader, mark, folder }: Kept,
    store: Progress,
) {
    let tasks = deps.tasks.clone();
    deps.tasks.spawn_blocking("event-store-upkeep", async move {
        while !tasks.is_stopping() {
            if let Some(segment) = maintenance.deleted() {
                tasks.fail(
                    "event-store",
                    format_args!(
                        "segment {segment} of the log was deleted while the shop ran: nothing more can be recorded safely. Restore the log \
                         from a backup, into a data folder that nothing deletes"
                    ),
                );
                return;
            }
            note(&reader, &mark);
            second::look(&folder, &store);
            if let Err(error) = maintenance.step() {
                tracing::warn!(%error, "cannot write an index of the log; retrying");
            }
            tasks.unless_stopped(tokio::time::sleep(NOTE_EVERY)).await;
        }
    });
}

fn note(reader: &LogReader, mark: &Mark) {
    match reader.log().known() {
        Ok(known) => mark.keep(known),
        Err(error) => tracing::warn!(%error, "cannot read the end of the log; retrying"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_far_from_the_last_event_is_not_believed() {
        let last = MADE + Duration::from_hours(24 * 300);
        for now in [last, last + QUIET_MAX, last - Duration::from_hours(24 * 30), MADE] {
            assert!(clock_is_likely(now, Some(last)).is_ok(), "{now}");
        }
        for (now, said) in [
            (last + QUIET_MAX + Duration::from_hours(1), "more than a year after"),
            (Timestamp::from_micros(0), "before this version"),
        ] {
            let refused = clock_is_likely(now, Some(last)).expect_err("it is refused").to_string();
            assert!(refused.contains(said) && refused.contains("--accept-clock"), "{refused}");
        }
        assert!(clock_is_likely(MADE, None).is_ok(), "a new shop");
    }
}
