//! All orders: by state, channel, customer, product and time.

use askama::Template;
use axum::extract::Query;
use contracts::rest::{
    order::{Channel, Order},
    product::Product,
};
use serde::Deserialize;
use site::{
    Amount, Badge, Choice, Count, Failure, Form, Frame, Listing, Moment, Page, Pager, Place,
    choices, given, known, no_such_page,
};
use uuid::Uuid;

use crate::manager::{ManagerVisit, written};

/// Orders on one page, unless another number is chosen.
const PAGE: usize = 50;

/// Products that are offered where several fit.
const OFFERED: &str = "6";

const STATUSES: [(&str, &str); 5] = [
    ("", "Any state"),
    ("Pending", "Pending"),
    ("Approved", "Approved"),
    ("Finalized", "Finalized"),
    ("Canceled", "Canceled"),
];

const CHANNELS: [(&str, &str); 5] =
    [("", "Any channel"), ("site", "Site"), ("app", "App"), ("api", "API"), ("unknown", "Unknown")];

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    status: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    customer: String,
    /// A product's id, code, or part of its name.
    #[serde(default)]
    product: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(flatten)]
    place: Place,
}

#[derive(Template)]
#[template(path = "orders.html")]
pub(crate) struct Orders {
    frame: Frame,
    /// The filters as typed, and what is wrong with them.
    filters: Form,
    statuses: Vec<Choice>,
    channels: Vec<Choice>,
    /// Where several products fit, each with the address of its orders.
    offered: Vec<(String, String)>,
    narrowed: bool,
    tally: String,
    found: Vec<Order>,
    pager: Pager,
}

/// What was chosen from lists.
#[derive(Clone, Copy)]
struct Narrow<'a> {
    status: &'a str,
    channel: &'a str,
}

/// The product that orders are asked of.
enum Wanted {
    Any,
    One(Uuid),
    Several(Vec<Product>),
}

pub(crate) async fn orders(
    manager: ManagerVisit,
    Query(asked): Query<Asked>,
) -> Result<Page<Orders>, Failure> {
    let narrow = Narrow {
        status: known(&STATUSES, &asked.status),
        channel: known(&CHANNELS, &asked.channel),
    };
    let mut filters = Form::filled([
        ("customer", asked.customer.trim().to_lowercase()),
        ("product", asked.product.clone()),
        ("from", asked.from.clone()),
        ("to", asked.to.clone()),
    ]);
    let wanted = wanted(&manager, &mut filters).await?;
    let listing = found(&manager, &asked, narrow, &wanted, &mut filters).await?;
    let kept = [
        ("status", narrow.status),
        ("channel", narrow.channel),
        ("customer", filters.value("customer")),
        ("product", &*asked.product),
        ("from", &*asked.from),
        ("to", &*asked.to),
    ];
    let pager = Pager::new("/orders", &kept, &asked.place, listing.next.as_deref());
    let pager = pager.sized(asked.place.size(PAGE));
    let pager = pager.of(listing.items.len(), listing.exact_total());
    let narrowed = kept.iter().any(|(_, value)| !value.is_empty());
    let offered = match wanted {
        Wanted::Several(several) => several
            .into_iter()
            .map(|one| (with_product(&kept, one.product_id), named(&one)))
            .collect(),
        Wanted::Any | Wanted::One(_) => Vec::new(),
    };
    Ok(Page(Orders {
        frame: manager.frame("Orders"),
        filters,
        statuses: choices(&STATUSES, narrow.status),
        channels: choices(&CHANNELS, narrow.channel),
        offered,
        narrowed,
        tally: listing.tally("order", "orders"),
        found: listing.items,
        pager,
    }))
}

/// The same list of one product.
fn with_product(kept: &[(&str, &str)], product: Uuid) -> String {
    let product = product.to_string();
    let pairs =
        kept.iter().map(|&(name, value)| (name, if name == "product" { &*product } else { value }));
    let query: Vec<String> = pairs
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", site::segment(value)))
        .collect();
    format!("/orders?{}", query.join("&"))
}

