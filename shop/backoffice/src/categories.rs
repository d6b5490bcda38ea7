//! All categories.

use askama::Template;
use axum::extract::Query;
use contracts::rest::product::Category;
use serde::Deserialize;
use site::{Count, Failure, Frame, Listing, Page, Pager, Place, given, no_such_page};

use crate::manager::ManagerVisit;

/// Categories on one page, unless another number is chosen.
const PAGE: usize = 50;

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(flatten)]
    place: Place,
}

#[derive(Template)]
#[template(path = "categories.html")]
pub(crate) struct Categories {
    frame: Frame,
    q: String,
    tally: String,
    found: Vec<Category>,
    pager: Pager,
}

pub(crate) async fn categories(
    manager: ManagerVisit,
    Query(asked): Query<Asked>,
) -> Result<Page<Categories>, Failure> {
    let q = asked.q.trim();
    let size = asked.place.size(PAGE);
    let limit = size.to_string();
    let query =
        given([("Search", q), ("Limit", &limit), ("After", &asked.place.after), ("Count", "true")]);
    let found = manager.get("/product/get-categories", &query).await.map_err(no_such_page)?;
    let found: Listing<Category> = found;
    let pager = Pager::new("/categories", &[("q", q)], &asked.place, found.next.as_deref());
    Ok(Page(Categories {
        frame: manager.frame("Categories"),
        q: q.to_owned(),
        pager: pager.sized(size).of(found.items.len(), found.exact_total()),
        tally: found.tally("category", "categories"),
        found: found.items,
    }))
}

/// Every category there is, for choices: value and label.
pub(crate) async fn all(manager: &ManagerVisit) -> Result<Vec<(String, String)>, Failure> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let query = given([("Limit", "500"), ("After", &after)]);
        let Listing::<Category> { items, next, .. } =
            manager.get("/product/get-categories", &query).await?;
        all.extend(items.into_iter().map(|one| (one.category_id.to_string(), one.name)));
        match next {
            Some(next) => after = next,
            None => return Ok(all),
        }
    }
}
