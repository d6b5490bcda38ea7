//! A customer's own orders, newest first.

use askama::Template;
use axum::extract::Query;
use contracts::rest::order::Order;
use serde::Deserialize;
use site::{Amount, Badge, Count, Day, Failure, Frame, Listing, Page, Pager, Visit};

use crate::{catalogue::no_such_page, progress};

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
    #[serde(default)]
    after: String,
    #[serde(default)]
    page: String,
}

#[derive(Template)]
#[template(path = "orders.html")]
pub(crate) struct Orders {
    frame: Frame,
    /// Value, label, and whether it is the one in force.
    statuses: Vec<(&'static str, &'static str, bool)>,
    narrowed: bool,
    found: Vec<Order>,
    pager: Pager,
}

pub(crate) async fn orders(
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Page<Orders>, Failure> {
    let user = visit.require_user()?;
    let status = STATUSES.iter().map(|(status, _)| *status).find(|status| *status == asked.status);
    let status = status.unwrap_or_default();
    let query = [
        ("Type", "Customer"),
        ("Id", user.name.as_str()),
        ("Limit", PAGE),
        ("Status", status),
        ("After", &asked.after),
    ];
    let query: Vec<_> = query.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let answer = visit.get("/order/get-orders", &query).await.map_err(no_such_page)?;
    let Listing { items: found, next }: Listing<Order> = answer;
    let number = if asked.after.is_empty() { 1 } else { asked.page.parse().unwrap_or(1) };
    Ok(Page(Orders {
        frame: visit.frame("My orders"),
        statuses: STATUSES
            .iter()
            .map(|(value, label)| (*value, *label, *value == status))
            .collect(),
        narrowed: !status.is_empty(),
        found,
        pager: Pager::new("/orders", &[("status", status)], number, next.as_deref()),
    }))
}

#[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
impl Orders {
    fn badge(&self, order: &Order) -> Badge {
        progress::badge(order.status)
    }

    fn total<'a>(&self, order: &'a Order) -> Amount<'a> {
        Amount(order.total.0, &order.currency)
    }
}
