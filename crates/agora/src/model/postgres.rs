//! A model's tables in a PostgreSQL schema of their own, shared by all instances.

mod server;
#[cfg(test)]
mod tests;
mod value;

use async_trait::async_trait;
use kernel::{Position, StreamId, Version};
use runtime::{
    Lease, ModelError, ReadModel, SetAside, Shared,
    model::{TakenUp, server::pipelined},
    sqlite::line,
};
use rusqlite::types::ValueRef;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{
    Changes, Row, Schema,
    sql::{Value, dollars},
};
use server::{Failure, Server};
use value::Column;

/// Tables of ours beside those of the model.
const OURS: [&str; 2] = ["checkpoint", "lease"];

/// The tables on a server.
pub(crate) struct Tables(Server);

impl Tables {
    /// Fails where only an operator can help. A server that does not answer now is waited for later.
    pub(super) async fn open(
        name: &'static str,
        url: &str,
        schema: Schema,
    ) -> Result<Self, ModelError> {
        let server = Server::new(name, url, schema)?;
        let reaching = async {
            server.connection().await?.give_back();
            Ok(())
        };
        match server.call(reaching).await {
            Err(ModelError::Unavailable(reason)) => {
                tracing::warn!(%reason, model = name, "read model not responding; retrying");
            }
            opened => opened?,
        }
        Ok(Self(server))
    }

    pub(super) async fn query(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, ModelError> {
        let asked = async {
            let connection = self.0.connection().await?;
            let query = connection.prepare_cached(&dollars(sql)).await?;
            let rows = connection.query(&query, &parameters(&values)).await?;
            let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
            connection.give_back();
            Ok(rows)
        };
        self.0.call(asked).await
    }

    /// Moves the checkpoint and does `change` with it, together or not at all.
    async fn step(
        &self,
        from: Position,
        to: Position,
        change: &[(&str, &[Value])],
    ) -> Result<(), ModelError> {
        let step = async {
            let mut connection = self.0.connection().await?;
            let transaction = connection.transaction().await?;
            let moving = "UPDATE checkpoint SET position = $1 WHERE position = $2";
            let moved = transaction.execute(moving, &[&number(to), &number(from)]).await?;
            if moved == 0 {
                return Err(Failure::Model(ModelError::Stale));
            }
            let mut statements = Vec::with_capacity(change.len());
            for (sql, values) in change {
                let statement = transaction.prepare_cached(&dollars(sql)).await?;
                statements.push((statement, parameters(values)));
            }
            let mut calls = Vec::with_capacity(statements.len());
            for (statement, values) in &statements {
                calls.push(transaction.execute(statement, values));
            }
            pipelined(calls).await?;
            transaction.commit().await?;
            connection.give_back();
            Ok(())
        };
        self.0.call(step).await
    }
}

/// Notes an entry of the inbox.
const ASIDE: &str = "INSERT INTO aside VALUES (?1, ?2, ?3, ?4)";

fn entry(event: &SetAside) -> [Value; 4] {
    let SetAside { position, stream, version, reason } = event;
    [
        Value::Integer(number(*position)),
        Value::Text(stream.as_str().to_owned()),
        Value::Integer(number(Position(version.0))),
        Value::Text(reason.clone()),
    ]
}

#[async_trait]
impl ReadModel for Tables {
    type Change = Changes;

    async fn checkpoint(&self) -> Result<Position, ModelError> {
        let rows = self.query("SELECT position FROM checkpoint", Vec::new()).await?;
        let position = rows.first().and_then(|row| row.get("position")?.as_u64());
        position
            .map(Position)
            .ok_or_else(|| ModelError::Other("the read model's checkpoint is missing".to_owned()))
    }

    async fn apply(
        &self,
        from: Position,
        changes: &[Changes],
        to: Position,
    ) -> Result<(), ModelError> {
        let changes = changes.iter().flat_map(|changes| &changes.0);
        let change: Vec<(&str, &[Value])> =
            changes.map(|(sql, values)| (*sql, values.as_slice())).collect();
        self.step(from, to, &change).await
    }

    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError> {
        let from = Position(event.position.0.saturating_sub(1));
        self.step(from, event.position, &[(ASIDE, &entry(event)[..])]).await
    }

