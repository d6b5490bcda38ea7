//! All customers with their credit.

use askama::Template;
use axum::extract::{Query, State};
use contracts::rest::customer::{Role, User};
use serde::Deserialize;
use site::{
    Amount, Choice, Failure, Frame, Listing, Money, Page, Pager, Shop, choices, given, known,
    no_such_page, page_number,
};

use crate::manager::ManagerVisit;

/// Customers on one page.
const PAGE: &str = "50";

const SORTS: [(&str, &str); 4] = [
    ("UserName", "User name"),
    ("-Credit", "Credit, highest first"),
    ("Credit", "Credit, lowest first"),
    ("Newest", "Newest"),
];

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    page: String,
}

#[derive(Template)]
#[template(path = "customers.html")]
pub(crate) struct Customers {
    frame: Frame,
    q: String,
    sorts: Vec<Choice>,
    found: Vec<User>,
    currency: String,
    pager: Pager,
}

pub(crate) async fn customers(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Query(asked): Query<Asked>,
) -> Result<Page<Customers>, Failure> {
    let (q, sort) = (asked.q.trim(), known(&SORTS, &asked.sort));
    let query = given([("Search", q), ("Sort", sort), ("Limit", PAGE), ("After", &asked.after)]);
    let found = manager.get("/customer/get-all-users", &query).await.map_err(no_such_page)?;
    let Listing { items: found, next } = found;
    let number = page_number(&asked.after, &asked.page);
    let pager = Pager::new("/customers", &[("q", q), ("sort", sort)], number, next.as_deref());
    Ok(Page(Customers {
        frame: manager.frame("Customers"),
        sorts: choices(&SORTS, sort),
        currency: shop.currency(&manager).await,
        q: q.to_owned(),
        found,
        pager,
    }))
}

#[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
impl Customers {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand on references")]
    fn amount(&self, money: &Money) -> Amount<'_> {
        Amount(*money, &self.currency)
    }

    fn is_manager(&self, user: &User) -> bool {
        user.role == Role::Manager
    }
}
