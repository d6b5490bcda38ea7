//! The frame around pages, from outside: what it refuses, and what it makes of pages that go wrong.

mod sent;

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::Response,
    routing::{get, post},
};
use http_body_util::BodyExt;
use hyper::{Method, StatusCode, header::SET_COOKIE};
use kernel::{Clock, Ids, Timestamp};
use site::{Chrome, Config, Form, Gateway, Site, Visit};
use tower::ServiceExt;

const CHROME: Chrome = Chrome {
    name: "Test",
    label: "",
    class: "test",
    cookie: "test-site",
    nav: &[],
    learn: &[],
    personal: &[],
    search: None,
    register: None,
    footer: "",
    description: "A website of tests.",
    robots: "User-agent: *\nDisallow: /\n",
    sitemap: Some("/list.xml"),
    channel: None,
};

/// One site for all: its ids never come twice.
static SITE: LazyLock<Router> = LazyLock::new(|| website(false));

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000)
    }
}

async fn broken() -> String {
    panic!("a page with a bug")
}

async fn change(_: Form) -> &'static str {
    "changed"
}

async fn form(visit: Visit) -> String {
    visit.csrf()
}

fn website(secure_cookies: bool) -> Router {
    let pages = Router::new()
        .route("/broken", get(broken))
        .route("/change", post(change))
        .route("/form", get(form));
    let config = Config {
        gateway: Gateway::Local(Router::new()),
        clock: Arc::new(Still),
        ids: Arc::new(Ids::from_seed([1; 32])),
        secret: [2; 32],
        proxies: web::TrustedProxies::default(),
        streams: web::Streams::default(),
        secure_cookies,
        shutdown: tokio_util::sync::CancellationToken::new(),
    };
    Site::new(config, &CHROME).guard(pages)
}

async fn answer(method: Method, address: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let request = Request::builder().method(method).uri(address);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let request = request.body(Body::from(body.to_owned())).expect("a request");
    SITE.clone().oneshot(request).await.expect("never fails")
}

async fn text(response: Response) -> String {
    let body = response.into_body().collect().await.expect("a whole body").to_bytes();
    String::from_utf8(body.to_vec()).expect("text")
}

#[tokio::test]
async fn a_page_with_a_bug_is_a_page_that_says_so_and_shows_nothing_of_it() {
    let response = answer(Method::GET, "/broken", &[("x-request-id", "find-me")], "").await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    let page = text(response).await;
    assert!(page.contains("Something went wrong here") && page.contains("find-me"), "{page}");
    assert!(!page.contains("a page with a bug"), "{page}");
}

