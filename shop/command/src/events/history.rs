//! An order's history out of the log of a stopped shop: the same steps as a running one shows.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context as _, bail};

use contracts::{order::OrderEvent, rest::order::Step};
use kernel::{Position, Recorded, Version};
use order::model::{Happened, What, Whose};
use runtime::trace::trace_id;
use serde_json::Value;
use store::{Read, log::LogReader};
use uuid::Uuid;

use super::embedded::{open, page};
use crate::{id::Fitting, stopped::Stopped};

/// An order's history, as `get-order-history` shows it, and its trace's id, from the shop's log.
pub(crate) fn order_history(
    shop: &Stopped,
    order: Uuid,
) -> anyhow::Result<(Vec<Value>, Option<String>)> {
    let store = open(shop)?;
    let Some(placed) = placed(&store.reader, order)? else {
        bail!("the log has no order {order}");
    };
    let traceparent = placed.metadata.traceparent.as_deref();
    let trace = traceparent.and_then(trace_id).map(str::to_owned);
    let mut story = Gathering::of(order, &placed);
    let mut history = Vec::new();
    let mut from = Position(1);
    loop {
        let page = page(&store.reader, &Read::All { from, categories: Vec::new() })?;
        for event in &page.events {
            if let Some(happened) = story.take(&store.reader, event)? {
                history.push(serde_json::to_value(step(event, happened)?)?);
            }
        }
        if page.end {
            return Ok((history, trace));
        }
        from = page.next;
    }
}

/// The one order of a stopped shop's log that a part of an id means.
pub(crate) fn fitting_order(shop: &Stopped, mut fitting: Fitting) -> anyhow::Result<Uuid> {
    let store = open(shop)?;
    let mut from = Position(1);
    loop {
        let categories = vec![contracts::order::CATEGORY.to_owned()];
        let page = page(&store.reader, &Read::All { from, categories })?;
        for event in &page.events {
            if let Some(OrderEvent::Placed(placed)) = OrderEvent::of(event) {
                fitting.look_at(placed.terms.order);
            }
        }
        if page.end {
            return Ok(fitting.one("order")?);
        }
        from = page.next;
    }
}

/// The event that placed an order, if it was placed.
fn placed(reader: &LogReader, order: Uuid) -> anyhow::Result<Option<Arc<Recorded>>> {
    let stream = contracts::order::stream(order);
    let first = page(reader, &Read::Stream { stream, from: Version(0) })?;
    let first = first.events.into_iter().next();
    Ok(first.filter(|event| matches!(OrderEvent::of(event), Some(OrderEvent::Placed(_)))))
}

/// The steps of one order, found on one way through the log by the rule of the order service's read model ([`Whose`]).
struct Gathering {
    order: Uuid,
    placed: Position,
    correlation: Uuid,
    /// Whether another order was placed before under the same correlation.
    is_shared: bool,
    /// Where the steps found so far stand.
    steps: BTreeSet<Position>,
}

impl Gathering {
    fn of(order: Uuid, placed: &Recorded) -> Self {
        let (placed, correlation) = (placed.position, placed.metadata.correlation);
        Self { order, placed, correlation, is_shared: false, steps: BTreeSet::new() }
    }

    /// What the next event of the log is to the order, if it is a step of it.
    fn take(&mut self, reader: &LogReader, event: &Recorded) -> anyhow::Result<Option<Happened>> {
        // What the order service cannot read is not a step there either.
        let change = order::project(event).ok().flatten();
        let Some(What::Happened(happened)) = change.map(|change| change.what) else {
            return Ok(None);
        };
        if !self.is_ours(reader, event, &happened)? {
            let placed = happened.placed.as_ref();
            self.is_shared |= placed.is_some_and(|by| by.correlation == self.correlation);
            return Ok(None);
        }
        self.steps.insert(event.position);
        Ok(Some(happened))
    }

    fn is_ours(
        &self,
        reader: &LogReader,
        event: &Recorded,
        happened: &Happened,
    ) -> anyhow::Result<bool> {
        let (named, correlation) = match happened.whose {
            Whose::Order(order) => return Ok(order == self.order && event.position >= self.placed),
            Whose::Following { named, correlation } => (named, correlation),
        };
        let by_cause = happened.cause.is_some_and(|cause| self.steps.contains(&cause));
        let by_correlation =
            correlation == self.correlation && !self.is_shared && event.position > self.placed;
        Ok(match named {
            Some(order) if order == self.order => event.position > self.placed,
            // One that names nothing does not keep it from following from ours.
            Some(other) if by_cause || by_correlation => {
                placed(reader, other)?.is_none_or(|placed| placed.position > event.position)
            }
            Some(_) | None => by_cause || by_correlation,
        })
    }
}

fn step(event: &Recorded, happened: Happened) -> anyhow::Result<Step> {
    let details = serde_json::from_str(&happened.details);
    Ok(Step {
        event: happened.kind.as_str().to_owned(),
        service: happened.service,
        actor: happened.actor.to_string(),
        at: event.time,
        position: event.position,
        cause: happened.cause,
        details: details.context("a step's details are a JSON object")?,
    })
}
