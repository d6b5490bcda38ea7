//! A list of products with what it can be narrowed to: the result of a search, and a category.
//!
//! All of it is links and forms of one address, so that every state of the list can be kept and passed on.

use askama::{Template, filters::HtmlSafe};
use contracts::rest::product::{PriceRange, ProductFacets, ProductList};
use serde::Deserialize;
use site::{Amount, Choice, Count, Money, Pager, Place, choices, given, known};

use crate::grid::ProductGrid;

/// Products on one page: rows of two, three, four and six come out even.
const PAGE: &str = "24";
/// Categories to choose from at once, the largest; and behind them, of still more.
const CATEGORIES: usize = 8;
const CATEGORIES_MORE: usize = 92;

/// The orders a list can be in: as the gateway calls them, and as people do.
const SORTS: [(&str, &str); 6] = [
    ("Name", "Name"),
    ("Price", "Price, lowest first"),
    ("-Price", "Price, highest first"),
    ("Newest", "Newest"),
    ("Sold", "Best sellers"),
    ("Available", "Available"),
];
const RELEVANCE: (&str, &str) = ("Relevance", "Best match");

/// A list as it was asked for in an address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) q: String,
    pub(crate) category: String,
    min: String,
    max: String,
    /// `in` for what can be ordered.
    stock: String,
    sort: String,
    #[serde(flatten)]
    place: Place,
}

#[derive(Template)]
#[template(path = "shelf.html")]
pub(crate) struct Shelf {
    path: String,
    /// What the forms keep of the address.
    kept: Vec<(&'static str, String)>,
    sorts: Vec<Choice>,
    total: u64,
    chosen: Vec<Chosen>,
    categories: Vec<Narrowing>,
    prices: Vec<Narrowing>,
    stock: Option<Narrowing>,
    min: String,
    max: String,
    grid: Option<ProductGrid>,
    pager: Pager,
    /// The address without anything chosen.
    all: String,
}

/// Something the list is narrowed to, and the address without it.
struct Chosen {
    label: String,
    without: String,
}

/// Something the list can be narrowed to.
struct Narrowing {
    label: String,
    products: u64,
    address: String,
    is_chosen: bool,
}

impl Asked {
    /// The query for the gateway; `category` where the page is of one.
    pub(crate) fn query<'a>(&'a self, category: &'a str) -> Vec<(&'a str, &'a str)> {
        given([
            ("CategoryId", category),
            ("Search", &self.q),
            ("SomeWords", if self.q.is_empty() { "" } else { "true" }),
            ("MinPrice", self.min.trim()),
            ("MaxPrice", self.max.trim()),
            ("InStock", if self.is_in_stock() { "true" } else { "" }),
            ("Facets", "true"),
            ("Limit", PAGE),
            ("Sort", known(&self.sorts(), &self.sort)),
            ("After", &self.place.after),
        ])
    }

    /// The same without what was mistyped in an address or in the form of prices.
    pub(crate) fn sane(mut self) -> Self {
        self.q = self
            .q
            .trim()
            .chars()
            .filter(|letter| !letter.is_control())
            .take(SEARCH_LETTERS_MAX)
            .collect();
        for price in [&mut self.min, &mut self.max] {
            *price = price.trim().replace(',', ".");
            if Money::parse(price).is_err() {
                price.clear();
            }
        }
        self
    }

    /// The same on the page of a category, which is not searched.
    pub(crate) fn of_one_category(self) -> Self {
        Self { q: String::new(), category: String::new(), ..self }
    }

    fn sorts(&self) -> Vec<(&'static str, &'static str)> {
        let best = (!self.q.is_empty()).then_some(RELEVANCE);
        best.into_iter().chain(SORTS).collect()
    }

    fn is_in_stock(&self) -> bool {
        self.stock == "in"
    }

    /// What stays in the address from page to page.
    fn kept(&self) -> [(&'static str, &str); 6] {
        [
            ("q", &self.q),
            ("category", &self.category),
            ("min", &self.min),
            ("max", &self.max),
            ("stock", &self.stock),
            ("sort", &self.sort),
        ]
    }

    /// The address of the list with some of it changed, from its first page.
    fn with(&self, path: &str, changes: &[(&str, &str)]) -> String {
        let changed = |name: &str| changes.iter().find(|(changed, _)| *changed == name);
        let pairs =
            self.kept().map(|(name, value)| (name, changed(name).map_or(value, |(_, to)| to)));
        let mut address = path.to_owned();
        for (number, (name, value)) in given(pairs).into_iter().enumerate() {
            address.push(if number == 0 { '?' } else { '&' });
            address.push_str(name);
            address.push('=');
            address.push_str(&site::segment(value));
        }
        address
    }
}

/// The longest search that the gateway takes.
const SEARCH_LETTERS_MAX: usize = 200;

impl Shelf {
    /// The largest categories, and the one that is chosen.
    fn large(&self) -> &[Narrowing] {
        self.categories.get(..CATEGORIES).unwrap_or(&self.categories)
    }

    fn small(&self) -> &[Narrowing] {
        self.categories.get(CATEGORIES..).unwrap_or_default()
    }

