//! The generations of the model: a database each, and their record in one of its own, which is made with the first rebuild.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use jiff::civil::Date;
use runtime::{
    ModelError,
    model::{Relocatable, Served},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{CouchDbModel, Server, server};
use crate::model::{Invoice, InvoiceQuery, Model, Revenue, Sum};

/// The only document there.
const RECORD: &str = "generations";

#[derive(Serialize, Deserialize)]
struct Record {
    record: String,
}

#[async_trait]
impl Relocatable for CouchDbModel {
    fn beside(&self, number: u32) -> Result<Self, ModelError> {
        let server = Server::new(self.server.location().generation(number), self.server.schema())?;
        Ok(Self { server, calendar: self.calendar.clone() })
    }

    async fn record(&self) -> Result<Option<String>, ModelError> {
        let found = self.server.call(async { self.server.records().get(RECORD).await }).await?;
        found.map(|stored| server::read::<Record>(&stored).map(|found| found.record)).transpose()
    }

    async fn replace_record(&self, seen: Option<&str>, next: &str) -> Result<bool, ModelError> {
        let replaced = async {
            let records = self.server.records();
            let found = records.get(RECORD).await?;
            let known = found.as_ref().map(server::read::<Record>).transpose()?;
            if known.as_ref().map(|known| known.record.as_str()) != seen {
                return Ok(false);
            }
            if found.is_none() {
                records.make().await?;
            }
            let rev = found.as_ref().map(|stored| stored.rev.as_str());
            let next = json!(Record { record: next.to_owned() });
            Ok(records.put(RECORD, rev, &next).await?.is_some())
        };
        self.server.call(replaced).await
    }

    async fn remove(&self) -> Result<(), ModelError> {
        self.server.long_call(self.server.remove()).await
    }

    fn begins_term(&self, term: u64) {
        self.server.term.store(term, Ordering::Relaxed);
    }
}

/// What serves answers.
#[async_trait]
impl Model for Served<CouchDbModel> {
    async fn invoice(&self, order: Uuid) -> Result<Option<Invoice>, ModelError> {
        self.current().await?.invoice(order).await
    }

    async fn invoices(&self, query: InvoiceQuery) -> Result<Vec<Invoice>, ModelError> {
        self.current().await?.invoices(query).await
    }

    async fn customer(&self, user: &str) -> Result<Option<Uuid>, ModelError> {
        self.current().await?.customer(user).await
    }

    async fn revenue(&self, year: i16) -> Result<Revenue, ModelError> {
        self.current().await?.revenue(year).await
    }

    async fn days(&self, first: Date, last: Date) -> Result<Vec<(Date, Sum)>, ModelError> {
        self.current().await?.days(first, last).await
    }
}
