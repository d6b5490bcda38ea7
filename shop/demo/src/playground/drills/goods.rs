//! Drills with goods: an order whose price changes, and a product that nobody can read.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::http::StatusCode;
use contracts::{
    money::Money,
    product::{self, ProductEvent},
    rest::product::Product,
};
use identity::Role;
use kernel::{Actor, EventType, Expected, Metadata, NewEvent};
use serde_json::{json, value::RawValue};
use store::Append;
use uuid::Uuid;
use web::InboxEntries;

use super::Undo;
use crate::{chance::Chance, desk::Refused, playground::Playground, shop::listed, traffic::choose};

/// How often it is tried to place an order, or looked whether an entry of an inbox is gone.
const LOOKS: u32 = 600;
const LOOK: Duration = Duration::from_millis(50);

impl Playground {
    /// Lets a customer order at a price, and a manager raise it before the product service has looked at the order.
    pub(super) async fn reprice_mid_order(&self) -> Result<Undo, String> {
        let shop = self.0.toys.demo.shop();
        let reactor = self.needed(product::CATEGORY)?;
        let told = |refused: Refused| refused.to_string();
        let shelf = shop.desk.get("/product/get-all-products?Limit=200", None).await;
        let mut shelf = listed(&shelf.map_err(told)?);
        shelf.retain(|product| product.available > 0);
        let chance = Chance::numbered(self.seed(), u64::MAX);
        let Product { product_id, price, .. } =
            choose(&shelf, &chance).ok_or("nothing is sold here")?.clone();
        let user = shop.goods.customers.first().map_or("", |customer| &*customer.user);
        let customer = shop.desk.person(user, Role::Customer);
        let credit = json!({ "UserName": user, "Change": price.0.to_string() });
        shop.desk.post("/customer/set-credit", Some(&shop.manager), &credit).await.map_err(told)?;
        let order = json!({ "ProductId": product_id, "Quantity": 1, "Price": price.0.to_string() });
        let mut looks = LOOKS;
        let placed = loop {
            reactor.hold("reactor");
            let placed = shop.desk.post("/order/place-order", Some(&customer), &order).await;
            // A shop that was busy until now may still turn orders away.
            let is_busy = |refused: &Refused| refused.status == StatusCode::SERVICE_UNAVAILABLE;
            if !placed.as_ref().is_err_and(is_busy) || looks == 0 {
                break placed;
            }
            reactor.thaw();
            looks -= 1;
            tokio::time::sleep(LOOK).await;
        };
        let higher = Money::from_minor(price.0.minor() + price.0.minor() / 10 + 1);
        let raised = match placed {
            Ok(_) => self.set_price(product_id, higher).await,
            Err(refused) => Err(refused.to_string()),
        };
        reactor.thaw();
        raised?;
        Ok(Undo::Price { product: product_id, price: price.0 })
    }

    pub(super) async fn set_price(&self, product: Uuid, price: Money) -> Result<(), String> {
        let shop = self.0.toys.demo.shop();
        let body = json!({ "ProductId": product, "Price": price.to_string() });
        let set = shop.desk.post("/product/update-product", Some(&shop.manager), &body).await;
        set.map(drop).map_err(|refused| refused.to_string())
    }

    /// Records a product without a price.
    pub(super) async fn poison(&self) -> Result<Undo, String> {
        let deps = &self.0.toys.deps;
        let now = self.now();
        let (id, stream) = (deps.ids.event_id(now), product::stream(deps.ids.uuid(now)));
        let data = RawValue::from_string(json!({ "name": "Rain barrel" }).to_string());
        let event = NewEvent {
            id,
            kind: EventType::parse(ProductEvent::ADDED).map_err(|error| error.to_string())?,
            schema: 1,
            metadata: Metadata::of(Actor::anonymous(), id.0),
            data: data.map_err(|error| error.to_string())?,
        };
        self.0.watch.forges(id);
        let name = stream.as_str().to_owned();
        let append = Append { stream, expected: Expected::None, events: Arc::from([event]) };
        deps.store().append(append).await;
        Ok(Undo::Skip { stream: name })
    }

    /// Skips the event of that stream in every inbox, and waits until it is in none.
    pub(super) async fn skip(&self, stream: &str) -> Result<(), String> {
        let shop = self.0.toys.demo.shop();
        let mut asked = BTreeSet::new();
        for _ in 0..LOOKS {
            let entries = self.in_inboxes(stream).await?;
            if entries.is_empty() {
                return Ok(());
            }
            for (service, subscriber, position) in entries {
                if !asked.insert(subscriber.clone()) {
                    continue;
                }
                let body = json!({ "Subscriber": subscriber, "Position": position, "Reason": "The drill has ended." });
                let call = format!("/{service}/skip-event");
                let skipped = shop.desk.post(&call, Some(&shop.manager), &body).await;
                skipped.map_err(|refused| refused.to_string())?;
            }
            tokio::time::sleep(LOOK).await;
        }
        Err("its event is still in an inbox".to_owned())
    }

    /// The entries of a stream: service, subscriber and position.
    async fn in_inboxes(&self, stream: &str) -> Result<Vec<(&'static str, String, u64)>, String> {
        let shop = self.0.toys.demo.shop();
        let mut found = Vec::new();
        for part in self.0.toys.parts.iter().filter(|part| part.has_database()) {
            let call = format!("/{}/inbox", part.name());
            let inbox = shop.desk.get(&call, Some(&shop.manager)).await;
            let inbox = inbox.map_err(|refused| refused.to_string())?;
            let inbox: InboxEntries =
                serde_json::from_value(inbox).map_err(|error| error.to_string())?;
            let own = inbox.entries.into_iter().filter(|entry| entry.stream == stream);
            found.extend(own.map(|entry| (part.name(), entry.subscriber, entry.position)));
        }
        Ok(found)
    }
}
