//! Placing an order. Each rendered form has its own idempotency key: sent twice, it is one order.

use axum::response::Response;
use contracts::rest::order::Order;
use serde::Serialize;
use site::{Failure, Form, UserVisit, see_other};

use crate::review;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PlaceOrder<'a> {
    product_id: &'a str,
    quantity: u32,
    /// The price that the customer saw: no other price is accepted.
    price: &'a str,
}

pub(crate) async fn place(mut form: Form, visit: UserVisit) -> Result<Response, Failure> {
    let id = form.value("ProductId").to_owned();
    let Some(quantity) = review::quantity(&form) else {
        return review::show(&visit, &id, form).await;
    };
    let order = PlaceOrder { product_id: &id, quantity, price: form.value("Price") };
    let placed = visit.post_once("/order/place-order", &order, form.value("Key")).await;
    match placed {
        Ok(Order { order_id, .. }) => Ok(see_other(&format!("/orders/{order_id}"))),
        Err(failure)
            if failure.refused(422).is_some() || matches!(failure, Failure::Busy { .. }) =>
        {
            // A shop that was busy has recorded nothing: what is sent again is the same order.
            if !matches!(failure, Failure::Busy { .. }) {
                form.set("Key", visit.idempotency_key());
            }
            refuse(&mut form, failure)?;
            review::show(&visit, &id, form).await
        }
        Err(failure) => Err(failure),
    }
}

fn refuse(form: &mut Form, failure: Failure) -> Result<(), Failure> {
    let of_key = |refusal: &site::Refusal| {
        refusal.errors.iter().any(|error| error.field == "Idempotency-Key")
    };
    if failure.refused(422).is_some_and(of_key) {
        form.alert("This form was already used for an order. Here is a new one: check it and send it if you want another order.");
        return Ok(());
    }
    form.refuse(failure)
}
