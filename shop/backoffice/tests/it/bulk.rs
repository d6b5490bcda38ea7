//! Many products changed at once: what is too much is refused whole, never cut short.

use std::fmt::Write as _;

use axum::{Json, Router, extract::Request, routing::get};
use serde_json::{Value, json};

use crate::stub::{Asked, Manager};

/// `name` so many times, each with another product.
fn fields(name: &str, count: u128, value: impl Fn(u128) -> String) -> String {
    (0..count).fold(String::new(), |mut form, number| {
        write!(form, "&{name}={}", value(number)).expect("a string grows");
        form
    })
}

fn id(number: u128) -> String {
    format!("{number:08}-0000-7000-8000-000000000000")
}

#[tokio::test]
async fn more_products_than_go_at_once_are_refused_before_any_is_changed() {
    let manager = &mut Manager::at(&Asked::default()).await;
    let picks = fields("Pick", 201, id);
    let said = manager.submit("/products/bulk", &format!("Action=stock&Value=5{picks}")).await;
    assert!(said.contains("At most 200 products can be changed at once"), "{said}");

    let steps = fields("Step", 201, |number| format!("{}~~stock~5~1~6", id(number)));
    let said = manager.submit("/products/bulk/change", &format!("Key=a-key{steps}")).await;
    assert!(said.contains("At most 200 products can be changed at once"), "{said}");
}

/// A product as the gateway answers it.
fn product(number: u128) -> Value {
    json!({
        "ProductId": id(number), "Code": null, "Name": format!("Tea {number}"), "Description": "", "Supplier": "",
        "CategoryId": id(1), "CategoryName": "Teas", "Price": 6.66, "Currency": "EUR", "UnitsInStock": 9, "Available": 9,
        "Version": 1, "Picture": null,
    })
}

/// A manager of a shop with two products; no call but those for lists may be made.
async fn manager(asked: &Asked) -> Manager {
    let products = async |_: Request| {
        Json(json!({ "Items": [product(1), product(2)], "Next": null, "Total": 2 }))
    };
    let categories = async || {
        Json(
            json!({ "Items": [{ "CategoryId": id(1), "Name": "Teas", "Products": 2 }], "Next": null }),
        )
    };
    let some = Router::new()
        .route("/product/get-all-products", get(products))
        .route("/product/get-products", get(products))
        .route("/product/get-categories", get(categories));
    Manager::over(asked, some).await
}

#[tokio::test]
async fn a_refused_change_is_said_at_its_field_and_what_was_picked_and_typed_stays() {
    let manager = &mut manager(&Asked::default()).await;
    let back = "Back=%2Fproducts%3Fq%3Dtea%26sort%3DPrice%26size%3D25";
    let form = format!("Action=amount&Value=1%2C000&Pick={}&{back}", id(2));
    let page = manager.submit("/products/bulk", &form).await;
    assert!(page.contains("Nothing is changed. The change below the list"), "{page}");
    let field = page.split("name=\"Value\"").nth(1).and_then(|rest| rest.split("</div>").next());
    let field = field.unwrap_or_else(|| panic!("{page}"));
    assert!(
        field.contains("value=\"1,000\"") && field.contains("aria-invalid=\"true\""),
        "{field}"
    );
    assert!(field.contains("Must be an amount such as 0.50 or -1."), "{field}");
    assert!(page.contains("<option value=\"amount\" selected>"), "{page}");
    let picked = |number| page.contains(&format!("value=\"{}\" checked", id(number)));
    assert!(picked(2) && !picked(1), "{page}");
    // The list is still the same one.
    assert!(page.contains("<option value=\"Price\" selected>"), "{page}");
    assert!(page.contains("name=\"q\" value=\"tea\""), "{page}");
    assert!(page.contains("value=\"/products?q=tea&#38;sort=Price&#38;size=25\""), "{page}");
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once() {
    let manager = &mut manager(&Asked::default()).await;
    let page = manager.submit("/products/bulk", "Action=percent&Value=lots").await;
    assert!(page.contains("Pick products first"), "{page}");
    assert!(page.contains("Must be a percentage such as 5 or -2.5."), "{page}");
    let page = manager.submit("/products/bulk", "Action=category&CategoryId=nowhere").await;
    assert!(page.contains("id=\"error-CategoryId\""), "{page}");
}
