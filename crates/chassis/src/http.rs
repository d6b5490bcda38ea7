//! The HTTP border of a service: strict requests, problem answers, positions, idempotency, lists, OpenAPI and health.
//!
//! A service's `http.rs` says what its calls take and give. Everything else happens around them: a [`Context`] with request
//! id, trace and client; problems for whatever fails, also panics, unknown routes and bodies too large; `Agora-Position`;
//! metrics and one line of log per request; `/`, `/openapi.json` and `/health`; `/v1` and trailing slashes.
//!
//! ```
//! use axum::extract::State;
//! use chassis::auth::{Caller, Manager};
//! use chassis::http::{
//!     AmountIn, At, Border, Context, FieldErrors, Json, KeyHeader, Keyed, Path, Problem, Service, Text,
//! };
//! use chassis::{Progress, metrics::Metrics};
//! use hyper::StatusCode;
//! use kernel::{Decimal, Position};
//! use utoipa_axum::{router::OpenApiRouter, routes};
//!
//! #[derive(serde::Deserialize, utoipa::ToSchema)]
//! #[serde(rename_all = "PascalCase", deny_unknown_fields)]
//! struct AddProduct {
//!     #[schema(inline)]
//!     name: Text<1, 120>,
//!     #[schema(value_type = AmountIn)]
//!     price: Decimal,
//! }
//!
//! #[derive(serde::Serialize, utoipa::ToSchema)]
//! #[serde(rename_all = "PascalCase")]
//! struct Product {
//!     product_id: uuid::Uuid,
//!     name: String,
//! }
//!
//! # #[derive(Clone)]
//! # struct Shop;
//! # impl Shop {
//! #     async fn execute(&self, _: kernel::Metadata, _: AddProduct) -> Result<(Position, Product), Problem> { todo!() }
//! #     async fn credit(&self, _: &str) -> Result<Option<Product>, Problem> { todo!() }
//! # }
//! /// Adds a product.
//! #[utoipa::path(post, path = "/add-new-product", request_body = AddProduct, params(KeyHeader),
//!     security(("token" = [])), responses((status = 201, body = Product), (status = 409)))]
//! async fn add_new_product(
//!     Manager(caller): Manager,
//!     context: Context,
//!     State(shop): State<Shop>,
//!     request: Keyed<AddProduct>,
//! ) -> Result<(StatusCode, At, Json<Product>), Problem> {
//!     let mut fields = FieldErrors::new();
//!     fields.check("Price", request.value.price.0.minor() > 0, "must not be free");
//!     fields.finish()?;
//!     let idempotency = request.creates(caller.id(), "add-new-product");
//!     let metadata = context.metadata(caller.actor(), idempotency);
//!     let (position, product) = shop.execute(metadata, request.value).await?;
//!     Ok((StatusCode::CREATED, At(position), Json(product)))
//! }
//!
//! /// One customer.
//! #[utoipa::path(get, path = "/get-user/{UserName}", params(("UserName" = String, Path)),
//!     security(("token" = [])), responses((status = 200, body = Product), (status = 404)))]
//! async fn get_user(
//!     caller: Caller,
//!     State(shop): State<Shop>,
//!     Path(user): Path<String>,
//! ) -> Result<Json<Product>, Problem> {
//!     caller.must_be(&user)?;
//!     let found = shop.credit(&user).await?;
//!     found.map(Json).ok_or_else(|| Problem::not_found("There is no such customer."))
//! }
//!
//! fn router(shop: Shop, border: Border, model: Progress, metrics: &Metrics) -> axum::Router {
//!     let api = OpenApiRouter::new().routes(routes!(add_new_product)).routes(routes!(get_user));
//!     let caught_up = model.clone();
//!     Service::new("product", env!("CARGO_PKG_VERSION"), border)
//!         .reads(model)
//!         .ready(move || if caught_up.is_ready() { Ok(()) } else { Err("Reading the log.".into()) })
//!         .metrics(metrics.service("product").http())
//!         .finish(api.with_state(shop))
//! }
//! ```

mod body;
mod cache;
mod client;
mod connections;
mod context;
mod events;
mod fields;
mod forwarded;
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
mod streams;
mod text;
mod unstalled;
mod whole;

pub use body::{BODY_TIMEOUT, BodyFault, read as read_body};
pub use cache::{Asked, Cache};
pub use client::{ClientAddress, NetworkError, TrustedProxies};
pub use connections::ConnectionLimits;
pub use context::{AGORA_ADMITTED, Context, TRACEPARENT, X_REQUEST_ID};
pub use events::{LastEventId, event, event_stream};
pub use fields::FieldErrors;
pub use forwarded::Forwarded;
pub use guard::{RouteName, peer};
pub use idempotency::{IDEMPOTENCY_KEY, KeyHeader, Keyed, derived_id};
pub use json::Json;
pub use limit::{Limiter, Taken};
pub use list::{After, Cursor, Limit, Listing};
pub use openapi::document;
pub use position::{AGORA_POSITION, At, Checkpoint, Lag, POSITION_TIMEOUT};
pub use problem::{BUSY, FieldError, PROBLEM_JSON, Problem};
pub use query::{Path, Query};
pub use schema::{AmountIn, AmountOut, ChangeIn};
pub use serve::{Server, Timing, serve};
pub use service::{Border, Service, without_trailing_slashes};
pub use streams::{StreamLimits, StreamPlace, Streams};
pub use text::{Prose, Text};
pub use whole::Whole;