    async fn take_up(
        &self,
        from: Position,
        up: TakenUp<'_, Changes>,
        to: Position,
    ) -> Result<(), ModelError> {
        let taken = [Value::Integer(number(up.entry.position))];
        let again = up.again.map(entry);
        let changes = up.changes.iter().flat_map(|changes| &changes.0);
        let changes = changes.map(|(sql, values)| (*sql, values.as_slice()));
        let mut change = vec![("DELETE FROM aside WHERE position = ?1", &taken[..])];
        change.extend(again.iter().map(|again| (ASIDE, &again[..])));
        change.extend(changes);
        self.step(from, to, &change).await
    }

    async fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        let sql = "SELECT position, stream, version, reason FROM aside ORDER BY position";
        let rows = self.query(sql, Vec::new()).await?;
        let event = |row: &Row| {
            Some(SetAside {
                position: Position(row.get("position")?.as_u64()?),
                stream: StreamId::parse(row.get("stream")?.as_str()?).ok()?,
                version: Version(row.get("version")?.as_u64()?),
                reason: row.get("reason")?.as_str()?.to_owned(),
            })
        };
        Ok(rows.iter().filter_map(event).collect())
    }

    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        let noting = async {
            let connection = self.0.connection().await?;
            let sql = "UPDATE checkpoint SET first_event = COALESCE(first_event, $1) RETURNING first_event";
            let noted = connection.query_one(sql, &[&first]).await?.get(0);
            connection.give_back();
            Ok(noted)
        };
        self.0.call(noting).await
    }

    async fn reset(&self) -> Result<(), ModelError> {
        self.0.long_call(self.0.reset()).await
    }

    fn engine(&self) -> &'static str {
        "PostgreSQL"
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        let dumping = async {
            let mut connection = self.0.connection().await?;
            let transaction = connection.snapshot().await?;
            let mut lines = Vec::new();
            for table in self.0.tables(&transaction).await? {
                if OURS.contains(&&*table) {
                    continue;
                }
                for row in transaction.query(&format!("SELECT * FROM \"{table}\""), &[]).await? {
                    let values = columns(&row)?;
                    let values: Vec<ValueRef<'_>> = values.iter().map(reference).collect();
                    lines.push(line(&table, &values));
                }
            }
            transaction.commit().await?;
            connection.give_back();
            lines.sort();
            Ok(lines)
        };
        self.0.long_call(dumping).await
    }

    fn shared(&self) -> Option<&dyn Shared> {
        Some(self)
    }
}

#[async_trait]
impl Shared for Tables {
    async fn lease(&self) -> Result<Option<Lease>, ModelError> {
        let rows = self.query("SELECT term, beat FROM lease", Vec::new()).await?;
        let lease = |row: &Row| {
            Some(Lease { term: row.get("term")?.as_u64()?, beat: row.get("beat")?.as_u64()? })
        };
        Ok(rows.first().and_then(lease))
    }

    async fn replace_lease(&self, seen: Option<Lease>, next: Lease) -> Result<bool, ModelError> {
        let replacing = async {
            let connection = self.0.connection().await?;
            let [term, beat] = terms(next);
            let replaced = match seen.map(terms) {
                None => {
                    let sql = "INSERT INTO lease VALUES ($1, $2) ON CONFLICT DO NOTHING";
                    connection.execute(sql, &[&term, &beat]).await?
                }
                Some([seen_term, seen_beat]) => {
                    let sql = "UPDATE lease SET term = $1, beat = $2 WHERE term = $3 AND beat = $4";
                    connection.execute(sql, &[&term, &beat, &seen_term, &seen_beat]).await?
                }
            };
            connection.give_back();
            Ok(replaced == 1)
        };
        self.0.call(replacing).await
    }
}

fn terms(lease: Lease) -> [i64; 2] {
    [lease.term, lease.beat].map(|number| i64::try_from(number).unwrap_or(i64::MAX))
}

/// A position as PostgreSQL keeps it.
fn number(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn row(row: &tokio_postgres::Row) -> Result<Row, tokio_postgres::Error> {
    let names = row.columns().iter().map(|column| column.name().to_owned());
    Ok(names.zip(columns(row)?.into_iter().map(Value::json)).collect())
}

fn columns(row: &tokio_postgres::Row) -> Result<Vec<Value>, tokio_postgres::Error> {
    (0..row.len()).map(|at| row.try_get(at).map(|Column(value)| value)).collect()
}

fn reference(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Null => ValueRef::Null,
        Value::Integer(number) => ValueRef::Integer(*number),
        Value::Real(number) => ValueRef::Real(*number),
        Value::Text(text) => ValueRef::Text(text.as_bytes()),
    }
}
