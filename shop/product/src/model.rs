//! The read model of the catalogue: a port, with an embedded engine.

mod change;
pub mod conformance;
pub mod search;
mod sqlite;

use async_trait::async_trait;
use contracts::{money::Money, picture::Picture};
use kernel::Position;
use runtime::{ModelError, ReadModel};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use change::{Change, Created, StockMoved, What};
pub use sqlite::{ProductTables, SqliteModel};

/// Everything the service answers from. Point reads take microseconds; lists may take longer and do not block other requests.
///
/// Reads see everything up to some position that never goes back, and never a part of a change. Deleted products are no longer
/// read, but their stock still counts in the balances.
#[async_trait]
pub trait Model: ReadModel<Change = Change> {
    /// The product of that id, if it is offered.
    async fn product(&self, id: Uuid) -> Result<Option<Product>, ModelError>;

    /// The products that match, in order, `query.count` at most.
    async fn products(&self, query: ProductQuery) -> Result<Found, ModelError>;

    /// Whether there is a category of that id: unlike [`Self::category`], it counts nothing.
    async fn has_category(&self, id: Uuid) -> Result<bool, ModelError>;

    /// The category of that id, with how many products it has.
    async fn category(&self, id: Uuid) -> Result<Option<Category>, ModelError>;

    /// The categories that match, by name, `query.count` at most.
    async fn categories(&self, query: CategoryQuery) -> Result<Vec<Category>, ModelError>;

    /// How many categories match, `query.count` at most.
    async fn count_categories(&self, query: CategoryQuery) -> Result<u64, ModelError>;

    /// What counts as low stock, if that was set: so many units that can be ordered, or fewer.
    async fn low_stock(&self) -> Result<Option<i64>, ModelError>;

    /// What the request with this idempotency key created.
    async fn created(&self, key: Uuid) -> Result<Option<(Created, Position)>, ModelError>;

    /// Changes with every change that a reader can see. A cache reads it before it reads the model.
    fn generation(&self) -> u64;
}

/// A product that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    pub id: Uuid,
    pub code: Option<String>,
    pub name: String,
    pub description: String,
    pub supplier: String,
    pub category: Uuid,
    /// None if the category is gone.
    pub category_name: Option<String>,
    pub price: Money,
    pub currency: String,
    pub picture: Option<Picture>,
    /// Managers' changes.
    pub revision: u64,
    pub on_hand: i64,
    pub available: i64,
    pub sold: i64,
    /// Where it was (last) added.
    pub added: Position,
    /// Where anything of it changed last.
    pub changed: Position,
}

/// Products found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub products: Vec<Product>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
    /// How many there are on all pages; None for a list that is neither searched nor narrowed, where nothing is counted.
    pub total: Option<u64>,
    /// The search as it was understood, if a word of it is found nowhere and one like it was taken.
    pub corrected: Option<String>,
    /// None of them has all words of the search; they have the most.
    pub some_words: bool,
    /// If asked for.
    pub facets: Option<Facets>,
}

/// What a list can be narrowed to. Each count is of what is left when everything else that was chosen stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// Those with the most products first.
    pub categories: Vec<CategoryFacet>,
    /// From the lowest to the highest, without those that have no products.
    pub prices: Vec<PriceFacet>,
    pub in_stock: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryFacet {
    pub id: Uuid,
    /// None if the category is gone.
    pub name: Option<String>,
    pub products: u64,
}

/// Prices within two bounds, both included; the highest range has no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceFacet {
    pub from: Money,
    pub to: Option<Money>,
    pub products: u64,
}

/// A category and how many products it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    pub id: Uuid,
    pub name: String,
    pub products: u64,
}

