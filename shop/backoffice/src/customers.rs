//! All customers with their credit.

use askama::Template;
use axum::extract::{Query, State};
use contracts::rest::customer::{Role, User};
use serde::Deserialize;
use site::{
    Amount, Choice, Failure, Frame, Listing, Money, Page, Pager, Place, Shop, choices, given,
    known, no_such_page,
};

use crate::manager::ManagerVisit;

/// Customers on one page, unless another number is chosen.
const PAGE: usize = 50;

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
    #[serde(flatten)]
    place: Place,
}

#[derive(Template)]
#[template(path = "customers.html")]
pub(crate) struct Customers {
    frame: Frame,
    q: String,
    sorts: Vec<Choice>,
    tally: String,
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
    let size = asked.place.size(PAGE);
    let limit = size.to_string();
    let query = given([
        ("Search", q),
        ("Sort", sort),
        ("Limit", &limit),
        ("After", &asked.place.after),
        ("Count", "true"),
    ]);
    let found = manager.get("/customer/get-all-users", &query).await.map_err(no_such_page)?;
    let found: Listing<User> = found;
    let kept = [("q", q), ("sort", sort)];
    let pager = Pager::new("/customers", &kept, &asked.place, found.next.as_deref()).sized(size);
    Ok(Page(Customers {
        frame: manager.frame("Customers"),
        sorts: choices(&SORTS, sort),
        currency: shop.currency(&manager).await,
        q: q.to_owned(),
        pager: pager.of(found.items.len(), found.exact_total()),
        tally: found.tally("account", "accounts"),
        found: found.items,
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
