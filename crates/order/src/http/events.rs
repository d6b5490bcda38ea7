//! Changes of orders as they happen.
//!
//! ```text
//!  position moved ─▶ one query for all that is new ─▶ events ─▶ a breath, so that a busy shop is asked in batches
//!        ▲                                                              │
//!        └──────────────────────────────────────────────────────────────┘
//! ```

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{Response, sse::Event},
};
use chassis::{
    auth::Caller,
    http::{Context, LastEventId, Problem, Query, Text, event, event_stream},
};
use contracts::rest::order::Change;
use futures_util::stream;
use kernel::Position;
use serde::Deserialize;
use tokio::sync::watch;
use uuid::Uuid;

use super::{Orders, failed, view};

/// Changes read at once.
const PAGE: usize = 500;
/// The time between two queries of a stream that has caught up: unnoticed by people, and a batch of changes in a busy shop.
const BREATH: Duration = Duration::from_millis(2);
/// The pause after a query that failed.
const RETRY: Duration = Duration::from_secs(1);

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OrderEvents {
    /// Whose orders; all unless given, which is for managers.
    #[param(inline)]
    user_name: Option<Text<1, 64>>,
}

/// Server-sent events: one per change of an order, from now on or from behind `Last-Event-ID`.
#[utoipa::path(get, path = "/order-events", tag = "order",
    params(OrderEvents, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen.")),
    security(("token" = [])), responses(
    (status = 200, body = Change, content_type = "text/event-stream", description = "Each event's data is a change."),
    (status = 404, description = "There is no such customer."),
))]
pub(super) async fn order_events(
    State(orders): State<Arc<Orders>>,
    context: Context,
    caller: Caller,
    last: LastEventId,
    Query(OrderEvents { user_name }): Query<OrderEvents>,
) -> Result<Response, Problem> {
    let customer = if let Some(user) = user_name {
        Some(orders.customer(&caller, &user).await?)
    } else {
        caller.must_be_manager()?;
        None
    };
    let after = last.parse::<u64>()?.map_or_else(|| orders.progress.position(), Position);
    let follower = Follower {
        positions: orders.progress.watch(),
        orders,
        customer,
        after,
        caught_up: false,
        ready: VecDeque::new(),
    };
    let events = stream::unfold(follower, async |mut follower| {
        let event = follower.next().await?;
        Some((event, follower))
    });
    Ok(event_stream(&context, events))
}

/// Somebody's place in the changes.
struct Follower {
    orders: Arc<Orders>,
    customer: Option<Uuid>,
    positions: watch::Receiver<Position>,
    /// Everything up to here has been told.
    after: Position,
    /// Whether the query before found everything there was.
    caught_up: bool,
    ready: VecDeque<Event>,
}

impl Follower {
    /// The next change; none when the service ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.caught_up {
                tokio::time::sleep(BREATH).await;
            }
            let after = self.after;
            let reached = *self.positions.wait_for(|position| *position > after).await.ok()?;
            if let Err(problem) = self.read(reached).await {
                tracing::warn!(%problem, "changes of orders cannot be read; trying again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Reads a page of what is new, given that the model has passed `reached`.
    async fn read(&mut self, reached: Position) -> Result<(), Problem> {
        let page = self.orders.model.changes(self.customer, self.after, PAGE).await;
        let page = page.map_err(failed)?;
        self.caught_up = page.len() < PAGE;
        let mut last = self.after;
        for (step, order) in page {
            last = step.position;
            let change = Change { step: self.orders.step(step).await?, order: view::order(order) };
            self.ready.push_back(event(last, "order", &change)?);
        }
        // Behind the last change there was nothing for us up to where the model was when we asked.
        self.after = if self.caught_up { last.max(reached) } else { last };
        Ok(())
    }
}
