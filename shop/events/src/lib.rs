//! The REST API of the event store: recorded events for managers, as pages, as a stream, with what led to them and followed from
//! them, and as a copy of the whole log.

mod audit;
mod backup;
mod causation;
mod causes;
mod shown;
pub mod through;
mod types;
mod upgrading;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse, Response, sse::Event as ServerSentEvent},
};
use contracts::rest::events::{Head, RecordedEvent};
use futures_util::{Stream, stream};
use identity::Manager;
use kernel::{Position, Recorded, StreamId, Timestamp, Version};
use runtime::{
    ModelError, Progress, ReadModel as _, Scans, Subscription, Upgrade, projector, sqlite::Location,
};
use serde::{Deserialize, Deserializer, de::Error as _};
use store::Read;
use tokio::sync::Semaphore;
use utoipa::{IntoParams, OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    After, Context, Count, LastEventId, Limit, Listing, Problem, Query, Service, ServiceDeps, Text,
};

pub use backup::{Backup, Blocks};
use causes::{Causes, Index};
use runtime::event_store::Figures;
pub use shown::shown;
use store::{port::Reader, port::StoreFailure};
pub use through::Models;

/// Its name on the bus, and the first part of its routes.
pub const NAME: &str = "events";
/// What people cannot do while the event store does not answer.
pub const WITHOUT: &str = "Nothing can be recorded: nobody can order, register or change anything. Customers can still log in and see what was recorded before.";

/// How long the index may take to reach the end of the log before an answer is given without what is missing.
const PATIENCE: Duration = Duration::from_secs(1);
/// When to ask again while the log cannot be read.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What the calls answer from.
#[derive(Clone)]
struct Events {
    deps: ServiceDeps,
    reader: Arc<dyn Reader>,
    causes: Arc<Causes>,
    /// How far the index of causes is.
    indexed: Progress,
    /// The projections that can be stepped through, by a few at once.
    models: Models,
    walks: Scans,
    upgrade: Upgrade,
    backup: Option<Backup>,
    /// Held by the backup in progress.
    backing_up: Arc<Semaphore>,
}

impl Events {
    /// How far the index is, once it had some time to reach `head`.
    async fn indexed_to(&self, head: Position) -> Position {
        let _late = self.indexed.reach(head, PATIENCE).await;
        self.indexed.position()
    }
}

#[derive(OpenApi)]
#[openapi(info(title = "events"))]
struct Document;

/// What the answers rest on besides the log.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Where the index of causes is.
    pub causes: Location,
    /// The projections that can be stepped through.
    pub models: Models,
    /// What ends upgrades.
    pub upgrade: Upgrade,
}

