//! Lists: order, search, pages, and what is kept of them.

use serde_json::{Value, json};

use crate::harness::World;

/// Three teas: names, prices, ages and stock in different orders.
async fn three_teas() -> World {
    let world = World::with_tea().await;
    for (code, name, price, units) in
        [("T-1", "Rize", "2.00", 5), ("T-2", "assam", "9.00", 1), ("T-3", "Ceylon", "5.00", 9)]
    {
        let mut request = world.new_product(code, name, units);
        request["Price"] = json!(price);
        world.post("/add-new-product", request).await.expect(201);
    }
    world
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["Items"].as_array().expect("a list");
    items.iter().map(|item| item["Name"].as_str().expect("a name")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn products_come_in_the_order_asked_for() {
    let world = three_teas().await;
    for (sort, expected) in [
        ("", ["assam", "Ceylon", "Rize"]),
        ("?Sort=Name", ["assam", "Ceylon", "Rize"]),
        ("?Sort=Price", ["Rize", "Ceylon", "assam"]),
        ("?Sort=-Price", ["assam", "Ceylon", "Rize"]),
        ("?Sort=Newest", ["Ceylon", "assam", "Rize"]),
        ("?Sort=Available", ["Ceylon", "Rize", "assam"]),
        ("?Sort=-Available", ["assam", "Rize", "Ceylon"]),
    ] {
        let list = world.get(&format!("/get-all-products{sort}")).await.expect(200);
        assert_eq!(names(&list), expected, "{sort}");
        let mut paged = Vec::new();
        let mut next = Value::String(String::new());
        while let Some(after) = next.as_str() {
            let start = if sort.is_empty() { "?" } else { "&" };
            let after = if after.is_empty() { String::new() } else { format!("&After={after}") };
            let path = format!("/get-products{sort}{start}Limit=1{after}");
            let page = world.get(&path).await.expect(200);
            paged.extend(names(&page).into_iter().map(str::to_owned));
            next = page["Next"].clone();
        }
        assert_eq!(paged, expected, "{sort}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn best_sellers_are_what_was_sold_most_and_nothing_that_never_was() {
    let world = three_teas().await;
    let tea = async |code: &str| {
        world.get(&format!("/get-product-details?Code={code}")).await.expect(200)
    };
    let (rize, assam) = (tea("T-1").await, tea("T-2").await);
    for (number, product, quantity) in [(1, &assam, 1), (2, &rize, 3)] {
        world.order(number, product, quantity).await;
        world.finalize(number, product, quantity).await;
    }
    world.settle().await;
    for (query, expected) in [
        ("Sort=Sold", &["Rize", "assam", "Ceylon"][..]),
        ("Sort=Sold&Sold=true", &["Rize", "assam"]),
        ("Sort=Sold&Sold=true&InStock=true", &["Rize"]),
        ("Sold=true", &["assam", "Rize"]),
    ] {
        let list = world.get(&format!("/get-all-products?{query}")).await.expect(200);
        assert_eq!(names(&list), expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_parts_of_words_whatever_their_case() {
    let world = three_teas().await;
    for (search, expected) in [
        ("ASS", &["assam"][..]),
        ("t-3", &["Ceylon"]),
        ("teehaus%20li", &["assam", "Ceylon", "Rize"]),
        ("x", &[]),
    ] {
        let list = world.get(&format!("/get-all-products?Search={search}")).await.expect(200);
        assert_eq!(names(&list), expected, "{search}");
    }
    let all = world.get("/get-all-products?Search=").await.expect(200);
    assert_eq!(names(&all).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_order_is_refused() {
    let world = three_teas().await;
    let page = world.get("/get-all-products?Sort=Price&Limit=1").await.expect(200);
    let next = page["Next"].as_str().expect("there is more");
    let path = format!("/get-all-products?Sort=Newest&After={next}");
    assert_eq!(world.get(&path).await.expect(422)["errors"][0]["field"], "After");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_list_is_given_out_until_something_changes() {
    let world = three_teas().await;
    let first = world.get("/get-all-products").await;
    let etag = first.header("etag");
    let again = || world.ask("GET", "/get-all-products").header("if-none-match", etag).send();
    assert_eq!(again().await.status, 304);
    world.product("T-4", "Darjeeling", 1).await;
    let after = again().await;
    assert_ne!(after.header("etag"), etag);
    assert_eq!(names(&after.expect(200)), ["assam", "Ceylon", "Darjeeling", "Rize"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_come_by_name_and_by_pages() {
    let world = World::with_tea().await;
    for name in ["soap", "Oil"] {
        world.post("/add-new-category", json!({ "Name": name })).await.expect(201);
    }
    let first = world.get("/get-categories?Limit=2").await.expect(200);
    assert_eq!(names(&first), ["Oil", "soap"]);
    let next = first["Next"].as_str().expect("there is more");
    let last = world.get(&format!("/get-categories?Limit=2&After={next}")).await.expect(200);
    assert_eq!((names(&last), &last["Next"]), (vec!["Tea"], &Value::Null));
    assert_eq!(names(&world.get("/get-categories?Search=OA").await.expect(200)), ["soap"]);
    for (query, total) in [("Limit=1", 3), ("Search=OA", 1), ("Search=nothing", 0)] {
        let path = format!("/get-categories?Count=true&{query}");
        assert_eq!(world.get(&path).await.expect(200)["Total"], total, "{query}");
    }
}
