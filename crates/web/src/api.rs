//! A service's HTTP side: its calls, and around them the endpoints and responses that all services share.

use std::{
    fmt,
    future::ready,
    sync::Arc,
    task::{self, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::Request,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::{Uri, http::uri::PathAndQuery};
use kernel::{Clock, Ids};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

use super::{
    Authenticate, Checkpoint, HttpNames, Problem, Streams, TrustedProxies, guard, json::json_bytes,
    openapi,
};
use crate::metrics::HttpMetrics;
use runtime::{Progress, trace::Traces};

/// The default limit on request bodies.
const BODY_LIMIT_BYTES: usize = 64 * 1024;

/// What the HTTP side of a service needs from outside. Cheap to clone.
#[derive(Clone)]
pub struct HttpConfig {
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<Ids>,
    /// What the system calls its own.
    pub names: HttpNames,
    /// Authentication; without it every client may do everything.
    pub auth: Option<Arc<dyn Authenticate>>,
    /// Proxies that are trusted to name their client.
    pub proxies: Arc<TrustedProxies>,
    /// Limits the event streams that a client may have open.
    pub streams: Streams,
    /// The limit on request bodies.
    pub body_limit_bytes: usize,
    /// Ends event streams at shutdown.
    pub shutdown: CancellationToken,
    /// Where work is traced.
    pub traces: Traces,
}

/// Builds the router of a service from its name and the read models behind its responses.
pub struct Api {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) http: Arc<HttpConfig>,
    pub(super) model: Option<Arc<dyn Checkpoint>>,
    pub(super) metrics: HttpMetrics,
    pub(super) quiet: bool,
    ready: Arc<Readiness>,
    aside: Arc<dyn Fn() -> u64 + Send + Sync>,
}

/// Returns what a service still waits for, if anything.
type Readiness = dyn Fn() -> Result<(), String> + Send + Sync;

impl HttpConfig {
    /// The usual limits, trusting only this machine's proxies.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<Ids>) -> Self {
        Self {
            clock,
            ids,
            names: HttpNames::default(),
            auth: None,
            proxies: Arc::default(),
            streams: Streams::default(),
            body_limit_bytes: BODY_LIMIT_BYTES,
            shutdown: CancellationToken::new(),
            traces: Traces::default(),
        }
    }
}

impl HttpConfig {
    /// The same with the dependencies of a service.
    #[must_use]
    pub fn of(deps: &runtime::Deps) -> Self {
        let traces = deps.traces.clone();
        Self { traces, ..Self::new(Arc::clone(&deps.clock), Arc::clone(&deps.ids)) }
    }

    /// The same, with `auth` for authentication.
    #[must_use]
    pub fn authenticated_by(self, auth: impl Authenticate) -> Self {
        Self { auth: Some(Arc::new(auth)), ..self }
    }
}

impl Api {
    #[must_use]
    pub fn new(name: &'static str, version: &'static str, http: HttpConfig) -> Self {
        let metrics = HttpMetrics::default();
        let http = HttpConfig { traces: http.traces.of_service(name), ..http };
        let (http, ready) = (Arc::new(http), Arc::new(|| Ok(())));
        Self {
            name,
            version,
            http,
            model: None,
            metrics,
            quiet: false,
            ready,
            aside: Arc::new(|| 0),
        }
    }

    /// Responses come from `model`: requests with a position wait for it, and GETs return its position.
    #[must_use]
    pub fn reads(mut self, model: impl Checkpoint) -> Self {
        self.model = Some(Arc::new(model));
        self
    }

    /// Called for every readiness check of the service; an error says what it waits for.
    #[must_use]
    pub fn ready(mut self, ready: impl Fn() -> Result<(), String> + Send + Sync + 'static) -> Self {
        self.ready = Arc::new(ready);
        self
    }

    /// Depends on `followers`: ready once all of them can work; events they set aside are reported too.
    #[must_use]
    pub fn follows(self, followers: Vec<Progress>) -> Self {
        let asked = followers.clone();
        let ready = self.ready(move || crate::Service::ready(&asked));
        Self { aside: Arc::new(move || crate::Service::aside(&followers)), ..ready }
    }

