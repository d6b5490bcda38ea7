//! A grid of products, each with its price, stock, and a button to order it at once.

use askama::{Template, filters::HtmlSafe};
use contracts::rest::product::Product;
use serde::Deserialize;
use site::{Amount, Choice, Pager, Picture, Visit, choices, given, page_number};

/// Products on one page: rows of two, three, four and six come out even.
pub(crate) const PAGE: &str = "24";

/// The orders a grid can be in: as the gateway calls them, and as people do.
const SORTS: [(&str, &str); 5] = [
    ("Name", "Name"),
    ("Price", "Price, lowest first"),
    ("-Price", "Price, highest first"),
    ("Newest", "Newest"),
    ("Available", "Available"),
];

/// A list as it was asked for in an address.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    pub(crate) q: String,
    #[serde(default)]
    pub(crate) sort: String,
    #[serde(default)]
    pub(crate) after: String,
    #[serde(default)]
    pub(crate) page: String,
}

#[derive(Template)]
#[template(path = "grid.html")]
pub(crate) struct ProductGrid {
    cards: Vec<Card>,
    /// Of the headings, which stand below the page's.
    level: u8,
    logged_in: bool,
    csrf: String,
}

struct Card {
    product: Product,
    picture: Picture,
    stock: Stock,
    /// Of the one form on the card.
    key: String,
}

/// How many are left, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stock {
    None,
    Few(i64),
    Enough,
}

impl Asked {
    /// The order asked for, where it is one; else `default`.
    pub(crate) fn sort<'a>(&'a self, default: &'a str) -> &'a str {
        SORTS.iter().map(|(sort, _)| *sort).find(|sort| *sort == self.sort).unwrap_or(default)
    }

    /// The query for the gateway, with what is particular to the page.
    pub(crate) fn query<'a>(
        &'a self,
        sort: &'a str,
        name: &'a str,
        value: &'a str,
    ) -> Vec<(&'a str, &'a str)> {
        given([("Limit", PAGE), ("Sort", sort), ("After", &self.after), (name, value)])
    }

    /// The way on from the page shown.
    pub(crate) fn pager(&self, path: &str, next: Option<&str>) -> Pager {
        let number = page_number(&self.after, &self.page);
        Pager::new(path, &[("q", &self.q), ("sort", &self.sort)], number, next)
    }
}

/// The orders as choices.
pub(crate) fn sorts(current: &str) -> Vec<Choice> {
    choices(&SORTS, current)
}

impl ProductGrid {
    pub(crate) fn new(visit: &Visit, products: Vec<Product>) -> Self {
        let logged_in = visit.user().is_some();
        let card = |product: Product| Card {
            picture: Picture::of(&product.category_name, &product.name),
            stock: Stock::of(&product),
            key: visit.idempotency_key(),
            product,
        };
        let cards = products.into_iter().map(card).collect();
        let csrf = if logged_in { visit.csrf() } else { String::new() };
        Self { cards, level: 2, logged_in, csrf }
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
