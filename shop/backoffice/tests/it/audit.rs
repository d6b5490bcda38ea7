//! The audit: what was there before a change and since, and how many changes there are.

use axum::{Json, Router, routing::get};
use hyper::StatusCode;
use serde_json::json;

use crate::{
    events::{changed, names},
    stub::{Asked, Manager},
};

async fn manager(some: Router) -> Manager {
    let audit = async || {
        Json(json!({ "Items": [changed(9)], "Next": "OQ", "IndexedTo": 9, "Total": 1_234 }))
    };
    Manager::over(&Asked::default(), some.route("/events/read-audit", get(audit))).await
}

#[tokio::test]
async fn a_change_is_shown_with_what_was_there_before_it_and_links() {
    let page = manager(names()).await.get("/audit").await;
    assert!(page.contains("price €19.99 → €21.50"), "{page}");
    assert!(page.contains("<th scope=\"row\">admin</th>"), "{page}");
    assert!(page.contains("<td>Green tea</td>") && page.contains("href=\"/events/9\""), "{page}");
    assert!(page.contains("<p class=\"tally\">1,234 changes</p>"), "{page}");
    assert!(page.contains("1–1 of 1,234"), "{page}");
}

#[tokio::test]
async fn while_the_product_service_is_away_the_audit_says_what_events_alone_tell() {
    let away = async || StatusCode::SERVICE_UNAVAILABLE;
    let some = Router::new().route("/product/get-product-details", get(away));
    let page = manager(some).await.get("/audit").await;
    assert!(page.contains("price €21.50") || page.contains("price 21.50"), "{page}");
    assert!(!page.contains("A deleted product"), "it is not known to be gone: {page}");
}
