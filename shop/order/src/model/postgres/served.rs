//! The generations of the model: a schema each, and their record in a table of the first one.

use async_trait::async_trait;
use kernel::Position;
use runtime::{
    ModelError,
    model::{Part, Relocatable, Served},
};
use tokio::sync::oneshot;
use tokio_postgres::{IsolationLevel, Row};
use uuid::Uuid;

use super::{PostgresModel, Server, server::Failure};
use crate::model::{Model, Order, OrderQuery, Product, Statistics, Step, Within};

/// The tables whose rows are compared.
const COMPARED: [&str; 6] = ["aside", "orders", "person", "product", "step", "tally"];

#[async_trait]
impl Relocatable for PostgresModel {
    fn beside(&self, number: u32) -> Result<Self, ModelError> {
        Ok(Self { server: Server::new(self.server.location().generation(number)?)? })
    }

    async fn record(&self) -> Result<Option<String>, ModelError> {
        let row = ask!(self, client => async {
            client.query_opt(&client.prepare_cached("SELECT record FROM generations").await?, &[]).await
        })?;
        row.map(|row| row.try_get(0))
            .transpose()
            .map_err(|error: tokio_postgres::Error| ModelError::Other(error.to_string()))
    }

    async fn replace_record(&self, seen: Option<&str>, next: &str) -> Result<bool, ModelError> {
        let rows = match seen {
            Some(seen) => ask!(self, client => async {
                let sql = "UPDATE generations SET record = $1 WHERE record = $2";
                client.execute(&client.prepare_cached(sql).await?, &[&next, &seen]).await
            })?,
            // There is room for one.
            None => ask!(self, client => async {
                let sql = "INSERT INTO generations VALUES ($1) ON CONFLICT DO NOTHING";
                client.execute(&client.prepare_cached(sql).await?, &[&next]).await
            })?,
        };
        Ok(rows == 1)
    }

    async fn remove(&self) -> Result<(), ModelError> {
        self.server.long_call(self.server.remove()).await
    }

    /// The server adds up the hashes, in one snapshot.
    async fn digest(&self, begun: oneshot::Sender<()>) -> Result<Vec<Part>, ModelError> {
        let parts = async {
            let mut connection = self.server.connection().await?;
            let snapshot = connection.build_transaction();
            let tx = snapshot.isolation_level(IsolationLevel::RepeatableRead).read_only(true);
            let tx = tx.start().await?;
            // The first statement takes the snapshot.
            tx.query_one("SELECT position FROM checkpoint", &[]).await?;
            // Who waits for it may have gone.
            let _gone = begun.send(());
            let mut parts = Vec::new();
            for table in COMPARED {
                let sql = format!(
                    "SELECT count(*), coalesce(sum(('x' || md5(t::text))::bit(60)::bigint), 0)::text FROM {table} t"
                );
                parts.push(part(table, &tx.query_one(&sql, &[]).await?)?);
            }
            tx.commit().await?;
            connection.give_back();
            Ok::<_, Failure>(parts)
        };
        self.server.digest_call(parts).await
    }
}

fn part(table: &str, row: &Row) -> Result<Part, tokio_postgres::Error> {
    let rows: i64 = row.try_get(0)?;
    Ok(Part { name: table.to_owned(), rows: rows.unsigned_abs(), sum: row.try_get(1)? })
}

/// What serves answers.
#[async_trait]
impl Model for Served<PostgresModel> {
    async fn product(&self, id: Uuid) -> Result<Option<Product>, ModelError> {
        self.current().await?.product(id).await
    }

    async fn customer(&self, user: &str) -> Result<Option<Uuid>, ModelError> {
        self.current().await?.customer(user).await
    }

    async fn user(&self, customer: Uuid) -> Result<Option<String>, ModelError> {
        self.current().await?.user(customer).await
    }

    async fn order(&self, id: Uuid) -> Result<Option<Order>, ModelError> {
        self.current().await?.order(id).await
    }

    async fn orders(&self, query: OrderQuery) -> Result<Vec<Order>, ModelError> {
        self.current().await?.orders(query).await
    }

    async fn count_orders(&self, query: OrderQuery) -> Result<u64, ModelError> {
        self.current().await?.count_orders(query).await
    }

    async fn orders_by_digits(
        &self,
        digits: String,
        customer: Option<Uuid>,
        count: usize,
    ) -> Result<Vec<Order>, ModelError> {
        self.current().await?.orders_by_digits(digits, customer, count).await
    }

    async fn history(
        &self,
        order: Uuid,
        after: Position,
        count: usize,
    ) -> Result<Vec<Step>, ModelError> {
        self.current().await?.history(order, after, count).await
    }

    async fn changes(
        &self,
        customer: Option<Uuid>,
        after: Position,
        count: usize,
    ) -> Result<Vec<(Step, Order)>, ModelError> {
        self.current().await?.changes(customer, after, count).await
    }

    async fn statistics(&self, placed: Within) -> Result<Statistics, ModelError> {
        self.current().await?.statistics(placed).await
    }
}
