//! The playground: there only where a shop is played with, and for its managers alone.

use axum::Router;
use hyper::StatusCode;

use crate::{
    lets_nobody_change, lets_nobody_see,
    stub::{Asked, Manager, played},
};

const PAGES: [&str; 3] = ["/playground", "/playground/live", "/drills"];
const CHANGES: [&str; 10] = [
    "/drills/begin",
    "/drills/end",
    "/playground/messages",
    "/playground/part",
    "/playground/power",
    "/playground/traffic",
    "/playground/sale",
    "/playground/play",
    "/playground/repeat",
    "/playground/heal",
];

/// A back office with a playground, over a gateway that must not be asked.
fn office() -> Router {
    played(Router::new().fallback(async || StatusCode::INTERNAL_SERVER_ERROR))
}

#[tokio::test]
async fn nobody_plays_without_logging_in_or_by_a_form_of_another_site() {
    lets_nobody_see(office, &PAGES).await;
    lets_nobody_change(office, &CHANGES).await;
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
