//! A shop that sells nothing yet: its currency, and filling it with the sample.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use serde_json::json;

use crate::stub::{Asked, Manager};

#[tokio::test]
async fn the_dashboard_of_an_empty_shop_shows_its_currency() {
    let currency = async || Json(json!({ "Currency": "CHF" }));
    let some = Router::new().route("/product/get-currency", get(currency));
    let page = Manager::over(&Asked::default(), some).await.get("/?year=2027").await;
    assert!(page.contains("<dd>CHF\u{a0}6.66</dd>"), "{page}");
}

#[tokio::test]
async fn what_stopped_filling_the_shop_is_said_and_it_can_go_on() {
    let calls = Arc::<AtomicUsize>::default();
    let demo = async |State(calls): State<Arc<AtomicUsize>>| {
        let state = json!({ "Goods": "Sample", "Traffic": "Off" });
        let stopped = json!({ "Done": 85, "Of": 1_390, "Reason": "The order service does not answer, or is too busy." });
        let mut stopped_state = state.clone();
        stopped_state["Stopped"] = stopped;
        Json(if calls.load(Ordering::Relaxed) == 0 { stopped_state } else { state })
    };
    let fill = async |State(calls): State<Arc<AtomicUsize>>| {
        calls.fetch_add(1, Ordering::Relaxed);
        Json(json!({ "Goods": "Sample", "Traffic": "Off", "Filling": { "Done": 85, "Of": 1_390 } }))
    };
    let some = Router::new()
        .route("/demo/get-demo", get(demo))
        .route("/demo/fill-shop", post(fill))
        .with_state(Arc::clone(&calls));
    let manager = &mut Manager::over(&Asked::default(), some).await;
    let page = manager.get("/").await;
    assert!(page.contains("The shop is not filled to its end"), "{page}");
    let why = "After 85 of 1,390 steps: The order service does not answer, or is too busy.";
    assert!(page.contains(why) && page.contains("Fill in the rest"), "{page}");
    let page = manager.submit("/sample/fill", "").await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert!(!page.contains("not filled to its end") && page.contains("Let them in"), "{page}");
}
