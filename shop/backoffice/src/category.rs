//! One category: adding, renaming and deleting it.

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use contracts::rest::product::{Category, CategoryDeleted};
use serde::Serialize;
use site::{Count, Failure, Form, Frame, Page, no_such_page, refused, see_other};
use uuid::Uuid;

use crate::desk::Desk;

#[derive(Template)]
#[template(path = "category.html")]
struct CategoryPage {
    frame: Frame,
    /// None where it is to be added.
    category: Option<Category>,
    form: Form,
    csrf: String,
}

#[derive(Template)]
#[template(path = "category-delete.html")]
struct Asking {
    frame: Frame,
    category: Category,
    form: Form,
    csrf: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Change<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    category_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

pub(crate) async fn fresh(desk: Desk) -> Response {
    show(&desk, None, Form::filled([("Key", desk.idempotency_key())])).into_response()
}

pub(crate) async fn add(desk: Desk, mut form: Form) -> Result<Response, Failure> {
    let change = Change { category_id: None, name: Some(form.value("Name")) };
    let key = form.value("Key").to_owned();
    match desk.post_once::<Category>("/product/add-new-category", &change, &key).await {
        Ok(category) => {
            desk.say(format!("The category “{}” is added.", category.name));
            Ok(see_other("/categories"))
        }
        Err(failure) => {
            refuse(&desk, &mut form, failure)?;
            Ok(refused(show(&desk, None, form)))
        }
    }
}

pub(crate) async fn category(desk: Desk, Path(id): Path<String>) -> Result<Response, Failure> {
    let category = read(&desk, &id).await?;
    let form = Form::filled([("Name", category.name.clone()), ("Key", desk.idempotency_key())]);
    Ok(show(&desk, Some(category), form).into_response())
}

pub(crate) async fn rename(
    desk: Desk,
    Path(id): Path<Uuid>,
    mut form: Form,
) -> Result<Response, Failure> {
    let change = Change { category_id: Some(id), name: Some(form.value("Name")) };
    let key = form.value("Key").to_owned();
    match desk.post_once::<Category>("/product/update-category", &change, &key).await {
        Ok(category) => {
            desk.say(format!("The category is called “{}” now.", category.name));
            Ok(see_other("/categories"))
        }
        Err(failure) => {
            refuse(&desk, &mut form, failure)?;
            let category = read(&desk, &id.to_string()).await?;
            Ok(refused(show(&desk, Some(category), form)))
        }
    }
}

pub(crate) async fn ask(desk: Desk, Path(id): Path<String>) -> Result<Response, Failure> {
    let category = read(&desk, &id).await?;
    let form = Form::filled([("Key", desk.idempotency_key())]);
    Ok(asking(&desk, category, form).into_response())
}

pub(crate) async fn delete(
    desk: Desk,
    Path(id): Path<Uuid>,
    mut form: Form,
) -> Result<Response, Failure> {
    let change = Change { category_id: Some(id), name: None };
    let deleted =
        desk.post_once::<CategoryDeleted>("/product/delete-category", &change, form.value("Key"));
    match deleted.await {
        Ok(_) => {
            desk.say("The category is deleted.");
            Ok(see_other("/categories"))
        }
        Err(failure) if failure.refused(409).is_some() => {
            form.refuse(failure)?;
            let category = read(&desk, &id.to_string()).await?;
            Ok(refused(asking(&desk, category, form)))
        }
        Err(failure) => Err(failure),
    }
}

/// Says at the field what is at fault with it.
fn refuse(desk: &Desk, form: &mut Form, failure: Failure) -> Result<(), Failure> {
    if !matches!(failure, Failure::Unreachable { .. }) {
        form.set("Key", desk.idempotency_key());
    }
    if failure.refused(409).is_some() {
        form.reject("Name", "There is a category of this name already");
        return Ok(());
    }
    form.refuse(failure)
}

async fn read(desk: &Desk, id: &str) -> Result<Category, Failure> {
    let query = [("CategoryId", id)];
    desk.get("/product/get-category-details", &query).await.map_err(no_such_page)
}

fn show(desk: &Desk, category: Option<Category>, form: Form) -> Page<CategoryPage> {
    let title = category.as_ref().map_or("Add a category", |category| &category.name);
    Page(CategoryPage { frame: desk.frame(title), csrf: desk.csrf(), category, form })
}

fn asking(desk: &Desk, category: Category, form: Form) -> Page<Asking> {
    let frame = desk.frame(format!("Delete “{}”?", category.name));
    Page(Asking { frame, csrf: desk.csrf(), category, form })
}