/// What tells products of one name apart.
fn named(product: &Product) -> String {
    match &product.code {
        Some(code) => format!("{} ({code})", product.name),
        None => product.name.clone(),
    }
}

async fn found(
    manager: &ManagerVisit,
    asked: &Asked,
    narrow: Narrow<'_>,
    wanted: &Wanted,
    filters: &mut Form,
) -> Result<Listing<Order>, Failure> {
    let zone = site::zone();
    for (name, value) in [("from", &asked.from), ("to", &asked.to)] {
        if !value.is_empty() && zone.day_begin(value).is_none() {
            filters.reject(name, "is not a day such as 2026-11-23");
        }
    }
    if zone.day_begin(&asked.from) > zone.day_end(&asked.to) && !asked.to.is_empty() {
        filters.reject("to", "is before the first day");
    }
    if filters.is_rejected() {
        return Ok(Listing::none());
    }
    let customer = filters.value("customer").to_owned();
    let product = match wanted {
        Wanted::One(id) => id.to_string(),
        Wanted::Any | Wanted::Several(_) => String::new(),
    };
    let kind = if customer.is_empty() { "All" } else { "Customer" };
    let (from, to) = (written(zone.day_begin(&asked.from)), written(zone.day_end(&asked.to)));
    let limit = asked.place.size(PAGE).to_string();
    let query = given([
        ("Type", kind),
        ("Id", &customer),
        ("Status", narrow.status),
        ("Channel", narrow.channel),
        ("ProductId", &product),
        ("From", &from),
        ("To", &to),
        ("Limit", &limit),
        ("After", &asked.place.after),
        ("Count", "true"),
    ]);
    match manager.get("/order/get-orders", &query).await {
        Err(failure) if failure.refused(404).is_some() => {
            filters.reject("customer", "There is no such customer");
            Ok(Listing::none())
        }
        answered => answered.map_err(no_such_page),
    }
}

/// The product that is meant by its id, its code or its name.
async fn wanted(manager: &ManagerVisit, filters: &mut Form) -> Result<Wanted, Failure> {
    let text = filters.value("product").to_owned();
    if text.is_empty() {
        return Ok(Wanted::Any);
    }
    if let Ok(id) = Uuid::parse_str(&text) {
        // A product that is gone still has its orders.
        return Ok(Wanted::One(id));
    }
    let by_code = manager.get::<Product>("/product/get-product-details", &[("Code", &text)]).await;
    if let Ok(product) = by_code {
        return Ok(Wanted::One(product.product_id));
    }
    let query = [("Search", &*text), ("Limit", OFFERED)];
    let listing = manager.get("/product/get-all-products", &query).await.map_err(no_such_page)?;
    let Listing::<Product> { mut items, .. } = listing;
    match items.len() {
        0 => filters.reject("product", "There is no such product"),
        1 => {}
        _ => {
            filters.reject("product", "Several products fit: choose one of those below");
            return Ok(Wanted::Several(items));
        }
    }
    Ok(items.pop().map_or(Wanted::Any, |one| Wanted::One(one.product_id)))
}

/// A channel as people read it.
pub(crate) fn channel(channel: Channel) -> &'static str {
    CHANNELS.iter().find(|(word, _)| *word == channel.as_str()).map_or("", |(_, label)| label)
}

/// Why an order was canceled, in words.
pub(crate) fn reasons(order: &Order) -> String {
    let words = order.reasons.iter().map(|reason| reason.as_str().replace('-', " "));
    words.collect::<Vec<_>>().join(", ")
}

#[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
impl Orders {
    fn badge(&self, order: &Order) -> Badge {
        Badge::of_order(order.status)
    }

    fn reasons(&self, order: &Order) -> String {
        reasons(order)
    }

    fn channel(&self, order: &Order) -> &'static str {
        channel(order.channel)
    }

    fn total<'a>(&self, order: &'a Order) -> Amount<'a> {
        Amount(order.total.0, &order.currency)
    }
}
