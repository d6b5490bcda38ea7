//! A shop with nothing but its loyalty service, and two customers.

use std::ops::Deref;

use identity::Role;
use runtime::Tasks;
use serde_json::Value;
use testing::{ADA, Answer, Shop, Testbed, terms};
use uuid::Uuid;
use web::Service;

pub(crate) const EVE: Uuid = Uuid::from_u128(3);

pub(crate) struct World(Shop);

impl World {
    pub(crate) async fn start() -> Self {
        let shop = Shop::open(loyalty::NAME, Tasks::new(), build).await;
        for (customer, user) in [(ADA, "ada"), (EVE, "eve")] {
            shop.registered(customer, user, Role::Customer).await;
        }
        Self(shop)
    }

    /// An order of a customer is finalized, over so many minor units.
    pub(crate) async fn final_order(&self, order: u128, customer: Uuid, total: i64) {
        self.finalized(&terms(Uuid::from_u128(order), customer, Uuid::from_u128(2), 1, total))
            .await;
        self.settle().await;
    }

    pub(crate) async fn get(&self, role: Role, path: &str) -> Answer {
        self.ask_as(role, "GET", path).send().await
    }

    pub(crate) async fn redeem(&self, key: &str, body: &Value) -> Answer {
        let ask = self.ask_as(Role::Customer, "POST", "/redeem").header("idempotency-key", key);
        ask.json(body).send().await
    }
}

impl Deref for World {
    type Target = Shop;

    fn deref(&self) -> &Shop {
        &self.0
    }
}

async fn build(bed: &Testbed) -> Service {
    let config =
        loyalty::Config { model: bed.database("loyalty"), snapshots: bed.database("snapshots") };
    loyalty::build(config, bed.deps.clone()).await.expect("it starts")
}
