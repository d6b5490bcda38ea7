//! The picture of a product in the back office: choosing one, and what is said of a file that is none.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::stub::{Asked, Manager};

const PRODUCT: &str = "/products/01a20726-0000-7000-8000-000000000001";

/// What was sent: the query, the key, and the file.
type Sent = Arc<Mutex<Vec<(String, String, Bytes)>>>;

fn product(picture: &Value) -> Value {
    json!({
        "ProductId": "01a20726-0000-7000-8000-000000000001", "Code": "T-1", "Name": "Blue Teapot", "Description": "",
        "Supplier": "", "CategoryId": "01a20726-0000-7000-8000-000000000001", "CategoryName": "Kitchen", "Price": 19.99,
        "Currency": "EUR", "UnitsInStock": 10, "Available": 10, "Version": 1, "Picture": picture,
    })
}

fn picture() -> Value {
    let hash = "a".repeat(64);
    json!({ "Address": "/x", "Hash": hash, "Type": "image/png", "Width": 40, "Height": 24 })
}

async fn set(
    State(sent): State<Sent>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    file: Bytes,
) -> Response {
    let key = headers.get("idempotency-key").expect("a key").to_str().expect("ASCII").to_owned();
    sent.lock().expect("no test panics here").push((query.unwrap_or_default(), key, file.clone()));
    let refused = |status: StatusCode, detail: &str| {
        let errors = json!([{ "field": "Picture", "detail": detail }]);
        let problem = json!({ "type": "/problems/x", "title": "No", "errors": errors });
        (status, Json(problem)).into_response()
    };
    match &*file {
        b"a picture" => Json(product(&picture())).into_response(),
        b"long" => refused(StatusCode::PAYLOAD_TOO_LARGE, "must be at most 200 KB"),
        _ => refused(StatusCode::UNPROCESSABLE_ENTITY, "must be a PNG, JPEG or WebP file"),
    }
}

/// A manager in front of a shop with one product, which has this picture.
async fn manager(sent: &Sent, now: Value) -> Manager {
    let details = move || async move { Json(product(&now)) };
    let removed = || async { Json(product(&Value::Null)) };
    let some = Router::new()
        .route("/product/set-picture", post(set))
        .route("/product/remove-picture", post(removed))
        .route("/product/get-product-details", get(details))
        .with_state(Arc::clone(sent));
    Manager::over(&Asked::default(), some).await
}

#[tokio::test]
async fn a_file_is_handed_on_as_it_is_with_the_key_of_its_form() {
    let sent = Sent::default();
    let mut manager = manager(&sent, Value::Null).await;
    let page = manager.get(PRODUCT).await;
    assert!(
        page.contains("enctype=\"multipart/form-data\"") && page.contains("it is drawn"),
        "{page}"
    );
    assert!(!page.contains("Remove the picture"), "there is none");
    let parts = [("name=\"Key\"", "k1"), ("name=\"Picture\"; filename=\"x.exe\"", "a picture")];
    manager.send_parts(&format!("{PRODUCT}/picture"), &parts).await;
    let page = manager.get(PRODUCT).await;
    assert!(page.contains("“Blue Teapot” has its picture."), "{page}");
    let sent = sent.lock().expect("no test panics here").clone();
    let expected = "ProductId=01a20726-0000-7000-8000-000000000001".to_owned();
    assert_eq!(sent, [(expected, "k1".to_owned(), Bytes::from_static(b"a picture"))]);
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said_at_the_field_and_nothing_typed_is_mixed_up() {
    let mut manager = manager(&Sent::default(), Value::Null).await;
    for (file, said) in [
        ("<svg/>", "Must be a PNG, JPEG or WebP file."),
        ("long", "Must be at most 200 KB."),
        ("", "Choose a non-empty file."),
    ] {
        let parts = [("name=\"Key\"", "k1"), ("name=\"Picture\"; filename=\"x.png\"", file)];
        let page = manager.send_parts(&format!("{PRODUCT}/picture"), &parts).await;
        assert!(page.contains(said) && page.contains("aria-invalid=\"true\""), "{said}: {page}");
        assert!(page.contains(&format!(
            "<form class=\"panel\" method=\"post\" action=\"{PRODUCT}\" novalidate>"
        )));
        assert!(page.contains("value=\"Blue Teapot\""), "the other form is there as ever: {page}");
    }
}

#[tokio::test]
async fn a_picture_is_shown_and_can_be_removed() {
    let mut manager = manager(&Sent::default(), picture()).await;
    let page = manager.get(PRODUCT).await;
    let shown = format!("class=\"photo\" src=\"/pictures/{}/tea-", "a".repeat(64));
    assert!(page.contains(&shown) && page.contains("width=\"40\" height=\"24\""), "{page}");
    assert!(page.contains(&format!("formaction=\"{PRODUCT}/picture/remove\"")), "{page}");
    manager.send_parts(&format!("{PRODUCT}/picture/remove"), &[("name=\"Key\"", "k")]).await;
    let page = manager.get(PRODUCT).await;
    assert!(page.contains("now shows a generated drawing"), "{page}");
}
