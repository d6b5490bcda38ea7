//! A service's router: its calls, the endpoints and responses that all services share, and the middleware around them.

use std::{
    future::ready,
    sync::Arc,
    task::{self, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{MatchedPath, Request},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::FutureExt as _;
use hyper::{Uri, http::uri::PathAndQuery};
use serde_json::json;
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;

use super::{
    Problem,
    api::{Api, Readiness},
    guard,
    json::json_bytes,
    openapi,
};

impl Api {
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

fn fixed(value: &serde_json::Value) -> Bytes {
    value.to_string().into()
}

fn readiness_answer(readiness: &Readiness, aside: u64) -> Response {
    match readiness() {
        Ok(()) if aside > 0 => json_bytes(
            json!({ "Ready": true, "Degraded": true, "EventsSetAside": aside }).to_string().into(),
        ),
        Ok(()) => json_bytes(Bytes::from_static(b"{\"Ready\":true}")),
        Err(waits_for) => Problem::unavailable(Duration::from_secs(1), waits_for)
            .kind("/problems/not-ready")
            .into_response(),
    }
}

/// Whether `router` has a route of exactly this path, for whatever method. No handler runs.
#[must_use]
pub fn has_route(router: &Router, path: &str) -> bool {
    let Ok(request) = Request::get(path).body(Body::empty()) else { return false };
    let asked = router.clone().layer(middleware::from_fn(answer_with_route));
    let Some(Ok(answer)) = asked.oneshot(request).now_or_never() else { return false };
    answer.extensions().get::<MatchedPath>().is_some_and(|route| route.as_str() == path)
}

async fn answer_with_route(request: Request, _handler: Next) -> Response {
    let mut answer = Response::default();
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        answer.extensions_mut().insert(route.clone());
    }
    answer
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
