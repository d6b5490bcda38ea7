//! The HTTP side of a service: strict requests, problem answers, positions, idempotency, lists, OpenAPI and health.
//!
//! A service's `http.rs` says what its calls take and give. Everything else happens around them: a [`Context`] with request
//! id, trace and client; problems for whatever fails, also panics, unknown routes and bodies too large; positions, so that clients
//! read what they wrote; metrics and one line of log per request; `/`, `/openapi.json` and `/health`; `/v1` and trailing slashes.
//! Authentication is a port, [`Authenticate`]; without one, every client may do everything.
//!
//! ```
//! use axum::extract::State;
//! use hyper::StatusCode;
//! use kernel::Position;
//! use runtime::Progress;
//! use utoipa_axum::{router::OpenApiRouter, routes};
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
//! #[derive(serde::Serialize, utoipa::ToSchema)]
//! #[serde(rename_all = "PascalCase")]
//! struct Account {
//!     id: uuid::Uuid,
//!     cents: u32,
//! }
//!
//! # #[derive(Clone)]
//! # struct Bank;
//! # impl Bank {
//! #     async fn execute(&self, _: kernel::Metadata, _: OpenAccount) -> Result<(Position, Account), Problem> { todo!() }
//! #     async fn find(&self, _: uuid::Uuid) -> Result<Option<Account>, Problem> { todo!() }
//! # }
//! /// Opens an account.
//! #[utoipa::path(post, path = "/open", request_body = OpenAccount, params(KeyHeader),
//!     responses((status = 201, body = Account), (status = 409)))]
//! async fn open(
//!     context: Context,
//!     State(bank): State<Bank>,
//!     request: Keyed<OpenAccount>,
//! ) -> Result<(StatusCode, At, Json<Account>), Problem> {
//!     let mut fields = FieldErrors::new();
//!     fields.check("Cents", request.value.cents > 0, "must not be 0");
//!     fields.finish()?;
//!     let idempotency = request.creates(uuid::Uuid::nil(), "open");
//!     let metadata = context.metadata(kernel::Actor::anonymous(), idempotency);
//!     let (position, account) = bank.execute(metadata, request.value).await?;
//!     Ok((StatusCode::CREATED, At(position), Json(account)))
//! }
//!
//! /// One account.
//! #[utoipa::path(get, path = "/accounts/{Id}", params(("Id" = uuid::Uuid, Path)),
//!     responses((status = 200, body = Account), (status = 404)))]
//! async fn account(State(bank): State<Bank>, Path(id): Path<uuid::Uuid>) -> Result<Json<Account>, Problem> {
//!     let found = bank.find(id).await?;
//!     found.map(Json).ok_or_else(|| Problem::not_found("There is no such account."))
//! }
//!
//! fn router(bank: Bank, http: HttpConfig, model: Progress) -> axum::Router {
//!     let api = OpenApiRouter::new().routes(routes!(open)).routes(routes!(account));
//!     Api::new("bank", env!("CARGO_PKG_VERSION"), http)
//!         .reads(model.clone())
//!         .follows(vec![model])
//!         .finish(api.with_state(bank))
//! }
//! ```

mod api;
mod assembly;
mod auth;
mod body;
mod cache;
mod client;
mod connections;
mod context;
mod deps;
mod desk;
mod events;
mod fields;
mod forwarded;
mod guard;
mod idempotency;
mod json;
mod limit;
mod list;
pub mod metrics;
mod names;
mod openapi;
mod position;
mod problem;
mod query;
mod reject;
mod schema;
mod serve;
mod service;
mod streams;
mod text;
mod unstalled;
mod whole;

pub use api::{Api, HttpConfig, without_trailing_slashes};
pub use assembly::Assembly;
pub use auth::{AuthError, Authenticate, Authenticated, Identity, Operator};
pub use body::{BODY_TIMEOUT, BodyFault, read as read_body};
pub use cache::{Asked, Cache};
pub use client::{ClientAddress, NetworkError, TrustedProxies};
pub use connections::ConnectionLimits;
pub use context::{Context, TRACEPARENT, X_REQUEST_ID, peer};
pub use deps::Deps;
pub use desk::Desk;
pub use events::{LastEventId, event, event_stream};
pub use fields::FieldErrors;
pub use forwarded::Forwarded;
pub use guard::RouteName;
pub use idempotency::{IDEMPOTENCY_KEY, KeyHeader, Keyed, derived_id};
pub use json::Json;
pub use limit::{Limiter, Taken};
pub use list::{After, Cursor, Limit, Listing};
pub use names::HttpNames;
pub use openapi::document;
pub use position::{At, Checkpoint, POSITION_TIMEOUT};
pub use problem::{BUSY, FieldError, PROBLEM_JSON, Problem};
pub use query::{Path, Query};
pub use serve::{Server, Timing, serve};
pub use service::{Inspect, Service, digest};
pub use streams::{StreamLimits, StreamPlace, Streams};
pub use text::{Prose, Text};
pub use whole::{Count, Whole};
