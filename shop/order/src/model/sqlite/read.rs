//! Queries of orders in SQLite.

use contracts::money::Money;
use kernel::{Position, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};
use uuid::Uuid;

use crate::model::{
    Order, OrderQuery, OrderState, Statistics, Step, Within,
    numbers::{Column, Numbered, RUNNING, channel_number, durations, status_number},
};

const COLUMNS: &str = "orders.id, orders.customer, ifnull(person.user, ''), orders.product, orders.product_name,
     orders.quantity, orders.price, orders.currency, orders.placed, orders.placed_at, orders.status, orders.stock,
     orders.credit, orders.reasons, orders.invoice, orders.updated_at, orders.channel";
const STEP: &str =
    "step.position, step.service, step.kind, step.actor, step.cause, step.at, step.details";
/// Columns before those of the order where a step comes with it.
const STEP_COLUMNS: usize = 7;

pub(super) fn order(connection: &Connection, id: Uuid) -> rusqlite::Result<Option<Order>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM orders LEFT JOIN person ON person.id = orders.customer WHERE orders.id = ?1"
    );
    let mut query = connection.prepare_cached(&sql)?;
    query.query_row([id.as_bytes()], |row| order_at(row, 0)).optional()
}

pub(super) fn orders(connection: &Connection, query: &OrderQuery) -> rusqlite::Result<Vec<Order>> {
    let (conditions, mut values) = conditions(query);
    let (_, sorted) = query.sort.sql();
    let sql = format!(
        "SELECT {COLUMNS} FROM orders LEFT JOIN person ON person.id = orders.customer WHERE {conditions}
         ORDER BY {sorted} LIMIT ?"
    );
    values.push(limit(query.count));
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| order_at(row, 0))?;
    rows.collect()
}

pub(super) fn count_orders(connection: &Connection, query: &OrderQuery) -> rusqlite::Result<u64> {
    let (conditions, mut values) = conditions(query);
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM orders WHERE {conditions} LIMIT ?)");
    values.push(limit(query.count));
    connection.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))
}

fn limit(count: usize) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

/// What an order must be to be in the list, and the values that stand in it as `?`.
fn conditions(query: &OrderQuery) -> (String, Vec<Value>) {
    let OrderQuery { customer, product, status, channel, running, placed, sort, after, count: _ } =
        query;
    let id = |id: Uuid| Value::Blob(id.into_bytes().to_vec());
    let number = |number: u8| Value::Integer(number.into());
    let micros = |time: Timestamp| Value::Integer(time.micros());
    let (behind, _) = sort.sql();
    let status = status.map(status_number);
    let given = [
        ("orders.customer = ?", customer.map(id)),
        ("orders.product = ?", product.map(id)),
        ("orders.status = ?", status.map(number)),
        ("orders.channel = ?", channel.map(channel_number).map(number)),
        ("orders.placed_at >= ?", placed.from.map(micros)),
        ("orders.placed_at < ?", placed.to.map(micros)),
        (behind, after.map(|after| Value::Integer(self::number(after)))),
    ];
    let mut sql = "true".to_owned();
    let mut values = Vec::new();
    for (condition, value) in given {
        if let Some(value) = value {
            sql.push_str(" AND ");
            sql.push_str(condition);
            values.push(value);
        }
    }
    if matches!(status, Some(0 | 2)) {
        // Said once more in the words of the index of open orders.
        sql.push_str(" AND orders.status IN (0, 2)");
    }
    if let Some(running) = running {
        sql.push_str(if *running { " AND " } else { " AND NOT " });
        sql.push_str(RUNNING);
    }
    (sql, values)
}

pub(super) fn orders_by_digits(
    connection: &Connection,
    digits: &str,
    customer: Option<Uuid>,
    count: usize,
) -> rusqlite::Result<Vec<Order>> {
    // Looked for in the index of ids, which is short.
    let sql = format!(
        "SELECT {COLUMNS} FROM orders LEFT JOIN person ON person.id = orders.customer
         WHERE orders.id IN (SELECT id FROM orders WHERE hex(id) LIKE ?1 || '%' OR hex(id) LIKE '%' || ?1 OR substr(hex(id), 25) LIKE ?1 || '%')
           AND (?2 IS NULL OR orders.customer = ?2) ORDER BY orders.placed DESC LIMIT ?3"
    );
    let mut query = connection.prepare_cached(&sql)?;
    let customer = customer.map(Uuid::into_bytes);
    let rows = query.query_map(params![digits, customer, count], |row| order_at(row, 0))?;
    rows.collect()
}

