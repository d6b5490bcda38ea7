//! Changes made in SQLite: the hot path, so each order is touched once per batch, however many steps it took.
//!
//! `OR FAIL` where a statement could change several rows: SQLite then keeps no copy of the pages it touches. A change that fails is
//! rolled back with its whole transaction anyway.

use std::collections::BTreeMap;

use contracts::order::lifecycle::Status;
use rusqlite::{OptionalExtension, ToSql, Transaction, params};
use uuid::Uuid;

use super::read::number;
use crate::model::{
    Change, Happened, Placing, Product, What, Whose,
    batch::Changed,
    numbers::{channel_number, status_number},
};

/// Makes all changes, in order.
pub(super) fn all(tx: &Transaction<'_>, changes: &[Change]) -> rusqlite::Result<()> {
    let mut batch = Batch::default();
    for change in changes {
        match &change.what {
            What::Happened(happened) => batch.happened(tx, change, happened)?,
            What::Listed(id, product) => list(tx, *id, product)?,
            What::Changed { product, name, price } => {
                let mut update = tx.prepare_cached(
                    "UPDATE product SET name = ifnull(?2, name), price = ifnull(?3, price) WHERE id = ?1",
                )?;
                update.execute(params![
                    product.as_bytes(),
                    name,
                    price.map(contracts::money::Money::minor)
                ])?;
            }
            What::Unlisted(product) => {
                let mut update =
                    tx.prepare_cached("UPDATE product SET listed = 0 WHERE id = ?1")?;
                update.execute([product.as_bytes()])?;
            }
            What::Customer { id, user } => {
                // The first customer of a name keeps it, as in the customer service: a second one does not fit.
                let mut insert = tx.prepare_cached("INSERT INTO person VALUES (?1, ?2)")?;
                insert.execute(params![id.as_bytes(), user])?;
            }
        }
    }
    batch.write(tx)
}

fn list(tx: &Transaction<'_>, id: Uuid, product: &Product) -> rusqlite::Result<()> {
    let Product { name, price, currency } = product;
    // One that is not listed may come back; one that is listed cannot be listed again, and has no price then.
    let mut insert = tx.prepare_cached(
        "INSERT INTO product VALUES (?1, ?2, ?3, ?4, 1) ON CONFLICT (id) DO UPDATE SET
             name = excluded.name, price = CASE listed WHEN 0 THEN excluded.price END, currency = excluded.currency, listed = 1",
    )?;
    insert.execute(params![id.as_bytes(), name, price.minor(), currency]).map(drop)
}

/// What a batch does to orders, gathered before it is written.
#[derive(Default)]
struct Batch {
    orders: BTreeMap<Uuid, Changed>,
    placed: u64,
}

impl Batch {
    fn happened(
        &mut self,
        tx: &Transaction<'_>,
        change: &Change,
        happened: &Happened,
    ) -> rusqlite::Result<()> {
        if let Some(placing) = &happened.placed {
            place(tx, change, placing)?;
            self.placed += 1;
        }
        let Some(order) = order_of(tx, happened)? else { return Ok(()) };
        // The order's place is found by its id; there is no row, and so no step, for what was never placed.
        let mut insert = tx.prepare_cached(
            "INSERT OR FAIL INTO step SELECT ?1, placed, ?2, ?3, ?4, ?5, ?6, ?7 FROM orders WHERE id = ?8",
        )?;
        insert.execute(params![
            change.position.0,
            happened.service,
            happened.kind.as_str(),
            happened.actor.to_string(),
            happened.cause.map(number),
            change.at.micros(),
            happened.details,
            order.as_bytes(),
        ])?;
        if happened.placed.is_none() {
            self.orders.entry(order).or_default().take(change, &happened.effect);
        }
        Ok(())
    }

    fn write(self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        let (mut canceled, mut finalized) = (0, 0);
        for (id, order) in &self.orders {
            let ended = update(tx, *id, order)?;
            match order.status.filter(|_| ended) {
                Some(Status::Canceled) => canceled += 1,
                Some(Status::Finalized) => finalized += 1,
                Some(Status::Pending | Status::Approved) | None => {}
            }
        }
        if self.placed + canceled + finalized > 0 {
            let mut update = tx.prepare_cached(
                "UPDATE tally SET placed = placed + ?1, canceled = canceled + ?2, finalized = finalized + ?3",
            )?;
            update.execute([self.placed, canceled, finalized])?;
        }
        Ok(())
    }
}

/// The order that a step belongs to. All that was placed before it has its row.
fn order_of(tx: &Transaction<'_>, happened: &Happened) -> rusqlite::Result<Option<Uuid>> {
    let (named, correlation) = match happened.whose {
        Whose::Order(order) => return Ok(Some(order)),
        Whose::Following { named, correlation } => (named, correlation),
    };
    let find = |sql, value: &dyn ToSql| {
        let mut query = tx.prepare_cached(sql)?;
        let found = query.query_map([value], |row| row.get(0).map(Uuid::from_bytes))?;
        found.collect::<rusqlite::Result<Vec<Uuid>>>()
    };
    if let Some(named) = named {
        let found = find("SELECT id FROM orders WHERE id = ?1", &named.as_bytes())?;
        if !found.is_empty() {
            return Ok(found.first().copied());
        }
    }
    if let Some(cause) = happened.cause {
        let sql = "SELECT id FROM step CROSS JOIN orders USING (placed) WHERE step.position = ?1";
        let found = find(sql, &number(cause))?;
        if !found.is_empty() {
            return Ok(found.first().copied());
        }
    }
    let sql = "SELECT id FROM orders WHERE correlation = ?1 LIMIT 2";
    Ok(match find(sql, &correlation.as_bytes())?.as_slice() {
        [only] => Some(*only),
        _ => None,
    })
}

/// Whether the order ended with this: an order that has ended keeps its status and its reasons.
fn update(tx: &Transaction<'_>, id: Uuid, order: &Changed) -> rusqlite::Result<bool> {
    let mut update = tx.prepare_cached(
        "UPDATE OR FAIL orders SET status = iif(ended_at IS NULL, ifnull(?2, status), status), stock = ifnull(?3, stock),
                           credit = ifnull(?4, credit), reasons = iif(ended_at IS NULL, ifnull(?5, reasons), reasons),
                           invoice = ifnull(?6, invoice), updated = ?7, updated_at = ?8, ended_at = ifnull(ended_at, ?9)
         WHERE id = ?1 RETURNING ended_at",
    )?;
    let values = params![
        id.as_bytes(),
        order.status.map(status_number),
        order.stock,
        order.credit,
        order.reasons,
        order.invoice,
        order.updated.0,
        order.updated_at,
        order.ended_at,
    ];
    let ended_at: Option<Option<i64>> = update.query_row(values, |row| row.get(0)).optional()?;
    Ok(order.ended_at.is_some() && ended_at.flatten() == order.ended_at)
}

fn place(tx: &Transaction<'_>, change: &Change, placing: &Placing) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, 0, 0, NULL, ?1, ?9, NULL, ?10, ?11)",
    )?;
    let terms = &placing.terms;
    insert
        .execute(params![
            change.position.0,
            terms.order.as_bytes(),
            terms.customer.as_bytes(),
            terms.product.as_bytes(),
            terms.product_name,
            terms.quantity,
            terms.price.minor(),
            terms.currency,
            change.at.micros(),
            placing.correlation.as_bytes(),
            channel_number(placing.channel),
        ])
        .map(drop)
}
