//! A shop with nothing but its product service, its category of teas, and what is ordered of them.

use std::ops::Deref;

use contracts::{
    money::{Currency, Money},
    order::{Reason, Terms},
};
use identity::Role;
use runtime::Tasks;
use serde_json::{Value, json};
use testing::{ADA, Answer, Shop, Testbed};
use uuid::Uuid;
use web::Service;

pub(crate) struct World {
    shop: Shop,
    /// The category of teas, in a world that has one.
    pub(crate) tea: Uuid,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_on(Tasks::new()).await
    }

    /// A world whose service runs on these tasks: [`Tasks::inline`] under paused time.
    pub(crate) async fn start_on(tasks: Tasks) -> Self {
        Self { shop: Shop::open(product::NAME, tasks, build).await, tea: Uuid::nil() }
    }

    /// The same world after a restart.
    pub(crate) async fn reopened(self) -> Self {
        Self { shop: self.shop.reopened(build).await, ..self }
    }

    /// A world with a category.
    pub(crate) async fn with_tea() -> Self {
        Self::start().await.and_tea().await
    }

    /// This world with the category.
    pub(crate) async fn and_tea(self) -> Self {
        let mut world = self;
        let tea = world.post("/add-new-category", json!({"Name": "Tea"})).await.expect(201);
        world.tea = tea["CategoryId"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        world
    }

    /// The request that adds a tea at 3.50.
    pub(crate) fn new_product(&self, code: &str, name: &str, units: i64) -> Value {
        json!({
            "Code": code, "Name": name, "Description": "Loose leaves", "Supplier": "Teehaus Li",
            "CategoryId": self.tea, "Price": "3.50", "UnitsInStock": units,
        })
    }

    /// A tea at 3.50.
    pub(crate) async fn product(&self, code: &str, name: &str, units: i64) -> Value {
        self.post("/add-new-product", self.new_product(code, name, units)).await.expect(201)
    }

    /// An order is placed for so many pieces at the product's price.
    pub(crate) async fn order(&self, number: u128, product: &Value, quantity: u32) {
        self.placed(&terms(number, product, quantity)).await;
    }

    pub(crate) async fn finalize(&self, number: u128, product: &Value, quantity: u32) {
        self.finalized(&terms(number, product, quantity)).await;
    }

    pub(crate) async fn deny(&self, number: u128, product: &Value, quantity: u32, reason: Reason) {
        self.denied(&terms(number, product, quantity), reason).await;
    }

    /// A GET without a token.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send().await
    }

    /// A POST by a manager.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask_as(Role::Manager, "POST", path).json(&body).send().await
    }
}

impl Deref for World {
    type Target = Shop;

    fn deref(&self) -> &Shop {
        &self.shop
    }
}

fn terms(number: u128, product: &Value, quantity: u32) -> Terms {
    let price = product["Price"].as_f64().expect("a price");
    let price = Money::parse(&price.to_string()).expect("an amount").minor();
    let product = product["ProductId"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    testing::terms(Uuid::from_u128(number), ADA, product, quantity, price)
}

async fn build(bed: &Testbed) -> Service {
    let config = product::Config {
        model: bed.database("product"),
        snapshots: bed.database("snapshots"),
        currency: Currency::parse("EUR").expect("a currency"),
    };
    product::build(config, bed.deps.clone()).await.expect("it starts")
}
