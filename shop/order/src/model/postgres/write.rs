//! Changes made in PostgreSQL: as many rows as a batch has in a few statements, since each costs a round trip.

use std::collections::BTreeMap;

use contracts::order::lifecycle::Status;
use deadpool_postgres::Transaction;
use runtime::model::server::pipelined;
use tokio_postgres::{Error, Statement};
use uuid::Uuid;

use super::{
    steps::{Told, following, tell},
    values::{column, number},
};
use crate::model::{
    Change, Happened, Placing, Product, What, Whose,
    batch::Changed,
    numbers::{Column, channel_number, status_number},
};

/// Makes all changes, in order.
pub(super) async fn all(tx: &Transaction<'_>, changes: &[Change]) -> Result<(), Error> {
    let (mut batch, mut named) = (Batch::default(), Vec::new());
    for change in changes {
        match &change.what {
            What::Happened(happened) => batch.happened(change, happened),
            what => named.push(what),
        }
    }
    if !named.is_empty() {
        let names = Names::prepare(tx).await?;
        let mut calls = Vec::with_capacity(named.len());
        for what in named {
            calls.push(names.take(tx, what));
        }
        pipelined(calls).await?;
    }
    batch.write(tx).await
}

/// What changes products and people, one row at a time.
struct Names {
    listed: Statement,
    changed: Statement,
    unlisted: Statement,
    customer: Statement,
}

impl Names {
    async fn prepare(tx: &Transaction<'_>) -> Result<Self, Error> {
        // A product that is not listed may come back; one that is listed cannot be listed again, and has no price then.
        let listed = "INSERT INTO product VALUES ($1, $2, $3, $4, true) ON CONFLICT (id) DO UPDATE SET
                   name = excluded.name, price = CASE WHEN NOT product.listed THEN excluded.price END,
                   currency = excluded.currency, listed = true";
        let changed = "UPDATE product SET name = coalesce($2, name), price = coalesce($3, price) WHERE id = $1";
        let unlisted = "UPDATE product SET listed = false WHERE id = $1";
        // The first customer of a name keeps it, as in the customer service: a second one does not fit.
        let customer = "INSERT INTO person VALUES ($1, $2)";
        Ok(Self {
            listed: tx.prepare_cached(listed).await?,
            changed: tx.prepare_cached(changed).await?,
            unlisted: tx.prepare_cached(unlisted).await?,
            customer: tx.prepare_cached(customer).await?,
        })
    }

    /// Makes a change; it is sent at the first poll.
    async fn take(&self, tx: &Transaction<'_>, what: &What) -> Result<u64, Error> {
        match what {
            // Orders are written together.
            What::Happened(_) => Ok(0),
            What::Listed(id, Product { name, price, currency }) => {
                tx.execute(&self.listed, &[id, name, &price.minor(), currency]).await
            }
            What::Changed { product, name, price } => {
                let price = price.map(contracts::money::Money::minor);
                tx.execute(&self.changed, &[product, name, &price]).await
            }
            What::Unlisted(product) => tx.execute(&self.unlisted, &[product]).await,
            What::Customer { id, user } => tx.execute(&self.customer, &[id, user]).await,
        }
    }
}

/// What a batch does to orders, gathered before it is written.
#[derive(Default)]
struct Batch<'a> {
    placed: Vec<(&'a Change, &'a Placing)>,
    /// The steps that name their order.
    steps: Vec<Told<'a>>,
    /// Those whose order is to be found.
    following: Vec<(&'a Change, &'a Happened)>,
}

impl<'a> Batch<'a> {
    fn happened(&mut self, change: &'a Change, happened: &'a Happened) {
        if let Some(placing) = &happened.placed {
            self.placed.push((change, placing));
        }
        match happened.whose {
            Whose::Order(order) => self.steps.push(Told { change, happened, order }),
            Whose::Following { .. } => self.following.push((change, happened)),
        }
    }

    async fn write(mut self, tx: &Transaction<'_>) -> Result<(), Error> {
        if !self.placed.is_empty() {
            self.place(tx).await?;
        }
        tell(tx, &self.steps).await?;
        if !self.following.is_empty() {
            // Found by the orders and the steps that are there now.
            let found = following(tx, &self.following).await?;
            tell(tx, &found).await?;
            self.steps.extend(found);
            self.steps.sort_by_key(|step| step.change.position);
        }
        let mut orders = BTreeMap::<Uuid, Changed>::new();
        for Told { change, happened, order } in &self.steps {
            if happened.placed.is_none() {
                orders.entry(*order).or_default().take(change, &happened.effect);
            }
        }
        let ended = if orders.is_empty() { [0, 0] } else { update(tx, &orders).await? };
        let placed = number(self.placed.len() as u64);
        if placed > 0 || ended != [0, 0] {
            let sql = "UPDATE tally SET placed = placed + $1, canceled = canceled + $2, finalized = finalized + $3";
            let [canceled, finalized] = ended;
            tx.execute(&tx.prepare_cached(sql).await?, &[&placed, &canceled, &finalized]).await?;
        }
        Ok(())
    }

