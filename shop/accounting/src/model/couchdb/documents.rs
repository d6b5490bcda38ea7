//! The documents: their ids, what they hold, and how one that changes is read as it was at a position.

use contracts::accounting::InvoiceIssued;
use contracts::money::Money;
use jiff::civil::Date;
use kernel::{Position, StreamId, StreamIdError, Timestamp, Version};
use runtime::SetAside;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

/// The id of the checkpoint document.
pub(super) const CHECKPOINT: &str = "checkpoint";
/// The id of the lease document.
pub(super) const LEASE: &str = "lease";
/// The id of the document that identifies the log of the model.
pub(super) const ORIGIN: &str = "origin";

/// How far the model has come. A projector that is about to write documents writes this one first, unless it was the last to do so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// The number of the documents' shape.
    pub(super) schema: u32,
    pub(super) position: Position,
    /// The number of the last invoice up to there.
    pub(super) last: u64,
    /// The term of who wrote this: two who claim at once never write the same.
    pub(super) term: u64,
}

/// Who projects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LeaseDocument {
    pub(super) term: u64,
    pub(super) beat: u64,
}

/// An invoice; never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct InvoiceDocument {
    pub(super) position: Position,
    /// µs since 1970.
    pub(super) issued_at: i64,
    /// What its customer was called then.
    #[serde(flatten)]
    pub(super) names: Names,
    #[serde(flatten)]
    pub(super) invoice: InvoiceIssued,
}

/// Leads from another key to an invoice or a customer; never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Pointer {
    Invoice(u64),
    Customer(Uuid),
}

/// An event that could not be taken. It is an entry of the inbox at every checkpoint from `since` on and before `until`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Aside {
    pub(super) position: Position,
    pub(super) stream: String,
    pub(super) version: Version,
    pub(super) reason: String,
    pub(super) since: Position,
    pub(super) until: Option<Position>,
}

impl Aside {
    pub(super) fn new(event: &SetAside, since: Position) -> Self {
        let SetAside { position, stream, version, reason } = event.clone();
        let stream = stream.as_str().to_owned();
        Self { position, stream, version, reason, since, until: None }
    }

    /// The entry, if it is one at a checkpoint.
    pub(super) fn at(self, checkpoint: Position) -> Result<Option<SetAside>, StreamIdError> {
        let Self { position, stream, version, reason, since, until } = self;
        if since > checkpoint || until.is_some_and(|until| until <= checkpoint) {
            return Ok(None);
        }
        Ok(Some(SetAside { position, stream: StreamId::parse(&stream)?, version, reason }))
    }
}

/// The event that begins the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) first: Uuid,
}

/// What a customer is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Names {
    pub(super) user: Option<String>,
    pub(super) full_name: Option<String>,
}

/// Invoices added up: of a day, or of a product in a year.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SumState {
    pub(super) invoices: u64,
    pub(super) quantity: u64,
    pub(super) revenue: Money,
    /// A product's, as on its last invoice.
    pub(super) name: String,
}

/// A document that changes: its state, and the one before. A state later than the checkpoint's position is not in force yet, so
/// that a batch of changes becomes visible as a whole; after an interruption the next projector may write it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Versioned<S> {
    pub(super) position: Position,
    pub(super) state: S,
    pub(super) before: Option<Earlier<S>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Earlier<S> {
    pub(super) position: Position,
    pub(super) state: S,
}

/// The model has moved on by more than a document remembers.
#[derive(Debug)]
pub(super) struct TooNew;

impl<S: Clone> Versioned<S> {
    /// The state that was in force at a position, and since when; none if there was none yet.
    pub(super) fn at(&self, position: Position) -> Result<Option<Earlier<S>>, TooNew> {
        if self.position <= position {
            return Ok(Some(Earlier { position: self.position, state: self.state.clone() }));
        }
        match &self.before {
            Some(before) if before.position > position => Err(TooNew),
            before => Ok(before.clone()),
        }
    }
}

/// A document as the server has it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Stored {
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(rename = "_rev")]
    pub(super) rev: String,
    #[serde(flatten)]
    body: serde_json::Map<String, Value>,
}

impl Stored {
    pub(super) fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_value(Value::Object(self.body.clone()))
    }

    /// Whether it holds what `body` does.
    pub(super) fn holds(&self, body: &Value) -> bool {
        body.as_object().is_some_and(|body| *body == self.body)
    }
}

pub(super) fn aside_id(position: Position) -> String {
    format!("aside:{:020}", position.0)
}

pub(super) fn invoice_id(number: u64) -> String {
    format!("invoice:{number:020}")
}

pub(super) fn order_id(order: Uuid) -> String {
    format!("order:{order}")
}

/// Leads to an invoice of a customer.
pub(super) fn owned_id(customer: Uuid, number: u64) -> String {
    format!("customer-invoice:{customer}:{number:020}")
}

pub(super) fn customer_id(customer: Uuid) -> String {
    format!("customer:{customer}")
}

pub(super) fn name_id(user: &str) -> String {
    format!("name:{user}")
}

/// What the ids of all sums of a year begin with.
pub(super) fn year_id(year: i16) -> String {
    format!("sum:{year:04}:")
}

pub(super) fn day_id(day: Date) -> String {
    format!("{}day:{:02}{:02}", year_id(day.year()), day.month(), day.day())
}

pub(super) fn product_id(year: i16, product: Uuid) -> String {
    format!("{}product:{product}", year_id(year))
}

/// What a sum is of, by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SumOf {
    Day(Date),
    Product(i16, Uuid),
}

impl SumOf {
    pub(super) fn parse(id: &str) -> Option<Self> {
        let mut parts = id.strip_prefix("sum:")?.splitn(3, ':');
        let year = parts.next()?.parse().ok()?;
        match (parts.next()?, parts.next()?) {
            ("day", day) => {
                let (month, day) = day.split_at_checked(2)?;
                Date::new(year, month.parse().ok()?, day.parse().ok()?).ok().map(Self::Day)
            }
            ("product", product) => Some(Self::Product(year, product.parse().ok()?)),
            _ => None,
        }
    }
}

impl InvoiceDocument {
    pub(super) fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.issued_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_as_it_was_in_force() {
        let (first, second) = (Position(3), Position(7));
        let new = Versioned { position: first, state: 'a', before: None };
        let in_force = |document: &Versioned<char>, at| {
            document.at(Position(at)).map(|found| found.map(|earlier| earlier.state)).ok()
        };
        assert_eq!(in_force(&new, 2), Some(None));
        assert_eq!(in_force(&new, 3), Some(Some('a')));
        let before = Some(Earlier { position: first, state: 'a' });
        let changed = Versioned { position: second, state: 'b', before };
        assert_eq!(in_force(&changed, 2), None, "it is not known any more");
        assert_eq!(in_force(&changed, 6), Some(Some('a')));
        assert_eq!(in_force(&changed, 7), Some(Some('b')));
    }

    #[test]
    fn ids_of_sums_say_what_they_are_of() {
        let day = jiff::civil::date(2026, 5, 31);
        assert_eq!(SumOf::parse(&day_id(day)), Some(SumOf::Day(day)));
        let product = Uuid::from_u128(7);
        assert_eq!(SumOf::parse(&product_id(2026, product)), Some(SumOf::Product(2026, product)));
        for other in ["sum:2026:week:1", "sum:2026:day:0230", "sum:2026:day:é1", "sum:2026:day:5"]
        {
            assert_eq!(SumOf::parse(other), None, "{other}");
        }
    }
}
