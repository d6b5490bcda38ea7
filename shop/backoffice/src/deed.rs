//! What a person did, in words: from the event that records it.

use contracts::{
    catalogue::CatalogueEvent, customer::CustomerEvent, money::Money, order::OrderEvent,
    product::ProductEvent, rest::events::RecordedEvent,
};
use serde_json::Value;
use site::{Amount, Count};

/// What people do, by the type of the event.
const WORDS: [(&str, &str); 14] = [
    (ProductEvent::ADDED, "Product added"),
    (ProductEvent::CHANGED, "Product changed"),
    (ProductEvent::DELETED, "Product deleted"),
    (CatalogueEvent::CATEGORY_ADDED, "Category added"),
    (CatalogueEvent::CATEGORY_RENAMED, "Category renamed"),
    (CatalogueEvent::CATEGORY_DELETED, "Category deleted"),
    (CustomerEvent::REGISTERED, "Account added"),
    (CustomerEvent::PROFILE_CHANGED, "Profile changed"),
    (CustomerEvent::PASSWORD_CHANGED, "Password set"),
    (CustomerEvent::CREDIT_CHANGED, "Credit changed"),
    (CustomerEvent::LOGGED_OUT, "Logged out"),
    (OrderEvent::PLACED, "Ordered for a customer"),
    ("inbox.retried", "Event retried"),
    ("inbox.skipped", "Event skipped"),
];

/// Several kinds at once, by the category of their streams.
const GROUPS: [(&str, &str); 4] = [
    ("", "Any change"),
    ("product", "All of products"),
    ("catalogue", "All of categories"),
    ("customer", "All of accounts"),
];

/// What an event says that a person did.
pub(crate) struct Deed {
    kind: String,
    data: Value,
}

impl Deed {
    /// What can be looked for: types and categories of events with their words.
    pub(crate) fn kinds() -> Vec<(&'static str, &'static str)> {
        GROUPS.into_iter().chain(WORDS).collect()
    }

