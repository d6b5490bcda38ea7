//! Importing a file of products: who may upload one, which files are refused, and what a second try does.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use hyper::{HeaderMap, StatusCode, header::LOCATION};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    office,
    stub::{Asked, Manager},
};

const COLUMNS: &str = "ProductCode,Name,Description,Supplier,Category,PriceMinor,UnitsInStock\n";

#[tokio::test]
async fn what_is_no_file_of_products_is_said_at_the_field() {
    let manager = &mut Manager::at(&Asked::default()).await;
    let many = (0..2_001).fold(COLUMNS.to_owned(), |mut file, row| {
        writeln!(file, "C-{row},Cup,,,Kitchen,100,1").expect("a string grows");
        file
    });
    for (file, said) in [
        ("", "Choose a non-empty file."),
        (COLUMNS, "Has no rows after the first line."),
        ("Name\nCup\n", "Cannot be read: these columns are missing: ProductCode, Description"),
        ("ProductCode,\"Name\nCup\n", "Cannot be read: line 1: a quote that begins here"),
        (&many, "Has 2,001 rows, and this page takes 2,000: split it"),
    ] {
        let page = manager.upload("/products/import", ("File", file)).await;
        assert!(page.contains(said), "{said}: {page}");
    }
    let file = format!("{COLUMNS}{}", "x".repeat(1024 * 1024));
    let page = manager.upload("/products/import", ("File", &file)).await;
    assert!(page.contains("at most 64 KiB, or 1 MiB with a file"), "{page}");
    let page = manager.upload("/products/import/change", ("File", COLUMNS)).await;
    assert!(page.contains("This request makes no sense here"), "{page}");
}

#[tokio::test]
async fn a_file_of_a_visitor_who_is_not_logged_in_is_not_even_read() {
    // A body that never comes.
    let body = Body::from_stream(futures_util::stream::pending::<Result<String, std::io::Error>>());
    let upload = Request::post("/products/import");
    let upload = upload.header("content-type", "multipart/form-data; boundary=x").body(body);
    let answer = office().oneshot(upload.expect("a request")).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let location = answer.headers().get(LOCATION).expect("a way on").as_bytes();
    assert!(location.starts_with(b"/login"), "{location:?}");
}

/// The categories of a shop that refuses "Bad", does not answer the first time it is asked for "Late", and has had "There" added by
/// another manager just now.
#[derive(Clone, Default)]
struct Categories(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    added: Vec<String>,
    /// What each idempotency key was used for.
    keys: BTreeMap<String, String>,
    asked_late: bool,
}

fn category(name: &str) -> Value {
    json!({ "CategoryId": "0190c7f2-8b1e-7c3a-9f00-1234567890ab", "Name": name, "Products": 0 })
}

async fn add(
    State(Categories(known)): State<Categories>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let mut known = known.lock().expect("no test panics here");
    let name = body.get("Name").and_then(Value::as_str).expect("a name").to_owned();
    let key = headers.get("idempotency-key").expect("a key").to_str().expect("ASCII").to_owned();
    if name == "Late" && !std::mem::replace(&mut known.asked_late, true) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let problem = |status: u16, detail: &str| {
        let status = StatusCode::from_u16(status).expect("a status");
        let kind = [("content-type", "application/problem+json")];
        let body = json!({ "type": "about:blank", "title": "No", "status": status.as_u16(), "detail": detail });
        (status, kind, body.to_string()).into_response()
    };
    if known.keys.entry(key).or_insert_with(|| name.clone()) != &name {
        return problem(422, "The key was used for another request.");
    }
    match name.as_str() {
        "Bad" => problem(422, "It is bad."),
        "There" => {
            known.added.push(name);
            problem(409, "There is one of that name.")
        }
        _ => {
            let answer = category(&name);
            known.added.push(name);
            Json(answer).into_response()
        }
    }
}

async fn list(State(Categories(known)): State<Categories>) -> Json<Value> {
    let known = known.lock().expect("no test panics here");
    let items: Vec<Value> = known.added.iter().map(|name| category(name)).collect();
    Json(json!({ "Items": items, "Next": null }))
}

async fn product(Json(body): Json<Value>) -> Json<Value> {
    Json(json!({
        "ProductId": "0190c7f2-8b1e-7c3a-9f00-1234567890ac", "Code": body.get("Code"), "Name": body.get("Name"), "Description": "",
        "Supplier": "", "CategoryId": body.get("CategoryId"), "CategoryName": "", "Price": 1.0, "Currency": "EUR",
        "UnitsInStock": 1, "Available": 1, "Version": 1,
    }))
}

#[tokio::test]
async fn a_category_that_fails_concerns_its_own_rows_and_a_second_try_adds_what_was_missed() {
    let gateway = Router::new()
        .route("/product/add-new-category", post(add))
        .route("/product/get-categories", get(list))
        .route("/product/add-new-product", post(product))
        .with_state(Categories::default());
    let manager = &mut Manager::over(&Asked::default(), gateway).await;
    let rows = ["Bad", "Early", "Late", "There"]
        .map(|name| format!("C-{name},{name} cup,,,{name},100,1\n"));
    let rows = format!("{COLUMNS}{}", rows.concat());
    let form = [("name=\"Key\"", "the-key"), ("name=\"Rows\"", &rows)];

    let page = manager.send_parts("/products/import/change", &form).await;
    assert!(page.contains("2 of 4 products are as in the file"), "{page}");
    assert!(page.contains("The shop refuses its category: It is bad."), "{page}");
    assert_eq!(page.matches("The shop did not answer.").count(), 1, "{page}");
    let page = manager.send_parts("/products/import/change", &form).await;
    assert!(page.contains("3 of 4 products are as in the file"), "{page}");
    assert!(!page.contains("The shop did not answer."), "{page}");
}
