//! Writes steps, and finds the orders of those that do not name one: in one query each for a whole batch.

use std::collections::BTreeMap;

use deadpool_postgres::Transaction;
use kernel::Position;
use tokio_postgres::Error;
use uuid::Uuid;

use super::values::{column, number};
use crate::model::{Change, Happened, Whose};

/// For each step, by indexes alone: the order it names, the order of its cause, and two orders at most of its correlation; each only if
/// it was placed before.
const FIND: &str = "
    SELECT (SELECT id FROM orders WHERE id = s.named AND placed < s.position),
           (SELECT id FROM step JOIN orders USING (placed) WHERE step.position = s.cause AND s.cause < s.position),
           ARRAY(SELECT id FROM orders WHERE correlation = s.correlation AND placed < s.position LIMIT 2)
    FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::uuid[]) WITH ORDINALITY
         AS s (position, named, cause, correlation, place)
    ORDER BY s.place";

/// A step with its order.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) change: &'a Change,
    pub(super) happened: &'a Happened,
    pub(super) order: Uuid,
}

/// Writes the steps; there is no row, and so no step, for what was not placed before.
pub(super) async fn tell(tx: &Transaction<'_>, steps: &[Told<'_>]) -> Result<(), Error> {
    if steps.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO step
         SELECT s.position, orders.placed, s.service, s.kind, s.actor, s.cause, s.at, s.details
         FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[])
              AS s (position, id, service, kind, actor, cause, at, details)
         JOIN orders ON orders.id = s.id AND orders.placed <= s.position";
    tx.execute(
        &tx.prepare_cached(sql).await?,
        &[
            &column(steps, |step| number(step.change.position.0)),
            &column(steps, |step| step.order),
            &column(steps, |step| step.happened.service.as_str()),
            &column(steps, |step| step.happened.kind.as_str()),
            &column(steps, |step| step.happened.actor.to_string()),
            &column(steps, |step| step.happened.cause.map(|cause| number(cause.0))),
            &column(steps, |step| step.change.at.micros()),
            &column(steps, |step| step.happened.details.as_str()),
        ],
    )
    .await
    .map(drop)
}

/// Those of the steps, in order, that belong to an order; the steps that name theirs are written already.
pub(super) async fn following<'a>(
    tx: &Transaction<'_>,
    steps: &[(&'a Change, &'a Happened)],
) -> Result<Vec<Told<'a>>, Error> {
    let statement = tx.prepare_cached(FIND).await?;
    let rows = tx
        .query(
            &statement,
            &[
                &column(steps, |(change, _)| number(change.position.0)),
                &column(steps, |(_, happened)| named(happened)),
                &column(steps, |(_, happened)| happened.cause.map(|cause| number(cause.0))),
                &column(steps, |(_, happened)| correlation(happened)),
            ],
        )
        .await?;
    let mut found = BTreeMap::<Position, Told<'a>>::new();
    for ((change, happened), row) in steps.iter().zip(&rows) {
        let (named, caused): (Option<Uuid>, Option<Uuid>) = (row.try_get(0)?, row.try_get(1)?);
        let correlated: Vec<Uuid> = row.try_get(2)?;
        // The cause may be a step of this very batch.
        let here = || happened.cause.and_then(|cause| Some(found.get(&cause)?.order));
        let only = || match correlated.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        if let Some(order) = named.or(caused).or_else(here).or_else(only) {
            found.insert(change.position, Told { change, happened, order });
        }
    }
    Ok(found.into_values().collect())
}

fn named(happened: &Happened) -> Option<Uuid> {
    match happened.whose {
        Whose::Order(order) => Some(order),
        Whose::Following { named, .. } => named,
    }
}

fn correlation(happened: &Happened) -> Option<Uuid> {
    match happened.whose {
        Whose::Order(_) => None,
        Whose::Following { correlation, .. } => Some(correlation),
    }
}
