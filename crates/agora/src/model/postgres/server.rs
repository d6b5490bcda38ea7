//! The connections to the server: a small pool, none of them used again after a failure, none waited for long.

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
    model::server::{CALL, CONNECT, TRANSACTION_REST},
};
use tokio_postgres::{Config, IsolationLevel, NoTls, error::SqlState};

use crate::Schema;

/// How long emptying or dumping a model may take.
const LONG: Duration = Duration::from_mins(1);
/// Connections kept open: one projects, the others read.
const CONNECTIONS_MAX: usize = 8;
/// What every model keeps beside its tables.
const OWN_TABLES: &str = "
    CREATE TABLE checkpoint (number BIGINT NOT NULL, position BIGINT NOT NULL, first_event UUID);
    CREATE TABLE lease (term BIGINT NOT NULL, beat BIGINT NOT NULL, one BOOL PRIMARY KEY DEFAULT true CHECK (one));
    CREATE TABLE aside (position BIGINT PRIMARY KEY, stream TEXT NOT NULL, version BIGINT NOT NULL, reason TEXT NOT NULL);";

/// A PostgreSQL server that holds a model in a schema of its own.
pub(super) struct Server {
    /// The schema in PostgreSQL, named like the model.
    namespace: String,
    schema: Schema,
    address: String,
    pool: Pool,
    /// Whether the tables are known to be there and ours.
    ready: AtomicBool,
}

/// Why a call failed.
pub(super) enum Failure {
    Model(ModelError),
    Pool(PoolError),
    Postgres(tokio_postgres::Error),
}

/// A connection out of the pool; thrown away unless it is given back.
pub(super) struct Connection(Option<Object>);

/// What a session is set to.
fn options(namespace: &str) -> String {
    let rest_ms = TRANSACTION_REST.as_millis();
    format!("-c search_path={namespace} -c idle_in_transaction_session_timeout={rest_ms}")
}