    /// The list at `path` as it was asked for and found.
    pub(crate) fn new(path: &str, asked: &Asked, found: ProductList) -> Self {
        let ProductList { items, next, total, facets, .. } = found;
        let currency = items.first().map(|product| product.currency.clone()).unwrap_or_default();
        let facets = facets.unwrap_or_default();
        let total = total.unwrap_or_default();
        Self {
            kept: asked.kept().map(|(name, value)| (name, value.to_owned())).into(),
            sorts: choices(&asked.sorts(), known(&asked.sorts(), &asked.sort)),
            chosen: chosen(path, asked, &facets, &currency),
            categories: categories(path, asked, &facets),
            prices: prices(path, asked, &facets, &currency),
            stock: stock(path, asked, &facets, total),
            min: asked.min.clone(),
            max: asked.max.clone(),
            grid: (!items.is_empty()).then(|| ProductGrid::new(items)),
            pager: Pager::new(path, &asked.kept(), &asked.place, next.as_deref()),
            all: asked.with(path, &[("category", ""), ("min", ""), ("max", ""), ("stock", "")]),
            path: path.to_owned(),
            total,
        }
    }

    /// What the form that sorts passes on.
    fn kept_by_sorting(&self) -> Vec<&(&'static str, String)> {
        self.kept_but(&["sort"])
    }

    /// What the form of prices passes on.
    fn kept_by_prices(&self) -> Vec<&(&'static str, String)> {
        self.kept_but(&["min", "max"])
    }

    fn kept_but(&self, own: &[&str]) -> Vec<&(&'static str, String)> {
        self.kept.iter().filter(|(name, value)| !value.is_empty() && !own.contains(name)).collect()
    }

    /// Whether nothing is left out.
    pub(crate) fn is_whole(&self) -> bool {
        self.chosen.is_empty()
    }

    fn has_facets(&self) -> bool {
        !self.categories.is_empty()
            || !self.prices.is_empty()
            || self.stock.is_some()
            || !self.chosen.is_empty()
    }
}

fn chosen(path: &str, asked: &Asked, facets: &ProductFacets, currency: &str) -> Vec<Chosen> {
    let mut chosen = Vec::new();
    if !asked.category.is_empty() {
        let of = facets.categories.iter().find(|one| one.category_id.to_string() == asked.category);
        let label = of.map_or_else(|| "This category".to_owned(), |one| one.name.clone());
        chosen.push(Chosen { label, without: asked.with(path, &[("category", "")]) });
    }
    if !(asked.min.is_empty() && asked.max.is_empty()) {
        let label = range(Money::parse(&asked.min).ok(), Money::parse(&asked.max).ok(), currency);
        chosen.push(Chosen { label, without: asked.with(path, &[("min", ""), ("max", "")]) });
    }
    if asked.is_in_stock() {
        chosen.push(Chosen {
            label: "In stock".to_owned(),
            without: asked.with(path, &[("stock", "")]),
        });
    }
    chosen
}

fn categories(path: &str, asked: &Asked, facets: &ProductFacets) -> Vec<Narrowing> {
    let all = facets.categories.iter().map(|category| {
        let id = category.category_id.to_string();
        let is_chosen = id == asked.category;
        let to = if is_chosen { "" } else { &id };
        let address = asked.with(path, &[("category", to)]);
        Narrowing { label: category.name.clone(), products: category.products, address, is_chosen }
    });
    let mut all: Vec<Narrowing> = all.collect();
    all.sort_by_key(|one| !one.is_chosen);
    all.truncate(CATEGORIES + CATEGORIES_MORE);
    if all.len() < 2 && asked.category.is_empty() { Vec::new() } else { all }
}

fn prices(path: &str, asked: &Asked, facets: &ProductFacets, currency: &str) -> Vec<Narrowing> {
    if facets.prices.len() < 2 {
        return Vec::new();
    }
    let narrowing = |PriceRange { from, to, products }: &PriceRange| {
        let written = |money: Money| Amount(money, "").to_string().replace(',', "");
        let (min, max) = (written(from.0), to.map(|to| written(to.0)).unwrap_or_default());
        let is_chosen = asked.min == min && asked.max == max;
        let address = if is_chosen {
            asked.with(path, &[("min", ""), ("max", "")])
        } else {
            asked.with(path, &[("min", &min), ("max", &max)])
        };
        let label = range(Some(from.0), to.map(|to| to.0), currency);
        Narrowing { label, products: *products, address, is_chosen }
    };
    facets.prices.iter().map(narrowing).collect()
}

fn stock(path: &str, asked: &Asked, facets: &ProductFacets, total: u64) -> Option<Narrowing> {
    let is_chosen = asked.is_in_stock();
    // Where all are, there is nothing to choose.
    (is_chosen || facets.in_stock < total).then(|| Narrowing {
        label: "In stock".to_owned(),
        products: facets.in_stock,
        address: asked.with(path, &[("stock", if is_chosen { "" } else { "in" })]),
        is_chosen,
    })
}

/// Prices as people read them.
fn range(from: Option<Money>, to: Option<Money>, currency: &str) -> String {
    let amount = |money| Amount(money, currency);
    match (from.filter(|from| *from != Money::ZERO), to) {
        (Some(from), Some(to)) => format!("{} – {}", amount(from), amount(to)),
        (Some(from), None) => format!("{} or more", amount(from)),
        (None, Some(to)) => format!("Up to {}", amount(to)),
        (None, None) => "Any price".to_owned(),
    }
}

impl HtmlSafe for Shelf {}
