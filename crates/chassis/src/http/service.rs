//! A service's border: its calls, and around them everything that every service answers alike.

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

use super::{Checkpoint, Problem, Streams, TrustedProxies, guard, json::json_bytes, openapi};
use crate::{Progress, auth::Auth, metrics::HttpMetrics, trace::Traces};

/// The largest body taken, unless configured.
const BODY_LIMIT_BYTES: usize = 64 * 1024;

/// What the border of a service needs from outside. Cheap to clone.
#[derive(Clone)]
pub struct Border {
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<Ids>,
    /// Who may come in.
    pub auth: Auth,
    /// Whose word on the client's address counts.
    pub proxies: Arc<TrustedProxies>,
    /// How many endless answers a client may have open.
    pub streams: Streams,
    /// The largest body taken.
    pub body_limit_bytes: usize,
    /// Ends endless answers.
    pub shutdown: CancellationToken,
    /// Where work is traced.
    pub traces: Traces,
}

/// A service on its way to a router: what it is called and what its answers rest on.
pub struct Service {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) border: Arc<Border>,
    pub(super) model: Option<Arc<dyn Checkpoint>>,
    pub(super) metrics: HttpMetrics,
    pub(super) quiet: bool,
    ready: Arc<Readiness>,
    aside: Arc<dyn Fn() -> u64 + Send + Sync>,
}

/// Says what a service still waits for, if it does.
type Readiness = dyn Fn() -> Result<(), String> + Send + Sync;

impl Border {
    /// A border with the usual limits, trusting only this machine's proxies.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<Ids>, auth: Auth) -> Self {
        Self {
            clock,
            ids,
            auth,
            proxies: Arc::default(),
            streams: Streams::default(),
            body_limit_bytes: BODY_LIMIT_BYTES,
            shutdown: CancellationToken::new(),
            traces: Traces::default(),
        }
    }
}

impl Service {
    #[must_use]
    pub fn new(name: &'static str, version: &'static str, border: Border) -> Self {
        let metrics = HttpMetrics::default();
        let border = Border { traces: border.traces.of_service(name), ..border };
        let (border, ready) = (Arc::new(border), Arc::new(|| Ok(())));
        Self {
            name,
            version,
            border,
            model: None,
            metrics,
            quiet: false,
            ready,
            aside: Arc::new(|| 0),
        }
    }

    /// Answers rest on `model`: requests with a position wait for it, and GETs say how far it is.
    #[must_use]
    pub fn reads(mut self, model: impl Checkpoint) -> Self {
        self.model = Some(Arc::new(model));
        self
    }

    /// Asked whenever somebody wants to know whether the service is ready; an error says what it waits for.
    #[must_use]
    pub fn ready(mut self, ready: impl Fn() -> Result<(), String> + Send + Sync + 'static) -> Self {
        self.ready = Arc::new(ready);
        self
    }

    /// Rests on `followers`: ready once all of them can work; what they set aside is said beside that.
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

    /// Logs requests only for who looks closely, because those behind log them too.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// The whole service: the calls of `api`, `/`, `/openapi.json` and `/health`, each also under `/v1`, behind the border.
    pub fn finish(self, api: OpenApiRouter) -> Router {
        let (router, document) = api.split_for_parts();
        let document = openapi::document(document, self.name, self.version);
        let calls = fixed(&openapi::calls(&document));
        let document = fixed(&document);
        let (own, auth) = (Arc::clone(&self.ready), self.border.auth.clone());
        let (stopping, aside) = (self.border.shutdown.clone(), Arc::clone(&self.aside));
        let readiness = Arc::new(move || {
            if stopping.is_cancelled() {
                return Err("The process is stopping.".to_owned());
            }
            auth.sessions().known().and_then(|()| own())
        });
        let routes = router
            .route("/", get(move || ready(json_bytes(calls.clone()))))
            .route("/openapi.json", get(move || ready(json_bytes(document.clone()))))
            .route(
                "/health/live",
                get(|| ready(json_bytes(Bytes::from_static(b"{\"Live\":true}")))),
            )
            .route("/health/ready", get(move || ready(readiness_answer(&*readiness, aside()))))
            .fallback(|| ready(Problem::not_found("There is no such call here; / lists them.")));
        self.guard(routes)
    }

    /// The border around routes that are no documented service, such as a gateway's.
    pub fn guard(self, routes: Router) -> Router {
        let guarded = routes.layer(middleware::from_fn_with_state(Arc::new(self), guard::guard));
        Router::new().fallback_service(Normalized { router: guarded, versioned: true })
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("name", &self.name).finish_non_exhaustive()
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

/// `router`, to which a trailing slash means nothing.
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
