//! The event store of a process: an engine behind the service.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use chassis::{Deps, Service};
use eventstore::{Figures, LogStore, MongoStore};

use super::choices::Store;

/// How often what can be done beside writing is looked after.
const UPKEEP_EVERY: Duration = Duration::from_secs(1);

/// An engine that is ready to serve.
pub(super) enum OpenStore {
    Log(Box<LogStore>),
    MongoDb(Box<MongoStore>),
}

impl OpenStore {
    pub(super) async fn open(store: &Store) -> anyhow::Result<Self> {
        Ok(match store {
            Store::Log(folder) => Self::Log(Box::new(open_log(folder)?)),
            Store::MongoDb(url) => Self::MongoDb(Box::new(MongoStore::open(url).await?)),
        })
    }

    /// Serves the store over the bus, and managers over HTTP.
    pub(super) async fn run(self, deps: &Deps, figures: Figures) -> Service {
        match self {
            Self::Log(store) => {
                let LogStore { writer, reader, upkeep, .. } = *store;
                eventstore::serve(deps, writer, reader.clone(), figures.clone()).await;
                look_after(deps, upkeep);
                let log = reader.log().clone();
                let backup = Arc::new(move |blocks| crate::backup::stream(&log, &blocks));
                eventstore::http::service(deps, Arc::new(reader), &figures, Some(backup))
            }
            Self::MongoDb(store) => {
                let MongoStore { writer, reader } = *store;
                eventstore::serve(deps, writer, reader.clone(), figures.clone()).await;
                eventstore::http::service(deps, Arc::new(reader), &figures, None)
            }
        }
    }
}

fn open_log(folder: &Path) -> anyhow::Result<LogStore> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).context("the system has no randomness")?;
    let store = LogStore::open(folder, Arc::new(eventlog::OsFiles), eventlog::Options::new(salt))?;
    if let Some(torn) = store.report.torn {
        let eventlog::Torn { segment, position, bytes, .. } = torn;
        tracing::warn!(
            segment,
            position,
            bytes,
            "the last batch of the log was torn by a crash; it was cut, nothing acknowledged was in it"
        );
    }
    Ok(store)
}

fn look_after(deps: &Deps, upkeep: eventlog::Upkeep) {
    let tasks = deps.tasks.clone();
    deps.tasks.spawn_blocking("event-store-upkeep", async move {
        while !tasks.is_stopping() {
            if let Err(error) = upkeep.step() {
                tracing::warn!(%error, "an index of the log could not be written; trying again");
            }
            tokio::select! {
                biased;
                () = tasks.stopped() => {}
                () = tokio::time::sleep(UPKEEP_EVERY) => {}
            }
        }
    });
}
