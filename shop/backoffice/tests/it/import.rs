//! A file of products: who may send one, and what is no such file.

use std::fmt::Write as _;

use axum::{body::Body, extract::Request};
use hyper::{StatusCode, header::LOCATION};
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
        ("", "Must be chosen, and hold something."),
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