/// The event store's HTTP side as a service named `events`. Who opened the store says which engine keeps the events.
pub async fn service(
    deps: &ServiceDeps,
    reader: Arc<dyn Reader>,
    figures: &Figures,
    backup: Option<Backup>,
    Beside { causes: index, models, upgrade }: Beside,
) -> Result<Service, ModelError> {
    let (name, version) = (NAME, env!("CARGO_PKG_VERSION"));
    let api = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(read_stream))
        .routes(routes!(read_all))
        .routes(routes!(follow))
        .routes(routes!(head))
        .routes(routes!(causation::read_causation))
        .routes(routes!(audit::read_audit))
        .routes(routes!(types::read_types))
        .routes(routes!(through::read_through))
        .routes(routes!(upgrading::upgrade))
        .routes(routes!(upgrading::finish_upgrade))
        .routes(routes!(backup::copy));
    let causes = Causes::open(Index, index, deps.tasks.clone())?;
    if causes.checkpoint().await? > reader.head().await.unwrap_or(Position::START) {
        // The log was put back to an earlier state, and that was accepted: nothing rests on an index.
        causes.reset().await?;
    }
    let indexed = deps.progress(&web::projector_of(name));
    projector::spawn(
        &deps.tasks,
        &deps.store(),
        Arc::clone(&causes),
        causes::project,
        indexed.clone(),
    );
    let backing_up = Arc::new(Semaphore::new(1));
    // Not the index: events are recorded and read without it, and its answers say how far it is.
    let mut followers = vec![figures.progress(deps)];
    followers.extend(deps.shared.iter().cloned());
    let walks = Scans::new(deps.tasks.clone());
    let ready = followers.clone();
    let service = web::Api::new(name, version, deps.http.clone())
        .ready(move || Service::ready(&ready))
        .metrics(deps.metrics.http());
    let deps = deps.clone();
    let events =
        Events { deps, reader, causes, indexed, models, walks, upgrade, backup, backing_up };
    let router = service.finish(api.with_state(events));
    Ok(Service { name, router, followers, model: None, engine: None })
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query, rename_all = "PascalCase")]
struct OfStream {
    /// The stream's name, such as `order-0190c7f2-8b1e-7c3a-9f00-1234567890ab`.
    #[serde(deserialize_with = "stream_name")]
    #[param(value_type = String, max_length = 200, pattern = "^[A-Za-z0-9._]+-[A-Za-z0-9._-]+$")]
    stream: StreamId,
    /// The first version; 0 by default.
    #[param(inline)]
    from: Option<Count>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    #[param(value_type = Option<String>, inline)]
    after: Option<After<u64>>,
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query, rename_all = "PascalCase")]
struct OfAll {
    /// The first position; 1 by default.
    #[param(inline)]
    from: Option<Count>,
    /// Only streams of this category, such as `order`.
    #[param(inline)]
    category: Option<Text<0, 200>>,
    /// Only events of this type, such as `order.placed`.
    #[param(inline)]
    r#type: Option<Text<0, 200>>,
    /// Only events recorded at or after this time.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only events recorded before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    #[param(value_type = Option<String>, inline)]
    after: Option<After<u64>>,
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query, rename_all = "PascalCase")]
struct Follow {
    /// The first position; only new events by default.
    #[param(inline)]
    from: Option<Count>,
}

fn stream_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StreamId, D::Error> {
    StreamId::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// The requested number, or the default.
fn first(asked: Option<Count>, otherwise: u64) -> u64 {
    asked.map_or(otherwise, |number| number.get().unsigned_abs())
}

/// The events of one stream, in order.
#[utoipa::path(get, path = "/read-stream", params(OfStream), security(("token" = [])),
    responses((status = 200, body = Listing<RecordedEvent>)))]
async fn read_stream(
    State(events): State<Events>,
    _manager: Manager,
    Query(asked): Query<OfStream>,
) -> Result<Response, Problem> {
    let from = Version(asked.after.map_or(first(asked.from, 0), |after| after.0));
    let page = events
        .reader
        .read(&Read::Stream { stream: asked.stream, from })
        .await
        .map_err(unreadable)?;
    let more = !page.end || page.events.len() > asked.limit.get();
    let items: Vec<RecordedEvent> =
        page.events.iter().take(asked.limit.get()).map(|event| shown(event)).collect();
    let next = items.last().filter(|_| more).map(|last| After(last.version + 1).encode());
    Ok(answer(Listing { items, next, total: None }, page.head))
}

/// The events of all streams, in the order of their positions.
#[utoipa::path(get, path = "/read-all", params(OfAll), security(("token" = [])),
    responses((status = 200, body = Listing<RecordedEvent>)))]
