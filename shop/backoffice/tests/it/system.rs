//! The System page and the dashboard agree with what they lead to, and show what lasts.

use axum::{Json, Router, routing::get};
use serde_json::{Value, json};

use crate::stub::{Asked, Manager};

/// A manager of a shop that gives this answer.
async fn with(call: &'static str, answer: Value) -> Manager {
    let some = Router::new().route(call, get(async move || Json(answer)));
    Manager::over(&Asked::default(), some).await
}

#[tokio::test]
async fn open_orders_are_as_many_as_the_sagas_that_run() {
    for (total, shown) in [(0, "0"), (3, "3"), (10_000_000, "10,000,000+")] {
        let orders = json!({ "Items": [], "Next": null, "Total": total });
        let mut manager = with("/order/get-orders", orders).await;
        for page in ["/", "/system"] {
            let page = manager.get(page).await;
            let link = format!("<a href=\"/sagas\">{shown}</a>");
            assert!(page.contains(&link), "{link}: {page}");
        }
    }
}

#[tokio::test]
async fn what_lasts_is_the_first_in_the_list_of_the_last_day() {
    let outage = |part: &str, until: Option<&str>| json!({ "Part": part, "State": "Away", "Reason": "It hangs.", "Since": "2026-12-31T22:40:00Z", "Until": until });
    let over = outage("product", Some("2026-12-31T22:50:00Z"));
    let timeline = json!({ "Items": [over, outage("customer", None)], "Next": null });
    let system = with("/system/get-timeline", timeline).await.get("/system").await;
    let rows: Vec<&str> = system.split("<tr>").filter(|row| row.contains("It hangs.")).collect();
    let [lasts, over] = rows[..] else { panic!("{rows:?}") };
    assert!(lasts.contains(">customer<") && lasts.contains("<strong>now</strong>"), "{lasts}");
    assert!(over.contains(">product<") && !over.contains("now</strong>"), "{over}");
}

#[tokio::test]
async fn what_is_recorded_now_is_a_number_without_scripts_too() {
    let system = Manager::at(&Asked::default()).await.get("/system").await;
    assert!(system.contains("<dt>Recorded now</dt><dd>0.0/s</dd>"), "{system}");
}
