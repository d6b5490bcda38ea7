//! Queries of orders in PostgreSQL.

use contracts::money::Money;
use deadpool_postgres::{ClientWrapper, Transaction};
use kernel::{Position, Timestamp};
use tokio_postgres::{Error, Row, types::ToSql};
use uuid::Uuid;

use super::values::number;
use crate::model::{
    Order, OrderQuery, OrderState, Product, Statistics, Step, Within,
    numbers::{Column, Numbered, RUNNING, channel_number, durations, status_number},
};

const COLUMNS: &str = "orders.id, orders.customer, coalesce(person.\"user\", ''), orders.product, orders.product_name,
     orders.quantity, orders.price, orders.currency, orders.placed, orders.placed_at, orders.status, orders.stock,
     orders.credit, orders.reasons, orders.invoice, orders.updated_at, orders.channel";
const STEP: &str =
    "step.position, step.service, step.kind, step.actor, step.cause, step.at, step.details";
/// Columns before those of the order where a step comes with it.
const STEP_COLUMNS: usize = 7;

type Client = ClientWrapper;

pub(super) async fn product(client: &Client, id: Uuid) -> Result<Option<Product>, Error> {
    let sql = "SELECT name, price, currency FROM product WHERE id = $1 AND listed";
    let row = client.query_opt(&client.prepare_cached(sql).await?, &[&id]).await?;
    let product = |row: Row| {
        let price = Money::from_minor(row.try_get(1)?);
        Ok(Product { name: row.try_get(0)?, price, currency: row.try_get(2)? })
    };
    row.map(product).transpose()
}

pub(super) async fn customer(client: &Client, user: &str) -> Result<Option<Uuid>, Error> {
    let sql = "SELECT id FROM person WHERE \"user\" = $1";
    let row = client.query_opt(&client.prepare_cached(sql).await?, &[&user]).await?;
    row.map(|row| row.try_get(0)).transpose()
}

pub(super) async fn user(client: &Client, customer: Uuid) -> Result<Option<String>, Error> {
    let sql = "SELECT \"user\" FROM person WHERE id = $1";
    let row = client.query_opt(&client.prepare_cached(sql).await?, &[&customer]).await?;
    row.map(|row| row.try_get(0)).transpose()
}

pub(super) async fn order(client: &Client, id: Uuid) -> Result<Option<Order>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM orders LEFT JOIN person ON person.id = orders.customer WHERE orders.id = $1"
    );
    let row = client.query_opt(&client.prepare_cached(&sql).await?, &[&id]).await?;
    row.map(|row| order_at(&row, 0)).transpose()
}

pub(super) async fn orders(client: &Client, query: &OrderQuery) -> Result<Vec<Order>, Error> {
    let Conditions { sql, values } = Conditions::of(query);
    let (_, sorted) = query.sort.sql();
    let sql = format!(
        "SELECT {COLUMNS} FROM orders LEFT JOIN person ON person.id = orders.customer WHERE {sql}
         ORDER BY {sorted} LIMIT ${}",
        values.len() + 1
    );
    let count = number(query.count as u64);
    let values = values.iter().map(|value| &**value as _).chain([&count as _]);
    let values: Vec<&(dyn ToSql + Sync)> = values.collect();
    let rows = client.query(&client.prepare_cached(&sql).await?, &values).await?;
    rows.iter().map(|row| order_at(row, 0)).collect()
}

pub(super) async fn count_orders(client: &Client, query: &OrderQuery) -> Result<u64, Error> {
    let Conditions { sql, values } = Conditions::of(query);
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM orders WHERE {sql} LIMIT ${}) AS found",
        values.len() + 1
    );
    let count = number(query.count as u64);
    let values = values.iter().map(|value| &**value as _).chain([&count as _]);
    let values: Vec<&(dyn ToSql + Sync)> = values.collect();
    let row = client.query_one(&client.prepare_cached(&sql).await?, &values).await?;
    row.try_get(0).map(i64::unsigned_abs)
}

/// What an order must be to be in a list, and the values that are numbered in it.
struct Conditions {
    sql: String,
    values: Vec<Box<dyn ToSql + Send + Sync>>,
}

impl Conditions {
    fn of(query: &OrderQuery) -> Self {
        let OrderQuery {
            customer,
            product,
            status,
            channel,
            running,
            placed,
            sort,
            after,
            count: _,
        } = query;
        let status = status.map(|status| i16::from(status_number(status)));
        let channel = channel.map(|channel| i16::from(channel_number(channel)));
        let (from, to) = (placed.from.map(Timestamp::micros), placed.to.map(Timestamp::micros));
        let after = after.map(|after| number(after.0));
        let (behind, _) = sort.sql();
        let mut conditions = Self { sql: "true".to_owned(), values: Vec::new() };
        conditions.given("orders.customer = ?", *customer);
        conditions.given("orders.product = ?", *product);
        conditions.given("orders.status = ?", status);
        conditions.given("orders.channel = ?", channel);
        conditions.given("orders.placed_at >= ?", from);
        conditions.given("orders.placed_at < ?", to);
        conditions.given(behind, after);
        if matches!(status, Some(0 | 2)) {
            // Said once more in the words of the index of open orders.
            conditions.also("orders.status IN (0, 2)");
        }
        match running {
            Some(true) => conditions.also(RUNNING),
            Some(false) => conditions.also(&format!("NOT {RUNNING}")),
            None => {}
        }
        conditions
    }

