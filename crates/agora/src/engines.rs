//! The engines behind a system's ports, as its settings choose them.

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use eventlog::Maintenance;
use runtime::{Deps, Tasks, event_store, event_store::Figures, sqlite::Location};
use store::{LogStore, Memory, Transport};

use crate::{
    Environment, Schema,
    model::Tables,
    settings::{Bus, EventStore, Models, Settings},
};

/// Time between two looks after the log.
const MAINTENANCE_EVERY: Duration = Duration::from_secs(1);

/// The bus that the settings name. What drives it stops with `bus_tasks`, after everything else.
pub(crate) async fn bus(
    settings: &Settings,
    environment: &Environment,
    bus_tasks: &Tasks,
) -> anyhow::Result<Arc<dyn Transport>> {
    if let Some(transport) = &environment.transport {
        return Ok(Arc::clone(transport));
    }
    match &settings.bus {
        Bus::Memory => Ok(Arc::new(Memory::new())),
        Bus::RabbitMq(url) => rabbitmq(settings.name, url, environment, bus_tasks).await,
    }
}

#[cfg(feature = "rabbitmq")]
async fn rabbitmq(
    name: &str,
    url: &str,
    environment: &Environment,
    bus_tasks: &Tasks,
) -> anyhow::Result<Arc<dyn Transport>> {
    let ids = Arc::clone(&environment.ids);
    let queues = bus_rabbitmq::QueueKind::default();
    let names = bus_rabbitmq::Names::new(name)?;
    let options = bus_rabbitmq::Options { names, name: name.to_owned(), queues, ids };
    let (bus, driver) = bus_rabbitmq::RabbitMq::new(url, options)?;
    let stopping = bus_tasks.clone();
    bus_tasks.spawn("bus", async move { driver.run(stopping.stopped()).await });
    bus.connected().await?;
    Ok(Arc::new(bus))
}

#[cfg(not(feature = "rabbitmq"))]
#[expect(clippy::unused_async, reason = "with the feature it waits for the broker")]
async fn rabbitmq(
    _: &str,
    _: &str,
    _: &Environment,
    _: &Tasks,
) -> anyhow::Result<Arc<dyn Transport>> {
    Err(not_compiled("a bus over RabbitMQ", "rabbitmq"))
}

/// Serves the event store on the bus, if it is this process's to serve.
pub(crate) async fn event_store(
    settings: &Settings,
    environment: &Environment,
    deps: &Deps,
    figures: Figures,
) -> anyhow::Result<()> {
    let folder = match &settings.store {
        EventStore::Own => settings.data.join("log"),
        EventStore::Log(folder) => folder.clone(),
        EventStore::MongoDb(url) => return mongodb(settings.name, url, deps, figures).await,
        EventStore::OnTheBus => return Ok(()),
    };
    let store = LogStore::open(&folder, Arc::clone(&environment.files), environment.log)
        .with_context(|| format!("the log in {} cannot be opened", folder.display()))?;
    let LogStore { writer, reader, maintenance, report } = store;
    if let Some(torn) = report.torn {
        tracing::warn!(
            position = torn.position,
            bytes = torn.bytes,
            "truncated an incomplete batch at the end of the log, as after a crash; it held no acknowledged events"
        );
    }
    event_store::serve(deps, writer, reader, figures).await;
    look_after(&deps.tasks, maintenance);
    Ok(())
}

/// Every second: writes the indexes of full segments, and looks whether the log's files are still there.
fn look_after(tasks: &Tasks, maintenance: Maintenance) {
    let stopping = tasks.clone();
    tasks.spawn_blocking("log-upkeep", async move {
        while !stopping.is_stopping() {
            if let Some(segment) = maintenance.deleted() {
                stopping.fail(
                    "event store",
                    format_args!(
                        "segment {segment} of the log was deleted while the process ran: nothing more can be recorded safely. Restore the \
                         log from a backup"
                    ),
                );
                return;
            }
            if let Err(error) = maintenance.step() {
                tracing::warn!(%error, "cannot write an index of the log; retrying");
            }
            stopping.unless_stopped(tokio::time::sleep(MAINTENANCE_EVERY)).await;
        }
    });
}

#[cfg(feature = "mongodb")]
async fn mongodb(name: &str, url: &str, deps: &Deps, figures: Figures) -> anyhow::Result<()> {
    let options = store_mongodb::MongoOptions {
        database: name.to_owned(),
        application: name.to_owned(),
        ..store_mongodb::MongoOptions::default()
    };
    let store_mongodb::MongoStore { writer, reader } =
        store_mongodb::MongoStore::open(url, options).await?;
    event_store::serve(deps, writer, reader, figures).await;
    Ok(())
}

#[cfg(not(feature = "mongodb"))]
#[expect(clippy::unused_async, reason = "with the feature it waits for the server")]
async fn mongodb(_: &str, _: &str, _: &Deps, _: Figures) -> anyhow::Result<()> {
    Err(not_compiled("an event store in MongoDB", "mongodb"))
}

/// The tables of a read model, where the settings say.
pub(crate) async fn tables(
    settings: &Settings,
    name: &'static str,
    schema: Schema,
    tasks: &Tasks,
) -> anyhow::Result<Tables> {
    let location = match &settings.models {
        Models::Own => file(&settings.data, name)?,
        Models::Sqlite(folder) => file(folder, name)?,
        Models::Memory(prefix) => Location::Memory(format!("{prefix}-{name}")),
        Models::Postgres(url) => return postgres(url, name, schema).await,
    };
    Ok(Tables::sqlite(name, location, schema, tasks)?)
}

#[cfg(feature = "postgres")]
async fn postgres(url: &str, name: &'static str, schema: Schema) -> anyhow::Result<Tables> {
    Ok(Tables::postgres(name, url, schema).await?)
}

#[cfg(not(feature = "postgres"))]
#[expect(clippy::unused_async, reason = "with the feature it waits for the server")]
async fn postgres(_: &str, _: &'static str, _: Schema) -> anyhow::Result<Tables> {
    Err(not_compiled("a read model in PostgreSQL", "postgres"))
}

/// A database of this process's own, beside the log; in memory where read models are.
pub(crate) fn own_database(settings: &Settings, name: &str) -> anyhow::Result<Location> {
    match &settings.models {
        Models::Memory(prefix) => Ok(Location::Memory(format!("{prefix}-{name}"))),
        _ => file(&settings.data, name),
    }
}

fn file(folder: &Path, name: &str) -> anyhow::Result<Location> {
    make_folder(folder)?;
    Ok(Location::File(PathBuf::from(folder).join(format!("{name}.db"))))
}

/// Makes a folder that only its owner can look into.
pub(crate) fn make_folder(folder: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("the folder {} cannot be made", folder.display()))
}

#[cfg(not(all(feature = "rabbitmq", feature = "mongodb", feature = "postgres")))]
fn not_compiled(what: &str, feature: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "{what} is not compiled into this program; add the feature {feature:?} to the dependency on agora in its Cargo.toml"
    )
}
