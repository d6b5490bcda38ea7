//! Read models: tables that a closure fills from the log, in SQLite or PostgreSQL, and the queries that read them.

#[cfg(feature = "postgres")]
mod postgres;
mod projection;
mod sql;
mod sqlite;

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use kernel::sync;
use runtime::{
    ModelError, ReadModel,
    sqlite::{Embedded, Schema as Shape},
};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use store::Balance;

pub(crate) use projection::{Projection, project};
pub use sql::{Changes, IntoValue, Value, Values};

/// The tables of a read model. Another number means that it is emptied and built again from the log.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The number of the tables' shape; a higher one is of a newer version, and left alone.
    pub number: u32,
    /// SQL that creates all tables and indexes. `TEXT`, `BIGINT` and `DOUBLE PRECISION` mean the same in SQLite and PostgreSQL.
    pub create: &'static str,
}

impl Schema {
    /// The tables that `create` makes, under a number that rises with every change of their shape.
    #[must_use]
    pub const fn new(number: u32, create: &'static str) -> Self {
        Self { number, create }
    }
}

/// A row as a query finds it, by the names of its columns.
pub type Row = serde_json::Map<String, Json>;

/// A read model to be asked. Cheap to clone.
///
/// Parameters are `?1`, `?2` and so on; keep to SQL that SQLite and PostgreSQL share, and the model may live in either.
#[derive(Clone)]
pub struct Model(Arc<Inner>);

struct Inner {
    name: &'static str,
    tables: Tables,
    /// Name and query of each pair of sums that must agree.
    balances: Mutex<Vec<(&'static str, &'static str)>>,
}

/// What holds the tables, whichever engine it is.
pub(crate) type Engine = Arc<dyn ReadModel<Change = Changes>>;

/// The engine that holds a model.
pub(crate) enum Tables {
    Sqlite(Arc<Embedded<sqlite::Sql>>),
    #[cfg(feature = "postgres")]
    Postgres(Arc<postgres::Tables>),
}

impl Model {
    pub(crate) fn new(name: &'static str, tables: Tables) -> Self {
        Self(Arc::new(Inner { name, tables, balances: Mutex::default() }))
    }

    /// The name it was opened under; also that of its file or schema.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// Two sums of one query that must be equal at any time, under a name such as `sent = received + on the way`. They are announced on
    /// the bus with everything else that an operator looks at.
    #[must_use]
    pub fn balance(self, name: &'static str, sql: &'static str) -> Self {
        sync::lock(&self.0.balances).push((name, sql));
        self
    }

    /// Every row that a query finds, by the names of its columns.
    pub async fn rows<T: DeserializeOwned>(
        &self,
        sql: &str,
        values: impl Values,
    ) -> Result<Vec<T>, ModelError> {
        let values = values.into_values();
        let rows = match &self.0.tables {
            Tables::Sqlite(tables) => sqlite::query(tables, sql, values).await?,
            #[cfg(feature = "postgres")]
            Tables::Postgres(tables) => tables.query(sql, values).await?,
        };
        let parsed = rows.into_iter().map(|row| serde_json::from_value(Json::Object(row)));
        parsed.collect::<Result<_, _>>().map_err(|error| {
            ModelError::Other(format!(
                "a row of {} does not match the requested type: {error}",
                self.0.name
            ))
        })
    }

    /// The first row that a query finds.
    pub async fn row<T: DeserializeOwned>(
        &self,
        sql: &str,
        values: impl Values,
    ) -> Result<Option<T>, ModelError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// The sums as they are now.
    pub async fn balances(&self) -> Result<Vec<Balance>, ModelError> {
        let asked = sync::lock(&self.0.balances).clone();
        let mut balances = Vec::new();
        for (name, sql) in asked {
            let sums: Option<serde_json::Map<String, Json>> = self.row(sql, ()).await?;
            let sums: Vec<i64> =
                sums.into_iter().flatten().filter_map(|(_, sum)| sum.as_i64()).collect();
            let [left, right] = sums[..] else {
                return Err(ModelError::Other(format!(
                    "the balance {name:?} is not one row of two whole numbers"
                )));
            };
            balances.push(Balance::new(name, left, right));
        }
        Ok(balances)
    }

    /// Everything in the model as lines of text in a fixed order: what a rebuilt model is compared by.
    pub async fn dump(&self) -> Result<Vec<String>, ModelError> {
        self.engine().dump().await
    }

    /// The engine that holds the tables, to which a change is what a projection did about several events.
    pub(crate) fn engine(&self) -> Engine {
        match &self.0.tables {
            Tables::Sqlite(tables) => Arc::clone(tables) as Engine,
            #[cfg(feature = "postgres")]
            Tables::Postgres(tables) => Arc::clone(tables) as Engine,
        }
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Model({})", self.0.name)
    }
}

impl Tables {
    pub(crate) fn sqlite(
        name: &'static str,
        location: runtime::sqlite::Location,
        schema: Schema,
        tasks: &runtime::Tasks,
    ) -> Result<Self, ModelError> {
        let Schema { number, create } = schema;
        let schema = Shape { model: name, unmarked: &[], number, variant: 0, create };
        Embedded::open(sqlite::Sql(schema), location, tasks.clone()).map(Self::Sqlite)
    }

    #[cfg(feature = "postgres")]
    pub(crate) async fn postgres(
        name: &'static str,
        url: &str,
        schema: Schema,
    ) -> Result<Self, ModelError> {
        postgres::Tables::open(name, url, schema)
            .await
            .map(|tables| Self::Postgres(Arc::new(tables)))
    }
}
