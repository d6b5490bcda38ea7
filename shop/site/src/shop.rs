//! What the pages of a website know of the shop.

use std::sync::{Arc, OnceLock};

use contracts::rest::product::{Product, ShopCurrency};

use crate::{Listing, Visit};

/// What the pages share. A cheap clone.
#[derive(Clone, Debug, Default)]
pub struct Shop {
    /// The shop's one currency, once it is known.
    currency: Arc<OnceLock<String>>,
}

impl Shop {
    /// The shop's currency; empty until it is known, and sums are then shown without it.
    pub async fn currency(&self, visit: &Visit) -> String {
        if let Some(currency) = self.currency.get() {
            return currency.clone();
        }
        let told = visit.get::<ShopCurrency>("/product/get-currency", &[("", ""); 0]).await;
        let currency = match told {
            Ok(told) => Some(told.currency),
            Err(_) => of_first_product(visit).await,
        };
        currency.map_or_else(String::new, |currency| self.currency.get_or_init(|| currency).clone())
    }
}

/// A product service of an earlier version says it only with its products.
async fn of_first_product(visit: &Visit) -> Option<String> {
    let first = visit.get("/product/get-all-products", &[("Limit", "1")]).await;
    let Listing::<Product> { items, .. } = first.ok()?;
    items.into_iter().next().map(|product| product.currency)
}
