//! The inboxes of a service's followers, for operators: what is in them, and what to do with it.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use hyper::StatusCode;
use kernel::{Actor, Event as _, Expected, Metadata, Position, StreamId, Version};
use runtime::{
    Progress, SetAside,
    inbox::{InboxEvent, stream},
};
use serde::{Deserialize, Serialize};
use store::{Append, Appended, NoReply, Read};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{At, Context, Count, Json, Operator, Problem, ServiceDeps, Text};

/// Appends that others got in between before a decision is given up: each time another one was recorded.
const TRIES: usize = 8;
/// The pause that a client is asked to make then, or when the event store does not answer.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The calls by which an operator of the service `name` sees what these followers could not take, and retries or skips it: `/inbox`, `/retry-event` and
/// `/skip-event`. Every [`Assembly`](crate::Assembly) has them. See [`runtime::inbox`].
pub fn calls(name: &'static str, deps: ServiceDeps, followers: Vec<Progress>) -> OpenApiRouter {
    let inboxes = Arc::new(Inboxes { name, deps, followers });
    OpenApiRouter::new()
        .routes(routes!(inbox))
        .routes(routes!(retry_event))
        .routes(routes!(skip_event))
        .with_state(inboxes)
}

struct Inboxes {
    /// Of the service.
    name: &'static str,
    deps: ServiceDeps,
    followers: Vec<Progress>,
}

/// The events that the followers of a service could not take.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct InboxEntries {
    /// By follower, in the order of the log.
    pub entries: Vec<InboxEntry>,
}

/// An event that a follower could not take: it changed nothing there. Later events of its stream wait behind it; all others are taken.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct InboxEntry {
    /// The follower, such as the projector of the read model.
    pub subscriber: String,
    /// Where the log has the event.
    pub position: u64,
    /// The event's stream.
    pub stream: String,
    /// The event's place in its stream.
    pub version: u64,
    /// Why it could not be taken.
    pub reason: String,
    /// Recorded events of its stream behind it.
    pub waiting: u64,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RetryEvent {
    /// The follower in whose inbox it is.
    #[schema(inline)]
    subscriber: Text<1, 100>,
    #[schema(inline)]
    position: Count,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SkipEvent {
    /// The follower in whose inbox it is.
    #[schema(inline)]
    subscriber: Text<1, 100>,
    #[schema(inline)]
    position: Count,
    /// Why it is skipped; recorded with the decision.
    #[schema(inline)]
    reason: Text<1, 300>,
}

/// What was decided.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Decided {
    /// Where the decision is recorded: once the follower is there, it has been carried out.
    position: u64,
}

/// The events that the service's followers could not take. They changed nothing; later events of their streams wait, all others are taken.
#[utoipa::path(get, path = "/inbox", security(("token" = [])), responses((status = 200, body = InboxEntries)))]
async fn inbox(
    State(inboxes): State<Arc<Inboxes>>,
    _operator: Operator,
) -> Result<Json<InboxEntries>, Problem> {
    let mut entries = Vec::new();
    for follower in &inboxes.followers {
        for entry in follower.inbox() {
            let waiting = inboxes.waiting(&entry).await?;
            let SetAside { position, stream, version, reason } = entry;
            entries.push(InboxEntry {
                subscriber: follower.name().to_owned(),
                position: position.0,
                stream: stream.as_str().to_owned(),
                version: version.0,
                reason,
                waiting,
            });
        }
    }
    Ok(Json(InboxEntries { entries }))
}

/// Has an event of an inbox, and what waits behind it, taken once more: after a repair, such as an update that can read it.
#[utoipa::path(post, path = "/retry-event", request_body = RetryEvent, security(("token" = [])), responses(
    (status = 202, body = Decided),
    (status = 404, description = "The inbox has no entry for that event."),
))]
async fn retry_event(
    State(inboxes): State<Arc<Inboxes>>,
    context: Context,
    operator: Operator,
    Json(RetryEvent { subscriber, position }): Json<RetryEvent>,
) -> Result<(StatusCode, At, Json<Decided>), Problem> {
    let subscriber = subscriber.to_string();
    let decision = InboxEvent::Retried { subscriber, position: position.unsigned() };
    inboxes.decide(&context, &operator, &decision).await
}

