//! Benchmarks of the storefront alone: a request to a gateway that answers at once, parsing the response, and rendering.

use std::{hint::black_box, sync::Arc};

use axum::{Json, Router, body::Body, extract::Request, routing::get};
use criterion::{Criterion, criterion_group, criterion_main};
use http_body_util::BodyExt;
use kernel::Ids;
use runtime::clock::SystemClock;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use web::TrustedProxies;

const PRODUCT: &str = "01a20726-0000-7000-8000-000000000001";

fn product(number: usize) -> Value {
    json!({
        "ProductId": PRODUCT, "Code": number.to_string(), "Name": format!("Tomatoes: Stewed/Diced {number} OZ"),
        "Description": "Grocery / Vegetables - Shelf Stable", "Supplier": "Private 69", "CategoryId": PRODUCT,
        "CategoryName": "Vegetables - Shelf Stable", "Price": 19.99, "Currency": "EUR", "UnitsInStock": 10,
        "Available": 10, "Version": 0,
    })
}

fn storefront() -> Router {
    let one = product(1);
    let many = json!({ "Items": (0..24).map(product).collect::<Vec<_>>(), "Next": "cursor" });
    let category = |number: usize| json!({ "CategoryId": PRODUCT, "Name": format!("Category {number}"), "Products": number });
    let categories = json!({ "Items": (1..257).map(category).collect::<Vec<_>>(), "Next": null });
    let gateway = Router::new()
        .route("/product/get-product-details", get(async move || Json(one.clone())))
        .route("/product/get-all-products", get(async move || Json(many.clone())))
        .route("/product/get-categories", get(async move || Json(categories.clone())));
    storefront::build(storefront::Config {
        gateway: site::Gateway::Local(gateway),
        clock: Arc::new(SystemClock),
        ids: Arc::new(Ids::from_seed([3; 32])),
        secret: [7; 32],
        proxies: TrustedProxies::default(),
        streams: web::Streams::default(),
        secure_cookies: false,
        shutdown: CancellationToken::new(),
    })
}

fn pages(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let site = storefront();
    let product = format!("/products/{PRODUCT}");
    for (name, address) in [("product", product.as_str()), ("search", "/search"), ("home", "/")] {
        criterion.bench_function(name, |bench| {
            bench.iter(|| {
                let request = Request::get(address).body(Body::empty()).expect("a request");
                let page = runtime.block_on(async {
                    let response = site.clone().oneshot(request).await.expect("never fails");
                    assert!(response.status().is_success());
                    response.into_body().collect().await.expect("a whole body").to_bytes()
                });
                black_box(page)
            });
        });
    }
}

criterion_group!(benches, pages);
criterion_main!(benches);
