//! A small service and a client of it: one helper for all tests of the border.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Request, StatusCode, request::Builder},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use contracts::{
    money::{AmountIn, Decimal},
    names,
};
use futures_util::{StreamExt, stream};
use identity::{Auth, Caller, Claims, Holder, Manager, Role, Signer};
use kernel::{Actor, Clock, Idempotency, Ids, Metadata, Position, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use testkit::{Answer, ModelAt, TestClock};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use web::{
    After, Api, At, Cache, Context, Cursor, FieldErrors, HttpConfig, HttpNames, Json, Keyed,
    LastEventId, Limit, Listing, Path, Problem, Query, Text, Whole, event, event_stream,
    metrics::Metrics,
};

/// A service with one call of each kind, everything it stands on at hand.
pub(crate) struct Shop {
    pub(crate) router: Router,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ids: Arc<Ids>,
    pub(crate) auth: Auth,
    pub(crate) signer: Signer,
    pub(crate) model: ModelAt,
    pub(crate) app: App,
    pub(crate) waits_for: Arc<Mutex<Option<String>>>,
    pub(crate) metrics: Metrics,
    pub(crate) shutdown: CancellationToken,
}

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) generation: Arc<AtomicU64>,
    pub(crate) made: Arc<AtomicU64>,
    cache: Arc<Cache>,
}

impl Shop {
    pub(crate) fn open() -> Self {
        let now = Timestamp::from_micros(1_700_000_000_123_456);
        let clock = Arc::new(TestClock::standing(now));
        let ids = Arc::new(Ids::from_seed([7; 32]));
        let signer = Signer::from_secret([9; 32]);
        let auth = Auth::new(signer.verifier(), Arc::clone(&clock) as Arc<dyn Clock>);
        let model = ModelAt::new(Position(5));
        let app = App {
            generation: Arc::default(),
            made: Arc::default(),
            cache: Arc::new(Cache::new(10_000)),
        };
        let waits_for = Arc::new(Mutex::new(None));
        let waiting = Arc::clone(&waits_for);
        let metrics = Metrics::new(names::PREFIX);
        let mut border = HttpConfig::new(Arc::clone(&clock) as Arc<dyn Clock>, Arc::clone(&ids))
            .authenticated_by(auth.clone());
        border.names = HttpNames::of(names::SYSTEM);
        let shutdown = border.shutdown.clone();
        let router = Api::new("shop", "1.2.3", border)
            .reads(model.clone())
            .ready(move || waiting.lock().expect("no panic").clone().map_or(Ok(()), Err))
            .metrics(metrics.service("shop").http())
            .finish(api(app.clone()));
        Self { router, clock, ids, auth, signer, model, app, waits_for, metrics, shutdown }
    }

    pub(crate) fn token(&self, user: &str, role: Role) -> String {
        self.issue(user, role).0
    }

    pub(crate) fn issue(&self, user: &str, role: Role) -> (String, Claims) {
        let customer = Uuid::from_u128(user.len() as u128);
        self.signer.issue(Holder::new(customer, user, role), self.clock_now(), &self.ids)
    }

    pub(crate) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, json: impl Into<Body>) -> Answer {
        self.send(Request::post(path).header("content-type", "application/json"), json.into()).await
    }

    pub(crate) async fn send(&self, request: Builder, body: impl Into<Body>) -> Answer {
        let request = request.body(body.into()).expect("a request");
        Answer::of(self.router.clone().oneshot(request).await.expect("never fails")).await
    }
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AddItem {
    #[schema(inline)]
    name: Text<1, 20>,
    #[schema(value_type = AmountIn)]
    price: Decimal,
    #[schema(inline)]
    quantity: Option<Whole<1, 1000>>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Tag {
    #[schema(inline)]
    label: Text<1, 5>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Item {
    id: Uuid,
    name: String,
    labels: Vec<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Page {
    #[serde(default)]
    #[param(inline, required = false)]
    limit: Limit,
    #[param(inline, value_type = Option<Cursor>)]
    after: Option<After<u32>>,
    category_id: Option<Uuid>,
}

pub(crate) fn api(app: App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(add_item))
        .routes(routes!(get_items, search_items))
        .routes(routes!(get_item))
        .routes(routes!(get_cached))
        .routes(routes!(get_mine))
        .routes(routes!(get_everything))
        .routes(routes!(fail))
        .route("/follow", get(follow))
        .route("/get-metadata", get(get_metadata))
        .route("/get-digest/{User}/{Call}", post(get_digest))
        .with_state(app)
}

/// Adds an item.
#[utoipa::path(post, path = "/add-item", request_body = AddItem, params(web::KeyHeader), security(("token" = [])),
    responses((status = 201, body = Item)))]
