//! Middleware around every page: the session, the origin check, and failures rendered as pages.

use std::panic::AssertUnwindSafe;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use hyper::{
    HeaderMap, Method, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, STRICT_TRANSPORT_SECURITY},
};
use web::{X_REQUEST_ID, without_trailing_slashes};

use crate::{
    Failure, Site, Visit, failure_page,
    headers::SECURITY,
    kept,
    origin::{self, Origin},
    packed, see_other, segment, typed,
};

/// For half a year browsers that came over TLS come over nothing else.
const TLS_ONLY: &str = "max-age=15768000";

pub(crate) fn guard(site: Site, pages: Router) -> Router {
    let pages = pages
        .fallback(async || Failure::NotFound)
        .layer(middleware::from_fn_with_state(site, around));
    without_trailing_slashes(pages)
}

async fn around(State(site): State<Site>, request: Request, next: Next) -> Response {
    let visit = Visit::new(&site, &request);
    let started = visit.now();
    let method = request.method().clone();
    let is_packed = method != Method::HEAD && packed::is_page_taken(request.headers());
    let response = if let Some(failure) = refusal(&visit, &request) {
        failure.into_response()
    } else {
        answer(&visit, request, next).await
    };
    let mut response = presentable(&visit, &method, response);
    add_headers(&visit, response.headers_mut());
    if is_packed {
        response = packed::page(response).await;
    }
    let elapsed = visit.now().since(started);
    let status = response.status().as_u16();
    tracing::debug!(request.id = ?visit.request_id(), "{method} {} {status} in {elapsed:.1?}", visit.address());
    response
}

/// The page's own answer. A form is read before the page sees it: whatever comes of it, what was typed is not lost.
async fn answer(visit: &Visit, mut request: Request, next: Next) -> Response {
    if *request.method() == Method::POST {
        match typed::read(&mut request, visit.require_manager().map(drop)).await {
            Ok(typed) => visit.keep_typed(typed),
            Err(failure) => return failure.into_response(),
        }
    }
    request.extensions_mut().insert(visit.clone());
    let page = visit.zone().await.of_page(next.run(request));
    AssertUnwindSafe(page).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(request.id = ?visit.request_id(), "a page panicked");
        Failure::Broken.into_response()
    })
}

/// Why no page may see the request.
fn refusal(visit: &Visit, request: &Request) -> Option<Failure> {
    let forwarded = visit.forwarded();
    if let Some(prefix) = &forwarded.prefix {
        return Some(Failure::Prefixed { prefix: prefix.to_string() });
    }
    match origin::of(request, forwarded.host.as_deref()) {
        Origin::Ours => None,
        Origin::Foreign => Some(Failure::Forged),
        Origin::Renamed { origin, host } => Some(Failure::Renamed { origin, host }),
    }
}

/// Every failure as a page in the site's frame, or as the way to log in.
fn presentable(visit: &Visit, method: &Method, mut response: Response) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let failure = match response.extensions_mut().remove::<Failure>() {
        Some(failure) => failure,
        None if response.headers().get(CONTENT_TYPE).is_some_and(is_html) => return response,
        None if status == StatusCode::NOT_FOUND => Failure::NotFound,
        None => Failure::Malformed,
    };
    if matches!(failure, Failure::NotLoggedIn) {
        return to_log_in(visit, method);
    }
    let page = failure_page::page(visit, method, &failure);
    let mut page = page.into_response();
    *page.status_mut() = if status.is_success() { failure.status() } else { status };
    if let Some(retry_after_seconds) = failure.passes_after_seconds() {
        let seconds = HeaderValue::from(retry_after_seconds);
        if *method == Method::GET {
            // Every browser keeps to it, with or without scripts: the page recovers by itself.
            page.headers_mut().insert("refresh", seconds.clone());
        }
        page.headers_mut().insert("retry-after", seconds);
    }
    page
}

/// Where to log in, and to come back from. A session that the shop no longer knows ends here too.
fn to_log_in(visit: &Visit, method: &Method) -> Response {
    if visit.user().is_some() {
        visit.log_out();
        visit.say("Your session has ended. Please log in again.");
    }
    let back = match *method {
        Method::GET => Some(visit.address()),
        _ => visit.came_from(),
    };
    if *method == Method::POST
        && let Some(login) = kept::login_page(visit, back.unwrap_or("/"))
    {
        return login;
    }
    let back = back.filter(|back| *back != "/").map(|back| format!("?next={}", segment(back)));
    see_other(&format!("/login{}", back.unwrap_or_default()))
}

fn add_headers(visit: &Visit, headers: &mut HeaderMap) {
    for (name, value) in SECURITY {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A page shows the state of the shop as it is now; what concerns one person is kept nowhere.
    let cache = if visit.is_personal() { "no-store" } else { "private, no-cache" };
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static(cache));
    if visit.is_secure() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TLS_ONLY));
    }
    headers.insert(X_REQUEST_ID, visit.request_id().clone());
    visit.finish(headers);
}

fn is_html(kind: &HeaderValue) -> bool {
    kind.as_bytes().starts_with(b"text/html")
}
