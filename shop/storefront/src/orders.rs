//! A customer's own orders, newest first.

use askama::Template;
use axum::extract::Query;
use contracts::rest::order::Order;
use serde::Deserialize;
use site::{
    Amount, Badge, Choice, Count, Day, Failure, Frame, Listing, Page, Pager, Place, UserVisit,
    choices, given, known, no_such_page,
};

/// Orders on one page.
const PAGE: &str = "20";

/// What the list can be narrowed to: as the gateway calls it, and as people do.
const STATUSES: [(&str, &str); 5] = [
    ("", "All orders"),
    ("Pending", "Pending"),
    ("Approved", "Approved"),
    ("Finalized", "Finalized"),
    ("Canceled", "Canceled"),
];

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    status: String,
    #[serde(flatten)]
    place: Place,
}

#[derive(Template)]
#[template(path = "orders.html")]
pub(crate) struct Orders {
    frame: Frame,
    statuses: Vec<Choice>,
    narrowed: bool,
    found: Vec<Order>,
    pager: Pager,
}

pub(crate) async fn orders(
    visit: UserVisit,
    Query(asked): Query<Asked>,
) -> Result<Page<Orders>, Failure> {
    let status = known(&STATUSES, &asked.status);
    let query = given([
        ("Type", "Customer"),
        ("Id", visit.user.name.as_str()),
        ("Limit", PAGE),
        ("Status", status),
        ("After", &asked.place.after),
    ]);
    let answer = visit.get("/order/get-orders", &query).await.map_err(no_such_page)?;
    let Listing { items: found, next, .. }: Listing<Order> = answer;
    Ok(Page(Orders {
        frame: visit.frame("My orders"),
        statuses: choices(&STATUSES, status),
        narrowed: !status.is_empty(),
        found,
        pager: Pager::new("/orders", &[("status", status)], &asked.place, next.as_deref()),
    }))
}

#[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
impl Orders {
    fn badge(&self, order: &Order) -> Badge {
        Badge::of_order(order.status)
    }

    fn total<'a>(&self, order: &'a Order) -> Amount<'a> {
        Amount(order.total.0, &order.currency)
    }
}
