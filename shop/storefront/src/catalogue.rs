//! Categories: the list of all, and the products of one.

use askama::Template;
use axum::extract::{Path, Query};
use contracts::rest::product::Category;
use futures_util::future::try_join;
use site::{Count, Failure, Frame, Listing, Page, Visit, no_such_page};

use crate::{
    search::find,
    shelf::{Asked, Shelf},
};

#[derive(Template)]
#[template(path = "categories.html")]
pub(crate) struct Categories {
    frame: Frame,
    categories: Vec<Category>,
}

#[derive(Template)]
#[template(path = "category.html")]
pub(crate) struct CategoryPage {
    frame: Frame,
    category: Category,
    shelf: Shelf,
}

pub(crate) async fn categories(visit: Visit) -> Result<Page<Categories>, Failure> {
    let all = visit.get("/product/get-categories", &[("Limit", "500")]).await?;
    let Listing { items: categories, .. }: Listing<Category> = all;
    Ok(Page(Categories { frame: visit.frame("Categories"), categories }))
}

pub(crate) async fn category(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Page<CategoryPage>, Failure> {
    let asked = asked.sane().of_one_category();
    let details = [("CategoryId", id.as_str())];
    let category =
        async { visit.get("/product/get-category-details", &details).await.map_err(no_such_page) };
    let query = asked.query(&id);
    let (category, mut found): (Category, _) = try_join(category, find(&visit, &query)).await?;
    if let Some(facets) = &mut found.facets {
        // The page is of one already.
        facets.categories.clear();
    }
    let path = format!("/categories/{}", category.category_id);
    let shelf = Shelf::new(&path, &asked, found);
    let frame = visit.frame(&category.name);
    Ok(Page(CategoryPage { frame, category, shelf }))
}
