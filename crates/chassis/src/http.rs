//! The HTTP border of a service: strict requests, problem answers, positions, idempotency, lists, OpenAPI and health.

mod client;
mod context;
mod fields;
mod guard;
mod idempotency;
mod json;
mod list;
pub mod openapi;
mod position;
mod problem;
mod query;
mod reject;
mod service;

pub use client::{NetworkError, TrustedProxies};
pub use context::{Context, TRACEPARENT, X_REQUEST_ID};
pub use fields::{FieldErrors, Text};
pub use idempotency::{IDEMPOTENCY_KEY, Keyed, derived_id};
pub use json::Json;
pub use list::{After, Limit, Listing};
pub use position::{AGORA_POSITION, At, Checkpoint, Lag, POSITION_TIMEOUT};
pub use problem::{FieldError, PROBLEM_JSON, Problem};
pub use query::{Path, Query};
pub use service::{Border, Service};