/// Skips an event of an inbox for good, and has what waits behind it taken.
#[utoipa::path(post, path = "/skip-event", request_body = SkipEvent, security(("token" = [])), responses(
    (status = 202, body = Decided),
    (status = 404, description = "The inbox has no entry for that event."),
))]
async fn skip_event(
    State(inboxes): State<Arc<Inboxes>>,
    context: Context,
    operator: Operator,
    Json(SkipEvent { subscriber, position, reason }): Json<SkipEvent>,
) -> Result<(StatusCode, At, Json<Decided>), Problem> {
    let (subscriber, reason) = (subscriber.to_string(), reason.to_string());
    let decision = InboxEvent::Skipped { subscriber, position: position.unsigned(), reason };
    inboxes.decide(&context, &operator, &decision).await
}

impl Inboxes {
    /// How many events wait behind an entry.
    async fn waiting(&self, entry: &SetAside) -> Result<u64, Problem> {
        let last = self.last(&entry.stream).await?;
        Ok(last.map_or(0, |last| last.0.saturating_sub(entry.version.0)))
    }

    async fn last(&self, stream: &StreamId) -> Result<Option<Version>, NoReply> {
        let page = self.deps.store().read_soon(Read::Last { stream: stream.clone() }).await?;
        Ok(page.events.last().map(|event| event.version))
    }

    /// Records a decision about an entry.
    async fn decide(
        &self,
        context: &Context,
        operator: &Operator,
        decision: &InboxEvent,
    ) -> Result<(StatusCode, At, Json<Decided>), Problem> {
        let (InboxEvent::Retried { subscriber, position }
        | InboxEvent::Skipped { subscriber, position, .. }
        | InboxEvent::Parked { subscriber, position, .. }) = decision;
        self.must_have(subscriber, Position(*position)).await?;
        let stream = stream(subscriber);
        for _ in 0..TRIES {
            let expected = Expected::after(self.last(&stream).await?);
            let metadata = self.metadata(context, operator);
            let event = self.deps.new_event(decision, metadata);
            let event = event.ok_or_else(|| Problem::upgrading(decision.kind()))?;
            let append = Append { stream: stream.clone(), expected, events: [event].into() };
            match self.deps.store().append(append).await {
                Appended::Recorded { last, .. } => return Ok(decided(last)),
                Appended::Conflict { .. } => {}
                Appended::Refused { reason } => return Err(Problem::internal(reason)),
            }
        }
        Err(Problem::unavailable(
            RETRY_AFTER,
            "Another operator is deciding on this inbox; try again.",
        ))
    }

    /// 404 unless the entry is this service's to decide about.
    ///
    /// A shared follower has its name, and much the same entries, in every process: one decision is for all of them, and the service after
    /// which it is named records it. That one's own entry may be decided about already, while a process that was updated later has its own,
    /// of which this one does not know. So any recorded event may be decided about; where no process has it, that changes nothing.
    async fn must_have(&self, subscriber: &str, position: Position) -> Result<(), Problem> {
        let missing = || {
            Problem::not_found(
                "The inbox has no entry for that event; GET inbox lists its entries.",
            )
        };
        if self.deps.shared.iter().any(|shared| shared.name() == subscriber) {
            let decides = subscriber.split('.').next().unwrap_or_default();
            if decides != self.name {
                let detail = format!("Every service has this inbox; {decides} decides about it.");
                return Err(Problem::not_found(detail));
            }
            let read = Read::All { from: position, categories: Vec::new() };
            let page = self.deps.store().read_soon(read).await?;
            let is_recorded = page.events.first().is_some_and(|event| event.position == position);
            return if is_recorded { Ok(()) } else { Err(missing()) };
        }
        let follower = self.followers.iter().find(|follower| follower.name() == subscriber);
        let entries = follower.map(Progress::inbox).unwrap_or_default();
        if entries.iter().any(|entry| entry.position == position) { Ok(()) } else { Err(missing()) }
    }

    fn metadata(&self, context: &Context, operator: &Operator) -> Metadata {
        let actor = match (&operator.0, &self.deps.http.auth) {
            (Some(identity), Some(auth)) => auth.actor(identity),
            _ => Actor::anonymous(),
        };
        context.metadata(actor, None)
    }
}

fn decided(at: Position) -> (StatusCode, At, Json<Decided>) {
    (StatusCode::ACCEPTED, At(at), Json(Decided { position: at.0 }))
}
