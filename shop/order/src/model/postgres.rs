//! The read model in PostgreSQL: shared by all instances, each change in one transaction with its checkpoint.
//!
//! The tables are in a separate schema, created by us. A transaction begins by moving the checkpoint, whose row lock excludes other
//! projectors; the second one finds the checkpoint moved. Every query sees one state of the tables: it is a single statement, or
//! reads in one snapshot.

/// Asks one query of a connection and gives it back.
macro_rules! ask {
    ($model:expr, $client:ident => $query:expr) => {{
        let server = &$model.server;
        server
            .call(async {
                let connection = server.connection().await?;
                let $client = &**connection;
                let answer = $query.await?;
                connection.give_back();
                Ok::<_, Failure>(answer)
            })
            .await
    }};
}

mod aside;
mod dump;
mod location;
mod read;
mod removed;
mod served;
mod server;
mod steps;
mod values;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use kernel::Position;
use runtime::{
    Lease, ModelError, ReadModel, SetAside, Shared, Tasks, model::Served, model::TakenUp,
};
use store::Balance;
use tokio_postgres::IsolationLevel;
use uuid::Uuid;

use super::{Change, Model, Order, OrderQuery, Product, Statistics, Step, Within};
pub use location::PostgresLocation;
use server::{Failure, SCHEMA, Server};
use values::number;

/// The shared read model.
pub struct PostgresModel {
    server: Server,
}

impl PostgresModel {
    /// Makes a change and moves the checkpoint, in one transaction that begins with the checkpoint.
    async fn moving(
        &self,
        from: Position,
        to: Position,
        change: impl AsyncFnOnce(&Transaction<'_>) -> Result<(), tokio_postgres::Error>,
    ) -> Result<(), ModelError> {
        let (from, to) = (number(from.0), number(to.0));
        let moved = async {
            let mut connection = self.server.connection().await?;
            let tx = connection.transaction().await?;
            let sql = "UPDATE checkpoint SET position = $2 WHERE position = $1 AND schema = $3";
            let moved = tx.execute(&tx.prepare_cached(sql).await?, &[&from, &to, &SCHEMA]).await?;
            if moved == 0 {
                tx.rollback().await?;
                connection.give_back();
                return Err(ModelError::Stale.into());
            }
            change(&tx).await?;
            tx.commit().await?;
            connection.give_back();
            Ok(())
        };
        self.server.call(moved).await
    }

    /// Connects to the server, and makes the tables there if there are none. A server that does not answer may do so later; one
    /// that refuses us is an error.
    pub async fn open(
        location: PostgresLocation,
        tasks: &Tasks,
    ) -> Result<Arc<Served<Self>>, ModelError> {
        Served::open(Self { server: Server::new(location)? }, crate::NAME, tasks).await
    }
}

#[async_trait]
impl ReadModel for PostgresModel {
    type Change = Change;

    async fn checkpoint(&self) -> Result<Position, ModelError> {
        let sql = "SELECT position, schema FROM checkpoint";
        let row = ask!(self, client => async {
            client.query_one(&client.prepare_cached(sql).await?, &[]).await
        })?;
        if row.try_get::<_, i32>(1).ok() != Some(SCHEMA) {
            let reason = "the model there belongs to another version of the shop";
            return Err(ModelError::Unavailable(reason.to_owned()));
        }
        read::column(&row, 0).map_err(|error| ModelError::Other(error.to_string()))
    }

    async fn apply(
        &self,
        from: Position,
        changes: &[Change],
        to: Position,
    ) -> Result<(), ModelError> {
        self.moving(from, to, async |tx| write::all(tx, changes).await).await
    }

    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError> {
        let from = Position(event.position.0.saturating_sub(1));
        self.moving(from, event.position, async |tx| aside::note(tx, event).await).await
    }

    async fn take_up(
        &self,
        from: Position,
        up: TakenUp<'_, Change>,
        to: Position,
    ) -> Result<(), ModelError> {
        let change = async |tx: &Transaction<'_>| {
            aside::remove(tx, up.entry).await?;
            if let Some(again) = up.again {
                aside::note(tx, again).await?;
            }
            write::all(tx, up.changes).await
        };
        self.moving(from, to, change).await
    }

