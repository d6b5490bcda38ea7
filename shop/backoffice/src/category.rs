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

use crate::{
    categories,
    manager::{ManagerVisit, renamed},
};

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

pub(crate) async fn fresh(manager: ManagerVisit) -> Response {
    show(&manager, None, Form::filled([("Key", manager.idempotency_key())])).into_response()
}

pub(crate) async fn add(manager: ManagerVisit, mut form: Form) -> Result<Response, Failure> {
    let change = Change { category_id: None, name: Some(form.value("Name")) };
    let key = form.value("Key").to_owned();
    match manager.post_once::<Category>("/product/add-new-category", &change, &key).await {
        Ok(category) => {
            manager.say(format!("The category “{}” is added.", category.name));
            Ok(see_other("/categories"))
        }
        Err(failure) => {
            refuse(&manager, &mut form, failure)?;
            Ok(refused(show(&manager, None, form)))
        }
    }
}

/// Takes care of the category that a product's form means: the chosen one, or the new one that was typed, which is added unless there is
/// one of that name. False, and said at the field, if there is neither or it cannot be added.
pub(crate) async fn meant(manager: &ManagerVisit, form: &mut Form) -> Result<bool, Failure> {
    let name = form.value("NewCategory").to_owned();
    if name.is_empty() {
        let is_chosen = !form.value("CategoryId").is_empty();
        if !is_chosen {
            form.reject("CategoryId", "must be chosen, or a new one typed below");
        }
        return Ok(is_chosen);
    }
    let change = Change { category_id: None, name: Some(&name) };
    let key = format!("{}-category", form.value("Key"));
    let id = match manager.post_once::<Category>("/product/add-new-category", &change, &key).await {
        Ok(added) => Some(added.category_id.to_string()),
        Err(failure) if failure.refused(409).is_some() => named(manager, &name).await?,
        Err(failure) => {
            form.refuse(renamed(failure, "Name", "NewCategory"))?;
            return Ok(false);
        }
    };
    let Some(id) = id else {
        form.reject("NewCategory", "cannot be added now; please try again");
        return Ok(false);
    };
    // If something else is wrong, the form comes back with it chosen.
    form.set("CategoryId", id);
    form.set("NewCategory", "");
    Ok(true)
}

/// The category of that name, however it is written; none if it was deleted meanwhile.
async fn named(manager: &ManagerVisit, name: &str) -> Result<Option<String>, Failure> {
    let name = name.to_lowercase();
    let all = categories::all(manager).await?;
    Ok(all.into_iter().find(|(_, other)| other.to_lowercase() == name).map(|(id, _)| id))
}

pub(crate) async fn category(
    manager: ManagerVisit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let category = read(&manager, &id).await?;
    let form = Form::filled([("Name", category.name.clone()), ("Key", manager.idempotency_key())]);
    Ok(show(&manager, Some(category), form).into_response())
}

pub(crate) async fn rename(
    manager: ManagerVisit,
    Path(id): Path<Uuid>,
    mut form: Form,
) -> Result<Response, Failure> {
    let change = Change { category_id: Some(id), name: Some(form.value("Name")) };
    let key = form.value("Key").to_owned();
    match manager.post_once::<Category>("/product/update-category", &change, &key).await {
        Ok(category) => {
            manager.say(format!("The category is called “{}” now.", category.name));
            Ok(see_other("/categories"))
        }
        Err(failure) => {
            refuse(&manager, &mut form, failure)?;
            let category = read(&manager, &id.to_string()).await?;
            Ok(refused(show(&manager, Some(category), form)))
        }
    }
}

pub(crate) async fn ask(
    manager: ManagerVisit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let category = read(&manager, &id).await?;
    let form = Form::filled([("Key", manager.idempotency_key())]);
    Ok(asking(&manager, category, form).into_response())
}

pub(crate) async fn delete(
    manager: ManagerVisit,
    Path(id): Path<Uuid>,
    mut form: Form,
) -> Result<Response, Failure> {
    let change = Change { category_id: Some(id), name: None };
    let deleted = manager.post_once::<CategoryDeleted>(
        "/product/delete-category",
        &change,
        form.value("Key"),
    );
    match deleted.await {
        Ok(_) => {
            manager.say("The category is deleted.");
            Ok(see_other("/categories"))
        }
        Err(failure) if failure.refused(409).is_some() => {
            form.refuse(failure)?;
            let category = read(&manager, &id.to_string()).await?;
            Ok(refused(asking(&manager, category, form)))
        }
        Err(failure) => Err(failure),
    }
}

/// Says at the field what is at fault with it.
fn refuse(manager: &ManagerVisit, form: &mut Form, failure: Failure) -> Result<(), Failure> {
    if !matches!(failure, Failure::Unreachable { .. }) {
        form.set("Key", manager.idempotency_key());
    }
    if failure.refused(409).is_some() {
        form.reject("Name", "A category with this name already exists");
        return Ok(());
    }
    form.refuse(failure)
}

async fn read(manager: &ManagerVisit, id: &str) -> Result<Category, Failure> {
    let query = [("CategoryId", id)];
    manager.get("/product/get-category-details", &query).await.map_err(no_such_page)
}

fn show(manager: &ManagerVisit, category: Option<Category>, form: Form) -> Page<CategoryPage> {
    let title = category.as_ref().map_or("Add a category", |category| &category.name);
    Page(CategoryPage { frame: manager.frame(title), csrf: manager.csrf(), category, form })
}

fn asking(manager: &ManagerVisit, category: Category, form: Form) -> Page<Asking> {
    let frame = manager.frame(format!("Delete “{}”?", category.name));
    Page(Asking { frame, csrf: manager.csrf(), category, form })
}
