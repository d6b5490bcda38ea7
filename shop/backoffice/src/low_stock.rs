//! What counts as low stock: shown, and set. It is recorded in the catalogue, so that every back office shows the same, and the audit who
//! set it.

use askama::Template;
use axum::response::Response;
use contracts::rest::product;
use serde::Serialize;
use site::{Count, Failure, Form, Frame, Page, refused, see_other};

use crate::{
    manager::{LowStock, ManagerVisit},
    status::soon,
};

/// The most units that may be low.
const UNITS_MAX: i64 = 1_000_000_000;

#[derive(Template)]
#[template(path = "low-stock.html")]
pub(crate) struct LowStockPage {
    frame: Frame,
    form: Form,
    csrf: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Set {
    units: i64,
}

/// What managers set; what the setting says where they set nothing, or the product service does not answer: no page fails for it.
pub(crate) async fn read(manager: &ManagerVisit) -> LowStock {
    let call = manager.get::<product::LowStock>("/product/get-low-stock", &[("", ""); 0]);
    let set = soon(call).await.ok().and_then(|set| set.units);
    set.map_or(manager.low_stock_setting(), LowStock)
}

pub(crate) async fn show(manager: ManagerVisit) -> Page<LowStockPage> {
    let LowStock(units) = read(&manager).await;
    let form = Form::filled([("Units", units.to_string()), ("Key", manager.idempotency_key())]);
    page(&manager, form)
}

pub(crate) async fn set(manager: ManagerVisit, mut form: Form) -> Result<Response, Failure> {
    let Ok(units) = form.value("Units").parse() else {
        form.reject("Units", "must be a whole number");
        return Ok(refused(page(&manager, form)));
    };
    let call = "/product/set-low-stock";
    match manager.post_once::<product::LowStock>(call, &Set { units }, form.value("Key")).await {
        Ok(_) => {
            manager.say(format!("Low stock is {} or fewer from now on.", Count(units)));
            Ok(see_other("/"))
        }
        Err(failure) => {
            form.refuse(failure)?;
            form.set("Key", manager.idempotency_key());
            Ok(refused(page(&manager, form)))
        }
    }
}

fn page(manager: &ManagerVisit, form: Form) -> Page<LowStockPage> {
    Page(LowStockPage { frame: manager.frame("Low stock"), csrf: manager.csrf(), form })
}
