//! The read model in CouchDB: shared by all instances, an invoice a document.
//!
//! ```text
//!  checkpoint                          how far the model is, and the last invoice's number; written last
//!  invoice:NUMBER                      an invoice
//!  order:ID, customer-invoice:ID:NO.   lead to it
//!  customer:ID, name:USER              what a customer is called, and who is called so
//!  sum:YEAR:day:MMDD, …:product:ID     invoices added up
//!  aside:POSITION                      an event that could not be taken, and as long as that lasts
//! ```
//!
//! There are no transactions: documents are written first and the checkpoint last, each change marked with its position. Reads are
//! as of one checkpoint all the same: an invoice after the checkpoint's last number is skipped, and a document that changes keeps its
//! previous state. So reads see everything up to a position that never goes back, and never a part of a batch. That holds on one
//! server; on a cluster it holds as far as a read there sees earlier writes.
//!
//! Sums are added up as invoices come: a year is read in as many documents as it has days and products, in one request,
//! however many invoices there are. Everything is found by its id, so that no index has to be built before a query is answered.

mod aside;
mod claim;
mod documents;
mod location;
mod read;
mod served;
mod server;
mod write;

use std::sync::{Arc, atomic::Ordering};

use async_trait::async_trait;
use jiff::civil::Date;
use kernel::Position;
use runtime::{
    Lease, ModelError, ReadModel, SetAside, Shared, Tasks, model::Served, model::TakenUp,
    model::shape,
};
use serde_json::json;
use store::Balance;
use uuid::Uuid;

use super::{Change, Invoice, InvoiceQuery, Model, Revenue, Sum};
use crate::calendar::Calendar;
use documents::{LEASE, LeaseDocument};
pub use location::CouchDbLocation;
use server::Server;
use write::Step;

/// The number of the documents' shape.
const SCHEMA: u32 = 3;

/// The shared read model.
pub struct CouchDbModel {
    server: Server,
    calendar: Calendar,
}

impl CouchDbModel {
    /// Connects to the server, and makes the database there if there is none. A server that does not answer may do so later; one
    /// that refuses us is an error.
    pub async fn open_with(
        location: CouchDbLocation,
        calendar: Calendar,
        tasks: &Tasks,
    ) -> Result<Arc<Served<Self>>, ModelError> {
        let server = Server::new(location, shape(SCHEMA, super::zone_hash(&calendar)))?;
        Served::open(Self { server, calendar }, crate::NAME, tasks).await
    }

    async fn step(&self, from: Position, step: Step<'_>, to: Position) -> Result<(), ModelError> {
        let server = &self.server;
        server.long_call(write::apply(server, &self.calendar, from, step, to)).await
    }

    /// The lease and its revision.
    async fn lease_document(&self) -> Result<Option<(Lease, String)>, ModelError> {
        let Some(stored) = self.server.get(LEASE).await? else { return Ok(None) };
        let LeaseDocument { term, beat } = server::read(&stored)?;
        Ok(Some((Lease { term, beat }, stored.rev)))
    }
}

#[async_trait]
impl ReadModel for CouchDbModel {
    type Change = Change;

    async fn checkpoint(&self) -> Result<Position, ModelError> {
        let (checkpoint, _) = self.server.call(self.server.checkpoint()).await?;
        Ok(checkpoint.position)
    }

    async fn apply(
        &self,
        from: Position,
        changes: &[Change],
        to: Position,
    ) -> Result<(), ModelError> {
        let step = Step { changes, entries: Vec::new() };
        self.step(from, step, to).await
    }

    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError> {
        self.server.call(aside::set_aside(&self.server, event)).await
    }

    async fn take_up(
        &self,
        from: Position,
        up: TakenUp<'_, Change>,
        to: Position,
    ) -> Result<(), ModelError> {
        let entries = self.server.call(aside::taken_up(&self.server, &up, to)).await?;
        self.step(from, Step { changes: up.changes, entries }, to).await
    }

    async fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        let server = &self.server;
        server.call(read::ask(server, |at| read::aside(server, at))).await
    }

    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        self.server.call(write::built_from(&self.server, first)).await
    }

    async fn reset(&self) -> Result<(), ModelError> {
        self.server.long_call(self.server.clear()).await
    }

    fn engine(&self) -> &'static str {
        "CouchDB"
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        let server = &self.server;
        server.long_call(read::ask(server, |at| read::dump(server, at))).await
    }

    async fn balances(&self) -> Result<Vec<Balance>, ModelError> {
        let server = &self.server;
        server.call(read::ask(server, |at| read::balances(server, at))).await
    }

    fn shared(&self) -> Option<&dyn Shared> {
        Some(self)
    }
}

#[async_trait]
impl Shared for CouchDbModel {
    async fn lease(&self) -> Result<Option<Lease>, ModelError> {
        let found = self.server.call(self.lease_document()).await?;
        Ok(found.map(|(lease, _)| lease))
    }

    async fn replace_lease(&self, seen: Option<Lease>, next: Lease) -> Result<bool, ModelError> {
        let replaced = async {
            let stored = self.lease_document().await?;
            if stored.as_ref().map(|(lease, _)| *lease) != seen {
                return Ok(false);
            }
            let rev = stored.as_ref().map(|(_, rev)| rev.as_str());
            let document = LeaseDocument { term: next.term, beat: next.beat };
            let replaced = self.server.put(LEASE, rev, &json!(document)).await?.is_some();
            if replaced {
                self.server.term.store(next.term, Ordering::Relaxed);
            }
            Ok(replaced)
        };
        self.server.call(replaced).await
    }
}

#[async_trait]
impl Model for CouchDbModel {
    async fn invoice(&self, order: Uuid) -> Result<Option<Invoice>, ModelError> {
        let server = &self.server;
        server.call(read::ask(server, |at| read::invoice(server, at, order))).await
    }

    async fn invoices(&self, query: InvoiceQuery) -> Result<Vec<Invoice>, ModelError> {
        let server = &self.server;
        server.call(read::ask(server, |at| read::invoices(server, at, &query))).await
    }

    async fn customer(&self, user: &str) -> Result<Option<Uuid>, ModelError> {
        let server = &self.server;
        server.call(read::ask(server, |at| read::customer(server, at, user))).await
    }

    async fn revenue(&self, year: i16) -> Result<Revenue, ModelError> {
        let server = &self.server;
        server.call(read::ask(server, |at| read::revenue(server, at, year))).await
    }

    async fn days(&self, first: Date, last: Date) -> Result<Vec<(Date, Sum)>, ModelError> {
        let server = &self.server;
        server.call(read::ask(server, |at| read::days(server, at, first, last))).await
    }
}
