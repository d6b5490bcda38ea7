//! Changes of orders as they happen: a stream reads what its client has missed from the model, then continues with the feed.

use std::{collections::VecDeque, sync::Arc};

use axum::{extract::State, response::Response};
use contracts::rest::order::Change;
use futures_util::stream;
use identity::Caller;
use kernel::Position;
use serde::Deserialize;
use uuid::Uuid;
use web::{Context, LastEventId, Problem, Query, Text, event, event_stream};

use super::{
    Calls,
    feed::{Live, RETRY, Told},
};

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OrderEvents {
    /// A user name; managers may omit it, for the orders of all customers.
    #[param(inline)]
    user_name: Option<Text<1, 64>>,
}

/// Server-sent events: one per change of an order, from now on or after `Last-Event-ID`.
#[utoipa::path(get, path = "/order-events", tag = "order",
    params(OrderEvents, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen.")),
    security(("token" = [])), responses(
    (status = 200, body = Change, content_type = "text/event-stream", description = "Each event's data is a change."),
    (status = 404, description = "There is no such customer."),
))]
pub(super) async fn order_events(
    State(calls): State<Arc<Calls>>,
    context: Context,
    caller: Caller,
    last: LastEventId,
    Query(OrderEvents { user_name }): Query<OrderEvents>,
) -> Result<Response, Problem> {
    let customer = if let Some(user) = user_name {
        Some(calls.customer(&caller, &user).await?)
    } else {
        caller.must_be_manager()?;
        None
    };
    let now = calls.progress.position();
    let after = match last.parse::<u64>()? {
        // Beyond the end of a restored log no change would ever be sent.
        Some(seen) => calls.within_the_log(Position(seen)).await.unwrap_or(now),
        None => now,
    };
    let live = calls.feed.listen(customer, &calls.progress);
    let follower = Follower { calls, customer, after, live, missed: VecDeque::new() };
    let events = stream::unfold(follower, async |mut follower| {
        let Told { position, change } = follower.next().await?;
        let event = event(position, "order", &change).ok()?;
        Some((event, follower))
    });
    event_stream(&context, Some(caller.identity()), events)
}

/// A client's place in the changes.
struct Follower {
    calls: Arc<Calls>,
    customer: Option<Uuid>,
    /// Everything up to here has been sent.
    after: Position,
    live: Live,
    /// Changes read from the model and not sent yet.
    missed: VecDeque<Told>,
}

impl Follower {
    /// The next change.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.missed.pop_front() {
                return Some(self.tell(told));
            }
            if self.after < self.live.from {
                self.catch_up().await;
                continue;
            }
            match self.live.next().await {
                Some(told) if told.position > self.after => return Some(self.tell(told)),
                Some(_known) => {}
                None => self.live = self.calls.feed.listen(self.customer, &self.calls.progress),
            }
        }
    }

    fn tell(&mut self, told: Told) -> Told {
        self.after = told.position;
        told
    }

    /// Reads a page of the changes before `live` began.
    async fn catch_up(&mut self) {
        match self.calls.missed(self.customer, self.after).await {
            // The model has passed the point where `live` began, and holds nothing more for us up to there.
            Ok(missed) if missed.is_empty() => self.after = self.live.from,
            Ok(missed) => self.missed.extend(missed),
            Err(problem) => {
                tracing::warn!(%problem, "cannot read the changes of orders; retrying");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}
