//! Many products changed at once: what is too much is refused whole, never cut short.

use std::fmt::Write as _;

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

#[tokio::test]
async fn what_is_no_number_is_said_before_any_product_is_asked_for() {
    let manager = &mut Manager::at(&Asked::default()).await;
    let form = format!("Action=amount&Value=1%2C000{}", fields("Pick", 1, id));
    let said = manager.submit("/products/bulk", &form).await;
    assert!(said.contains("Nothing is changed. The value must be an amount"), "{said}");
}
