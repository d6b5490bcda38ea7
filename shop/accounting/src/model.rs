//! The read model of the books: a port, with an embedded engine and one in CouchDB.

pub mod conformance;
#[cfg(feature = "servers")]
mod couchdb;
mod sqlite;

use async_trait::async_trait;
use contracts::accounting::InvoiceIssued;
use contracts::money::Money;
use jiff::civil::Date;
use kernel::{Position, Timestamp};
use runtime::{ModelError, ReadModel, ServerEngine};
use uuid::Uuid;

pub use self::{
    couchdb::{CouchDbLocation, CouchDbModel},
    sqlite::{AccountingTables, SqliteModel},
};
use crate::calendar::Calendar;

/// CouchDB, which a program can be built without.
#[derive(Clone, Copy, Debug)]
pub struct CouchDb;

impl ServerEngine for CouchDb {
    const NAME: &'static str = "CouchDB";
    const FEATURE: &'static str = "servers";
    const SCHEMES: &'static [&'static str] = &["http", "https"];
    const FORMS: &'static str =
        "sqlite:FILE or http://USER:PASSWORD@HOST[:PORT]/DATABASE (CouchDB)";
    const MODEL: &'static str = crate::NAME;
}

#[cfg(not(feature = "servers"))]
mod couchdb {
    use runtime::model::server::LeftOut;

    pub type CouchDbLocation = LeftOut<super::CouchDb>;
    pub type CouchDbModel = LeftOut<super::CouchDb>;
}

/// Everything the service answers from. Point reads take microseconds; lists may take longer and do not block other requests.
///
/// Reads see everything up to some position that never goes back, and never a part of a change. Days are those of the
/// calendar that the model was opened with; one opened with another calendar starts empty.
#[async_trait]
pub trait Model: ReadModel<Change = Change> {
    /// The invoice of an order.
    async fn invoice(&self, order: Uuid) -> Result<Option<Invoice>, ModelError>;

    /// The invoices that match, the newest first, `query.count` at most.
    async fn invoices(&self, query: InvoiceQuery) -> Result<Vec<Invoice>, ModelError>;

    /// The customer of that user name.
    async fn customer(&self, user: &str) -> Result<Option<Uuid>, ModelError>;

    /// What a year brought in.
    async fn revenue(&self, year: i16) -> Result<Revenue, ModelError>;

    /// What the days from the first to the last brought in, those without invoices left out, in order.
    async fn days(&self, first: Date, last: Date) -> Result<Vec<(Date, Sum)>, ModelError>;
}

/// What one event changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub position: Position,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Issued {
        invoice: Box<InvoiceIssued>,
        at: Timestamp,
    },
    /// A customer is called so from here on; what is not given stays.
    Named {
        customer: Uuid,
        user: Option<String>,
        full_name: Option<String>,
    },
}

/// An invoice as it was issued, its customer's names included.
#[derive(Clone, Debug, PartialEq)]
pub struct Invoice {
    pub issued: InvoiceIssued,
    pub at: Timestamp,
    pub user: Option<String>,
    pub full_name: Option<String>,
}

/// A page of invoices.
#[derive(Clone, Debug, Default)]
pub struct InvoiceQuery {
    /// Only those of this customer.
    pub customer: Option<Uuid>,
    /// The number of the last invoice of the page before.
    pub after: Option<u64>,
    pub count: usize,
}

/// What a year brought in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revenue {
    /// January to December.
    pub months: [Sum; 12],
    /// The product that brought in most first; equal ones by id.
    pub products: Vec<ProductSum>,
}

/// Invoices added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub invoices: u64,
    pub revenue: Money,
}

/// The sales of a product added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductSum {
    pub product: Uuid,
    /// As on the last invoice.
    pub name: String,
    pub quantity: u64,
    pub revenue: Money,
}

impl Revenue {
    /// Adds what a day of the year brought in.
    fn add(&mut self, month: i8, day: Sum) {
        let index = usize::try_from(month).unwrap_or_default().wrapping_sub(1);
        if let Some(sum) = self.months.get_mut(index) {
            sum.invoices += day.invoices;
            sum.revenue += day.revenue;
        }
    }

    /// The whole year.
    #[must_use]
    pub fn total(&self) -> Sum {
        Sum {
            invoices: self.months.iter().map(|month| month.invoices).sum(),
            revenue: self.months.iter().map(|month| month.revenue).sum(),
        }
    }
}

/// Sums by day hold for one time zone only, so the zone is part of a model's shape: with another zone the model is rebuilt.
fn zone_hash(calendar: &Calendar) -> u32 {
    // FNV-1a, which gives the same on every machine; 24 bits of it are kept, and 0 stands for none.
    let hash = calendar
        .name()
        .bytes()
        .fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash & 0x00ff_ffff).max(1)
}

/// A day as a row has it: 20261130 is 30 November 2026, so that days, months and years are ranges.
fn number(day: Date) -> i64 {
    (i64::from(day.year()) * 100 + i64::from(day.month())) * 100 + i64::from(day.day())
}
