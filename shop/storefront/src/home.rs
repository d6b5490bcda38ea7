//! The home page: categories and new products.

use askama::Template;
use contracts::rest::product::{Category, Product};
use futures_util::future::try_join;
use site::{Count, Failure, Frame, Listing, Page, Picture, Visit};

use crate::grid::ProductGrid;

/// Categories shown at once; there is a page of them all.
const CATEGORIES: usize = 18;

#[derive(Template)]
#[template(path = "home.html")]
pub(crate) struct Home {
    frame: Frame,
    categories: Vec<Category>,
    /// How many categories there are in all.
    all: usize,
    art: Vec<Picture>,
    newest: Option<ProductGrid>,
    first_name: Option<String>,
}

pub(crate) async fn home(visit: Visit) -> Result<Page<Home>, Failure> {
    let categories = visit.get("/product/get-categories", &[("Limit", "500")]);
    let query = [("Sort", "Newest"), ("Limit", "12")];
    let newest = visit.get("/product/get-all-products", &query);
    let (categories, newest): (Listing<Category>, Listing<Product>) =
        try_join(categories, newest).await?;
    let mut categories = categories.items;
    categories.retain(|category| category.products > 0);
    let all = categories.len();
    categories.sort_by(|a, b| b.products.cmp(&a.products).then_with(|| a.name.cmp(&b.name)));
    categories.truncate(CATEGORIES);
    let art = art(&newest.items, &categories);
    let newest = (!newest.items.is_empty()).then(|| ProductGrid::new(newest.items).below_heading());
    let first_name = visit.user().map(|user| user.name);
    let frame = visit.frame("Good things, honestly counted");
    Ok(Page(Home { frame, categories, all, art, newest, first_name }))
}

/// Four pictures of different things: what is new, and what the largest categories tell of.
fn art(newest: &[Product], categories: &[Category]) -> Vec<Picture> {
    let new = newest.iter().map(Picture::of);
    let large = categories.iter().map(|category| Picture::drawn(&category.name, &category.name));
    let pictures = new.chain(large);
    let different = pictures.fold(Vec::new(), |mut art: Vec<Picture>, picture| {
        if !art.iter().any(|other| other.is_like(picture)) {
            art.push(picture.at_once());
        }
        art
    });
    different.into_iter().take(4).collect()
}
