//! What counts as low stock: set by managers, shown on the dashboard, and picked for more stock.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::{Request, State},
    routing::{get, post},
};
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::stub::{Asked, Manager};

fn product(number: u128, available: i64) -> Value {
    let id = format!("{number:08}-0000-7000-8000-000000000000");
    json!({
        "ProductId": id, "Code": null, "Name": format!("Tea {number}"), "Description": "", "Supplier": "",
        "CategoryId": id, "CategoryName": "Teas", "Price": 6.66, "Currency": "EUR", "UnitsInStock": available,
        "Available": available, "Version": 1, "Picture": null,
    })
}

/// A shop with products of which 4 and 12 can be ordered, and where a number of units is low once it is set.
async fn manager(units: &Arc<Mutex<Option<i64>>>) -> Manager {
    let products = async || {
        Json(json!({ "Items": [product(1, 4), product(2, 12)], "Next": null, "Total": 2 }))
    };
    let low = async |State(units): State<Arc<Mutex<Option<i64>>>>| {
        Json(json!({ "Units": *units.lock().expect("no test panics here") }))
    };
    let set = async |State(units): State<Arc<Mutex<Option<i64>>>>, Json(body): Json<Value>| {
        *units.lock().expect("no test panics here") = body.get("Units").and_then(Value::as_i64);
        Json(body)
    };
    let some = Router::new()
        .route("/product/get-all-products", get(products))
        .route("/product/get-low-stock", get(low))
        .route("/product/set-low-stock", post(set))
        .with_state(Arc::clone(units));
    Manager::over(&Asked::default(), some).await
}

#[tokio::test]
async fn what_a_manager_sets_is_low_from_then_on() {
    let units = Arc::default();
    let manager = &mut manager(&units).await;
    let dashboard = manager.get("/").await;
    assert!(
        dashboard.contains("Of every product, more than 3 can be ordered."),
        "the setting: {dashboard}"
    );
    assert!(dashboard.contains("href=\"/products/low\""), "{dashboard}");
    let form = manager.get("/products/low").await;
    assert!(form.contains("name=\"Units\" type=\"number\" value=\"3\""), "{form}");
    let dashboard = manager.submit("/products/low", "Units=12&Key=a-key").await;
    assert!(dashboard.contains("Low stock is 12 or fewer from now on."), "{dashboard}");
    assert!(
        dashboard.contains("Low stock: 12 units or fewer.") && dashboard.contains("Tea 2"),
        "{dashboard}"
    );

    let refused = manager.submit("/products/low", "Units=some&Key=a-key").await;
    assert!(refused.contains("Must be a whole number."), "{refused}");
    assert!(refused.contains("value=\"some\""), "what was typed: {refused}");
}

#[tokio::test]
async fn stock_is_added_to_what_is_low_with_every_box_ticked() {
    let units = Arc::new(Mutex::new(Some(4)));
    let manager = &mut manager(&units).await;
    let dashboard = manager.get("/").await;
    let way = "/products?sort=-Available&amp;action=stock&amp;low=yes";
    assert!(dashboard.contains(way), "{dashboard}");
    let page = manager.get(&way.replace("&amp;", "&")).await;
    let picked = |number: u128| {
        page.contains(&format!("value=\"{number:08}-0000-7000-8000-000000000000\" checked"))
    };
    assert!(picked(1) && !picked(2), "{page}");
    assert!(page.contains("<option value=\"stock\" selected>"), "{page}");
}

#[tokio::test]
async fn while_the_product_service_cannot_say_what_was_set_the_setting_holds() {
    let products = async |_: Request| {
        Json(json!({ "Items": [product(1, 3), product(2, 12)], "Next": null, "Total": 2 }))
    };
    let some = Router::new()
        .route("/product/get-all-products", get(products))
        .route("/product/get-low-stock", get(async || StatusCode::SERVICE_UNAVAILABLE));
    let page = Manager::over(&Asked::default(), some).await.get("/products").await;
    assert_eq!(page.matches(">Low</span>").count(), 1, "{page}");
}
