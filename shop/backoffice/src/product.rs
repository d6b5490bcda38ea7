//! One product: adding, changing and deleting it.
//!
//! A form carries the values it was opened with. Only changed fields are sent, and of the stock only the difference: sales in the
//! meantime still count.

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use contracts::rest::product::{Product, ProductDeleted};
use serde::Serialize;
use site::{
    Amount, Badge, Count, Failure, Form, Frame, Page, Picture, no_such_page, refused, see_other,
};
use uuid::Uuid;

use crate::{
    categories, category,
    conflict::{self, Conflict, lines},
    low_stock,
    manager::{LowStock, ManagerVisit, renamed},
};

#[derive(Template)]
#[template(path = "product.html")]
struct ProductPage {
    frame: Frame,
    /// None where it is to be added.
    product: Option<Product>,
    categories: Vec<(String, String)>,
    form: Form,
    /// Of its picture.
    upload: Form,
    csrf: String,
    low_stock: LowStock,
}

#[derive(Template)]
#[template(path = "product-conflict.html")]
struct ConflictPage {
    frame: Frame,
    product: Product,
    conflict: Conflict,
    form: Form,
    csrf: String,
}

#[derive(Template)]
#[template(path = "product-delete.html")]
struct Asking {
    frame: Frame,
    product: Product,
    key: String,
    csrf: String,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Edit<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units_in_stock: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units_change: Option<i64>,
}

pub(crate) async fn fresh(manager: ManagerVisit) -> Result<Response, Failure> {
    let form = Form::filled([("UnitsInStock", "0".to_owned()), ("Key", manager.idempotency_key())]);
    Ok(show(&manager, None, form).await?.into_response())
}

pub(crate) async fn add(manager: ManagerVisit, mut form: Form) -> Result<Response, Failure> {
    // With a fault of these it is asked all the same: the gateway refuses it, and names what else is wrong.
    category::meant(&manager, &mut form).await?;
    let units_in_stock = units(&mut form);
    let change = Edit {
        code: form.given("Code"),
        name: Some(typed(&form, "Name")),
        description: Some(typed(&form, "Description")),
        supplier: Some(typed(&form, "Supplier")),
        category_id: Some(typed(&form, "CategoryId")),
        price: Some(typed(&form, "Price")),
        units_in_stock,
        ..Edit::default()
    };
    let added =
        manager.post_once::<Product>("/product/add-new-product", &change, form.value("Key"));
    match added.await {
        Ok(product) => {
            manager.say(format!("“{}” is added.", product.name));
            Ok(see_other(&format!("/products/{}", product.product_id)))
        }
        Err(failure) => {
            if failure.refused(409).is_some() {
                form.reject("Code", "A product with this code already exists");
            } else {
                form.refuse(failure)?;
            }
            form.set("Key", manager.idempotency_key());
            Ok(refused(show(&manager, None, form).await?))
        }
    }
}

pub(crate) async fn product(
    manager: ManagerVisit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let product = read(&manager, &id).await?;
    let form = conflict::opened(&product, manager.idempotency_key());
    Ok(show(&manager, Some(product), form).await?.into_response())
}

pub(crate) async fn change(
    manager: ManagerVisit,
    Path(id): Path<Uuid>,
    mut form: Form,
) -> Result<Response, Failure> {
    conflict::decide(&mut form);
    let has_category = category::meant(&manager, &mut form).await?;
    let Some(units) = units(&mut form).filter(|_| has_category) else {
        let product = read(&manager, &id.to_string()).await?;
        return Ok(refused(show(&manager, Some(product), form).await?));
    };
    let change = changed(id, &form, units);
    if change.is_empty() {
        manager.say("Nothing was changed.");
        return Ok(see_other(&format!("/products/{id}")));
    }
    let updated =
        manager.post_once::<Product>("/product/update-product", &change, form.value("Key"));
    match updated.await {
        Ok(product) => {
            manager.say(format!("“{}” is saved.", product.name));
            Ok(see_other(&format!("/products/{id}")))
        }
        Err(failure) => {
            if let Some(current) = failure.refused(409).and_then(|no| no.members.get("Current")) {
                let current = serde_json::from_value(current.clone());
                return conflicting(&manager, current.map_err(|_| Failure::Broken)?, form).await;
            }
            form.refuse(renamed(failure, "UnitsChange", "UnitsInStock"))?;
            form.set("Key", manager.idempotency_key());
            let product = read(&manager, &id.to_string()).await?;
            Ok(refused(show(&manager, Some(product), form).await?))
        }
    }
}

pub(crate) async fn ask(
    manager: ManagerVisit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let product = read(&manager, &id).await?;
    let frame = manager.frame(format!("Delete “{}”?", product.name));
    let (key, csrf) = (manager.idempotency_key(), manager.csrf());
    Ok(Page(Asking { frame, product, key, csrf }).into_response())
}

