//! The connections to the server: a small pool with short timeouts; a connection is not reused after a failure.

use std::{
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Transaction,
};
use runtime::{
    ModelError,
    model::server::{CALL, CONNECT, Remote, TRANSACTION_REST},
};
use tokio_postgres::{NoTls, error::SqlState};

use super::location::PostgresLocation;
use crate::model::Postgres;

/// Version of the table layout. A model of another version is emptied and rebuilt from the log.
pub(super) const SCHEMA: i32 = 6;
/// How long emptying or dumping a model may take.
const LONG: Duration = Duration::from_mins(1);
/// How long comparing the rows of a model may take.
const DIGEST: Duration = Duration::from_mins(30);
/// Connections kept open: one projects, the others read.
const CONNECTIONS_MAX: usize = 8;

/// The tables, by their names.
pub(super) const NAMES: [&str; 8] =
    ["aside", "checkpoint", "lease", "orders", "person", "product", "step", "tally"];
/// Orders are keyed by where they were placed, so that rows, lists and steps all grow at the end.
const TABLES: &str = "
    CREATE TABLE checkpoint (schema INT NOT NULL, position BIGINT NOT NULL);
    CREATE TABLE lease (term BIGINT NOT NULL, beat BIGINT NOT NULL, one BOOL PRIMARY KEY DEFAULT true CHECK (one));
    CREATE TABLE orders (
        placed BIGINT PRIMARY KEY,
        id UUID NOT NULL UNIQUE,
        customer UUID NOT NULL,
        product UUID NOT NULL,
        product_name TEXT NOT NULL,
        quantity BIGINT NOT NULL,
        price BIGINT NOT NULL,
        currency TEXT NOT NULL,
        placed_at BIGINT NOT NULL,
        status SMALLINT NOT NULL,
        stock SMALLINT NOT NULL,
        credit SMALLINT NOT NULL,
        reasons SMALLINT NOT NULL,
        invoice BIGINT,
        updated BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        ended_at BIGINT,
        correlation UUID NOT NULL,
        channel SMALLINT NOT NULL
    );
    CREATE INDEX orders_correlation ON orders (correlation);
    CREATE INDEX orders_customer ON orders (customer, placed);
    CREATE INDEX orders_changed ON orders (customer, updated);
    CREATE INDEX orders_open ON orders (placed) WHERE status IN (0, 2);
    CREATE INDEX orders_running ON orders (placed) WHERE status IN (0, 2) OR status = 3 AND (stock <> 4 OR credit <> 4 OR invoice IS NULL) OR status = 1 AND (stock NOT IN (2, 3) OR credit NOT IN (2, 3));
    CREATE TABLE step (
        position BIGINT PRIMARY KEY,
        placed BIGINT NOT NULL,
        service TEXT NOT NULL,
        kind TEXT NOT NULL,
        actor TEXT NOT NULL,
        cause BIGINT,
        at BIGINT NOT NULL,
        details TEXT NOT NULL
    );
    CREATE INDEX step_order ON step (placed, position);
    CREATE TABLE product (
        id UUID PRIMARY KEY,
        name TEXT NOT NULL,
        price BIGINT NOT NULL,
        currency TEXT NOT NULL,
        listed BOOL NOT NULL
    );
    CREATE TABLE person (id UUID PRIMARY KEY, \"user\" TEXT COLLATE \"C\" NOT NULL UNIQUE);
    CREATE TABLE tally (placed BIGINT NOT NULL, canceled BIGINT NOT NULL, finalized BIGINT NOT NULL);
    INSERT INTO tally VALUES (0, 0, 0);
    CREATE TABLE aside (position BIGINT PRIMARY KEY, stream TEXT NOT NULL, version BIGINT NOT NULL, reason TEXT NOT NULL);";

/// Where the event is noted that begins the log; models of older versions lack it.
const ORIGIN: &str = "ALTER TABLE checkpoint ADD COLUMN IF NOT EXISTS first_event UUID";
/// The record of the generations. It stays where the model is emptied or replaced.
const RECORD: &str = "CREATE TABLE IF NOT EXISTS generations (
    record TEXT NOT NULL, one BOOL PRIMARY KEY DEFAULT true CHECK (one))";

/// A PostgreSQL server that holds the model.
pub(super) struct Server {
    location: PostgresLocation,
    pub(super) pool: Pool,
    /// Whether the tables are known to be there and ours.
    ready: AtomicBool,
    remote: Remote<Postgres>,
}

/// Why a call failed.
pub(super) enum Failure {
    Model(ModelError),
    Pool(PoolError),
    Postgres(tokio_postgres::Error),
}

/// A connection out of the pool; thrown away unless it is given back.
pub(super) struct Connection(pub(super) Option<Object>);

/// What a session is set to.
fn options(namespace: &str) -> String {
    let rest_ms = TRANSACTION_REST.as_millis();
    format!("-c search_path={namespace} -c idle_in_transaction_session_timeout={rest_ms}")
}

