//! Pictures of products: those that managers gave, and the drawn ones.

use hyper::StatusCode;
use serde_json::json;

use crate::{
    gateway::{Gateway, HASH, ORDER, PICTURE, PRODUCT, REVIEW, order},
    visitor::{Visitor, storefront},
};

/// The tag of the first picture on a page.
fn picture(html: &str) -> &str {
    let tag = html.split("<img ").find(|tag| tag.contains("src=\"/pictures/")).expect("a picture");
    tag.split('>').next().expect("a tag")
}

fn source(html: &str) -> &str {
    picture(html).split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a source")
}

#[tokio::test]
async fn a_given_picture_is_shown_wherever_the_drawn_one_was_and_keeps_its_place() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    gateway.order_goes_through(&[order("Finalized", "Committed", "Debited")]);
    let (product, placed) = (format!("/products/{PRODUCT}"), format!("/orders/{ORDER}"));
    let pages = ["/", "/search?Search=teapot", &*product, REVIEW, &*placed];
    for page in pages {
        let html = ada.get(page).await.html;
        let tag = picture(&html);
        assert!(tag.contains("width=\"400\" height=\"400\""), "{page}: {tag}");
    }
    gateway.give_picture();
    for page in pages {
        let html = ada.get(page).await.html;
        let tag = picture(&html);
        let given = format!("class=\"photo\" src=\"/pictures/{HASH}/tea-0-");
        assert!(
            tag.starts_with(&given) && tag.contains("width=\"800\" height=\"600\""),
            "{page}: {tag}"
        );
        let lazy = ["/search?Search=teapot", &placed].contains(&page);
        assert_eq!(tag.contains("loading=\"lazy\""), lazy || page == "/", "{page}: {tag}");
    }
}

#[tokio::test]
async fn a_given_picture_is_kept_for_good() {
    let gateway = Gateway::default();
    gateway.give_picture();
    let mut visitor = Visitor::new(storefront(&gateway));
    let page = visitor.get(&format!("/products/{PRODUCT}")).await.html;
    let answer = visitor.get(source(&page)).await;
    assert_eq!((answer.status, &*answer.html), (StatusCode::OK, PICTURE));
    let header = |name: &str| answer.headers[name].to_str().expect("text");
    assert_eq!(header("content-type"), "image/webp");
    assert_eq!(header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("default-src 'none'"));
    assert!(header("content-security-policy").contains("sandbox"));
    assert!(!answer.headers.contains_key("set-cookie"));
    let known = axum::extract::Request::get(source(&page)).header("if-none-match", header("etag"));
    let known = known.body(axum::body::Body::empty()).expect("a request");
    assert_eq!(visitor.send(known).await.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn where_a_picture_cannot_be_had_it_is_drawn_until_it_can() {
    let gateway = Gateway::default();
    gateway.give_picture();
    let mut visitor = Visitor::new(storefront(&gateway));
    let page = visitor.get(&format!("/products/{PRODUCT}")).await.html;
    // Also where something answers that is no picture.
    for (status, problem) in [(503, json!({})), (404, json!({})), (200, json!({ "script": 1 }))] {
        gateway.fail(status, problem);
        let answer = visitor.get(source(&page)).await;
        assert_eq!(answer.status, StatusCode::OK, "{status}");
        assert_eq!(answer.headers["content-type"], "image/svg+xml", "{status}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{status}");
        gateway.mend();
    }
    let found = visitor.get(source(&page)).await;
    assert_eq!(found.headers["content-type"], "image/webp");
    for nothing in [format!("/pictures/{HASH}/x.svg"), "/pictures/x/tea-0-000000.svg".to_owned()] {
        assert_eq!(visitor.get(&nothing).await.status, StatusCode::NOT_FOUND, "{nothing}");
    }
}
