//! What an announcement can and cannot do.

use store::Address;

use crate::shop::{Shop, announcement, named};

#[tokio::test]
async fn a_prefix_is_answered_by_the_service_of_its_name_alone() {
    let shop = Shop::open();
    shop.local("product", named("product"));
    shop.gateway.register("loyalty", named("stolen"));
    let mut said = announcement("loyalty", "1", Address::Local);
    said.routes = ["/customer", "/product", "/loyalty", "/"].map(str::to_owned).to_vec();
    shop.gateway.learn(said.into());
    for _ in 0..4 {
        assert_eq!(shop.get("/product/x").await.text(), "product");
    }
    shop.get("/customer/login-user").await.problem(404);
    assert_eq!(shop.get("/loyalty/x").await.text(), "stolen", "its own");
    let root = shop.get("/").await.body;
    let routes: Vec<_> = root["Services"].as_array().expect("services").iter().collect();
    assert_eq!(routes[0]["Routes"], serde_json::json!(["/loyalty"]), "{root}");
}

#[tokio::test]
async fn names_of_the_gateways_own_routes_lead_to_no_service() {
    let shop = Shop::open();
    for name in ["system", "health", "docs", "v1"] {
        shop.local(name, named("stolen"));
        assert_ne!(shop.get(&format!("/{name}/x")).await.text(), "stolen", "{name}");
    }
}

#[tokio::test]
async fn only_the_base_of_an_http_url_is_asked() {
    let mut shop = Shop::open();
    let real = shop.remote("product", "real", named("product")).await;
    for (instance, address) in [
        format!("http://user@{real}"),
        format!("http://{real}/admin"),
        format!("http://{real}/?x=1"),
        format!("https://{real}"),
        "http://169.254.169.254".to_owned(),
        "http://0.0.0.0:1".to_owned(),
        "http://[fe80::1]:1".to_owned(),
        "http://[::ffff:169.254.169.254]:1".to_owned(),
        "http://255.255.255.255:1".to_owned(),
        "http://".to_owned(),
        "file:///etc/passwd".to_owned(),
        real.to_string(),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("guest{instance}");
        shop.announce(&name, "1", Address::Http(address.clone()));
        shop.get(&format!("/{name}/x")).await.problem(404);
    }
    shop.announce("sales", "1", Address::Http(format!("http://{real}/")));
    assert_eq!(shop.get("/sales/x").await.text(), "product");
    assert_eq!(shop.get("/product/x").await.text(), "product");
}

#[tokio::test]
async fn a_service_of_countless_instances_leaves_room_for_others() {
    let shop = Shop::open();
    for instance in 0..2000 {
        shop.announce("loyalty", &instance.to_string(), Address::Local);
    }
    shop.local("product", named("product"));
    assert_eq!(shop.get("/product/x").await.text(), "product");
}