async fn read_all(
    State(events): State<Events>,
    _manager: Manager,
    Query(asked): Query<OfAll>,
) -> Result<Response, Problem> {
    let since = match asked.since {
        Some(since) => events
            .reader
            .position_at(since)
            .await
            .map_err(unreadable)?
            .unwrap_or(Position(u64::MAX)),
        None => Position::START,
    };
    let first = asked.after.as_ref().map_or(first(asked.from, 1), |after| after.0);
    let begun = Position(first).max(since);
    let mut from = begun;
    let categories = categories(&asked);
    let mut found = Vec::new();
    loop {
        let page = events
            .reader
            .read(&Read::All { from, categories: categories.clone() })
            .await
            .map_err(unreadable)?;
        for event in &page.events {
            // Later ones may be of before: a clock can have been ahead for a while.
            if asked.until.is_some_and(|until| event.time >= until) {
                continue;
            }
            if asked.r#type.as_deref().is_some_and(|wanted| wanted != event.kind.as_str()) {
                continue;
            }
            if found.len() == asked.limit.get() {
                let next = Some(After(event.position.0).encode());
                return Ok(answer(Listing { items: found, next, total: None }, page.head));
            }
            found.push(shown(event));
        }
        if page.end {
            return Ok(answer(Listing::last(found), page.head));
        }
        from = page.next;
        // A rare type in a long log: clients are not kept waiting, but go on from here, whatever was found so far.
        if page.next.0 > begun.0.saturating_add(SCANNED_AT_ONCE) {
            let next = Some(After(from.0).encode());
            return Ok(answer(Listing { items: found, next, total: None }, page.head));
        }
        tokio::task::yield_now().await;
    }
}

/// Events scanned for one response.
const SCANNED_AT_ONCE: u64 = 100_000;

fn categories(asked: &OfAll) -> Vec<String> {
    // A type's name begins with the category of its streams.
    let of_type = asked
        .r#type
        .as_deref()
        .and_then(|kind| kind.split_once('.'))
        .map(|(category, _)| category.to_owned());
    let category = asked.category.as_deref().map(str::to_owned);
    category.or(of_type).into_iter().collect()
}

/// All events as they are recorded (server-sent events), resumable by `Last-Event-ID`.
#[utoipa::path(get, path = "/follow", params(Follow), security(("token" = [])),
    responses((status = 200, content_type = "text/event-stream", body = RecordedEvent)))]
async fn follow(
    State(events): State<Events>,
    Manager(caller): Manager,
    context: Context,
    last: LastEventId,
    Query(asked): Query<Follow>,
) -> Result<Response, Problem> {
    let head = events.reader.head().await.map_err(unreadable)?;
    let seen = match (last.parse::<u64>()?, asked.from) {
        (Some(seen), _) => Position(seen),
        (None, from @ Some(_)) => Position(first(from, 1).saturating_sub(1)),
        (None, None) => head,
    };
    let subscription = Subscription::open(&events.deps.store(), seen.min(head)).await;
    web::event_stream(&context, Some(caller.identity()), told(subscription))
}

fn told(subscription: Subscription) -> impl Stream<Item = ServerSentEvent> {
    stream::unfold((subscription, VecDeque::new()), |(mut subscription, mut waiting)| async move {
        while waiting.is_empty() {
            waiting.extend(subscription.next().await);
        }
        let event: Arc<Recorded> = waiting.pop_front()?;
        let told = web::event(event.position, event.kind.as_str(), &shown(&event)).ok()?;
        Some((told, (subscription, waiting)))
    })
}

/// The last position of the log.
#[utoipa::path(get, path = "/head", security(("token" = [])), responses((status = 200, body = Head)))]
async fn head(State(events): State<Events>, _manager: Manager) -> Result<Response, Problem> {
    let position = events.reader.head().await.map_err(unreadable)?;
    Ok(answer(Head { position: position.0 }, position))
}

fn answer<T: serde::Serialize>(value: T, head: Position) -> Response {
    (web::At(head), axum::Json(value)).into_response()
}

/// The engine does not answer now, and may do so again: nothing is wrong with the request.
fn unreadable(failure: StoreFailure) -> Problem {
    Problem::unavailable(RETRY_AFTER, "The event log cannot be read right now. Try again.")
        .log(failure)
}
