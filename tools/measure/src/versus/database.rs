//! A PostgreSQL server of our own that syncs what it commits.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use servers::Postgres;
use tokio::{runtime::Runtime, task::JoinSet};
use tokio_postgres::{Client, NoTls};

/// As one would set a server that has a machine to itself: enough memory, and no checkpoint while a turn runs.
const SETTINGS: &[&str] = &["shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=30min"];

pub(super) struct Database {
    server: Postgres,
    runtime: Runtime,
}

impl Database {
    pub(super) fn start() -> anyhow::Result<Self> {
        let server = Postgres::synced(SETTINGS)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let database = Self { server, runtime };
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value = database.shown(setting)?;
            ensure!(value == "on", "{setting} is {value}, so what is committed may be lost");
        }
        Ok(database)
    }

    /// Which server, and how it keeps what it commits.
    pub(super) fn described(&self) -> anyhow::Result<String> {
        let method = self.shown("wal_sync_method")?;
        Ok(format!(
            "PostgreSQL {} with fsync and synchronous_commit on ({method}), {}",
            self.shown("server_version")?,
            SETTINGS.join(", ")
        ))
    }

    fn shown(&self, setting: &str) -> anyhow::Result<String> {
        self.runtime.block_on(async {
            let connected = Connected::to(&self.server).await?;
            Ok(connected.client.query_one(&format!("SHOW {setting}"), &[]).await?.try_get(0)?)
        })
    }

    /// Runs statements one after the other.
    pub(super) fn execute(&self, statements: &[impl AsRef<str>]) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            let connected = Connected::to(&self.server).await?;
            for sql in statements {
                connected.client.batch_execute(sql.as_ref()).await?;
            }
            Ok(())
        })
    }

    pub(super) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub(super) fn server(&self) -> &Postgres {
        &self.server
    }

    /// Processor time that the server's processes have used so far.
    pub(super) fn busy(&self) -> anyhow::Result<Duration> {
        servers::usage::processor_time(self.server.id())
    }
}

/// A connection, driven until this is dropped.
pub(super) struct Connected {
    pub(super) client: Client,
    _driven: JoinSet<Result<(), tokio_postgres::Error>>,
}

impl Connected {
    pub(super) async fn to(server: &Postgres) -> anyhow::Result<Self> {
        let connected = tokio_postgres::connect(&server.url(), NoTls).await;
        let (client, connection) = connected.context("PostgreSQL cannot be reached")?;
        let mut driven = JoinSet::new();
        driven.spawn(connection);
        Ok(Self { client, _driven: driven })
    }
}