    async fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        let rows = ask!(self, client => async {
            client.query(&client.prepare_cached(aside::ENTRIES).await?, &[]).await
        })?;
        rows.iter().map(aside::entry).collect()
    }

    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        let noted = async {
            let mut connection = self.server.connection().await?;
            let tx = connection.transaction().await?;
            let sql = "UPDATE checkpoint SET first_event = coalesce(first_event, $1) RETURNING first_event";
            let row = tx.query_one(&tx.prepare_cached(sql).await?, &[&first]).await?;
            let noted = row.try_get(0)?;
            tx.commit().await?;
            connection.give_back();
            Ok(noted)
        };
        self.server.call(noted).await
    }

    async fn reset(&self) -> Result<(), ModelError> {
        let emptied = async {
            let mut connection = self.server.connection().await?;
            let tx = connection.transaction().await?;
            tx.batch_execute(
                "UPDATE checkpoint SET position = 0, first_event = NULL; TRUNCATE orders, step, product, person, aside;
                 UPDATE tally SET placed = 0, canceled = 0, finalized = 0",
            )
            .await?;
            tx.commit().await?;
            connection.give_back();
            Ok(())
        };
        self.server.long_call(emptied).await
    }

    fn engine(&self) -> &'static str {
        "PostgreSQL"
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        let dumped = async {
            let mut connection = self.server.connection().await?;
            let snapshot = connection.build_transaction();
            let tx = snapshot.isolation_level(IsolationLevel::RepeatableRead).read_only(true);
            let tx = tx.start().await?;
            let lines = dump::lines(&tx).await?;
            tx.commit().await?;
            connection.give_back();
            Ok(lines)
        };
        self.server.long_call(dumped).await
    }

    /// Placed and ended orders are counted as they happen, open ones by looking.
    async fn balances(&self) -> Result<Vec<Balance>, ModelError> {
        let sql = "SELECT placed, canceled + finalized + (SELECT count(*) FROM orders WHERE status IN (0, 2)) FROM tally";
        let row = ask!(self, client => async {
            client.query_one(&client.prepare_cached(sql).await?, &[]).await
        })?;
        let sum = |column: usize| {
            row.try_get(column).map_err(|error| ModelError::Other(error.to_string()))
        };
        let name = "orders = open + canceled + finalized".to_owned();
        Ok(vec![Balance::new(name, sum(0)?, sum(1)?)])
    }

    fn shared(&self) -> Option<&dyn Shared> {
        Some(self)
    }
}

#[async_trait]
impl Shared for PostgresModel {
    async fn lease(&self) -> Result<Option<Lease>, ModelError> {
        let row = ask!(self, client => async {
            client.query_opt(&client.prepare_cached("SELECT term, beat FROM lease").await?, &[]).await
        })?;
        let lease =
            row.map(|row| Ok(Lease { term: read::column(&row, 0)?, beat: read::column(&row, 1)? }));
        lease
            .transpose()
            .map_err(|error: tokio_postgres::Error| ModelError::Other(error.to_string()))
    }

    async fn replace_lease(&self, seen: Option<Lease>, next: Lease) -> Result<bool, ModelError> {
        let [term, beat] = [number(next.term), number(next.beat)];
        let rows = match seen {
            Some(seen) => {
                let [seen_term, seen_beat] = [number(seen.term), number(seen.beat)];
                let sql = "UPDATE lease SET term = $1, beat = $2 WHERE term = $3 AND beat = $4";
                ask!(self, client => async {
                    let statement = client.prepare_cached(sql).await?;
                    client.execute(&statement, &[&term, &beat, &seen_term, &seen_beat]).await
                })?
            }
            // There is room for one.
            None => ask!(self, client => async {
                let sql = "INSERT INTO lease VALUES ($1, $2) ON CONFLICT DO NOTHING";
                client.execute(&client.prepare_cached(sql).await?, &[&term, &beat]).await
            })?,
        };
        Ok(rows == 1)
    }
}

#[async_trait]
impl Model for PostgresModel {
    async fn product(&self, id: Uuid) -> Result<Option<Product>, ModelError> {
        ask!(self, client => read::product(client, id))
    }

    async fn customer(&self, user: &str) -> Result<Option<Uuid>, ModelError> {
        ask!(self, client => read::customer(client, user))
    }

    async fn user(&self, customer: Uuid) -> Result<Option<String>, ModelError> {
        ask!(self, client => read::user(client, customer))
    }

    async fn order(&self, id: Uuid) -> Result<Option<Order>, ModelError> {
        ask!(self, client => read::order(client, id))
    }

    async fn orders(&self, query: OrderQuery) -> Result<Vec<Order>, ModelError> {
        ask!(self, client => read::orders(client, &query))
    }

    async fn count_orders(&self, query: OrderQuery) -> Result<u64, ModelError> {
        ask!(self, client => read::count_orders(client, &query))
    }

    async fn orders_by_digits(
        &self,
        digits: String,
        customer: Option<Uuid>,
        count: usize,
    ) -> Result<Vec<Order>, ModelError> {
        ask!(self, client => read::orders_by_digits(client, &digits, customer, count))
    }

    async fn history(
        &self,
        order: Uuid,
        after: Position,
        count: usize,
    ) -> Result<Vec<Step>, ModelError> {
        ask!(self, client => read::history(client, order, after, count))
    }

    async fn changes(
        &self,
        customer: Option<Uuid>,
        after: Position,
        count: usize,
    ) -> Result<Vec<(Step, Order)>, ModelError> {
        ask!(self, client => read::changes(client, customer, after, count))
    }

    async fn statistics(&self, placed: Within) -> Result<Statistics, ModelError> {
        let counted = async {
            let mut connection = self.server.connection().await?;
            let snapshot = connection.build_transaction();
            let tx = snapshot.isolation_level(IsolationLevel::RepeatableRead).read_only(true);
            let tx = tx.start().await?;
            let statistics = read::statistics(&tx, placed).await?;
            tx.commit().await?;
            connection.give_back();
            Ok(statistics)
        };
        self.server.call(counted).await
    }
}