impl Server {
    pub(super) fn new(name: &str, url: &str, schema: Schema) -> Result<Self, ModelError> {
        let refused = |reason: String| ModelError::Refused(reason);
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            refused(format!("invalid PostgreSQL URL: {error}"))
        })?;
        let namespace = name.replace('-', "_");
        config.connect_timeout(CONNECT).application_name(name).options(options(&namespace));
        let hosts: Vec<String> =
            config.get_hosts().iter().map(|host| format!("{host:?}")).collect();
        let address = format!("{} port {:?}", hosts.join(", "), config.get_ports());
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let connections = Manager::from_config(config, NoTls, recycling);
        let pool = Pool::builder(connections).max_size(CONNECTIONS_MAX).build();
        let pool = pool.map_err(|error| ModelError::Other(error.to_string()))?;
        Ok(Self { namespace, schema, address, pool, ready: AtomicBool::new(false) })
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

    async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, ModelError> {
        match tokio::time::timeout(limit, work).await {
            Ok(result) => result.map_err(|failure| self.named(failure)),
            Err(_) => Err(self.silent("no answer in time")),
        }
    }

    /// A connection to a database that has our tables.
    pub(super) async fn connection(&self) -> Result<Connection, Failure> {
        let mut connection = Connection(Some(self.pool.get().await?));
        if !self.ready.load(Ordering::Relaxed) {
            self.prepare(&mut connection).await?;
            self.ready.store(true, Ordering::Relaxed);
        }
        Ok(connection)
    }

    /// Makes the tables if there are none of this shape; those of an older shape are dropped first.
    async fn prepare(&self, connection: &mut Connection) -> Result<(), Failure> {
        let transaction = connection.transaction().await?;
        // One instance after the other. The number is any that others do not lock.
        let lock = "SELECT pg_advisory_xact_lock(7236824, hashtext($1))";
        transaction.execute(lock, &[&self.namespace]).await?;
        // Asked first: a user who may not make a schema can use one that is there.
        let there = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
        if transaction.query_opt(there, &[&self.namespace]).await?.is_none() {
            transaction.batch_execute(&format!("CREATE SCHEMA \"{}\"", self.namespace)).await?;
        }
        let tables = self.tables(&transaction).await?;
        let number = self.number(&transaction, &tables).await?;
        let ours = i64::from(self.schema.number);
        match number {
            Some(number) if number == ours => {}
            Some(number) if number > ours => return Err(self.newer(number).into()),
            _ => self.create(&transaction, &tables).await?,
        }
        Ok(transaction.commit().await?)
    }

    /// The number of the shape in which the model is stored there, if it is.
    async fn number(
        &self,
        transaction: &Transaction<'_>,
        tables: &[String],
    ) -> Result<Option<i64>, Failure> {
        if tables.is_empty() {
            return Ok(None);
        }
        let is_ours = ["aside", "checkpoint", "lease"]
            .iter()
            .all(|own| tables.iter().any(|table| table == own));
        if !is_ours {
            return Err(ModelError::Refused(format!(
                "the schema {} in PostgreSQL at {} holds tables of something other than this read model, so they were left as they are; \
                 name another database",
                self.namespace, self.address
            ))
            .into());
        }
        let row = transaction.query_opt("SELECT number FROM checkpoint", &[]).await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// Drops the tables and makes them empty. The lease stays.
    pub(super) async fn reset(&self) -> Result<(), Failure> {
        let mut connection = self.connection().await?;
        let transaction = connection.transaction().await?;
        let lease = transaction.query_opt("SELECT term, beat FROM lease", &[]).await?;
        let tables = self.tables(&transaction).await?;
        self.create(&transaction, &tables).await?;
        if let Some(lease) = lease {
            let (term, beat): (i64, i64) = (lease.get(0), lease.get(1));
            transaction.execute("INSERT INTO lease VALUES ($1, $2)", &[&term, &beat]).await?;
        }
        transaction.commit().await?;
        connection.give_back();
        Ok(())
    }

    async fn create(
        &self,
        transaction: &Transaction<'_>,
        tables: &[String],
    ) -> Result<(), Failure> {
        if !tables.is_empty() {
            tracing::info!(model = self.namespace, "rebuilding the read model from the log");
            let tables: Vec<String> = tables.iter().map(|table| format!("\"{table}\"")).collect();
            // Without CASCADE: what others have built on our tables is theirs, and named in the error.
            transaction.batch_execute(&format!("DROP TABLE {}", tables.join(", "))).await?;
        }
        transaction.batch_execute(OWN_TABLES).await?;
        transaction.batch_execute(self.schema.create).await?;
        let number = i64::from(self.schema.number);
        transaction.execute("INSERT INTO checkpoint VALUES ($1, 0)", &[&number]).await?;
        Ok(())
    }

    /// The names of all tables in the model's schema.
    pub(super) async fn tables(
        &self,
        transaction: &Transaction<'_>,
    ) -> Result<Vec<String>, Failure> {
        let sql = "SELECT tablename::text FROM pg_tables WHERE schemaname = $1 ORDER BY 1";
        let rows = transaction.query(sql, &[&self.namespace]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    fn named(&self, failure: Failure) -> ModelError {
        let error = match failure {
            Failure::Model(error) => return error,
            Failure::Pool(PoolError::Backend(error)) | Failure::Postgres(error) => error,
            Failure::Pool(error) => return self.silent(&error.to_string()),
        };
        let Some(code) = error.code() else {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let reason = cause.unwrap_or_else(|| error.to_string());
            if error.to_string().starts_with("error serializing parameter") {
                return ModelError::Unfit(reason);
            }
            return self.silent(&reason);
        };
        let reason =
            error.as_db_error().map_or_else(|| error.to_string(), |e| e.message().to_owned());
        let is_of = |classes: &[&str]| classes.iter().any(|class| code.code().starts_with(class));
        if is_of(&["28", "3D"]) || *code == SqlState::INSUFFICIENT_PRIVILEGE {
            // The password, the database, or what the user may do.
            ModelError::Refused(format!("PostgreSQL at {}: {reason}", self.address))
        } else if *code == SqlState::UNDEFINED_TABLE {
            // Our tables were dropped from outside.
            self.ready.store(false, Ordering::Relaxed);
            self.silent(&reason)
        } else if is_of(&["08", "53", "57", "40", "25"]) {
            // No connection, no room, going down, in each other's way, or read only: it may be different soon.
            self.silent(&reason)
        } else if is_of(&["22", "23"]) {
            ModelError::Unfit(reason)
        } else {
            ModelError::Other(format!("PostgreSQL at {}: {reason}", self.address))
        }
    }

    fn newer(&self, number: i64) -> ModelError {
        ModelError::Refused(format!(
            "the schema {} in PostgreSQL at {} holds this read model in the shape of a newer version (number {number}), so it was left as it \
             is; start that version",
            self.namespace, self.address
        ))
    }

    fn silent(&self, reason: &str) -> ModelError {
        ModelError::Unavailable(format!("PostgreSQL at {}: {reason}", self.address))
    }
}

impl Connection {
    /// A transaction that sees everything as it is at its first query.
    pub(super) async fn snapshot(&mut self) -> Result<Transaction<'_>, Failure> {
        let builder = self.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        Ok(builder.read_only(true).start().await?)
    }

    /// Puts the connection back: everything that was asked has been answered.
    pub(super) fn give_back(mut self) {
        self.0 = None;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Still here: its call failed or was given up, so nothing that is left in it may be read by the next one.
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
