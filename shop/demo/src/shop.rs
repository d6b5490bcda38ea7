//! The people of the sample shop at work: each act is one or a few calls of the services, as anyone would make them.

use std::{collections::BTreeMap, sync::Mutex};

use axum::http::StatusCode;
use contracts::rest::product::Product as Listed;
use identity::Role;
use kernel::sync;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    desk::{Desk, Person, Refused},
    goods::{Customer, Goods, PASSWORD, Product},
    plan::{Act, Wish},
};

/// A product of which there are fewer, in percent of what was first delivered, is ordered again.
const LOW_PERCENT: i64 = 30;
/// Products looked at in one delivery.
const LOOKED_AT: u64 = 40;

/// A shop with the sample's goods and people.
pub(crate) struct Shop {
    pub(crate) desk: Desk,
    pub(crate) goods: Goods,
    pub(crate) manager: Person,
    /// Who opens the customers' accounts; they themselves unless someone else is named.
    registrar: Option<Person>,
    /// By place among the goods, where they are known.
    products: Mutex<BTreeMap<usize, Uuid>>,
    categories: Mutex<BTreeMap<String, Uuid>>,
}

impl Shop {
    pub(crate) fn new(desk: Desk) -> Self {
        let manager = desk.person("admin", Role::Manager);
        let (products, categories) = (Mutex::default(), Mutex::default());
        Self { desk, goods: Goods::read(), manager, registrar: None, products, categories }
    }

    /// The same, managed by someone else, who also opens the accounts: by themselves, only a few in an hour may register.
    pub(crate) fn managed_by(self, manager: Person) -> Self {
        Self { registrar: Some(manager.clone()), manager, ..self }
    }

    /// Does it. An order that its service refuses at once, such as one for a product that has gone, is not a failure of the act.
    pub(crate) async fn act(&self, act: &Act) -> Result<(), Refused> {
        match act {
            Act::List(product) => self.list(*product).await,
            Act::Register(customer) => self.register(*customer).await,
            Act::Order(wish) => self.order(wish).await,
            Act::Reprice { product, price } => {
                let Some(product) = self.known(*product) else { return Ok(()) };
                self.update(json!({ "ProductId": product, "Price": price.to_string() })).await
            }
            Act::Restock => self.restock().await,
            Act::Grant { customer, change } => {
                let Some(Customer { user, .. }) = self.goods.customers.get(*customer) else {
                    return Ok(());
                };
                let body = json!({ "UserName": user, "Change": change.to_string() });
                self.manage("/customer/set-credit", &body).await.map(drop)
            }
            Act::Move(customer) => self.moves(*customer).await,
            Act::Withdraw(product) => self.withdraw(*product).await,
            Act::WithdrawUnder(wish) => {
                // Polled in this order: the product is gone before the order service has learned of it.
                let (gone, ordered) = tokio::join!(self.withdraw(wish.product), self.order(wish));
                gone.and(ordered)
            }
            Act::Outage(wishes) => {
                for wish in wishes {
                    self.order(wish).await?;
                }
                Ok(())
            }
        }
    }

    async fn manage(&self, call: &str, body: &Value) -> Result<Value, Refused> {
        self.desk.post(call, Some(&self.manager), body).await
    }

    async fn update(&self, body: Value) -> Result<(), Refused> {
        self.manage("/product/update-product", &body).await.map(drop)
    }

    /// The product, once it is listed.
    fn known(&self, product: usize) -> Option<Uuid> {
        sync::lock(&self.products).get(&product).copied()
    }

    async fn list(&self, place: usize) -> Result<(), Refused> {
        let Some(product) = self.goods.products.get(place) else { return Ok(()) };
        let Product { code, name, description, supplier, category, price, units } = product;
        let category = self.category(category).await?;
        let body = json!({
            "Code": code, "Name": name, "Description": description, "Supplier": supplier, "CategoryId": category,
            "Price": price.to_string(), "UnitsInStock": units,
        });
        let added = self.manage("/product/add-new-product", &body).await?;
        if let Some(id) = id(&added, "ProductId") {
            sync::lock(&self.products).insert(place, id);
        }
        Ok(())
    }

