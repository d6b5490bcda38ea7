//! An order before it is placed: what it comes to, and the button that is binding.
//!
//! Where scripts run, the page of the product shows the same as the quantity changes, and orders at once.

use askama::Template;
use axum::{
    extract::Query,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use site::{Count, Failure, Form, Frame, Page, Picture, UserVisit, Visit};

use crate::{
    product,
    purchase::{Obstacle, Purchase},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Asked {
    #[serde(default)]
    product_id: String,
    #[serde(default)]
    quantity: String,
}

#[derive(Template)]
#[template(path = "review.html")]
struct Review {
    frame: Frame,
    picture: Picture,
    purchase: Purchase,
    obstacle: Option<Obstacle>,
    /// As it was refused, if it was.
    form: Form,
    csrf: String,
    key: String,
}

pub(crate) async fn review(
    visit: UserVisit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    show(&visit, &asked.product_id, Form::filled([("Quantity", asked.quantity)])).await
}

/// The order that a form would place. Without a key in it, it gets a new one: what is sent from it is a new order.
pub(crate) async fn show(visit: &Visit, id: &str, mut form: Form) -> Result<Response, Failure> {
    let Some(quantity) = quantity(&form) else {
        form.reject("Quantity", "must be a whole number from 1 to 1000");
        return Ok(product::show(visit, id, form).await?.into_response());
    };
    let purchase = Purchase::new(visit, product::read(visit, id).await?, quantity).await;
    let product = &purchase.product;
    Ok(Page(Review {
        frame: visit.frame("Review your order"),
        picture: Picture::of(product).at_once(),
        obstacle: purchase.obstacle(),
        csrf: visit.csrf(),
        key: match form.value("Key") {
            "" => visit.idempotency_key(),
            kept => kept.to_owned(),
        },
        form,
        purchase,
    })
    .into_response())
}

/// How many pieces a form is for, if an order can have as many.
pub(crate) fn quantity(form: &Form) -> Option<u32> {
    form.value("Quantity").parse().ok().filter(|pieces| (1..=1000).contains(pieces))
}
