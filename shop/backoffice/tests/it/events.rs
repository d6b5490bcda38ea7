//! The event store's page: names instead of ids, totals, and the types to choose from.

use axum::{Json, Router, extract::Request, http::StatusCode, routing::get};
use serde_json::{Value, json};

use crate::stub::{Asked, Manager, event_of, with};

const TEA: &str = "01a20726-0000-7000-8000-000000000001";
const ADMIN: &str = "01a20726-0000-7000-8000-000000000009";

/// A manager changed the price of tea.
pub(crate) fn changed(position: u64) -> Value {
    let stream = format!("product-{TEA}").into();
    let actor = format!("manager:{ADMIN}").into();
    let members = [("Stream", stream), ("Actor", actor), ("Data", json!({ "price": 2150 }))];
    with(event_of(position, "product.changed"), members)
}

/// Who is called what: what the gateway answers of a person's first event, and of the product, as it was and is.
pub(crate) fn names() -> Router {
    let user = json!({ "personal": { "user": "admin" } });
    let registered = with(event_of(1, "customer.registered"), [("Data", user)]);
    let registered = async move || Json(json!({ "Items": [registered], "Next": null }));
    let product = async |request: Request| {
        let before = request.uri().query().is_some_and(|query| query.ends_with("AsOf=8"));
        let price = if before { 19.99 } else { 21.5 };
        Json(json!({
            "ProductId": TEA, "Code": null, "Name": "Green tea", "Description": "", "Supplier": "",
            "CategoryId": TEA, "CategoryName": "Teas", "Price": price, "Currency": "EUR", "UnitsInStock": 9,
            "Available": 9, "Version": 1, "Picture": null,
        }))
    };
    Router::new()
        .route("/events/read-stream", get(registered))
        .route("/product/get-product-details", get(product))
}

async fn manager(some: Router) -> Manager {
    let all = async || Json(json!({ "Items": [changed(9)], "Next": null }));
    let types = async || {
        let types = [("order.denied", 1_200), ("parcel.sent", 1), ("product.changed", 7)];
        let types = types.map(|(kind, events)| json!({ "Type": kind, "Events": events }));
        Json(json!({ "Items": types, "IndexedTo": 9 }))
    };
    let some = some.route("/events/read-all", get(all)).route("/events/read-types", get(types));
    Manager::over(&Asked::default(), some).await
}

#[tokio::test]
async fn products_and_people_have_names_and_ids_are_short_and_whole_to_a_copy() {
    let manager = &mut manager(names()).await;
    for page in ["/events", "/events/follow", "/events/live"] {
        let page = manager.get(page).await;
        assert!(page.contains("<span class=\"named\">Green tea</span>"), "{page}");
        assert!(page.contains("manager admin"), "{page}");
        assert!(page.contains(&format!("title=\"product-{TEA}\">product-<span")), "{page}");
        assert!(page.contains("</span>00000001</code>"), "{page}");
        assert!(page.contains(">1 Jan 2027, 00:30:00</time>"), "no microseconds: {page}");
    }
}

#[tokio::test]
async fn the_page_is_there_without_names_while_no_part_knows_them() {
    let away = async || StatusCode::SERVICE_UNAVAILABLE;
    let some = Router::new()
        .route("/product/get-product-details", get(away))
        .route("/events/read-stream", get(away));
    let page = manager(some).await.get("/events").await;
    assert!(
        page.contains("</span>00000001</code>") && page.contains("</span>00000009</code>"),
        "{page}"
    );
}

#[tokio::test]
async fn types_are_chosen_from_a_list_with_their_totals() {
    let manager = &mut manager(names()).await;
    let page = manager.get("/events").await;
    let choice = "<option value=\"order.denied\">order.denied (1,200)</option>";
    assert!(page.contains(choice) && page.contains("parcel.sent (1)"), "{page}");
    assert!(page.contains("9 events, each recorded once and never changed."), "{page}");
    let page = manager.get("/events?type=order.denied").await;
    assert!(page.contains("<option value=\"order.denied\" selected>"), "{page}");
    assert!(page.contains("<p class=\"tally\">1,200 events</p>"), "{page}");
    let page = manager.get("/events?category=product").await;
    assert!(page.contains("<p class=\"tally\">7 events</p>"), "{page}");
    assert!(!page.contains("order.denied ("), "types of the category: {page}");
    let page = manager.get("/events?type=order.denied&since=2027-01-01T00:30").await;
    assert!(!page.contains("class=\"tally\""), "how many are of that time is not known: {page}");
}

#[tokio::test]
async fn an_unknown_type_is_answered_with_those_that_there_are() {
    let manager = &mut manager(names()).await;
    let page = manager.get("/events?type=denied").await;
    assert!(page.contains("There is no type “denied”."), "{page}");
    assert!(page.contains("<a href=\"/events?type=order.denied\">order.denied</a>"), "{page}");
    assert!(!page.contains("<a href=\"/events?type=parcel.sent\">"), "{page}");
    let page = manager.get("/events?type=nonsense").await;
    assert!(page.contains("<a href=\"/events?type=parcel.sent\">parcel.sent</a>"), "{page}");
}
