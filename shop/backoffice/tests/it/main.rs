//! The back office from outside.

mod absent;
mod audit;
mod bulk;
mod empty;
mod events;
mod import;
mod low_stock;
mod picture;
mod playground;
mod request;
mod stub;
mod system;
mod through;
mod zone;

use axum::{Router, body::Body, extract::Request, response::Response};
use hyper::{StatusCode, header::LOCATION};
use tower::ServiceExt;

/// Every page but the log-in.
const PAGES: [&str; 42] = [
    "/",
    "/live",
    "/audit",
    "/categories",
    "/categories/new",
    "/categories/0190c7f2-8b1e-7c3a-9f00-1234567890ab",
    "/categories/0190c7f2-8b1e-7c3a-9f00-1234567890ab/delete",
    "/products",
    "/products/export",
    "/products/import",
    "/products/low",
    "/products/new",
    "/products/0190c7f2-8b1e-7c3a-9f00-1234567890ab",
    "/products/0190c7f2-8b1e-7c3a-9f00-1234567890ab/delete",
    "/products/0190c7f2-8b1e-7c3a-9f00-1234567890ab/picture",
    "/customers",
    "/customers/ada",
    "/customers/account/new",
    "/customers/ada/history",
    "/customers/ada/password",
    "/customers/ada/through",
    "/orders",
    "/orders/0190c7f2-8b1e-7c3a-9f00-1234567890ab",
    "/orders/0190c7f2-8b1e-7c3a-9f00-1234567890ab/live",
    "/events",
    "/events/1",
    "/events/1/why",
    "/events/follow",
    "/events/live",
    "/events/through",
    "/history/product/0190c7f2-8b1e-7c3a-9f00-1234567890ab",
    "/inbox",
    "/sagas",
    "/sagas/live",
    "/search",
    "/system",
    "/system/live",
    "/system/models/live",
    "/tour",
    "/tour/1",
    "/tour/code/crates/eventlog/src/writer.rs",
    "/why/product/0190c7f2-8b1e-7c3a-9f00-1234567890ab",
];

/// Where something is changed.
const CHANGES: [&str; 21] = [
    "/logout",
    "/inbox",
    "/categories/new",
    "/categories/0190c7f2-8b1e-7c3a-9f00-1234567890ab",
    "/categories/0190c7f2-8b1e-7c3a-9f00-1234567890ab/delete",
    "/products/bulk",
    "/products/bulk/change",
    "/products/import",
    "/products/import/change",
    "/products/low",
    "/products/new",
    "/products/0190c7f2-8b1e-7c3a-9f00-1234567890ab",
    "/products/0190c7f2-8b1e-7c3a-9f00-1234567890ab/delete",
    "/products/0190c7f2-8b1e-7c3a-9f00-1234567890ab/picture",
    "/products/0190c7f2-8b1e-7c3a-9f00-1234567890ab/picture/remove",
    "/customers/account/new",
    "/customers/ada",
    "/customers/ada/password",
    "/sample/fill",
    "/sample/traffic",
    "/system/models",
];

/// A back office over a gateway that must not be asked: it fails every request.
fn office() -> Router {
    let gateway = Router::new().fallback(async || StatusCode::INTERNAL_SERVER_ERROR);
    stub::office(gateway)
}

async fn answer(request: Request) -> Response {
    office().oneshot(request).await.expect("a site always answers")
}

#[tokio::test]
async fn nobody_sees_a_page_without_logging_in() {
    lets_nobody_see(office, &PAGES).await;
}

#[tokio::test]
async fn nothing_is_changed_for_who_is_not_logged_in_or_by_a_form_of_another_site() {
    lets_nobody_change(office, &CHANGES).await;
}

/// A visitor who asks for one of `pages` without having logged in is sent to do so.
async fn lets_nobody_see(site: fn() -> Router, pages: &[&str]) {
    for page in pages {
        let request = Request::get(*page).body(Body::empty()).expect("a request");
        let answer = site().oneshot(request).await.expect("a site always answers");
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{page}");
        let location = answer.headers().get(LOCATION).expect("a way on");
        assert!(location.as_bytes().starts_with(b"/login"), "{page}: {location:?}");
    }
}

/// None of `changes` can be made without having logged in, nor from another site.
async fn lets_nobody_change(site: fn() -> Router, changes: &[&str]) {
    for page in changes {
        let post =
            || Request::post(*page).header("content-type", "application/x-www-form-urlencoded");
        let anonymous = post().body(Body::from("Name=x")).expect("a request");
        let anonymous = site().oneshot(anonymous).await.expect("a site always answers").status();
        let refused = [StatusCode::SEE_OTHER, StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED];
        assert!(refused.contains(&anonymous), "{page}: {anonymous}");
        let elsewhere = post().header("sec-fetch-site", "cross-site").body(Body::from("Name=x"));
        let forged = site().oneshot(elsewhere.expect("a request")).await;
        let forged = forged.expect("a site always answers").status();
        assert_eq!(forged, StatusCode::FORBIDDEN, "{page}");
    }
}

#[tokio::test]
async fn no_page_lets_anything_run_that_stands_in_it() {
    let request = Request::get("/login").body(Body::empty()).expect("a request");
    let answer = answer(request).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let policy = answer.headers().get("content-security-policy").expect("a policy");
    let policy = policy.to_str().expect("ASCII");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
}
