//! Events of products and categories → changes of the read model. Pure.

use contracts::{
    catalogue::{
        self, CatalogueEvent, CategoryAdded, CategoryDeleted, CategoryRenamed, LowStockSet,
    },
    product::{self, Deleted, ProductEvent, StockCommitted, StockReleased, StockReserved},
};
use kernel::Recorded;
use runtime::{Unfit, model::subject};
use uuid::Uuid;

use crate::model::{Change, Created, StockMoved, What};

/// What an event changes, if anything.
pub fn project(event: &Recorded) -> Result<Option<Change>, Unfit> {
    let what = match event.stream.category() {
        product::CATEGORY => of_product(subject(event)?, ProductEvent::read(event)?),
        catalogue::CATEGORY => Some(of_catalogue(CatalogueEvent::read(event)?)),
        _ => None,
    };
    let Some(what) = what else { return Ok(None) };
    let created = event.metadata.idempotency.clone().and_then(|known| {
        let subject = what.created()?;
        Some(Created { key: known.key, request: known.request, subject })
    });
    Ok(Some(Change { position: event.position, what, created }))
}

fn of_product(product: Uuid, event: &ProductEvent) -> Option<What> {
    Some(match event {
        ProductEvent::Added(added) => What::ProductAdded(Box::new(added.clone())),
        ProductEvent::Changed(changed) => What::ProductChanged(product, Box::new(changed.clone())),
        ProductEvent::Deleted(Deleted { units_change }) => {
            What::ProductDeleted(product, StockMoved::received(*units_change))
        }
        ProductEvent::StockReserved(StockReserved { quantity, .. }) => {
            What::Stock(product, StockMoved::reserved(*quantity))
        }
        ProductEvent::StockReleased(StockReleased { quantity, .. }) => {
            What::Stock(product, StockMoved::released(*quantity))
        }
        ProductEvent::StockCommitted(StockCommitted { quantity, .. }) => {
            What::Stock(product, StockMoved::sold(*quantity))
        }
        ProductEvent::StockDenied(_) => return None,
    })
}

fn of_catalogue(event: &CatalogueEvent) -> What {
    match event {
        CatalogueEvent::CategoryAdded(CategoryAdded { category, name }) => {
            What::CategoryAdded { category: *category, name: name.clone() }
        }
        CatalogueEvent::CategoryRenamed(CategoryRenamed { category, name }) => {
            What::CategoryRenamed { category: *category, name: name.clone() }
        }
        CatalogueEvent::CategoryDeleted(CategoryDeleted { category }) => {
            What::CategoryDeleted(*category)
        }
        CatalogueEvent::LowStockSet(LowStockSet { units }) => What::LowStockSet(*units),
    }
}