#[tokio::test]
async fn what_is_too_long_or_not_a_form_is_told_so_and_not_said_to_be_kept() {
    let long = format!("text={}", "x".repeat(64 * 1024));
    let form = "application/x-www-form-urlencoded";
    for (kind, body, status, says) in [
        (form, long.as_str(), StatusCode::PAYLOAD_TOO_LARGE, "too long"),
        ("application/json", r#"{"Name":"x"}"#, StatusCode::UNSUPPORTED_MEDIA_TYPE, "not a form"),
        ("multipart/form-data", "--x--", StatusCode::UNSUPPORTED_MEDIA_TYPE, "not a form"),
        ("text/plain", "Name=x", StatusCode::UNSUPPORTED_MEDIA_TYPE, "not a form"),
        (
            "Application/X-WWW-form-urlencoded; charset=UTF-8",
            "a=b",
            StatusCode::FORBIDDEN,
            "expired",
        ),
    ] {
        let response = answer(Method::POST, "/change", &[("content-type", kind)], body).await;
        assert_eq!(response.status(), status, "{kind}");
        let page = text(response).await;
        assert!(page.contains(says), "{kind}: {page}");
        assert_eq!(page.contains("is kept"), status == StatusCode::FORBIDDEN, "{kind}: {page}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_strict_headers() {
    let files = ["/assets/agora.css", "/assets/x", "/pictures/x.svg", "/health/live"];
    for address in ["/form", "/nothing", "/broken"].into_iter().chain(files) {
        let response = answer(Method::GET, address, &[], "").await;
        let policy = response.headers()["content-security-policy"].to_str().expect("text");
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{address}"
        );
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{address}");
    }
}

#[tokio::test]
async fn a_website_is_well_whether_or_not_there_is_a_gateway() {
    for (address, answers) in
        [("/health/live", "{\"Live\":true}"), ("/health/ready", "{\"Ready\":true}")]
    {
        let response = answer(Method::GET, address, &[], "").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(text(response).await, answers);
    }
}

#[tokio::test]
async fn a_form_needs_its_token_its_session_and_its_origin() {
    let form = answer(Method::GET, "/form", &[], "").await;
    let cookie = form.headers()[SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let token = text(form).await;
    let ours = ("cookie", cookie.as_str());
    let send = async |headers: &[(&str, &str)], body: &str| {
        answer(Method::POST, "/change", headers, body).await.status()
    };
    let body = format!("_csrf={token}");
    assert_eq!(send(&[ours], &body).await, StatusCode::OK);
    assert_eq!(send(&[], &body).await, StatusCode::FORBIDDEN, "another session");
    assert_eq!(send(&[ours], "").await, StatusCode::FORBIDDEN, "no token");
    assert_eq!(send(&[ours, ("sec-fetch-site", "same-site")], &body).await, StatusCode::FORBIDDEN);
    assert_eq!(send(&[ours, ("origin", "null")], &body).await, StatusCode::FORBIDDEN);
    let large = format!("{body}&x={}", "x".repeat(70_000));
    assert_eq!(
        send(&[ours], &large).await,
        StatusCode::PAYLOAD_TOO_LARGE,
        "a body that no form of ours has"
    );
}

#[tokio::test]
async fn what_changes_something_is_no_page_to_get() {
    let response = answer(Method::GET, "/change", &[], "").await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(text(response).await.contains("No page of this site makes such a request."));
}

#[tokio::test]
async fn behind_tls_cookies_go_over_tls_only() {
    let request = Request::get("/form").body(Body::empty()).expect("a request");
    let response = website(true).oneshot(request).await.expect("never fails");
    assert!(response.headers()[SET_COOKIE].to_str().expect("text").ends_with("; Secure"));
}

#[tokio::test]
async fn a_trailing_slash_means_nothing() {
    for address in ["/form/", "/form//", "/form/?x=1"] {
        assert_eq!(
            answer(Method::GET, address, &[], "").await.status(),
            StatusCode::OK,
            "{address}"
        );
    }
    assert_eq!(answer(Method::GET, "/nothing/", &[], "").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn a_form_that_never_comes_is_answered_with_a_page_after_ten_seconds() {
    let body =
        Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let request = Request::post("/change").header("content-length", "60000").body(body);
    let asked = tokio::time::Instant::now();
    let response = SITE.clone().oneshot(request.expect("a request")).await.expect("never fails");
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(asked.elapsed().as_secs(), 10);
    assert!(text(response).await.contains("took too long"));
}

#[tokio::test]
async fn a_rewritten_host_is_explained_and_a_trusted_proxy_may_name_the_real_one() {
    let form = answer(Method::GET, "/form", &[], "").await;
    let cookie = form.headers()[SET_COOKIE].to_str().expect("text").to_owned();
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let body = format!("_csrf={}", text(form).await);
    let sent = [
        ("cookie", cookie.as_str()),
        ("host", "127.0.0.1:5001"),
        ("origin", "http://shop.example"),
    ];
    let refused = answer(Method::POST, "/change", &sent, &body).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let page = text(refused).await;
    for part in ["http://shop.example", "127.0.0.1:5001", "X-Forwarded-Host", "trusted-proxies"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let named = [&sent[..], &[("x-forwarded-host", "shop.example")]].concat();
    assert_eq!(answer(Method::POST, "/change", &named, &body).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_site_under_a_path_is_refused_and_explained() {
    let response = answer(Method::GET, "/form", &[("x-forwarded-prefix", "/shop")], "").await;
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    assert!(text(response).await.contains("at /shop"));
}

#[tokio::test]
async fn over_tls_the_cookie_is_this_hosts_alone_and_browsers_keep_to_it() {
    let plain = answer(Method::GET, "/form", &[], "").await;
    assert!(!plain.headers().contains_key("strict-transport-security"));
    let secure = answer(Method::GET, "/form", &[("x-forwarded-proto", "https")], "").await;
    assert_eq!(secure.headers()["strict-transport-security"], "max-age=15768000");
    let cookie = secure.headers()[SET_COOKIE].to_str().expect("text");
    assert!(
        cookie.starts_with("__Host-test-site=")
            && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"),
        "{cookie}"
    );
}