    pub(crate) fn of(event: &RecordedEvent) -> Self {
        let data = serde_json::from_str(event.data.get()).unwrap_or_default();
        Self { kind: event.r#type.clone(), data }
    }

    /// What was done; the event's type where a service that is not ours recorded it.
    pub(crate) fn words(&self) -> String {
        let words = WORDS.iter().find(|(kind, _)| *kind == self.kind);
        words.map_or_else(|| self.kind.clone(), |(_, words)| (*words).to_owned())
    }

    /// The name that the event gives.
    pub(crate) fn name(&self) -> Option<&str> {
        self.data.get("name")?.as_str()
    }

    /// The id of the category that the event is about.
    pub(crate) fn category(&self) -> Option<&str> {
        self.data.get("category")?.as_str()
    }

    /// What became of it, as far as a line can say.
    pub(crate) fn details(&self, currency: &str) -> String {
        let amount = |name: &str| {
            let minor = self.data.get(name)?.as_i64()?;
            Some(Amount(Money::from_minor(minor), currency).to_string())
        };
        let text = |name: &str| self.data.get(name)?.as_str().map(str::to_owned);
        let details: Vec<String> = match &*self.kind {
            ProductEvent::ADDED => amount("price").into_iter().collect(),
            ProductEvent::CHANGED => self.changed(amount("price")),
            CustomerEvent::REGISTERED => {
                text("role").map(|role| format!("as a {role}")).into_iter().collect()
            }
            CustomerEvent::PROFILE_CHANGED => self.personal(),
            CustomerEvent::CREDIT_CHANGED => amount("change").map(signed).into_iter().collect(),
            CatalogueEvent::CATEGORY_RENAMED => {
                self.name().map(|name| format!("to “{name}”")).into_iter().collect()
            }
            OrderEvent::PLACED => {
                let quantity = self.data.get("quantity").and_then(Value::as_u64);
                let pieces = quantity.zip(text("product_name"));
                pieces
                    .map(|(count, name)| format!("{} × {name}", Count(count)))
                    .into_iter()
                    .collect()
            }
            "inbox.skipped" => text("reason").into_iter().collect(),
            _ => Vec::new(),
        };
        details.join(", ")
    }

    /// What a change of a product changed.
    fn changed(&self, price: Option<String>) -> Vec<String> {
        let units =
            self.data.get("units_change").and_then(Value::as_i64).filter(|units| *units != 0);
        let units = units.map(|units| signed(Count(units).to_string()));
        let has = |name: &str| self.data.get(name).is_some();
        let named =
            [("description", "description"), ("supplier", "supplier"), ("category", "category")];
        let name = self.name().map(|name| format!("name “{name}”"));
        let price = price.map(|price| format!("price {price}"));
        let units = units.map(|units| format!("stock {units}"));
        let others = named.into_iter().filter(|(field, _)| has(field));
        let others = others.map(|(_, words)| words.to_owned());
        let picture = self.data.get("picture").map(|picture| {
            if picture.is_null() { "picture removed" } else { "picture" }.to_owned()
        });
        [name, price, units, picture].into_iter().flatten().chain(others).collect()
    }

    /// Which parts of a profile were changed; what they are now is for the event's page.
    fn personal(&self) -> Vec<String> {
        let personal = self.data.get("personal");
        let has = |name: &str| personal.is_some_and(|personal| personal.get(name).is_some());
        let parts = [("full_name", "full name"), ("email", "e-mail address")];
        parts.into_iter().filter(|(part, _)| has(part)).map(|(_, words)| words.to_owned()).collect()
    }
}

/// A difference with its sign, also where it is more.
fn signed(difference: String) -> String {
    if difference.starts_with('−') { difference } else { format!("+{difference}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(kind: &str, data: Value) -> String {
        let deed = Deed { kind: kind.to_owned(), data };
        let details = deed.details("EUR");
        if details.is_empty() { deed.words() } else { format!("{}: {details}", deed.words()) }
    }

    #[test]
    fn a_line_says_what_was_done_and_what_became_of_it() {
        let cases = [
            (
                ProductEvent::CHANGED,
                json!({ "price": 2150, "units_change": -5, "supplier": "X" }),
                "Product changed: price €21.50, stock −5, supplier",
            ),
            (
                ProductEvent::CHANGED,
                json!({ "name": "Tea", "units_change": 1200 }),
                "Product changed: name “Tea”, stock +1,200",
            ),
            (ProductEvent::DELETED, json!({ "units_change": -3 }), "Product deleted"),
            (CustomerEvent::CREDIT_CHANGED, json!({ "change": 5000 }), "Credit changed: +€50.00"),
            (CustomerEvent::CREDIT_CHANGED, json!({ "change": -1 }), "Credit changed: −€0.01"),
            (
                CustomerEvent::REGISTERED,
                json!({ "role": "manager" }),
                "Account added: as a manager",
            ),
            (
                CustomerEvent::PROFILE_CHANGED,
                json!({ "personal": { "email": "a@b.c" } }),
                "Profile changed: e-mail address",
            ),
            (
                CatalogueEvent::CATEGORY_RENAMED,
                json!({ "name": "Teas" }),
                "Category renamed: to “Teas”",
            ),
            (
                OrderEvent::PLACED,
                json!({ "quantity": 3, "product_name": "Tea" }),
                "Ordered for a customer: 3 × Tea",
            ),
            (CustomerEvent::PASSWORD_CHANGED, json!({ "password": "c2VhbGVk" }), "Password set"),
            ("parcel.sent", json!({ "name": 4 }), "parcel.sent"),
            (ProductEvent::CHANGED, json!("nonsense"), "Product changed"),
        ];
        for (kind, data, words) in cases {
            assert_eq!(said(kind, data), words);
        }
    }
}