/// A page of products.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct ProductQuery {
    pub category: Option<Uuid>,
    /// Words of a name, category, supplier, description or code, in any order, whatever their case, accents and Unicode form. A word
    /// finds those that begin with it; if there are none, those that contain it; else, with few typos, those that are meant.
    pub search: Option<String>,
    /// Whether those that have the most of the words are found where none has all of them.
    pub some_words: bool,
    /// The lowest price.
    pub least: Option<Money>,
    /// The highest price.
    pub most: Option<Money>,
    /// Only those that can be ordered.
    pub in_stock: bool,
    /// Only those that were sold before.
    pub sold: bool,
    /// Whether to count what the list can be narrowed to.
    pub facets: bool,
    pub sort: Sort,
    /// The last product of the page before; of the same sort, or nothing follows it.
    pub after: Option<Cursor>,
    pub count: usize,
}

/// A page of categories.
#[derive(Clone, Debug, Default)]
pub struct CategoryQuery {
    /// Part of a name, whatever its case, accents and Unicode form.
    pub search: Option<String>,
    /// The last category of the page before.
    pub after: Option<NameCursor>,
    pub count: usize,
}

/// The order of a list of products; equal ones by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// What fits a search best first: by name, then by category, supplier, description and code; equal ones by name.
    Relevance,
    #[default]
    Name,
    /// The cheapest first.
    Price,
    /// The dearest first.
    PriceDown,
    /// The last added first.
    Newest,
    /// The most available first.
    Available,
    /// The least available first.
    Scarce,
    /// What was sold most often first.
    Sold,
}

/// Where a page of products ended: the value sorted by, and the id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cursor {
    Relevance(u16, String, Uuid),
    Name(String, Uuid),
    Price(i64, Uuid),
    PriceDown(i64, Uuid),
    Newest(u64, Uuid),
    Available(i64, Uuid),
    Scarce(i64, Uuid),
    Sold(i64, Uuid),
}

/// Where a page of categories ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameCursor(pub String, pub Uuid);

impl ProductQuery {
    /// Whether it is a list along one order, neither searched nor narrowed by more than a category.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let Self { search, least, most, in_stock, sold, facets, .. } = self;
        let is_narrowed =
            search.is_some() || least.is_some() || most.is_some() || *in_stock || *sold;
        // No index in the tables leads along what was sold, since each sale would move it there.
        !is_narrowed && self.sort != Sort::Sold && !facets
    }
}

impl Sort {
    /// Where `product` is in this order of a list that is not searched.
    #[must_use]
    pub fn cursor(self, product: &Product) -> Cursor {
        let id = product.id;
        match self {
            Self::Relevance => Cursor::Relevance(0, name_key(&product.name), id),
            Self::Name => Cursor::Name(name_key(&product.name), id),
            Self::Price => Cursor::Price(product.price.minor(), id),
            Self::PriceDown => Cursor::PriceDown(product.price.minor(), id),
            Self::Newest => Cursor::Newest(product.added.0, id),
            Self::Available => Cursor::Available(product.available, id),
            Self::Scarce => Cursor::Scarce(product.available, id),
            Self::Sold => Cursor::Sold(product.sold, id),
        }
    }
}

impl Cursor {
    /// The order it is a place in.
    #[must_use]
    pub fn sort(&self) -> Sort {
        match self {
            Self::Relevance(..) => Sort::Relevance,
            Self::Name(..) => Sort::Name,
            Self::Price(..) => Sort::Price,
            Self::PriceDown(..) => Sort::PriceDown,
            Self::Newest(..) => Sort::Newest,
            Self::Available(..) => Sort::Available,
            Self::Scarce(..) => Sort::Scarce,
            Self::Sold(..) => Sort::Sold,
        }
    }
}

impl Category {
    /// Where it is among the categories.
    #[must_use]
    pub fn cursor(&self) -> NameCursor {
        NameCursor(name_key(&self.name), self.id)
    }
}

/// What names are sorted by: whatever their case, and no longer than a cursor can carry.
#[must_use]
pub fn name_key(name: &str) -> String {
    const CHARACTERS_MAX: usize = 80;
    name.chars().flat_map(small).take(CHARACTERS_MAX).collect()
}

fn small(character: char) -> impl Iterator<Item = char> {
    // Sigma alone has two small forms.
    character.to_lowercase().map(|small| if small == 'ς' { 'σ' } else { small })
}
