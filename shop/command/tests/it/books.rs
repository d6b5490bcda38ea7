//! The promises, checked on recorded events as the REST API shows them: by adding up, apart from any of the shop's own code.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// Stock of a product or credit of a customer, in units or minor units of money.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Received or granted.
    pub(crate) in_all: i64,
    /// Sold or spent.
    pub(crate) gone: i64,
    held: HashMap<String, i64>,
}

/// What the log says happened.
#[derive(Debug, Default)]
pub(crate) struct Books {
    /// By stream.
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) placed: HashMap<String, u64>,
    pub(crate) ended: HashMap<String, String>,
    pub(crate) invoices: Vec<String>,
}

impl Account {
    /// On hand, or the credit itself.
    pub(crate) fn left(&self) -> i64 {
        self.in_all - self.gone
    }

    fn held(&self) -> i64 {
        self.held.values().sum()
    }
}

impl Books {
    /// Adds the whole log up; whatever breaks promise 2, 4 or 6 at any version of any stream fails the test.
    pub(crate) fn of(events: &[Value]) -> Self {
        let mut books = Self::default();
        let mut versions: HashMap<&str, u64> = HashMap::new();
        for (event, position) in events.iter().zip(1_u64..) {
            assert_eq!(event["Position"], position, "positions have no gaps (promise 2): {event}");
            let version = versions.entry(text(event, "Stream")).or_default();
            assert_eq!(event["Version"], *version, "versions are dense (promise 2): {event}");
            *version += 1;
            books.take(event);
        }
        books
    }

    /// Every order ended once, and holds nothing any more (promise 7).
    pub(crate) fn all_ended(&self) {
        for order in self.placed.keys() {
            assert!(self.ended.contains_key(order), "order {order} has not ended");
        }
        for (stream, account) in &self.accounts {
            assert_eq!(account.held(), 0, "{stream} still holds something: {account:?}");
        }
        let finalized = self.ended.values().filter(|end| *end == "order.finalized").count();
        assert_eq!(self.invoices.len(), finalized, "one invoice for each finalized order");
    }

    fn take(&mut self, event: &Value) {
        let (stream, kind) = (text(event, "Stream").to_owned(), text(event, "Type"));
        let data = &event["Data"];
        let order = data["order"].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| data[name].as_i64().unwrap_or(0);
        match kind {
            "order.placed" => {
                let position = event["Position"].as_u64().expect("a position");
                assert_eq!(self.placed.insert(order, position), None, "placed twice: {event}");
            }
            "order.finalized" | "order.denied" => {
                let before = self.ended.insert(order, kind.to_owned());
                assert_eq!(before, None, "an order ends once (promise 7): {event}");
            }
            "accounting.invoice-issued" => {
                assert!(!self.invoices.contains(&order), "invoiced twice (promise 4): {event}");
                self.invoices.push(order);
                assert_eq!(data["number"], self.invoices.len(), "numbers without gaps: {event}");
            }
            _ if kind.starts_with("product.") || kind.starts_with("customer.") => {
                let account = self.accounts.entry(stream).or_default();
                account.in_all += number("units") + number("units_change");
                account.in_all += number("change");
                account.take(kind, order, data);
                let (left, held) = (account.left(), account.held());
                assert!(
                    left >= 0 && held <= left,
                    "sold twice (promise 6): {account:?} at {event}"
                );
            }
            _ => {}
        }
    }
}

impl Account {
    fn take(&mut self, kind: &str, order: String, data: &Value) {
        let amount = |name: &str| data[name].as_i64().expect("a whole number");
        match kind {
            "customer.registered" => self.in_all += amount("credit"),
            "product.stock-reserved" => self.hold(order, amount("quantity")),
            "customer.credit-reserved" => self.hold(order, amount("amount")),
            "product.stock-released" | "customer.credit-released" => {
                self.held.remove(&order).expect("what is released was held (promise 4)");
            }
            "product.stock-committed" | "customer.credit-debited" => {
                self.gone += self.held.remove(&order).expect("what is sold was held (promise 4)");
            }
            _ => return,
        }
        let available = data["available"].as_i64();
        let on_hand = data["on_hand"].as_i64();
        assert!(available.is_none_or(|said| said == self.left() - self.held()), "{kind}: {self:?}");
        assert!(on_hand.is_none_or(|said| said == self.left()), "{kind}: {self:?}");
    }

    fn hold(&mut self, order: String, amount: i64) {
        assert_eq!(self.held.insert(order, amount), None, "held twice (promise 4): {self:?}");
    }
}

fn text<'a>(event: &'a Value, name: &str) -> &'a str {
    event[name].as_str().expect("a text")
}
