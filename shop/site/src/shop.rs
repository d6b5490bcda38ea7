//! What the pages of a website know of the shop.

use std::sync::{Arc, OnceLock};

use contracts::rest::product::Product;

use crate::{Listing, Visit};

/// What the pages share. A cheap clone.
#[derive(Clone, Debug, Default)]
pub struct Shop {
    /// The shop's one currency, known from the first product.
    currency: Arc<OnceLock<String>>,
}

impl Shop {
    /// The shop's currency; empty until it is known, and sums are then shown without it.
    pub async fn currency(&self, visit: &Visit) -> String {
        if let Some(currency) = self.currency.get() {
            return currency.clone();
        }
        let first = visit.get("/product/get-all-products", &[("Limit", "1")]).await;
        let Ok(Listing::<Product> { items, .. }) = first else { return String::new() };
        let Some(product) = items.into_iter().next() else { return String::new() };
        self.currency.get_or_init(|| product.currency).clone()
    }
}
