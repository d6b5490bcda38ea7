//! The picture of a product: giving it one, and taking it away.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use contracts::rest::product::Product;
use serde::Serialize;
use site::{Failure, Form, see_other};
use uuid::Uuid;

use crate::{manager::ManagerVisit, product};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Of {
    product_id: Uuid,
}

/// Who comes here by an address, as after logging in again, goes on at the product.
pub(crate) async fn back(_: ManagerVisit, Path(id): Path<Uuid>) -> Response {
    see_other(&format!("/products/{id}")).into_response()
}

pub(crate) async fn set(
    manager: ManagerVisit,
    Path(id): Path<Uuid>,
    mut form: Form,
) -> Result<Response, Failure> {
    let Some(file) = form.file("Picture").cloned() else {
        form.reject("Picture", "choose a non-empty file");
        return product::with_upload(&manager, &id.to_string(), form).await;
    };
    let (path, of, key) = ("/product/set-picture", Of { product_id: id }, form.value("Key"));
    match manager.post_file::<Product>(path, &of, file, key).await {
        Ok(product) => {
            manager.say(format!("“{}” has its picture.", product.name));
            Ok(see_other(&format!("/products/{id}")))
        }
        Err(failure) => {
            form.refuse(failure)?;
            product::with_upload(&manager, &id.to_string(), form).await
        }
    }
}

pub(crate) async fn remove(
    manager: ManagerVisit,
    Path(id): Path<Uuid>,
    form: Form,
) -> Result<Response, Failure> {
    let (path, of) = ("/product/remove-picture", Of { product_id: id });
    let product: Product = manager.post_once(path, &of, form.value("Key")).await?;
    manager.say(format!("“{}” now shows a generated drawing.", product.name));
    Ok(see_other(&format!("/products/{id}")))
}
