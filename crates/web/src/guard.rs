//! Middleware around every request: builds the context, catches panics of the handler, adds headers, metrics and one log line.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use hyper::{
    Method, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue},
};

use super::{
    Context, Problem,
    api::Api,
    body,
    context::X_REQUEST_ID,
    position::{At, POSITION_TIMEOUT, asked_for},
    problem::PROBLEM_JSON,
};

/// Routes about the service itself, which wait for no model.
pub const OWN_ROUTES: [&str; 4] = ["/", "/openapi.json", "/health/live", "/health/ready"];

/// In a response's extensions: its route for metrics and log, if there is no matched path.
#[derive(Clone, Debug)]
pub struct RouteName(pub Arc<str>);

pub(super) async fn guard(
    State(service): State<Arc<Api>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = service.http.clock.now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let is_own = route.as_ref().is_some_and(|route| OWN_ROUTES.contains(&route.as_str()));
    // Health checks every few seconds would drown the rest.
    let (context, span) = Context::begin(&service.http, &mut request, !is_own);
    request.extensions_mut().insert(context.clone());

    let answering = AssertUnwindSafe(answer(&service, route.as_ref(), request, next));
    let response = answering.catch_unwind().await.unwrap_or_else(|panic| {
        Problem::internal(format!("panicked: {}", panic_text(&*panic))).into_response()
    });
    let mut response = presentable(response, &context, &service);

    let elapsed = service.http.clock.now().since(started);
    let name = response.extensions_mut().remove::<RouteName>();
    let route = route.as_ref().map(MatchedPath::as_str).or(name.as_ref().map(|name| &*name.0));
    let route = route.unwrap_or("unknown");
    service.metrics.observe(&method, route, response.status(), elapsed);
    let status = response.status().as_u16();
    let line = format_args!("{method} {route} {status} in {elapsed:.1?}");
    let (request, trace) = (context.request_id(), context.trace_id());
    if service.quiet {
        tracing::debug!(service.name, request.id = request, trace.id = trace, "{line}");
    } else {
        tracing::info!(service.name, request.id = request, trace.id = trace, "{line}");
    }
    if let Some(span) = span {
        let span = span.named(format!("{method} {route}")).failed(status >= 500);
        let span = span.with("http.request.method", method.as_str()).with("http.route", route);
        span.with("http.response.status_code", u64::from(status)).with("request.id", request).end();
    }
    response
}

/// The refusal of a GET with values in its body, unless the call does not answer GET at all.
async fn refused(request: Request, misplaced: Problem, next: Next) -> Response {
    let response = next.run(request).await;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    misplaced.into_response()
}

async fn answer(
    service: &Api,
    route: Option<&MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let is_call = route.is_some_and(|route| !OWN_ROUTES.contains(&route.as_str()));
    let request = match body::only_where_read(request).await {
        Ok((request, None)) => request,
        Ok((request, Some(misplaced))) => return refused(request, misplaced, next).await,
        Err(problem) => return problem.into_response(),
    };
    let model = service.model.as_ref().filter(|_| is_call);
    let Some(model) = model else { return next.run(request).await };
    let wanted = match asked_for(request.headers(), &service.http.names) {
        Ok(wanted) => wanted,
        Err(problem) => return problem.into_response(),
    };
    // ANCHOR: wait
    if let Some(wanted) = wanted.filter(|wanted| *wanted > model.position())
        && let Err(lag) = model.reach(wanted, POSITION_TIMEOUT).await
    {
        return Problem::from(lag).into_response();
    }
    // ANCHOR_END: wait
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    // Read before the answer is made, so that it never claims more than the answer shows.
    let position = model.position();
    let mut response = next.run(request).await;
    if reads && !response.status().is_server_error() && response.extensions().get::<At>().is_none()
    {
        response.extensions_mut().insert(At(position));
    }
    response
}

/// Every failure as a problem with the request's id, and the id on every answer.
fn presentable(mut response: Response, context: &Context, service: &Api) -> Response {
    let names = &service.http.names;
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let problem = response.extensions_mut().remove::<Problem>();
        let foreign = response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind != PROBLEM_JSON);
        if let Some(problem) = problem.or_else(|| foreign.then(|| Problem::new(status))) {
            if let Some(error) = problem.internal_error() {
                let (request, trace) = (context.request_id(), context.trace_id());
                tracing::error!(request.id = request, trace.id = trace, error, "a request failed");
            }
            let (parts, body) = problem.respond(Some(context.request_id())).into_parts();
            *response.body_mut() = body;
            response.headers_mut().remove(CONTENT_LENGTH);
            response.headers_mut().extend(parts.headers);
        }
    }
    if let Some(At(position)) = response.extensions_mut().remove::<At>() {
        response.headers_mut().entry(names.position()).or_insert(HeaderValue::from(position.0));
    }
    if context.is_admitted() {
        response.headers_mut().insert(names.admitted(), HeaderValue::from_static("true"));
    }
    response.headers_mut().insert(X_REQUEST_ID, context.request_id_header());
    response
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
