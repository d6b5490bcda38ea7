//! The calls about categories.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use contracts::rest::product::{Category, CategoryDeleted};
use identity::Manager;
use kernel::Position;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use web::{
    After, Asked, At, COUNTED_MAX, Context, Json, KeyHeader, Keyed, Limit, Listing, Problem, Prose,
    Query, Text,
};

use super::{Calls, no_category, view};
use crate::{
    catalogue::Command,
    model::{self, CategoryQuery, NameCursor},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetCategories {
    /// Part of a name, whatever its case and accents.
    #[param(inline)]
    search: Option<Prose<0, 100>>,
    #[serde(default)]
    #[param(inline, required = false)]
    limit: Limit,
    #[param(inline, value_type = Option<web::Cursor>)]
    after: Option<After<NameCursor>>,
    /// Whether to count the categories of all pages too, as Total.
    #[serde(default)]
    #[param(required = false)]
    count: bool,
}

/// All categories, by name.
#[utoipa::path(
    get, path = "/get-categories", tag = "product", params(GetCategories),
    responses((status = 200, body = Listing<Category>), (status = 304))
)]
pub(super) async fn get_categories(
    State(calls): State<Arc<Calls>>,
    asked: Asked,
    Query(query): Query<GetCategories>,
) -> Result<Response, Problem> {
    let generation = calls.model.generation();
    let page = async {
        let search = query.search.map(Text::into_string).filter(|search| !search.is_empty());
        let after = query.after.map(|After(cursor)| cursor);
        let wanted = CategoryQuery { search, after, count: query.limit.and_one() };
        let all = query.count.then(|| CategoryQuery {
            after: None,
            count: COUNTED_MAX,
            ..wanted.clone()
        });
        let found = calls.model.categories(wanted).await?;
        let mut page = Listing::page(found, query.limit, model::Category::cursor);
        if let Some(all) = all {
            page.total = Some(calls.model.count_categories(all).await?);
        }
        Ok(page.map(view::category))
    };
    calls.cache.answer(&asked, generation, page).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetCategoryDetails {
    category_id: Uuid,
}

/// One category.
#[utoipa::path(
    get, path = "/get-category-details", tag = "product", params(GetCategoryDetails),
    responses((status = 200, body = Category), (status = 404, description = "There is no such category."))
)]
pub(super) async fn get_category_details(
    State(calls): State<Arc<Calls>>,
    Query(query): Query<GetCategoryDetails>,
) -> Result<Json<Category>, Problem> {
    let found = calls.model.category(query.category_id).await?;
    found.map(view::category).map(Json).ok_or_else(no_category)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AddCategory {
    /// Unique, whatever its case.
    name: Text<1, 100>,
}

/// Adds a category.
#[utoipa::path(
    post, path = "/add-new-category", tag = "product", request_body = AddCategory, security(("token" = [])),
    params(KeyHeader),
    responses((status = 201, body = Category), (status = 409, description = "There is a category of this name."))
)]
pub(super) async fn add_new_category(
    State(calls): State<Arc<Calls>>,
    Manager(manager): Manager,
    context: Context,
    body: Keyed<AddCategory>,
) -> Result<Response, Problem> {
    // All categories share one stream, so adding one changes it.
    let known = body.changes(manager.id(), "add-new-category");
    let name = body.value.name.into_string();
    if let Some((category, at)) = calls.created_before(known.as_ref()).await? {
        return calls.category_created(category, at).await;
    }
    let category = context.created_id(known.as_ref());
    let metadata = context.metadata(manager.actor(), known);
    let done = calls.change_catalogue(Command::Add { category, name }, metadata).await?;
    calls.category_created(category, calls.at(done).0).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateCategory {
    category_id: Uuid,
    /// Unique, whatever its case.
    name: Text<1, 100>,
}

/// Renames a category.
#[utoipa::path(
    post, path = "/update-category", tag = "product", request_body = UpdateCategory, security(("token" = [])),
    params(KeyHeader),
    responses(
        (status = 200, body = Category),
        (status = 404, description = "There is no such category."),
        (status = 409, description = "There is another category of this name."),
    )
)]
pub(super) async fn update_category(
    State(calls): State<Arc<Calls>>,
    Manager(manager): Manager,
    context: Context,
    body: Keyed<UpdateCategory>,
) -> Result<(At, Json<Category>), Problem> {
    let known = body.changes(manager.id(), "update-category");
    let UpdateCategory { category_id: category, name } = body.value;
    let command = Command::Rename { category, name: name.into_string() };
    let metadata = context.metadata(manager.actor(), known);
    let done = calls.change_catalogue(command, metadata).await?;
    Ok((calls.at(done), Json(calls.category_after(category, done.position()).await?)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteCategory {
    category_id: Uuid,
}

/// Deletes a category that has no products.
#[utoipa::path(
    post, path = "/delete-category", tag = "product", request_body = DeleteCategory, security(("token" = [])),
    params(KeyHeader),
    responses(
        (status = 200, body = CategoryDeleted),
        (status = 404, description = "There is no such category."),
        (status = 409, description = "The category has products; Products says how many."),
    )
)]
pub(super) async fn delete_category(
    State(calls): State<Arc<Calls>>,
    Manager(manager): Manager,
    context: Context,
    body: Keyed<DeleteCategory>,
) -> Result<(At, Json<CategoryDeleted>), Problem> {
    let known = body.changes(manager.id(), "delete-category");
    let DeleteCategory { category_id } = body.value;
    let products = calls.model.category(category_id).await?;
    let products = products.map_or(0, |category| category.products);
    if products > 0 {
        let detail = format!("The category has {products} products.");
        return Err(
            Problem::conflict("/problems/category-in-use", detail).member("Products", products)
        );
    }
    let command = Command::Delete { category: category_id };
    let metadata = context.metadata(manager.actor(), known);
    let done = calls.change_catalogue(command, metadata).await?;
    Ok((calls.at(done), Json(CategoryDeleted { category_id })))
}

impl Calls {
    async fn category_created(&self, category: Uuid, at: Position) -> Result<Response, Problem> {
        // When it was created it had no products, whatever has come into it since.
        let category = Category { products: 0, ..self.category_after(category, Some(at)).await? };
        Ok((StatusCode::CREATED, At(at), Json(category)).into_response())
    }
}
