//! A grid of products, each with its price and stock, and the way to its page.

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
        let card = |product: Product| Card {
            picture: Picture::of(&product),
            stock: Stock::of(&product),
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
