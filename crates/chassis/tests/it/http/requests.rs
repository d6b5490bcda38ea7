//! What a request may say, and what it is told when it may not.

use super::shop::Shop;

#[tokio::test]
async fn a_document_for_a_look() {
    let shop = Shop::open();
    println!("{}", serde_json::to_string_pretty(&shop.get("/openapi.json").await.json()).unwrap());
    println!("{}", shop.get("/").await.json());
    let answer = shop.post("/get-items", r#"{"Name":"a","Price":19.99}"#).await;
    println!("{}", answer.json());
    let answer = shop.post("/get-items", r#"{"Name":"a","Price":1.999}"#).await;
    println!("{}", answer.json());
    let answer = shop.post("/get-items", r#"{"Name":"a","Price":1, "X":1}"#).await;
    println!("{}", answer.json());
    let answer = shop.post("/get-items", r#"{"Name":"a","Price":1, "Tags":[{"Label":4}]}"#).await;
    println!("{}", answer.json());
    let answer = shop.post("/get-items", r#"{"Name":"a","Price":1, "Tags":[{}]}"#).await;
    println!("{}", answer.json());
    let answer = shop.post("/get-items", r#"{"Name":"a","Price":1, "Price":[{}]}"#).await;
    println!("{}", answer.json());
    let answer = shop.send(axum::http::Request::delete("/get-items"), "").await;
    println!("{} {:?}", answer.json(), answer.headers);
    let answer = shop.send(axum::http::Request::head("/get-items"), "").await;
    println!("{:?} {:?}", answer.body, answer.headers);
    let answer = shop.send(axum::http::Request::head("/nowhere"), "").await;
    println!("{:?} {:?}", answer.body, answer.headers);
    println!("{}", shop.metrics.encode());
}