async fn add_item(
    context: Context,
    caller: Caller,
    request: Keyed<AddItem>,
) -> Result<impl IntoResponse, Problem> {
    let mut fields = FieldErrors::new();
    let item = &request.value;
    fields.check(
        "Quantity",
        item.quantity.is_none_or(|number| number.get() != 1000),
        "must be below 1000",
    );
    fields.text("Name", &item.name, 1..=19);
    fields.finish()?;
    let idempotency = request.creates(caller.id(), "add-item");
    let id = context.created_id(idempotency.as_ref());
    let labels = vec![item.price.0.to_string(), context.client().to_string()];
    Ok((
        StatusCode::CREATED,
        At(Position(6)),
        Json(Item { id, name: item.name.to_string(), labels }),
    ))
}

/// Lists items.
#[utoipa::path(get, path = "/get-items", params(Page), responses((status = 200, body = Listing<u32>)))]
async fn get_items(Query(page): Query<Page>) -> Json<Listing<u32>> {
    let from = page.after.map_or(0, |After(last)| last + 1);
    let items = page.category_id.map_or(from..250, |_| from..1);
    let items = items.take(page.limit.and_one()).collect();
    Json(Listing::page(items, page.limit, |item| *item))
}

/// Lists items as well.
#[utoipa::path(post, path = "/get-items", request_body = AddItem, responses((status = 200, body = AddItem)))]
async fn search_items(Json(item): Json<AddItem>) -> Json<AddItem> {
    Json(item)
}

/// One item.
#[utoipa::path(get, path = "/get-item/{ItemId}", params(("ItemId" = Uuid, Path)), responses((status = 200, body = Item)))]
async fn get_item(Path(id): Path<Uuid>) -> Result<Json<Item>, Problem> {
    if id.is_nil() {
        return Err(Problem::conflict("/problems/stale-version", "Gone on.").member("current", 7));
    }
    Ok(Json(Item { id, name: "one".to_owned(), labels: Vec::new() }))
}

/// A cached answer.
#[utoipa::path(get, path = "/get-cached", responses((status = 200, body = u64)))]
async fn get_cached(State(app): State<App>, asked: web::Asked) -> Result<Response, Problem> {
    let generation = app.generation.load(Ordering::Relaxed);
    let make = async { Ok(app.made.fetch_add(1, Ordering::Relaxed)) };
    app.cache.answer(&asked, generation, make).await
}

/// What is the caller's.
#[utoipa::path(get, path = "/get-mine/{UserName}", params(("UserName" = String, Path)), security(("token" = [])),
    responses((status = 200, body = String)))]
async fn get_mine(caller: Caller, Path(user): Path<String>) -> Result<Json<String>, Problem> {
    caller.must_be(&user)?;
    Ok(Json(caller.actor().to_string()))
}

/// For managers.
#[utoipa::path(get, path = "/get-everything", security(("token" = [])), responses((status = 200, body = String)))]
async fn get_everything(Manager(caller): Manager) -> Json<String> {
    Json(caller.user().to_owned())
}

/// Fails in the way asked for.
#[utoipa::path(get, path = "/fail/{How}", params(("How" = String, Path)), responses((status = 200, body = String)))]
async fn fail(Path(how): Path<String>) -> Result<Json<String>, Problem> {
    match how.as_str() {
        "panic" => panic!("secret of the house"),
        "internal" => Err(Problem::internal("secret of the house")),
        "too-many" => Err(Problem::too_many(std::time::Duration::from_millis(1500))),
        _ => Ok(Json(how)),
    }
}

async fn follow(context: Context, caller: Caller, last: LastEventId) -> Result<Response, Problem> {
    let next = last.parse::<u64>()?.unwrap_or(0) + 1;
    let event = event(next, "placed", &serde_json::json!({ "Order": next }))?;
    event_stream(&context, Some(caller.identity()), stream::iter([event]).chain(stream::pending()))
}

async fn get_metadata(context: Context) -> Json<Metadata> {
    Json(context.metadata(Actor::anonymous(), None))
}

async fn get_digest(
    Path((user, call)): Path<(Uuid, String)>,
    request: Keyed<Value>,
) -> Json<Option<Idempotency>> {
    Json(request.changes(user, &call))
}
