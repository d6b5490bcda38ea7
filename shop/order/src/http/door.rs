//! How an order is admitted or refused over HTTP; the rule is [`crate::door`]'s.

use std::{sync::Arc, time::Duration};

use axum::{extract::FromRequestParts, http::request::Parts};
use contracts::names;
use uuid::Uuid;
use web::Problem;

use super::Calls;
use crate::door::{Entry, Refused};

/// The longest time after which a refused client is asked to come back.
const COME_BACK_MAX: Duration = Duration::from_secs(5);
/// Operators are warned for so long after the last order that was refused.
const WARNS_FOR: Duration = Duration::from_secs(10);
/// The part of an order's time that the reactor may be behind.
const BEHIND: u32 = 10;

/// An extractor that runs first: 503 if any order would be refused, before token and body are read.
pub(super) struct Chance;

impl FromRequestParts<Arc<Calls>> for Chance {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, calls: &Arc<Calls>) -> Result<Self, Problem> {
        calls.door.is_crowded().map_or(Ok(Self), |refused| Err(calls.busy(refused)))
    }
}

impl Calls {
    /// Admits an order, or refuses it with 503. An order that is placed already, which can be if its request is `repeatable`, is no
    /// further one.
    pub(super) async fn enter(
        &self,
        order: Uuid,
        customer: Uuid,
        repeatable: bool,
    ) -> Result<Option<Entry>, Problem> {
        if self.door.has(order) {
            return Ok(None);
        }
        let refused = match self.behind() {
            Some(behind) => Refused(behind),
            None => match self.door.enter(order, customer).await {
                Ok(entry) => return Ok(Some(entry)),
                Err(refused) => refused,
            },
        };
        if repeatable && self.model.order(order).await?.is_some() {
            return Ok(None);
        }
        Err(self.busy(refused))
    }

    /// How far the reactor lags, if that is so far that the door knows too little.
    fn behind(&self) -> Option<Duration> {
        let behind = Duration::try_from_secs_f64(self.reacted.lag().seconds).unwrap_or_default();
        (behind > self.deadline / BEHIND).then_some(behind)
    }

    fn busy(&self, Refused(wait): Refused) -> Problem {
        const DETAIL: &str = "More orders are waiting than can be checked in time. Nothing was recorded for this one; send it again in a moment.";
        const WARNING: &str = "It turns orders away (503), because more are on their way than are answered in time. The page Sagas names the \
                               services that recorded orders wait for. If no order waits there, the event store is too slow to record them.";
        self.refused.inc();
        self.reacted.warns("door", WARNING, WARNS_FOR);
        let problem = Problem::busy(wait.min(COME_BACK_MAX), DETAIL);
        problem.kind(names::ORDERS_BUSY).title(names::BUSY)
    }
}
