//! What the gateway remembers of the positions that a token was shown.

use axum::{Router, extract::Request};
use identity::Role;
use kernel::Position;
use serde_json::Value;
use testkit::ModelAt;

use crate::shop::{Shop, echo, product};

#[tokio::test(start_paused = true)]
async fn a_token_carries_the_highest_position_it_was_shown() {
    let shop = Shop::open();
    let model = ModelAt::new(Position(5));
    shop.local("product", product(&shop, &model));
    shop.local("echo", echo());
    let ask = |path: &str, token: &str| {
        let mut request = Request::get(path);
        if !token.is_empty() {
            request = request.header("authorization", token);
        }
        shop.send(request, "")
    };
    let seen =
        async |token: &str| ask("/echo/x", token).await.body["Headers"]["agora-position"].clone();
    let (ann, berta) = (shop.token("ann", Role::Customer), shop.token("berta", Role::Customer));
    let (ann, berta) = (ann.as_str(), berta.as_str());
    assert_eq!(seen(ann).await, Value::Null);
    assert_eq!(ask("/product/get-products", ann).await.header("agora-position"), "5");
    model.set(Position(9));
    ask("/product/get-products", ann).await;
    model.set(Position(7));
    assert_eq!(seen(ann).await, "9");
    assert_eq!(seen(berta).await, Value::Null, "another token");
    ask("/product/get-products", "").await;
    assert_eq!(seen("").await, Value::Null, "without a token nothing is remembered");
    ask("/product/get-products", ann).await.problem(503);

    let with = |given: &'static str| {
        let request = Request::get("/echo/x").header("authorization", ann);
        shop.send(request.header("agora-position", given), "")
    };
    assert_eq!(with("12").await.body["Headers"]["agora-position"], "12", "a higher one stays");
    assert_eq!(with("3").await.body["Headers"]["agora-position"], "9", "a lower one is raised");
    assert_eq!(
        with("x").await.body["Headers"]["agora-position"],
        "x",
        "nonsense is the service's to refuse"
    );
}

#[tokio::test]
async fn a_token_that_no_service_has_checked_takes_no_room() {
    let shop = Shop::open();
    let model = ModelAt::new(Position(5));
    shop.local("product", product(&shop, &model));
    shop.local("echo", echo());
    let open = || async { ([("agora-position", "7")], "public") };
    shop.local("public", Router::new().fallback(open));
    let made_up = |path| shop.send(Request::get(path).header("authorization", "Bearer x"), "");
    assert_eq!(made_up("/product/get-products").await.status, 401);
    assert_eq!(made_up("/public/x").await.status, 200);
    assert_eq!(made_up("/echo/x").await.body["Headers"]["agora-position"], Value::Null);
    let known = shop.send(
        Request::get("/product/get-products")
            .header("authorization", shop.token("ann", Role::Customer)),
        "",
    );
    assert!(!known.await.headers.contains_key("agora-admitted"), "that is between us");
}
