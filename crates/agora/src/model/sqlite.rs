//! A model's tables in a SQLite file of this instance's own.

use async_trait::async_trait;
use kernel::Position;
use runtime::{
    ModelError, SetAside, Tasks,
    sqlite::{self, Database, Location},
};
use rusqlite::{ToSql, params_from_iter, types::ToSqlOutput, types::ValueRef};
use uuid::Uuid;

use super::{Changes, Engine, Row, Schema, sql::Value};

/// The tables, and where long queries run.
pub(crate) struct Tables {
    database: Database,
    tasks: Tasks,
}

impl Tables {
    pub(super) fn open(
        model: &'static str,
        location: Location,
        schema: Schema,
        tasks: &Tasks,
    ) -> Result<Self, ModelError> {
        let Schema { number, create } = schema;
        let schema = sqlite::Schema { model, unmarked: &[], number, variant: 0, create };
        Ok(Self { database: Database::open(location, schema)?, tasks: tasks.clone() })
    }

    pub(super) async fn query(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, ModelError> {
        let (database, sql) = (self.database.clone(), sql.to_owned());
        let read = move || database.read(|connection| rows(connection, &sql, &values));
        self.tasks.blocking(read).await
    }
}

fn rows(
    connection: &rusqlite::Connection,
    sql: &str,
    values: &[Value],
) -> rusqlite::Result<Vec<Row>> {
    let mut query = connection.prepare_cached(sql)?;
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    let found = query.query_map(params_from_iter(values), |row| {
        let value = |(at, name): (usize, &String)| {
            let value = match row.get_ref(at)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Integer(number),
                ValueRef::Real(number) => Value::Real(number),
                text => Value::Text(text.as_str()?.to_owned()),
            };
            Ok((name.clone(), value.json()))
        };
        names.iter().enumerate().map(value).collect()
    });
    found?.collect()
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

#[async_trait]
impl Engine for Tables {
    async fn checkpoint(&self) -> Result<Position, ModelError> {
        self.database.checkpoint()
    }

    async fn apply(
        &self,
        from: Position,
        changes: Changes,
        to: Position,
    ) -> Result<(), ModelError> {
        self.database.apply(from, to, |transaction| {
            for (sql, values) in &changes.0 {
                transaction.prepare_cached(sql)?.execute(params_from_iter(values))?;
            }
            Ok(())
        })
    }

    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError> {
        self.database.set_aside(event)
    }

    async fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        self.database.aside()
    }

    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        self.database.built_from(first)
    }

    async fn reset(&self) -> Result<(), ModelError> {
        self.database.reset()
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        let database = self.database.clone();
        self.tasks.blocking(move || database.dump()).await
    }

    fn database(&self) -> Option<&Database> {
        Some(&self.database)
    }
}
