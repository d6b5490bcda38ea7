//! Categories: the list of all, and the products of one.

use askama::Template;
use axum::extract::{Path, Query};
use contracts::rest::product::{Category, Product};
use futures_util::future::try_join;
use site::{Choice, Count, Failure, Frame, Listing, Page, Pager, Visit, no_such_page};

use crate::grid::{Asked, ProductGrid, sorts};

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
    sorts: Vec<Choice>,
    grid: Option<ProductGrid>,
    pager: Pager,
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
    let sort = asked.sort("Name");
    let details = [("CategoryId", id.as_str())];
    let category = visit.get("/product/get-category-details", &details);
    let query = asked.query(sort, "CategoryId", &id);
    let products = visit.get("/product/get-products", &query);
    let (category, products): (Category, Listing<Product>) =
        try_join(category, products).await.map_err(no_such_page)?;
    let pager =
        asked.pager(&format!("/categories/{}", category.category_id), products.next.as_deref());
    let grid = (!products.items.is_empty()).then(|| ProductGrid::new(&visit, products.items));
    let frame = visit.frame(&category.name);
    Ok(Page(CategoryPage { frame, category, sorts: sorts(sort), grid, pager }))
}
