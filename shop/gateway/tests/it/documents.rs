//! One document of all services, and the page to read it.

use std::{collections::BTreeSet, env, path::Path};

use axum::{Json, Router, body::Body, extract::Request, routing::get};
use kernel::Position;
use serde_json::{Value, json};
use testkit::ModelAt;

use crate::shop::{Shop, order, product};

async fn shop() -> Shop {
    let mut shop = Shop::open();
    let local = product(&shop, &ModelAt::new(Position(5)));
    shop.local("product", local);
    let remote = order(&shop);
    shop.remote("order", "1", remote).await;
    shop
}

#[tokio::test]
async fn the_documents_of_all_services_are_one() {
    let document = shop().await.get("/openapi.json").await.body;
    assert_eq!(document["openapi"], "3.1.0");
    let paths: Vec<_> = document["paths"].as_object().expect("paths").keys().collect();
    assert_eq!(
        paths,
        [
            "/order/get-products",
            "/product/get-products",
            "/system/get-status",
            "/system/get-timeline"
        ]
    );
    let shown = |path: &str, field: &str| {
        let answer = &document["paths"][path]["get"]["responses"]["200"]["content"];
        let schema = &answer["application/json"]["schema"]["$ref"];
        let schema = schema.as_str().expect("a reference").trim_start_matches('#');
        document.pointer(schema).expect("leads somewhere")["properties"][field].is_object()
    };
    assert!(shown("/order/get-products", "Number"), "each call keeps its own type");
    assert!(shown("/product/get-products", "Name"), "though both call it Item");
    assert_eq!(document["paths"]["/order/get-products"]["get"]["tags"][0], "order");

    let mut references = BTreeSet::new();
    gather(&document, "$ref", &mut references);
    assert!(references.len() > 5);
    for reference in references {
        assert!(
            document.pointer(reference.trim_start_matches('#')).is_some(),
            "{reference} leads nowhere"
        );
    }
    let mut ids = BTreeSet::new();
    gather(&document, "operationId", &mut ids);
    assert_eq!(ids.len(), 4, "each its own: {ids:?}");
}

#[tokio::test]
async fn a_service_that_is_down_is_left_out_of_the_document() {
    let shop = shop().await;
    shop.advance(std::time::Duration::from_secs(5));
    shop.announce("product", "1", store::Address::Local);
    let document = shop.get("/openapi.json").await.body;
    let paths: Vec<_> = document["paths"].as_object().expect("paths").keys().collect();
    assert_eq!(paths, ["/product/get-products", "/system/get-status", "/system/get-timeline"]);
}

#[tokio::test]
async fn a_service_that_answers_its_bare_prefix_is_shown_there() {
    let mut shop = shop().await;
    let document = json!({ "paths": { "/": { "get": {} }, "/of": { "get": {} } } });
    let sales = Router::new()
        .route("/", get(async || "sales"))
        .route("/openapi.json", get(async move || Json(document)));
    shop.remote("sales", "1", sales).await;
    let document = shop.get("/openapi.json").await.body;
    let paths: Vec<_> = document["paths"].as_object().expect("paths").keys().collect();
    let ours = ["/sales", "/sales/of"];
    assert!(ours.iter().all(|path| paths.iter().any(|shown| shown == path)), "{paths:?}");
    assert_eq!(shop.get("/sales").await.status.as_u16(), 200);
}

fn gather(value: &Value, name: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get(name).and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| gather(member, name, found));
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, name, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_page_works_without_any_other_server() {
    let shop = shop().await;
    for entrance in ["/docs", "/docs/", "/v1/docs"] {
        let answer = shop.get(entrance).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (307, "/docs/index.html"));
    }
    let page = shop.get("/docs/index.html").await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    let text = page.text().to_owned();
    assert!(!text.contains("//"), "the page loads nothing from elsewhere: {text}");
    let files = text
        .split(' ')
        .filter_map(|part| part.strip_prefix("src=\"").or(part.strip_prefix("href=\"")));
    let files = files.filter_map(|part| part.split('"').next());
    let files: Vec<_> = files.map(|file| file.trim_start_matches("./")).collect();
    assert!(files.len() >= 4, "{text}");
    for file in files {
        assert_eq!(shop.get(&format!("/docs/{file}")).await.status, 200, "{file}");
    }
    let start = shop.get("/docs/swagger-initializer.js").await;
    let start = start.text().to_owned();
    assert!(start.contains("/openapi.json"), "{start}");
    shop.get("/docs/nothing.js").await.problem(404);
    shop.get("/docs/..%2f..%2fetc%2fpasswd").await.problem(404);
}

/// Whether the program that is tested has the book: `cargo xtask book` built it before, and the feature is on. The suites of `cargo xtask
/// test` build it and say that it must be there; elsewhere its tests are skipped without it.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn has_the_book() -> bool {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("book/index.html");
    let has = cfg!(feature = "book") && book.exists();
    assert!(has || env::var_os("AGORA_TEST_BOOK").is_none(), "the book is not in this build");
    if !has {
        eprintln!("skipped: the book is not in this build; run `cargo xtask book` before it");
    }
    has
}

#[tokio::test]
async fn the_book_is_served_and_a_program_without_it_says_how_to_get_it() {
    let shop = Shop::open();
    for entrance in ["/docs/book", "/docs/book/"] {
        let answer = shop.get(entrance).await;
        let found = (answer.status.as_u16(), answer.header("location"));
        assert_eq!(found, (307, "/docs/book/index.html"));
    }
    let first = shop.get("/docs/book/index.html").await;
    assert_eq!(first.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(first.status, 200);
    if !has_the_book() {
        assert!(first.text().contains("cargo xtask book"), "{}", first.text());
        assert!(first.header("content-security-policy").contains("default-src 'none'"));
        return;
    }
    assert!(first.text().contains("<title>About this book"), "{}", first.text());
    let packed = Request::get("/docs/book/adr/index.html").header("accept-encoding", "gzip, br");
    let packed = shop.send(packed, Body::empty()).await;
    assert_eq!((packed.status.as_u16(), packed.header("content-encoding")), (200, "gzip"));
    assert_eq!(packed.header("vary"), "accept-encoding");
    let plain = shop.get("/docs/book/adr/index.html").await;
    assert!(packed.bytes.len() < plain.bytes.len() / 2);
    assert!(plain.text().contains("Decisions"));
    for missing in ["nothing.html", "..%2f..%2fetc%2fpasswd"] {
        shop.get(&format!("/docs/book/{missing}")).await.problem(404);
    }
}