    /// A condition on a value, `?`, if there is one.
    fn given(&mut self, condition: &str, value: Option<impl ToSql + Send + Sync + 'static>) {
        if let Some(value) = value {
            self.values.push(Box::new(value));
            self.also(&condition.replace('?', &format!("${}", self.values.len())));
        }
    }

    fn also(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }
}

pub(super) async fn orders_by_digits(
    client: &Client,
    digits: &str,
    customer: Option<Uuid>,
    count: usize,
) -> Result<Vec<Order>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM orders LEFT JOIN person ON person.id = orders.customer
         WHERE (replace(orders.id::text, '-', '') LIKE $1::text || '%' OR replace(orders.id::text, '-', '') LIKE '%' || $1::text
             OR right(orders.id::text, 8) LIKE $1::text || '%')
           AND ($2::uuid IS NULL OR orders.customer = $2) ORDER BY orders.placed DESC LIMIT $3"
    );
    let count = number(count as u64);
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&digits, &customer, &count]).await?;
    rows.iter().map(|row| order_at(row, 0)).collect()
}

pub(super) async fn history(
    client: &Client,
    order: Uuid,
    after: Position,
    count: usize,
) -> Result<Vec<Step>, Error> {
    let sql = format!(
        "SELECT {STEP} FROM orders JOIN step ON step.placed = orders.placed
         WHERE orders.id = $1 AND step.position > $2 ORDER BY step.position LIMIT $3"
    );
    let (after, count) = (number(after.0), number(count as u64));
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&order, &after, &count]).await?;
    rows.iter().map(step).collect()
}

pub(super) async fn changes(
    client: &Client,
    customer: Option<Uuid>,
    after: Position,
    count: usize,
) -> Result<Vec<(Step, Order)>, Error> {
    let mine = match customer {
        None => "$3::uuid IS NULL",
        Some(_) => "orders.customer = $3 AND orders.updated > $1",
    };
    let sql = format!(
        "SELECT {STEP}, {COLUMNS} FROM step JOIN orders ON orders.placed = step.placed
         LEFT JOIN person ON person.id = orders.customer
         WHERE {mine} AND step.position > $1 ORDER BY step.position LIMIT $2"
    );
    let (after, count) = (number(after.0), number(count as u64));
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&after, &count, &customer]).await?;
    rows.iter().map(|row| Ok((step(row)?, order_at(row, STEP_COLUMNS)?))).collect()
}

/// In a transaction that sees one state of the tables.
pub(super) async fn statistics(tx: &Transaction<'_>, placed: Within) -> Result<Statistics, Error> {
    let from = placed.from.map_or(i64::MIN, Timestamp::micros);
    let to = placed.to.map_or(i64::MAX, Timestamp::micros);
    let sql =
        "SELECT status, reasons, count(*) FROM orders WHERE placed_at >= $1 AND placed_at < $2
               GROUP BY status, reasons ORDER BY status, reasons";
    let rows = tx.query(&tx.prepare_cached(sql).await?, &[&from, &to]).await?;
    let counts = rows.iter().map(|row| Ok((column(row, 0)?, column(row, 1)?, column(row, 2)?)));
    let counts = counts.collect::<Result<_, Error>>()?;
    // Nearest rank, as SQLite's side has it.
    let sql = "SELECT percentile_disc(ARRAY[0.5, 0.9, 0.99, 1]) WITHIN GROUP (ORDER BY ended_at - placed_at)
               FROM orders WHERE placed_at >= $1 AND placed_at < $2 AND ended_at IS NOT NULL";
    let row = tx.query_one(&tx.prepare_cached(sql).await?, &[&from, &to]).await?;
    let percentiles: Option<Vec<i64>> = row.try_get(0)?;
    let percentiles = percentiles.and_then(|found| <[i64; 4]>::try_from(found).ok());
    Ok(Statistics { counts, durations: durations(percentiles.unwrap_or_default()) })
}

fn step(row: &Row) -> Result<Step, Error> {
    let cause: Option<Column<Position>> = row.try_get(4)?;
    Ok(Step {
        position: column(row, 0)?,
        service: row.try_get(1)?,
        kind: row.try_get(2)?,
        actor: row.try_get(3)?,
        cause: cause.map(|Column(cause)| cause),
        at: Timestamp::from_micros(row.try_get(5)?),
        details: row.try_get(6)?,
    })
}

fn order_at(row: &Row, first: usize) -> Result<Order, Error> {
    let invoice: Option<Column<u64>> = row.try_get(first + 14)?;
    Ok(Order {
        id: row.try_get(first)?,
        customer: row.try_get(first + 1)?,
        user: row.try_get(first + 2)?,
        product: row.try_get(first + 3)?,
        product_name: row.try_get(first + 4)?,
        quantity: column(row, first + 5)?,
        price: Money::from_minor(row.try_get(first + 6)?),
        currency: row.try_get(first + 7)?,
        channel: column(row, first + 16)?,
        placed: column(row, first + 8)?,
        placed_at: Timestamp::from_micros(row.try_get(first + 9)?),
        state: OrderState {
            status: column(row, first + 10)?,
            stock: column(row, first + 11)?,
            credit: column(row, first + 12)?,
            reasons: column(row, first + 13)?,
            invoice: invoice.map(|Column(number)| number),
            updated_at: Timestamp::from_micros(row.try_get(first + 15)?),
        },
    })
}

/// A number in a row. One that the column cannot mean is an error.
pub(super) fn column<T: Numbered>(row: &Row, column: usize) -> Result<T, Error> {
    row.try_get(column).map(|Column(value)| value)
}
