//! The stub's orders: decided at once by stock and credit, reported as scripted.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use serde_json::{Value, json};

use super::{Saga, Shared, Shop, id, minor, routes::problem};

pub(super) async fn place(State(shared): State<Arc<Shared>>, Json(asked): Json<Value>) -> Response {
    let placed = shared.shop().place(&asked);
    shared.tell();
    // Followers receive the end before the response to the placing is there.
    tokio::task::yield_now().await;
    match placed {
        Some(order) => (StatusCode::ACCEPTED, Json(order)).into_response(),
        None => problem(404, "no such customer", &[]),
    }
}

pub(super) async fn get(
    State(shared): State<Arc<Shared>>,
    query: Query<std::collections::HashMap<String, String>>,
) -> Json<Value> {
    let mut shop = shared.shop();
    if query.get("Id").is_none() {
        return Json(json!({ "Items": shop.orders, "Next": null }));
    }
    let saga = shop.saga;
    let order = shop
        .orders
        .iter_mut()
        .find(|order| Some(&order["OrderId"].as_str().unwrap_or("").to_owned()) == query.get("Id"));
    if let Some(order) = order {
        if saga == Saga::EndsWhenAsked {
            end(order);
        }
        if saga == Saga::Told {
            let mut stale = order.clone();
            stale["InvoiceNumber"] = json!(null);
            stale["StockStatus"] = json!("Reserved");
            return Json(json!({ "Items": [stale], "Next": null }));
        }
        return Json(json!({ "Items": [order], "Next": null }));
    }
    Json(json!({ "Items": [], "Next": null }))
}

/// Server-sent events: from after `Last-Event-ID`, or from `From`, or from now on; cut as the script says.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    query: Query<std::collections::HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let last_id = headers.get("last-event-id").map(|id| id.to_str().expect("text").to_owned());
    let (start, cut) = {
        let mut shop = shared.shop();
        shop.subscriptions.push(last_id.clone());
        let after = last_id.map(|id| id.parse().expect("a number"));
        let from = query.get("From").map(|from| from.parse::<usize>().expect("a number") - 1);
        (after.or(from).unwrap_or(shop.messages.len()), shop.cut_stream_every)
    };
    let told = shared.told.subscribe();
    let body = stream::unfold((start, told), move |(sent, mut told)| {
        let shared = Arc::clone(&shared);
        async move {
            if cut.is_some_and(|every| sent - start >= every) {
                return None;
            }
            told.wait_for(|messages| *messages > sent).await.ok()?;
            let data = shared.shop().messages.get(sent)?.clone();
            let message = format!(": alive\nid: {}\nevent: change\ndata: {data}\n\n", sent + 1);
            Some((Ok::<_, Infallible>(message), (sent + 1, told)))
        }
    });
    let head = stream::iter([Ok("retry: 1\n\n".to_owned())]);
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream::StreamExt::chain(head, body)))
        .into_response()
}

impl Shop {
    /// Records an order and how it goes on; none if there is no such customer.
    fn place(&mut self, asked: &Value) -> Option<Value> {
        let name = asked["UserName"].as_str().expect("managers name the customer");
        let customer = self.customers.get_mut(name)?;
        let product =
            self.products.values_mut().find(|product| product["ProductId"] == asked["ProductId"]);
        let product = product.expect("it exists");
        let quantity = asked["Quantity"].as_i64().expect("a quantity");
        let stock = product["UnitsInStock"].as_i64().expect("a number") - quantity;
        let credit = minor(&customer["Credit"]) - quantity * minor(&product["Price"]);
        let mut order = json!({
            "OrderId": id(1_000_000 + self.orders.len()), "UserName": name, "Quantity": quantity,
            "ProductId": product["ProductId"], "ProductName": product["Name"], "Price": product["Price"],
            "Status": "Pending", "StockStatus": "Pending", "CreditStatus": "Pending",
            "Reasons": [], "InvoiceNumber": null,
        });
        let pending = order.clone();
        let reasons: Vec<_> = [(stock, "out-of-stock"), (credit, "low-credit")]
            .into_iter()
            .filter_map(|(left, reason)| (left < 0).then_some(reason))
            .collect();
        let status = |left: i64, else_: &'static str| if left < 0 { "Denied" } else { else_ };
        if reasons.is_empty() {
            product["UnitsInStock"] = json!(stock);
            customer["Credit"] =
                serde_json::from_str(&format!("{}.{:02}", credit / 100, credit % 100))
                    .expect("a number");
            order["Status"] = json!("Finalized");
            order["StockStatus"] = json!("Committed");
            order["CreditStatus"] = json!("Debited");
        } else {
            order["Status"] = json!("Canceled");
            order["StockStatus"] = json!(status(stock, "Reserved"));
            order["CreditStatus"] = json!(status(credit, "Reserved"));
        }
        order["Reasons"] = json!(reasons);
        self.tell_order(&order);
        if self.saga == Saga::Told || self.saga == Saga::Untold {
            end(&mut order);
            self.tell_order(&order);
        }
        self.orders.push(order);
        Some(pending)
    }

    fn tell_order(&mut self, order: &Value) {
        if self.saga != Saga::Untold {
            let step = json!({ "Event": "order.something", "Position": self.messages.len() });
            self.messages.push(json!({ "Step": step, "Order": order }).to_string());
        }
    }
}

/// The last step: the invoice, or the release of what was reserved.
fn end(order: &mut Value) {
    if order["Status"] == "Finalized" {
        order["InvoiceNumber"] = json!(1);
        return;
    }
    for status in ["StockStatus", "CreditStatus"] {
        if order[status] == "Reserved" {
            order[status] = json!("Released");
        }
    }
}
