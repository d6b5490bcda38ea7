//! What the other services would record.

use contracts::money::Money;
use contracts::{
    accounting::{self, InvoiceIssued},
    customer::{self, CreditDebited, CreditDenied, CreditReleased, CreditReserved},
    order::Reason,
    product::{self, StockCommitted, StockDenied, StockReleased, StockReserved},
};
use identity::Role;
use kernel::Position;
use serde_json::Value;
use uuid::Uuid;

use super::{Person, World, id_of};

impl World {
    pub(crate) async fn person(&self, name: &str) -> Person {
        self.user(name, Role::Customer).await
    }

    pub(crate) async fn manager(&self) -> Person {
        self.user("admin", Role::Manager).await
    }

    async fn user(&self, name: &str, role: Role) -> Person {
        let id = Uuid::from_bytes(std::array::from_fn(|at| {
            name.as_bytes().get(at).copied().unwrap_or(0)
        }));
        let person = self.registered(id, name, role).await;
        self.settle().await;
        person
    }

    pub(crate) async fn product(&self, name: &str, price_minor: i64) -> Uuid {
        let product = self.deps.ids.uuid(self.deps.clock.now());
        let added = product::Added {
            product,
            code: None,
            name: name.to_owned(),
            description: String::new(),
            supplier: String::new(),
            category: Uuid::from_u128(1),
            price: Money::from_minor(price_minor),
            currency: "EUR".to_owned(),
            units: 10,
        };
        self.of_product(product, added).await;
        product
    }

    pub(crate) async fn of_product(
        &self,
        product: Uuid,
        event: impl Into<product::ProductEvent>,
    ) -> Position {
        self.record(product::stream(product), event.into()).await
    }

    pub(crate) async fn of_customer(
        &self,
        customer: Uuid,
        event: impl Into<customer::CustomerEvent>,
    ) -> Position {
        self.record(customer::stream(customer), event.into()).await
    }

    pub(crate) async fn stock_reserved(&self, product: Uuid, order: Uuid) {
        let price = Money::from_minor(1);
        self.of_product(product, StockReserved { order, quantity: 1, price, available: 9 }).await;
    }

    pub(crate) async fn stock_denied(&self, product: Uuid, order: Uuid, reason: Reason) {
        self.of_product(product, StockDenied { order, reason, available: 0 }).await;
    }

    pub(crate) async fn stock_released(&self, product: Uuid, order: Uuid) {
        self.of_product(product, StockReleased { order, quantity: 1, available: 10 }).await;
    }

    pub(crate) async fn credit_reserved(&self, customer: Uuid, order: Uuid) {
        let (amount, available) = (Money::from_minor(1), Money::ZERO);
        self.of_customer(customer, CreditReserved { order, amount, available }).await;
    }

    pub(crate) async fn credit_denied(&self, customer: Uuid, order: Uuid) {
        let (reason, available) = (Reason::LowCredit, Money::ZERO);
        self.of_customer(customer, CreditDenied { order, reason, available }).await;
    }

    pub(crate) async fn credit_released(&self, customer: Uuid, order: Uuid) {
        let (amount, available) = (Money::from_minor(1), Money::ZERO);
        self.of_customer(customer, CreditReleased { order, amount, available }).await;
    }

    /// What follows on a finalized order: stock committed, credit debited, the invoice issued.
    pub(crate) async fn wound_up(&self, order: &Value, customer: Uuid, number: u64) {
        let id = id_of(order);
        let product = Uuid::parse_str(order["ProductId"].as_str().expect("an id")).expect("a UUID");
        self.of_product(product, StockCommitted { order: id, quantity: 1, on_hand: 9 }).await;
        let (amount, credit) = (Money::from_minor(1), Money::ZERO);
        self.of_customer(customer, CreditDebited { order: id, amount, credit }).await;
        let invoice = InvoiceIssued {
            number,
            order: id,
            customer,
            product,
            product_name: String::new(),
            quantity: 1,
            unit_price: amount,
            total: amount,
            currency: "EUR".to_owned(),
        };
        self.record(accounting::stream(), accounting::AccountingEvent::from(invoice)).await;
    }
}