pub(crate) async fn delete(
    manager: ManagerVisit,
    Path(id): Path<Uuid>,
    form: Form,
) -> Result<Response, Failure> {
    let change = Edit { product_id: Some(id), ..Edit::default() };
    let _: ProductDeleted =
        manager.post_once("/product/delete-product", &change, form.value("Key")).await?;
    manager.say("The product is deleted. Units held for open orders still go to them.");
    Ok(see_other("/products"))
}

/// Only what the manager changed since the form was opened.
fn changed(id: Uuid, form: &Form, units: i64) -> Edit<'static> {
    let new = |name: &str| {
        let (was, is) = (lines(form.raw(&conflict::was(name))), typed(form, name));
        (was.trim() != is).then_some(is)
    };
    let delta = units - form.value(&conflict::was("UnitsInStock")).parse().unwrap_or(units);
    Edit {
        product_id: Some(id),
        version: form.value("Version").parse().ok(),
        name: new("Name"),
        description: new("Description"),
        supplier: new("Supplier"),
        category_id: new("CategoryId"),
        price: new("Price"),
        units_change: Some(delta).filter(|delta| *delta != 0),
        ..Edit::default()
    }
}

impl Edit<'_> {
    fn is_empty(&self) -> bool {
        let texts = [&self.name, &self.description, &self.supplier, &self.category_id, &self.price];
        texts.iter().all(|text| text.is_none()) && self.units_change.is_none()
    }
}

/// The units typed; an error at the field if that is not a number.
fn units(form: &mut Form) -> Option<i64> {
    let units = form.value("UnitsInStock").parse().ok();
    if units.is_none() {
        form.reject("UnitsInStock", "must be a whole number");
    }
    units
}

fn typed(form: &Form, name: &str) -> String {
    lines(form.value(name))
}

async fn conflicting(
    manager: &ManagerVisit,
    current: Product,
    mut form: Form,
) -> Result<Response, Failure> {
    let categories = categories::all(manager).await?;
    let conflict = Conflict::of(&mut form, &current, &categories);
    form.set("Key", manager.idempotency_key());
    let frame = manager.frame(format!("{}: changed meanwhile", current.name));
    let page = ConflictPage { frame, product: current, conflict, form, csrf: manager.csrf() };
    Ok((hyper::StatusCode::CONFLICT, Page(page)).into_response())
}

async fn read(manager: &ManagerVisit, id: &str) -> Result<Product, Failure> {
    let query = [("ProductId", id)];
    manager.get("/product/get-product-details", &query).await.map_err(no_such_page)
}

async fn show(
    manager: &ManagerVisit,
    product: Option<Product>,
    form: Form,
) -> Result<Page<ProductPage>, Failure> {
    let mut categories = categories::all(manager).await?;
    let chosen = form.value("CategoryId");
    if !categories.iter().any(|(id, _)| id == chosen) {
        categories.insert(0, (chosen.to_owned(), "Choose a category".to_owned()));
    }
    let title = product.as_ref().map_or("Add a product", |product| &product.name);
    let frame = manager.frame(title);
    let (csrf, low_stock) = (manager.csrf(), low_stock::read(manager).await);
    let upload = Form::filled([("Key", manager.idempotency_key())]);
    Ok(Page(ProductPage { frame, product, categories, form, upload, csrf, low_stock }))
}

/// The page as it is opened, with what is wrong with a file that was to be the product's picture.
pub(crate) async fn with_upload(
    manager: &ManagerVisit,
    id: &str,
    mut upload: Form,
) -> Result<Response, Failure> {
    let product = read(manager, id).await?;
    let form = conflict::opened(&product, manager.idempotency_key());
    let mut page = show(manager, Some(product), form).await?;
    upload.set("Key", manager.idempotency_key());
    page.0.upload = upload;
    Ok(refused(page))
}

#[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
impl ProductPage {
    fn picture(&self, product: &Product) -> Picture {
        Picture::of(product)
    }

    fn held(&self, product: &Product) -> i64 {
        product.units_in_stock - product.available
    }

    fn price<'a>(&self, product: &'a Product) -> Amount<'a> {
        Amount(product.price.0, &product.currency)
    }

    fn stock(&self, product: &Product) -> Option<Badge> {
        self.low_stock.badge(product.available)
    }

    fn address(&self) -> String {
        let id = self.product.as_ref().map(|product| product.product_id.to_string());
        format!("/products/{}", id.as_deref().unwrap_or("new"))
    }

    fn was(&self) -> Vec<(String, &str)> {
        conflict::all_was(&self.form)
    }
}

impl ConflictPage {
    fn was(&self) -> Vec<(String, &str)> {
        conflict::all_was(&self.form)
    }
}