    /// Counts requests into `metrics`.
    #[must_use]
    pub fn metrics(mut self, metrics: HttpMetrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Logs requests at debug level only, because the services behind log them too.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// The whole service: the calls of `api`, `/`, `/openapi.json` and `/health`, each also under `/v1`, behind the middleware.
    pub fn finish(self, api: OpenApiRouter) -> Router {
        let (router, document) = api.split_for_parts();
        let document = openapi::document(document, self.name, self.version, &self.http.names);
        let calls = fixed(&openapi::calls(&document));
        let document = fixed(&document);
        let (own, auth) = (Arc::clone(&self.ready), self.http.auth.clone());
        let (stopping, aside) = (self.http.shutdown.clone(), Arc::clone(&self.aside));
        let readiness = Arc::new(move || {
            if stopping.is_cancelled() {
                return Err("The process is stopping.".to_owned());
            }
            auth.as_ref().map_or(Ok(()), |auth| auth.ready()).and_then(|()| own())
        });
        let routes = router
            .route("/", get(move || ready(json_bytes(calls.clone()))))
            .route("/openapi.json", get(move || ready(json_bytes(document.clone()))))
            .route(
                "/health/live",
                get(|| ready(json_bytes(Bytes::from_static(b"{\"Live\":true}")))),
            )
            .route("/health/ready", get(move || ready(readiness_answer(&*readiness, aside()))))
            .fallback(|| ready(Problem::not_found("No such endpoint; GET / lists them.")));
        self.guard(routes)
    }

    /// The middleware around routes that are not a documented service, such as a reverse proxy's.
    pub fn guard(self, routes: Router) -> Router {
        let guarded = routes.layer(middleware::from_fn_with_state(Arc::new(self), guard::guard));
        Router::new().fallback_service(Normalized { router: guarded, versioned: true })
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("name", &self.name).finish_non_exhaustive()
    }
}

fn fixed(value: &serde_json::Value) -> Bytes {
    value.to_string().into()
}

fn readiness_answer(readiness: &Readiness, aside: u64) -> Response {
    match readiness() {
        Ok(()) if aside > 0 => {
            json_bytes(json!({ "Ready": true, "EventsSetAside": aside }).to_string().into())
        }
        Ok(()) => json_bytes(Bytes::from_static(b"{\"Ready\":true}")),
        Err(waits_for) => Problem::unavailable(Duration::from_secs(1), waits_for)
            .kind("/problems/not-ready")
            .into_response(),
    }
}

/// `router`, with trailing slashes ignored.
pub fn without_trailing_slashes(router: Router) -> Router {
    Router::new().fallback_service(Normalized { router, versioned: false })
}

/// Routes `/call/` as `/call`, and `/v1/call` too where calls have versions: the first one is the only one.
#[derive(Clone)]
struct Normalized {
    router: Router,
    versioned: bool,
}

impl tower::Service<Request> for Normalized {
    type Response = Response;
    type Error = std::convert::Infallible;
    type Future = <Router as tower::Service<Request>>::Future;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        if let Some(uri) = normalized(request.uri(), self.versioned) {
            *request.uri_mut() = uri;
        }
        self.router.call(request)
    }
}

/// The URI without version and trailing slashes; none if it is so already.
fn normalized(uri: &Uri, versioned: bool) -> Option<Uri> {
    let path = uri.path();
    let unversioned = match path.strip_prefix("/v1") {
        Some(rest) if versioned && (rest.is_empty() || rest.starts_with('/')) => rest,
        _ => path,
    };
    let trimmed = unversioned.trim_end_matches('/');
    if trimmed.len() == path.len() || path == "/" {
        return None;
    }
    let path = if trimmed.is_empty() { "/" } else { trimmed };
    let path_and_query = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = path_and_query.ok();
    Uri::from_parts(parts).ok()
}