impl Server {
    pub(super) fn new(location: PostgresLocation) -> Result<Self, ModelError> {
        let mut config = (*location.config).clone();
        config
            .connect_timeout(CONNECT)
            .application_name("agora-order")
            .options(options(&location.namespace));
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config, NoTls, recycling);
        let pool = Pool::builder(manager).max_size(CONNECTIONS_MAX).build();
        let pool = pool.map_err(|error| ModelError::Other(error.to_string()))?;
        let remote = Remote::new(location.address());
        Ok(Self { location, pool, ready: AtomicBool::new(false), remote })
    }

    /// Waits for `work`, but not for long.
    pub(super) async fn call<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, ModelError> {
        self.within(CALL, work).await
    }

    /// Waits for `work` that may take long.
    pub(super) async fn long_call<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, ModelError> {
        self.within(LONG, work).await
    }

    /// Waits for a comparison.
    pub(super) async fn digest_call<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, ModelError> {
        self.within(DIGEST, work).await
    }

    pub(super) fn location(&self) -> &PostgresLocation {
        &self.location
    }

    async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, ModelError> {
        self.remote.within(limit, work).await?.map_err(|failure| self.named(failure))
    }

    /// A connection to a database that has our tables.
    pub(super) async fn connection(&self) -> Result<Connection, Failure> {
        let mut connection = Connection(Some(self.pool.get().await?));
        if !self.ready.load(Ordering::Relaxed) {
            self.prepare(&mut connection).await?;
            self.ready.store(true, Ordering::Relaxed);
            self.remote.mark_ours();
        }
        Ok(connection)
    }

    /// Creates the tables if there are none, and replaces those of an older layout.
    async fn prepare(&self, connection: &mut Connection) -> Result<(), Failure> {
        let namespace = &self.location.namespace;
        let tx = connection.transaction().await?;
        // One instance after the other. The number is any that others do not lock.
        tx.execute("SELECT pg_advisory_xact_lock(7236823, hashtext($1))", &[namespace]).await?;
        let there = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
        if tx.query_opt(there, &[namespace]).await?.is_none() {
            tx.batch_execute(&format!("CREATE SCHEMA {namespace}")).await?;
        }
        let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = $1";
        let tables: Vec<String> =
            tx.query(tables, &[namespace]).await?.iter().map(|row| row.get(0)).collect();
        let number: Option<i32> = if tables.iter().any(|table| table == "checkpoint") {
            let number = tx.query_opt("SELECT schema FROM checkpoint", &[]).await;
            number.ok().flatten().map(|row| row.get(0))
        } else {
            None
        };
        if number == Some(SCHEMA) {
            tx.batch_execute(ORIGIN).await?;
            tx.batch_execute(RECORD).await?;
            tx.commit().await?;
            return Ok(());
        }
        // Tables of other programs stay; ours are known by the checkpoint's number.
        let ours: Vec<&str> =
            NAMES.into_iter().filter(|name| tables.iter().any(|table| table == name)).collect();
        if number.is_none() && !ours.is_empty() {
            let place =
                format!("the schema {namespace}, which has the tables {},", ours.join(", "));
            return Err(self.remote.foreign(place, CHOOSE).into());
        }
        if number.is_some_and(|number| number > SCHEMA) {
            return Err(self.remote.newer(format_args!("the schema {namespace}"), CHOOSE).into());
        }
        if !ours.is_empty() && self.remote.was_ours() {
            return Err(self.remote.replaced().into());
        }
        let tables: Vec<String> = ours.iter().map(|table| format!("\"{table}\"")).collect();
        if !tables.is_empty() {
            tracing::warn!(
                namespace,
                ?number,
                "the read model has another version's layout; rebuilding it from the log"
            );
            // Without CASCADE: what others have built on our tables is theirs, and named in the error.
            tx.batch_execute(&format!("DROP TABLE {}", tables.join(", "))).await?;
        }
        create(tx).await
    }

    fn named(&self, failure: Failure) -> ModelError {
        let error = match failure {
            Failure::Model(error) => return error,
            Failure::Pool(PoolError::Backend(error)) | Failure::Postgres(error) => error,
            Failure::Pool(error) => return self.remote.silent(error),
        };
        let Some(code) = error.code() else {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let reason = cause.unwrap_or_else(|| error.to_string());
            if reason.contains("password missing") {
                return self.remote.requires_password();
            }
            return self.remote.silent(reason);
        };
        let reason =
            error.as_db_error().map_or_else(|| error.to_string(), |e| e.message().to_owned());
        if *code == SqlState::INVALID_PASSWORD
            || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        {
            self.remote.refuses_us()
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            let name = self.location.config.get_dbname().unwrap_or_default();
            let address = self.location.address();
            ModelError::Refused(format!(
                "there is no database {name:?} at {address}; CREATE DATABASE makes it"
            ))
        } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
            self.remote.refuses(format_args!(": {reason}"))
        } else if *code == SqlState::UNDEFINED_TABLE || *code == SqlState::UNDEFINED_COLUMN {
            // Our tables were dropped or replaced.
            self.ready.store(false, Ordering::Relaxed);
            self.remote.silent(reason)
        } else if ["08", "53", "57", "40", "25"].iter().any(|class| code.code().starts_with(class))
        {
            // No connection, no room, going down, in each other's way, or read only: it may be different soon.
            self.remote.silent(reason)
        } else if ["22", "23"].iter().any(|class| code.code().starts_with(class)) {
            // Values that do not fit, or that contradict what is there.
            ModelError::Unfit(reason)
        } else {
            ModelError::Other(reason)
        }
    }
}

/// How another place is chosen.
const CHOOSE: &str = "name another schema with ?schema=NAME";

async fn create(tx: Transaction<'_>) -> Result<(), Failure> {
    tx.batch_execute(TABLES).await?;
    tx.batch_execute(ORIGIN).await?;
    tx.batch_execute(RECORD).await?;
    tx.execute("INSERT INTO checkpoint VALUES ($1, 0)", &[&SCHEMA]).await?;
    Ok(tx.commit().await?)
}

impl Connection {
    /// Puts the connection back: everything that was asked has been answered.
    pub(super) fn give_back(mut self) {
        self.0 = None;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Still here: its call failed or was abandoned. Discard what is left in it.
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

impl Deref for Connection {
    type Target = Object;
    fn deref(&self) -> &Object {
        self.0.as_ref().expect("it is there until it is given back")
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Object {
        self.0.as_mut().expect("it is there until it is given back")
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self::Model(error)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        Self::Pool(error)
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}
