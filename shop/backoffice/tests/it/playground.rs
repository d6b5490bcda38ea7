//! The playground: there only where a shop is played with, and for its managers alone.

use axum::{Router, body::Body, extract::Request};
use hyper::{StatusCode, header::LOCATION};
use tower::ServiceExt as _;

use crate::stub::{Asked, Manager, played};

const PAGES: [&str; 2] = ["/playground", "/playground/live"];
const CHANGES: [&str; 7] = [
    "/playground/messages",
    "/playground/part",
    "/playground/power",
    "/playground/traffic",
    "/playground/sale",
    "/playground/play",
    "/playground/heal",
];

/// A back office with a playground, over a gateway that must not be asked.
async fn answer(request: Request) -> axum::response::Response {
    let gateway = Router::new().fallback(async || StatusCode::INTERNAL_SERVER_ERROR);
    played(gateway).oneshot(request).await.expect("a site always answers")
}

#[tokio::test]
async fn nobody_plays_without_logging_in_or_by_a_form_of_another_site() {
    for page in PAGES {
        let request = Request::get(page).body(Body::empty()).expect("a request");
        let answer = answer(request).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{page}");
        let location = answer.headers().get(LOCATION).expect("a way on");
        assert!(location.as_bytes().starts_with(b"/login"), "{page}: {location:?}");
    }
    for page in CHANGES {
        let post =
            || Request::post(page).header("content-type", "application/x-www-form-urlencoded");
        let anonymous = answer(post().body(Body::from("Seed=1")).expect("a request")).await;
        let refused = [StatusCode::SEE_OTHER, StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED];
        assert!(refused.contains(&anonymous.status()), "{page}: {}", anonymous.status());
        let elsewhere = post().header("sec-fetch-site", "cross-site").body(Body::from("Seed=1"));
        let forged = answer(elsewhere.expect("a request")).await;
        assert_eq!(forged.status(), StatusCode::FORBIDDEN, "{page}");
    }
}

#[tokio::test]
async fn a_shop_that_is_not_played_with_has_neither_the_page_nor_a_link_to_it() {
    let mut manager = Manager::at(&Asked::default()).await;
    assert!(!manager.get("/").await.to_lowercase().contains("playground"));
    for page in PAGES {
        let answer = manager.get(page).await;
        assert!(
            answer.contains("There is no such page") || answer.contains("404"),
            "{page}: {answer}"
        );
    }
    for page in CHANGES {
        assert_eq!(manager.post(page).await, StatusCode::NOT_FOUND, "{page}");
    }
}
