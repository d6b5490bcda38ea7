//! The story of an order, as a golden file of the events it records.

use std::{collections::HashMap, fmt::Write as _};

use serde_json::{Value, json};

use crate::shop::{Person, Shop, product};

#[tokio::test]
async fn a_customer_orders_what_a_manager_added_and_is_given_more_credit() {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    let lamp = add_and_correct(&manager).await;
    manager.add_customers(&["mia"], "100.00").await;
    let mia = manager.log_in("mia", "mia's password").await;
    let order = json!({ "ProductId": lamp, "Quantity": 2, "Price": "24.90" });
    let placed = mia.post("/order/place-order", order).await;
    assert_eq!((placed.status, &placed.body["Status"]), (202, &json!("Pending")));
    let orders = manager.ended_orders().await;
    assert_eq!(orders[0]["Status"], "Finalized", "{orders:?}");
    let credit = mia.get("/customer/get-credit?UserName=mia").await;
    assert_eq!(credit["Available"].to_string(), "50.2");
    let raised = json!({ "UserName": "mia", "Credit": "500.00" });
    manager.post("/customer/set-credit", raised).await.ok();
    insta::assert_snapshot!(told(&manager.events().await));
}

/// A manager adds a product, sees a slip, and corrects it.
async fn add_and_correct(manager: &Person) -> String {
    let category = manager.post("/product/add-new-category", json!({ "Name": "Lamps" })).await.ok();
    let category = category["CategoryId"].as_str().expect("an id");
    let mut lamp = product("desk-lamp", category, ("29.40", 5));
    lamp["Name"] = json!("Dsek lamp");
    let lamp = manager.post("/product/add-new-product", lamp).await.ok();
    let correction = json!({
        "ProductId": lamp["ProductId"], "Version": lamp["Version"], "Name": "Desk lamp", "Price": "24.90",
    });
    manager.post("/product/update-product", correction).await.ok();
    lamp["ProductId"].as_str().expect("an id").to_owned()
}

/// Events stream by stream (reactions of different services have no order among each other), with names in place of what is
/// different in every run.
fn told(events: &[Value]) -> String {
    let mut names = Names::default();
    let mut streams: Vec<(&str, Vec<&Value>)> = Vec::new();
    for event in events {
        let stream = event["Stream"].as_str().expect("a text");
        // What the start of the shop records is no part of the story.
        if stream == "upgrade-schemas" {
            continue;
        }
        match streams.iter_mut().find(|(known, _)| *known == stream) {
            Some((_, events)) => events.push(event),
            None => streams.push((stream, vec![event])),
        }
    }
    // Who reacts first differs, too: accounting's stream begins at some point of the others'.
    streams.sort_by_key(|(stream, _)| stream.starts_with("accounting-"));
    let mut text = String::new();
    for (stream, of_stream) in streams {
        writeln!(text, "{}", names.fixed(&json!(stream)).as_str().expect("a text"))
            .expect("memory is there");
        for event in of_stream {
            let cause = event["Cause"].as_u64().and_then(|cause| usize::try_from(cause - 1).ok());
            let cause = cause.and_then(|cause| events.get(cause)?["Type"].as_str());
            let by = match (event["Reactor"].as_str(), cause) {
                // Stock and credit are reserved side by side; either may be the last.
                (Some(reactor), Some("product.stock-reserved" | "customer.credit-reserved")) => {
                    format!("{reactor}, on the last reservation")
                }
                (Some(reactor), Some(cause)) => format!("{reactor}, on {cause}"),
                _ => names.fixed(&event["Actor"]).as_str().expect("a text").to_owned(),
            };
            let (version, kind, data) =
                (&event["Version"], &event["Type"], names.fixed(&event["Data"]));
            let kind = kind.as_str().expect("a text");
            writeln!(text, "  {version} {kind} @ {}, by {by}\n      {data}", event["Schema"])
                .expect("memory is there");
        }
    }
    text
}

/// Ids by the order in which they were met.
#[derive(Default)]
struct Names(HashMap<String, usize>);

impl Names {
    /// The value with placeholders for ids, times and what is sealed.
    fn fixed(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.fixed(item)).collect(),
            Value::Object(members) => {
                let member = |(name, value): (&String, &Value)| match name.as_str() {
                    "password" => (name.clone(), json!("<sealed>")),
                    _ => (name.clone(), self.fixed(value)),
                };
                members.iter().map(member).collect()
            }
            _ => value.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        if text.parse::<kernel::Timestamp>().is_ok() {
            return "<time>".to_owned();
        }
        let Some((before, id)) = text.split_at_checked(text.len().saturating_sub(36)) else {
            return text.to_owned();
        };
        if uuid::Uuid::parse_str(id).is_err() {
            return text.to_owned();
        }
        let next = self.0.len() + 1;
        let number = *self.0.entry(id.to_owned()).or_insert(next);
        format!("{before}<id {number}>")
    }
}
