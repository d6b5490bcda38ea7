//! The home page: what a known customer bought before, categories, best sellers and new products.

use askama::Template;
use contracts::rest::{
    customer::User,
    order::{Order, Status},
    product::{Category, Product},
};
use futures_util::future::{join_all, join3, try_join3};
use site::{Count, Failure, Frame, Listing, Page, Picture, Visit, segment};

use crate::grid::ProductGrid;

/// Categories shown at once; there is a page of them all.
const CATEGORIES: usize = 18;

/// Orders that are looked through for what was bought, and products of them that are shown.
const LOOKED_THROUGH: &str = "24";
const AGAIN: usize = 4;

/// Best sellers: one row.
const BEST: &str = "4";

#[derive(Template)]
#[template(path = "home.html")]
pub(crate) struct Home {
    frame: Frame,
    categories: Vec<Category>,
    /// How many categories there are in all.
    all: usize,
    art: Vec<Picture>,
    /// What is bought most.
    best: Option<ProductGrid>,
    newest: Option<ProductGrid>,
    /// Of a customer who is logged in.
    name: Option<String>,
    /// How their orders are, in a sentence.
    orders: String,
    /// What they bought and can buy again.
    again: Option<ProductGrid>,
}

pub(crate) async fn home(visit: Visit) -> Result<Page<Home>, Failure> {
    let categories = visit.get("/product/get-categories", &[("Limit", "500")]);
    let query = [("Sort", "Newest"), ("Limit", "12")];
    let newest = visit.get("/product/get-all-products", &query);
    let extras = async { Ok(join3(mine(&visit), best(&visit), name(&visit)).await) };
    let (categories, newest, (mine, best, name)): (Listing<Category>, Listing<Product>, _) =
        try_join3(categories, newest, extras).await?;
    let mut categories = categories.items;
    categories.retain(|category| category.products > 0);
    let all = categories.len();
    categories.sort_by(|a, b| b.products.cmp(&a.products).then_with(|| a.name.cmp(&b.name)));
    categories.truncate(CATEGORIES);
    let art = art(&newest.items, &categories);
    let grid = |products: Vec<Product>| {
        (!products.is_empty()).then(|| ProductGrid::new(products).below_heading())
    };
    let (newest, best) = (grid(newest.items), grid(best));
    let again = grid(again(&visit, &mine).await);
    let orders = in_words(&mine);
    let frame = visit.frame("Good things, honestly counted");
    Ok(Page(Home { frame, categories, all, art, best, newest, name, orders, again }))
}

/// What is sold most and can be ordered now. The page is there without it.
async fn best(visit: &Visit) -> Vec<Product> {
    let query = [("Sort", "Sold"), ("Sold", "true"), ("InStock", "true"), ("Limit", BEST)];
    let found: Result<Listing<Product>, Failure> =
        visit.get("/product/get-all-products", &query).await;
    found.map_or_else(|_| Vec::new(), |found| found.items)
}

/// The visitor's last orders. The page is there without them.
async fn mine(visit: &Visit) -> Vec<Order> {
    let Some(user) = visit.user() else { return Vec::new() };
    let query = [("Type", "Customer"), ("Id", &*user.name), ("Limit", LOOKED_THROUGH)];
    let found: Result<Listing<Order>, Failure> = visit.get("/order/get-orders", &query).await;
    found.map_or_else(|_| Vec::new(), |found| found.items)
}

/// What the visitor is called: by the name that they gave, or the one that they log in with.
async fn name(visit: &Visit) -> Option<String> {
    let user = visit.user()?.name;
    let path = format!("/customer/get-user/{}", segment(&user));
    let found = visit.get::<User>(&path, &[("", ""); 0]).await;
    let given = found.map(|found| found.full_name.trim().to_owned()).unwrap_or_default();
    Some(if given.is_empty() { user } else { given })
}

/// How many orders are under way, in words.
fn in_words(orders: &[Order]) -> String {
    let open = |order: &&Order| matches!(order.status, Status::Pending | Status::Approved);
    match orders.iter().filter(open).count() {
        _ if orders.is_empty() => {
            "What you order can be followed step by step, as it happens.".to_owned()
        }
        0 => "None of your orders is on its way.".to_owned(),
        1 => "One of your orders is on its way.".to_owned(),
        several => format!("{} of your orders are on their way.", Count(several)),
    }
}

/// The products of these orders that were bought last and can be ordered now.
async fn again(visit: &Visit, orders: &[Order]) -> Vec<Product> {
    let bought = orders.iter().filter(|order| order.status == Status::Finalized);
    let different = bought.fold(Vec::new(), |mut ids, order| {
        if ids.len() < AGAIN && !ids.contains(&order.product_id) {
            ids.push(order.product_id);
        }
        ids
    });
    let products = different.into_iter().map(async |id| {
        let query = [("ProductId", id.to_string())];
        visit.get::<Product>("/product/get-product-details", &query).await.ok()
    });
    let products = join_all(products).await.into_iter().flatten();
    products.filter(|product| product.available > 0).collect()
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