pub(super) fn history(
    connection: &Connection,
    order: Uuid,
    after: Position,
    count: usize,
) -> rusqlite::Result<Vec<Step>> {
    let sql = format!(
        "SELECT {STEP} FROM orders CROSS JOIN step ON step.placed = orders.placed
         WHERE orders.id = ?1 AND step.position > ?2 ORDER BY step.position LIMIT ?3"
    );
    let mut query = connection.prepare_cached(&sql)?;
    let rows = query.query_map(params![order.as_bytes(), number(after), count], step)?;
    rows.collect()
}

pub(super) fn changes(
    connection: &Connection,
    customer: Option<Uuid>,
    after: Position,
    count: usize,
) -> rusqlite::Result<Vec<(Step, Order)>> {
    // Of all customers: along the steps. Of one customer: along the customer's orders that have changed.
    let (from, mine) = match customer {
        None => ("step CROSS JOIN orders ON orders.placed = step.placed", "?3 IS NULL"),
        Some(_) => (
            "orders INDEXED BY orders_changed CROSS JOIN step ON step.placed = orders.placed",
            "orders.customer = ?3 AND orders.updated > ?1",
        ),
    };
    let sql = format!(
        "SELECT {STEP}, {COLUMNS} FROM {from} LEFT JOIN person ON person.id = orders.customer
         WHERE {mine} AND step.position > ?1 ORDER BY step.position LIMIT ?2"
    );
    let customer = customer.map(Uuid::into_bytes);
    let mut query = connection.prepare_cached(&sql)?;
    let rows = query.query_map(params![number(after), count, customer], |row| {
        Ok((step(row)?, order_at(row, STEP_COLUMNS)?))
    })?;
    rows.collect()
}

pub(super) fn statistics(connection: &Connection, placed: Within) -> rusqlite::Result<Statistics> {
    let from = placed.from.map_or(i64::MIN, Timestamp::micros);
    let to = placed.to.map_or(i64::MAX, Timestamp::micros);
    let mut query = connection.prepare_cached(
        "SELECT status, reasons, count(*) FROM orders WHERE placed_at >= ?1 AND placed_at < ?2
         GROUP BY status, reasons ORDER BY status, reasons",
    )?;
    let counts =
        query.query_map([from, to], |row| Ok((column(row, 0)?, column(row, 1)?, row.get(2)?)))?;
    let counts = counts.collect::<rusqlite::Result<_>>()?;
    let mut query = connection.prepare_cached(
        "SELECT ended_at - placed_at FROM orders
         WHERE placed_at >= ?1 AND placed_at < ?2 AND ended_at IS NOT NULL ORDER BY 1",
    )?;
    let micros = query.query_map([from, to], |row| row.get(0))?;
    let micros: Vec<i64> = micros.collect::<rusqlite::Result<_>>()?;
    Ok(Statistics { counts, durations: durations(percentiles(&micros)) })
}

/// Percentiles (nearest rank) of sorted durations.
fn percentiles(sorted_us: &[i64]) -> [i64; 4] {
    let rank = |percent: usize| (sorted_us.len() * percent).div_ceil(100).saturating_sub(1);
    [50, 90, 99, 100].map(|percent| sorted_us.get(rank(percent)).copied().unwrap_or(0))
}

fn step(row: &Row<'_>) -> rusqlite::Result<Step> {
    let cause: Option<Column<Position>> = row.get(4)?;
    Ok(Step {
        position: Position(row.get(0)?),
        service: row.get(1)?,
        kind: row.get(2)?,
        actor: row.get(3)?,
        cause: cause.map(|Column(cause)| cause),
        at: Timestamp::from_micros(row.get(5)?),
        details: row.get(6)?,
    })
}

fn order_at(row: &Row<'_>, first: usize) -> rusqlite::Result<Order> {
    Ok(Order {
        id: row.get(first).map(Uuid::from_bytes)?,
        customer: row.get(first + 1).map(Uuid::from_bytes)?,
        user: row.get(first + 2)?,
        product: row.get(first + 3).map(Uuid::from_bytes)?,
        product_name: row.get(first + 4)?,
        quantity: row.get(first + 5)?,
        price: Money::from_minor(row.get(first + 6)?),
        currency: row.get(first + 7)?,
        channel: column(row, first + 16)?,
        placed: Position(row.get(first + 8)?),
        placed_at: Timestamp::from_micros(row.get(first + 9)?),
        state: OrderState {
            status: column(row, first + 10)?,
            stock: column(row, first + 11)?,
            credit: column(row, first + 12)?,
            reasons: column(row, first + 13)?,
            invoice: row.get(first + 14)?,
            updated_at: Timestamp::from_micros(row.get(first + 15)?),
        },
    })
}

/// A position as SQLite counts; one that a caller made up may be beyond that, and then is behind all there are.
pub(super) fn number(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

fn column<T: Numbered>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    row.get(column).map(|Column(value)| value)
}
