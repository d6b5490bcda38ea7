//! The HTTP side of a service: strict requests, problem answers, positions, idempotency, lists, OpenAPI and health.
//!
//! A service's `http.rs` says what its calls take and give. Everything else happens around them: a [`Context`] with request
//! id, trace and client; problems for whatever fails, also panics, unknown routes and bodies too large; positions, so that clients
//! read what they wrote; metrics and one line of log per request; `/`, `/openapi.json` and `/health`; `/v1` and trailing slashes.
//! Authentication is a port, [`Authenticate`]; without one, every client may do everything.
//!
//! Use it for the HTTP side of any service, event-sourced or not. It is not a web framework: `axum` routes, `utoipa` writes the
//! OpenAPI document. It does not render pages, speak TLS (leave that to a proxy) or manage users. The front door combines it with the
//! rest of the platform.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use axum::{body::Body, extract::State};
//! use hyper::{Request, StatusCode};
//! use kernel::{Ids, Position, sync};
//! use runtime::clock::SystemClock;
//! use tower::ServiceExt as _;
//! use utoipa_axum::{router::OpenApiRouter, routes};
//! use uuid::Uuid;
//! use web::{Api, At, Context, FieldErrors, HttpConfig, Json, KeyHeader, Keyed, Path, Problem, Text};
//!
//! #[derive(serde::Deserialize, utoipa::ToSchema)]
//! #[serde(rename_all = "PascalCase", deny_unknown_fields)]
//! struct OpenAccount {
//!     #[schema(inline)]
//!     name: Text<1, 120>,
//!     cents: u32,
//! }
//!
//! #[derive(Clone, serde::Serialize, utoipa::ToSchema)]
//! #[serde(rename_all = "PascalCase")]
//! struct Account {
//!     id: Uuid,
//!     name: String,
//!     cents: u32,
//! }
//!
//! /// In place of an event store and a read model.
//! #[derive(Clone, Default)]
//! struct Bank(Arc<Mutex<Vec<Account>>>);
//!
//! /// Opens an account.
//! #[utoipa::path(post, path = "/open", request_body = OpenAccount, params(KeyHeader),
//!     responses((status = 201, body = Account), (status = 422)))]
//! async fn open(
//!     context: Context,
//!     State(bank): State<Bank>,
//!     request: Keyed<OpenAccount>,
//! ) -> Result<(StatusCode, At, Json<Account>), Problem> {
//!     // The same id whenever the same request comes again with its key.
//!     let id = context.created_id(request.creates(Uuid::nil(), "open").as_ref());
//!     let OpenAccount { name, cents } = request.value;
//!     let mut fields = FieldErrors::new();
//!     fields.check("Cents", cents > 0, "must not be 0");
//!     fields.finish()?;
//!     let account = Account { id, name: name.into_string(), cents };
//!     let mut accounts = sync::lock(&bank.0);
//!     accounts.push(account.clone());
//!     Ok((StatusCode::CREATED, At(Position(accounts.len() as u64)), Json(account)))
//! }
//!
//! /// One account.
//! #[utoipa::path(get, path = "/accounts/{Id}", params(("Id" = Uuid, Path)),
//!     responses((status = 200, body = Account), (status = 404)))]
//! async fn account(State(bank): State<Bank>, Path(id): Path<Uuid>) -> Result<Json<Account>, Problem> {
//!     let found = sync::lock(&bank.0).iter().find(|account| account.id == id).cloned();
//!     found.map(Json).ok_or_else(|| Problem::not_found("There is no such account."))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let http = HttpConfig::new(Arc::new(SystemClock), Arc::new(Ids::from_seed([7; 32])));
//! let calls = OpenApiRouter::new().routes(routes!(open)).routes(routes!(account));
//! // With `.reads(progress)` a request waits for the position that it carries; with `.follows(…)` readiness means something.
//! let bank = Api::new("bank", "1.0.0", http).finish(calls.with_state(Bank::default()));
//!
//! let ask = |json: &str| {
//!     let request = Request::post("/v1/open/").header("content-type", "application/json");
//!     bank.clone().oneshot(request.body(Body::from(json.to_owned())).expect("a request"))
//! };
//! assert_eq!(ask(r#"{ "Name": "Ada", "Cents": 500 }"#).await?.status(), 201);
//! assert_eq!(ask(r#"{ "Name": "", "Cents": 500 }"#).await?.status(), 422);
//! let unknown = Request::get(format!("/accounts/{}", Uuid::nil())).body(Body::empty())?;
//! assert_eq!(bank.oneshot(unknown).await?.status(), 404);
//! # Ok(())
//! # }
//! ```

#![deny(missing_docs)]

mod api;
mod assembly;
mod auth;
mod body;
mod cache;
mod caller;
mod client;
mod config;
mod connections;
mod content;
mod context;
mod deps;
mod events;
mod faults;
mod fields;
mod forwarded;
mod generations;
mod guard;
mod idempotency;
mod inbox;
mod json;
mod keyed;
mod limit;
mod list;
pub mod metrics;
mod names;
mod openapi;
mod position;
mod problem;
mod query;
mod recent;
mod recorded;
mod reject;
mod router;
mod schema;
mod serve;
mod service;
mod service_context;
mod still;
mod streams;
mod text;
mod unstalled;
pub mod watch;
mod whole;

pub use api::Api;
pub use assembly::Assembly;
pub use auth::{AuthError, Authenticate, Identity};
pub use body::{BODY_TIMEOUT, BodyFault, read as read_body};
pub use cache::{Asked, Cache};
pub use caller::{Authenticated, Operator};
pub use client::{ClientAddress, NetworkError, TrustedProxies};
pub use config::HttpConfig;
pub use connections::ConnectionLimits;
pub use context::{Context, TRACEPARENT, X_REQUEST_ID, peer};
pub use deps::ServiceDeps;
pub use events::{LastEventId, event, event_stream};
pub use fields::FieldErrors;
pub use forwarded::Forwarded;
pub use generations::{
    GenerationState, ModelComparison, ModelGenerations, OtherGeneration, calls as generation_calls,
};
pub use guard::{OWN_ROUTES, RouteName};
pub use idempotency::{IDEMPOTENCY_KEY, derived_id};
pub use inbox::{InboxEntries, InboxEntry, calls as inbox_calls};
pub use json::Json;
pub use keyed::{KeyHeader, Keyed};
pub use limit::{Limiter, Taken};
pub use list::{After, COUNTED_MAX, Cursor, Limit, Listing};
pub use metrics::METRICS_ROUTE;
pub use names::HttpNames;
pub use openapi::document;
pub use position::{At, Checkpoint, POSITION_TIMEOUT};
pub use problem::{BUSY, FieldError, PROBLEM_JSON, Problem, TOKEN_TIME};
pub use query::{Path, Query};
pub use recorded::event_of;
pub use router::{has_route, without_trailing_slashes};
pub use serve::{Server, Timing, serve};
pub use service::{Inspect, Service, digest, projector_of};
pub use service_context::ServiceContext;
pub use streams::{StreamLimits, StreamPlace, Streams};
pub use text::{Prose, Text};
pub use whole::{Count, Whole};
