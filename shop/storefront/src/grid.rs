//! A grid of products, each with its price and stock, and the way to its page.

use std::collections::BTreeMap;

use askama::{Template, filters::HtmlSafe};
use contracts::rest::product::Product;
use site::{Amount, Picture};

#[derive(Template)]
#[template(path = "grid.html")]
pub(crate) struct ProductGrid {
    cards: Vec<Card>,
    /// Of the headings, which stand below the page's.
    level: u8,
}

struct Card {
    product: Product,
    picture: Picture,
    stock: Stock,
    /// Another card has the same name: who supplies this one tells them apart.
    has_namesake: bool,
}

/// How many are left, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stock {
    None,
    Few(i64),
    Enough,
}

impl ProductGrid {
    pub(crate) fn new(products: Vec<Product>) -> Self {
        let mut named: BTreeMap<String, usize> = BTreeMap::new();
        for product in &products {
            *named.entry(product.name.to_lowercase()).or_default() += 1;
        }
        let card = |product: Product| Card {
            picture: Picture::of(&product),
            stock: Stock::of(&product),
            has_namesake: named.get(&product.name.to_lowercase()).is_some_and(|count| *count > 1),
            product,
        };
        Self { cards: products.into_iter().map(card).collect(), level: 2 }
    }

    /// The grid under a heading of its own.
    pub(crate) fn below_heading(mut self) -> Self {
        self.level = 3;
        self
    }
}

impl Card {
    fn price(&self) -> Amount<'_> {
        Amount(self.product.price.0, &self.product.currency)
    }
}

impl Stock {
    pub(crate) fn of(product: &Product) -> Self {
        match product.available {
            ..=0 => Self::None,
            few @ 1..=5 => Self::Few(few),
            _ => Self::Enough,
        }
    }

    pub(crate) fn is_none(self) -> bool {
        self == Self::None
    }

    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::None => "stock none",
            Self::Few(_) => "stock few",
            Self::Enough => "stock",
        }
    }

    pub(crate) fn words(self) -> String {
        match self {
            Self::None => "Sold out".to_owned(),
            Self::Few(few) => format!("Only {few} left"),
            Self::Enough => "In stock".to_owned(),
        }
    }
}

impl HtmlSafe for ProductGrid {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn products_of_one_name_show_their_suppliers() {
        let product = |name: &str, supplier: &str| -> Product {
            serde_json::from_value(json!({
                "ProductId": "0190c7f2-8b1e-7c3a-9f00-1234567890ab", "Code": null, "Name": name, "Description": "",
                "Supplier": supplier, "CategoryId": "0190c7f2-8b1e-7c3a-9f00-1234567890ab", "CategoryName": "Dairy",
                "Price": 1.5, "Currency": "EUR", "UnitsInStock": 1, "Available": 1, "Version": 0,
            }))
            .expect("a product")
        };
        let grid = ProductGrid::new(vec![
            product("Whole Milk", "Hillside"),
            product("whole milk", "Northern"),
            product("Butter", "Churners"),
        ]);
        let page = grid.render().expect("a grid");
        for shown in ["Dairy · Hillside", "Dairy · Northern"] {
            assert!(page.contains(shown), "{page}");
        }
        assert!(!page.contains("Churners"), "{page}");
    }
}
