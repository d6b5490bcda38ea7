//! Describes a recorded action in words, from its event.

use contracts::{
    catalogue::CatalogueEvent, customer::CustomerEvent, money::Money, order::OrderEvent,
    product::ProductEvent, rest::events::RecordedEvent,
};
use serde_json::Value;
use site::{Amount, Count};

use crate::as_of::Compared;

/// What people do, by the type of the event.
const WORDS: [(&str, &str); 15] = [
    (ProductEvent::ADDED, "Product added"),
    (ProductEvent::CHANGED, "Product changed"),
    (ProductEvent::DELETED, "Product deleted"),
    (CatalogueEvent::CATEGORY_ADDED, "Category added"),
    (CatalogueEvent::CATEGORY_RENAMED, "Category renamed"),
    (CatalogueEvent::CATEGORY_DELETED, "Category deleted"),
    (CatalogueEvent::LOW_STOCK_SET, "Low stock set"),
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
    ("catalogue", "All of the catalogue"),
    ("customer", "All of accounts"),
];

/// What changes of fields are compared, by the names of fields as a history has them, with their words.
const FIELDS: [(&str, &str); 7] = [
    ("Name", "name"),
    ("Price", "price"),
    ("Units in stock", "stock"),
    ("Supplier", "supplier"),
    ("Category", "category"),
    ("Credit", "credit"),
    ("Low stock", "units"),
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

    /// Whether it put something in the place of what was there.
    pub(crate) fn replaces(&self) -> bool {
        [
            ProductEvent::CHANGED,
            CustomerEvent::CREDIT_CHANGED,
            CatalogueEvent::CATEGORY_RENAMED,
            CatalogueEvent::LOW_STOCK_SET,
        ]
        .contains(&&*self.kind)
    }

    /// What it put into the catalogue, compared with what an `earlier` event did; none where that is about something else.
    pub(crate) fn since(&self, earlier: &Self) -> Option<Compared> {
        let units = |deed: &Self| Some(deed.data.get("units")?.as_i64()?.to_string());
        let is_low_stock = |deed: &Self| deed.kind == CatalogueEvent::LOW_STOCK_SET;
        let (field, is, was) = if is_low_stock(self) && is_low_stock(earlier) {
            ("Low stock", units(self)?, units(earlier)?)
        } else if self.category().is_some() && self.category() == earlier.category() {
            ("Name", self.name()?.to_owned(), earlier.name()?.to_owned())
        } else {
            return None;
        };
        Some(vec![(field, is, Some(was))])
    }

    /// The result, as far as a line can say: with what was there before, where that is known.
    pub(crate) fn details(&self, currency: &str, compared: Option<&Compared>) -> String {
        let replaced = compared.map(|compared| self.replaced(compared));
        replaced.filter(|words| !words.is_empty()).unwrap_or_else(|| self.told(currency))
    }

    /// Each field as it was and as it is since.
    fn replaced(&self, compared: &Compared) -> String {
        let changed = FIELDS.iter().filter_map(|(field, word)| {
            let (_, is, was) = compared.iter().find(|(name, ..)| name == field)?;
            Some(format!("{word} {} → {}", shown(was.as_ref()?), shown(is)))
        });
        let others = ["description"].into_iter().filter(|field| self.data.get(field).is_some());
        let others = others.map(str::to_owned).chain(self.picture());
        changed.chain(others).collect::<Vec<_>>().join(", ")
    }

    /// What the event alone says.
    fn told(&self, currency: &str) -> String {
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
            CatalogueEvent::LOW_STOCK_SET => {
                let units = self.data.get("units").and_then(Value::as_i64);
                units.map(|units| format!("to {} or fewer", Count(units))).into_iter().collect()
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
        [name, price, units, self.picture()].into_iter().flatten().chain(others).collect()
    }

    fn picture(&self) -> Option<String> {
        let picture = self.data.get("picture")?;
        Some(if picture.is_null() { "picture removed" } else { "picture" }.to_owned())
    }

    /// Which parts of a profile were changed; what they are now is for the event's page.
    fn personal(&self) -> Vec<String> {
        let personal = self.data.get("personal");
        let has = |name: &str| personal.is_some_and(|personal| personal.get(name).is_some());
        let parts = [("full_name", "full name"), ("email", "e-mail address")];
        parts.into_iter().filter(|(part, _)| has(part)).map(|(_, words)| words.to_owned()).collect()
    }
}

/// What is in a field, which may be nothing.
fn shown(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
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
        let details = deed.details("EUR", None);
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
                CatalogueEvent::LOW_STOCK_SET,
                json!({ "units": 12 }),
                "Low stock set: to 12 or fewer",
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

    #[test]
    fn where_it_is_known_what_was_before_both_are_said() {
        let deed = |kind: &str, data: Value| Deed { kind: kind.to_owned(), data };
        let line =
            |field, is: &str, was: Option<&str>| (field, is.to_owned(), was.map(str::to_owned));
        let changed = deed(
            ProductEvent::CHANGED,
            json!({ "price": 2150, "units_change": 5, "supplier": "X", "description": "Y", "picture": null }),
        );
        let compared = vec![
            line("Name", "Tea", None),
            line("Description", "Y", Some("Z")),
            line("Supplier", "X", Some("")),
            line("Price", "€21.50", Some("€19.99")),
            line("Units in stock", "15", Some("10")),
            line("Available", "12", Some("7")),
            line("Version", "2", Some("1")),
        ];
        assert_eq!(
            changed.details("EUR", Some(&compared)),
            "price €19.99 → €21.50, stock 10 → 15, supplier nothing → X, description, picture removed"
        );
        assert!(changed.replaces());
        let credit = deed(CustomerEvent::CREDIT_CHANGED, json!({ "change": 5000 }));
        let compared =
            vec![line("Credit", "€150.00", Some("€100.00")), line("Reserved", "€0.00", None)];
        assert_eq!(credit.details("EUR", Some(&compared)), "credit €100.00 → €150.00");
        assert!(!deed(ProductEvent::ADDED, json!({})).replaces());
    }

    #[test]
    fn what_is_replaced_in_the_catalogue_is_compared_with_the_event_before() {
        let named = |category: &str, name: &str| Deed {
            kind: CatalogueEvent::CATEGORY_RENAMED.to_owned(),
            data: json!({ "category": category, "name": name }),
        };
        let low = |units: i64| Deed {
            kind: CatalogueEvent::LOW_STOCK_SET.to_owned(),
            data: json!({ "units": units }),
        };
        let details = |deed: &Deed, earlier: &Deed| {
            deed.since(earlier).map(|compared| deed.details("EUR", Some(&compared)))
        };
        let renamed = details(&named("7", "Teas"), &named("7", "Tea"));
        assert_eq!(renamed.as_deref(), Some("name Tea → Teas"));
        assert_eq!(details(&low(12), &low(5)).as_deref(), Some("units 5 → 12"));
        for other in [named("8", "Tea"), low(5)] {
            assert_eq!(details(&named("7", "Teas"), &other), None);
        }
    }
}
