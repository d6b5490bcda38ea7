//! What led to an event and what followed from it, as it was recorded.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use contracts::rest::{causation::Causation, events::RecordedEvent};
use identity::Manager;
use kernel::{Position, Recorded};
use serde::Deserialize;
use store::Read;
use utoipa::IntoParams;
use uuid::Uuid;
use web::{Count, Limit, Problem, Query, Text};

use crate::{
    Events, answer,
    causes::{Found, REACTOR, begun, cause, first_of_trace, followed},
    shown, unreadable,
};

/// The longest chain of causes that is followed back.
const CAUSES_MAX: usize = 100;
/// The most events of one correlation, beside reactions, that are looked at.
const REQUESTS_MAX: usize = 50;

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query, rename_all = "PascalCase")]
pub(super) struct Asked {
    /// The event's position; or give `Correlation` or `Trace`.
    #[param(inline)]
    position: Option<Count>,
    /// The correlation of a request, whose first event is meant.
    correlation: Option<Uuid>,
    /// The id of a trace, as lines of the log have it, 32 hexadecimal digits; the first event recorded for a request of it is meant.
    #[param(inline)]
    trace: Option<Text<32, 32>>,
    /// How many of the events that followed are listed at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
}

/// Why an event happened: the events that led to it, and everything that followed from it, across all services.
#[utoipa::path(get, path = "/read-causation", params(Asked), security(("token" = [])),
    responses((status = 200, body = Causation),
        (status = 404, description = "There is no such event.")))]
pub(super) async fn read_causation(
    State(events): State<Events>,
    _manager: Manager,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let head = events.reader.head().await.map_err(unreadable)?;
    let indexed_to = events.indexed_to(head).await;
    let position = match (asked.position, asked.correlation, asked.trace) {
        (Some(position), None, None) => Position(position.get().unsigned_abs()),
        (None, Some(correlation), None) => events.first_of(correlation)?,
        (None, None, Some(trace)) => events.first_of_trace(&trace)?,
        _ => {
            let rule = "give exactly one of Position, Correlation and Trace";
            return Err(Problem::field("Position", rule));
        }
    };
    let event = events.at(position).await?.ok_or_else(no_event)?;
    let related = events.related(&event).await?;
    let causes = events.causes(&event, &related).await?;
    let also = related.by_itself.iter().map(|event| event.position).collect();
    let found = followed(&events.causes, position, also, asked.limit.get()).await?;
    let followed = events.read(&found.positions).await?;
    let known = |other: &RecordedEvent| {
        causes.first().is_some_and(|first| first.position.0 == other.position)
    };
    let same_request = related.others.iter().map(|event| shown(event));
    let causation = Causation {
        same_request: same_request.filter(|other| !known(other)).collect(),
        causes: causes.iter().map(|event| shown(event)).collect(),
        followed: followed.iter().map(|event| shown(event)).collect(),
        more: found.more || related.more || causes.len() == CAUSES_MAX,
        indexed_to: indexed_to.0,
        event: shown(&event),
    };
    Ok(answer(causation, head))
}

/// The events of an event's correlation that react to nothing.
struct Related {
    /// What a service did later in the event's stream by itself, as at a deadline: it followed from the event, though nothing says so.
    by_itself: Vec<Arc<Recorded>>,
    others: Vec<Arc<Recorded>>,
    more: bool,
}

impl Events {
    fn first_of(&self, correlation: Uuid) -> Result<Position, Problem> {
        let found = begun(&self.causes, correlation, Position::START, 1)?;
        found.positions.first().copied().ok_or_else(no_event)
    }

    fn first_of_trace(&self, trace: &str) -> Result<Position, Problem> {
        // A sign would be taken as well.
        let is_hex = trace.bytes().all(|byte| byte.is_ascii_hexdigit());
        let trace = u128::from_str_radix(trace, 16).ok().filter(|_| is_hex);
        let trace =
            trace.ok_or_else(|| Problem::field("Trace", "must be 32 hexadecimal digits"))?;
        first_of_trace(&self.causes, trace)?.ok_or_else(no_event)
    }

    async fn at(&self, position: Position) -> Result<Option<Arc<Recorded>>, Problem> {
        Ok(self.read(&[position]).await?.pop())
    }

    async fn related(&self, event: &Recorded) -> Result<Related, Problem> {
        let correlation = event.metadata.correlation;
        let Found { positions, more } =
            begun(&self.causes, correlation, Position::START, REQUESTS_MAX)?;
        let mut begun = self.read(&positions).await?;
        begun.retain(|other| other.position != event.position);
        let (by_itself, others) =
            begun.into_iter().partition(|other| cause(event).is_none() && did_after(event, other));
        Ok(Related { by_itself, others, more })
    }

    /// What led to an event, from the first one on: by recorded causes; and where they end with what a service did by itself, the request
    /// that this belongs to.
    async fn causes(
        &self,
        event: &Arc<Recorded>,
        related: &Related,
    ) -> Result<Vec<Arc<Recorded>>, Problem> {
        let mut causes: Vec<Arc<Recorded>> = Vec::new();
        while causes.len() < CAUSES_MAX {
            let last = causes.last().unwrap_or(event);
            let found = match cause(last) {
                Some(cause) => self.at(cause).await?,
                None => related.others.iter().find(|first| did_after(first, last)).cloned(),
            };
            match found {
                Some(found) => causes.push(found),
                None => break,
            }
        }
        causes.reverse();
        Ok(causes)
    }

    /// The events at `positions`, which are in order. Neighbours are read together.
    pub(super) async fn read(&self, positions: &[Position]) -> Result<Vec<Arc<Recorded>>, Problem> {
        let mut found = Vec::with_capacity(positions.len());
        let mut wanted = positions.iter().copied().peekable();
        while let Some(from) = wanted.peek().copied() {
            let read = Read::All { from, categories: Vec::new() };
            let page = self.reader.read(&read).await.map_err(unreadable)?;
            for event in &page.events {
                if wanted.next_if_eq(&event.position).is_some() {
                    found.push(Arc::clone(event));
                }
            }
            while wanted.next_if(|position| page.end || *position < page.next).is_some() {}
            tokio::task::yield_now().await;
        }
        Ok(found)
    }
}

/// Whether `later` is what a service did by itself after `event`, for the same request and in the same stream.
fn did_after(event: &Recorded, later: &Recorded) -> bool {
    later.position > event.position
        && later.stream == event.stream
        && later.metadata.actor.kind() == REACTOR
        && cause(later).is_none()
}

fn no_event() -> Problem {
    Problem::not_found("There is no such event.")
}