    async fn place(&self, tx: &Transaction<'_>) -> Result<(), Error> {
        let sql = "INSERT INTO orders
             SELECT p.placed, p.id, p.customer, p.product, p.product_name, p.quantity, p.price, p.currency, p.placed_at,
                    0, 0, 0, 0, NULL, p.placed, p.placed_at, NULL, p.correlation, p.channel
             FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::bigint[], $8::text[],
                         $9::bigint[], $10::uuid[], $11::smallint[])
                  AS p (placed, id, customer, product, product_name, quantity, price, currency, placed_at, correlation, channel)";
        let all = &self.placed;
        tx.execute(
            &tx.prepare_cached(sql).await?,
            &[
                &column(all, |(change, _)| number(change.position.0)),
                &column(all, |(_, placing)| placing.terms.order),
                &column(all, |(_, placing)| placing.terms.customer),
                &column(all, |(_, placing)| placing.terms.product),
                &column(all, |(_, placing)| placing.terms.product_name.as_str()),
                &column(all, |(_, placing)| i64::from(placing.terms.quantity)),
                &column(all, |(_, placing)| placing.terms.price.minor()),
                &column(all, |(_, placing)| placing.terms.currency.as_str()),
                &column(all, |(change, _)| change.at.micros()),
                &column(all, |(_, placing)| placing.correlation),
                &column(all, |(_, placing)| i16::from(channel_number(placing.channel))),
            ],
        )
        .await
        .map(drop)
    }
}

/// Changes each order once, however many steps it took; how many were canceled and finalized. One that has ended keeps its
/// status and its reasons.
async fn update(tx: &Transaction<'_>, orders: &BTreeMap<Uuid, Changed>) -> Result<[i64; 2], Error> {
    let sql = "UPDATE orders SET
             status = CASE WHEN orders.ended_at IS NULL THEN coalesce(c.status, orders.status) ELSE orders.status END,
             stock = coalesce(c.stock, orders.stock), credit = coalesce(c.credit, orders.credit),
             reasons = CASE WHEN orders.ended_at IS NULL THEN coalesce(c.reasons, orders.reasons) ELSE orders.reasons END,
             invoice = coalesce(c.invoice, orders.invoice), updated = c.updated, updated_at = c.updated_at,
             ended_at = coalesce(orders.ended_at, c.ended_at)
         FROM unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::smallint[], $5::smallint[], $6::bigint[], $7::bigint[],
                     $8::bigint[], $9::bigint[])
              AS c (id, status, stock, credit, reasons, invoice, updated, updated_at, ended_at)
         WHERE orders.id = c.id RETURNING CASE WHEN orders.ended_at = c.ended_at THEN c.status END";
    let all: Vec<(&Uuid, &Changed)> = orders.iter().collect();
    let small = |number: Option<u8>| number.map(i16::from);
    let rows = tx
        .query(
            &tx.prepare_cached(sql).await?,
            &[
                &column(&all, |(id, _)| **id),
                &column(&all, |(_, order)| small(order.status.map(status_number))),
                &column(&all, |(_, order)| small(order.stock)),
                &column(&all, |(_, order)| small(order.credit)),
                &column(&all, |(_, order)| small(order.reasons)),
                &column(&all, |(_, order)| order.invoice.map(number)),
                &column(&all, |(_, order)| number(order.updated.0)),
                &column(&all, |(_, order)| order.updated_at),
                &column(&all, |(_, order)| order.ended_at),
            ],
        )
        .await?;
    let mut ended = [0, 0];
    for row in rows {
        let changed: Option<Column<Status>> = row.try_get(0)?;
        let [canceled, finalized] = &mut ended;
        match changed.map(|Column(status)| status) {
            Some(Status::Canceled) => *canceled += 1,
            Some(Status::Finalized) => *finalized += 1,
            Some(Status::Pending | Status::Approved) | None => {}
        }
    }
    Ok(ended)
}
