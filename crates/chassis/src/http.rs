//! The HTTP border of a service: strict requests, problem answers, positions, idempotency, lists, OpenAPI and health.

mod cache;
mod client;
mod context;
mod events;
mod fields;
mod guard;
mod idempotency;
mod json;
mod limit;
mod list;
mod openapi;
mod position;
mod problem;
mod query;
mod reject;
mod schema;
mod serve;
mod service;

pub use cache::{Asked, Cache};
pub use client::{NetworkError, TrustedProxies};
pub use context::{Context, TRACEPARENT, X_REQUEST_ID};
pub use events::{LastEventId, event, event_stream};
pub use fields::{FieldErrors, Text};
pub use guard::RouteName;
pub use idempotency::{IDEMPOTENCY_KEY, KeyHeader, Keyed, derived_id};
pub use json::Json;
pub use limit::Limiter;
pub use list::{After, Cursor, Limit, Listing};
pub use openapi::document;
pub use position::{AGORA_POSITION, At, Checkpoint, Lag, POSITION_TIMEOUT};
pub use problem::{FieldError, PROBLEM_JSON, Problem};
pub use query::{Path, Query};
pub use schema::{AmountIn, AmountOut, ChangeIn};
pub use serve::serve;
pub use service::{Border, Service};