    async fn category(&self, name: &str) -> Result<Option<Uuid>, Refused> {
        let known = sync::lock(&self.categories).get(name).copied();
        if known.is_some() {
            return Ok(known);
        }
        let body = json!({ "Name": name });
        let made = match self.manage("/product/add-new-category", &body).await {
            Err(refused) if refused.status == StatusCode::CONFLICT => {
                self.category_named(name).await?
            }
            made => id(&made?, "CategoryId"),
        };
        if let Some(made) = made {
            sync::lock(&self.categories).insert(name.to_owned(), made);
        }
        Ok(made)
    }

    /// The category that already exists.
    async fn category_named(&self, name: &str) -> Result<Option<Uuid>, Refused> {
        let all = self.desk.get("/product/get-categories?Limit=500", None).await?;
        let all = all.get("Items").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_of_name = |one: &&Value| one.get("Name").and_then(Value::as_str) == Some(name);
        Ok(all.iter().find(is_of_name).and_then(|one| id(one, "CategoryId")))
    }

    /// Opens an account; its credit becomes what the customer has in the sample.
    async fn register(&self, customer: usize) -> Result<(), Refused> {
        let Some(customer) = self.goods.customers.get(customer) else { return Ok(()) };
        let Customer { user, full_name, email, credit } = customer;
        let account = json!({ "UserName": user, "Password": PASSWORD, "FullName": full_name, "Email": email });
        self.desk.post("/customer/add-user", self.registrar.as_ref(), &account).await?;
        let body = json!({ "UserName": user, "Credit": credit.to_string() });
        self.manage("/customer/set-credit", &body).await.map(drop)
    }

    async fn order(&self, wish: &Wish) -> Result<(), Refused> {
        let Some(product) = self.known(wish.product) else { return Ok(()) };
        let Some(customer) = self.goods.customers.get(wish.customer) else { return Ok(()) };
        let mut body = json!({ "ProductId": product, "Quantity": wish.quantity });
        if let (Some(price), Some(body)) = (wish.price, body.as_object_mut()) {
            body.insert("Price".to_owned(), price.to_string().into());
        }
        let customer = self.desk.person(&customer.user, Role::Customer);
        match self.desk.post("/order/place-order", Some(&customer), &body).await {
            Err(refused) if refused.status == StatusCode::NOT_FOUND => Ok(()),
            placed => placed.map(drop),
        }
    }

    /// Has delivered what runs low: as much as there was at first.
    pub(crate) async fn restock(&self) -> Result<(), Refused> {
        let scarce = format!("/product/get-all-products?Sort=-Available&Limit={LOOKED_AT}");
        for product in listed(&self.desk.get(&scarce, None).await?) {
            let of_sample = product.code.as_deref().and_then(|code| self.goods.named(code));
            let Some(units) = of_sample.map(|product| i64::from(product.units)) else { continue };
            if product.available * 100 < units * LOW_PERCENT {
                self.update(json!({ "ProductId": product.product_id, "UnitsChange": units }))
                    .await?;
            }
        }
        Ok(())
    }

    async fn moves(&self, customer: usize) -> Result<(), Refused> {
        let Some(Customer { user, .. }) = self.goods.customers.get(customer) else { return Ok(()) };
        let person = self.desk.person(user, Role::Customer);
        let body = json!({ "UserName": user, "Email": format!("{user}@new.example.invalid") });
        self.desk.post("/customer/update-user", Some(&person), &body).await.map(drop)
    }

    async fn withdraw(&self, product: usize) -> Result<(), Refused> {
        let Some(id) = self.known(product) else { return Ok(()) };
        self.manage("/product/delete-product", &json!({ "ProductId": id })).await.map(drop)
    }
}

/// The products of an answer.
pub(crate) fn listed(answer: &Value) -> Vec<Listed> {
    let items = answer.get("Items").cloned().unwrap_or_default();
    serde_json::from_value(items).unwrap_or_default()
}

pub(crate) fn id(answer: &Value, field: &str) -> Option<Uuid> {
    answer.get(field)?.as_str()?.parse().ok()
}
