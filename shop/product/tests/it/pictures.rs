//! Pictures of products: given, shown, taken away, and where their bytes are.

use std::sync::Arc;

use contracts::picture::{self, BYTES_MAX, Hash};
use identity::Role::{Customer, Manager};
use product::Model;
use runtime::Tasks;
use serde_json::{Value, json};
use testing::{Answer, Ask};

use crate::harness::World;

const PNG: &[u8] = include_bytes!("../data/plain.png");
const JPEG: &[u8] = include_bytes!("../data/baseline.jpg");

fn text<'a>(product: &'a Value, field: &str) -> &'a str {
    product[field].as_str().unwrap_or_else(|| panic!("no {field} in {product}"))
}

fn asked(world: &World, product: &str) -> Ask {
    world.ask_as(Manager, "POST", &format!("/set-picture?ProductId={product}"))
}

async fn set(world: &World, product: &Value, file: &[u8]) -> Answer {
    asked(world, text(product, "ProductId")).raw(file.to_vec()).send().await
}

/// A file of a good picture that is so long.
fn long(bytes: usize) -> Vec<u8> {
    let (start, end) = PNG.split_at(PNG.len() - 12);
    let filling = bytes - PNG.len() - 12;
    let length = u32::try_from(filling).expect("it is short").to_be_bytes();
    [start, &length, b"teXt", &vec![b' '; filling], &[0; 4], end].concat()
}

async fn stored(world: &World) -> usize {
    let events = world.events().await;
    events.iter().filter(|event| event.stream.category() == picture::CATEGORY).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_given_shown_replaced_and_taken_away() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    let given = set(&world, &product, PNG).await.expect(200);
    let hash = Hash(*blake3::hash(PNG).as_bytes());
    let expected = json!({
        "Address": format!("/product/get-picture/{hash}"), "Hash": hash.to_string(), "Type": "image/png",
        "Width": 40, "Height": 24,
    });
    assert_eq!((&given["Picture"], &given["Version"]), (&expected, &json!(2)));
    for path in
        ["/get-product-details?Code=T-1", "/get-all-products", "/get-all-products?Search=assam"]
    {
        let found = world.get(path).await.expect(200);
        assert_eq!(found.get("Items").map_or(&found, |items| &items[0]), &given, "{path}");
    }

    let picture = world.get(&format!("/get-picture/{hash}")).await;
    assert_eq!((picture.status.as_u16(), &*picture.bytes), (200, PNG));
    for (header, value) in [
        ("content-type", "image/png"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("etag", &format!("\"{hash}\"")),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(picture.header(header), value, "{header}");
    }
    let policy = picture.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    let again = world.ask("GET", &format!("/get-picture/{hash}"));
    let again = again.header("if-none-match", &format!("\"{hash}\"")).send().await;
    assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));

    let other = set(&world, &product, JPEG).await.expect(200);
    assert_eq!((&other["Picture"]["Type"], &other["Version"]), (&json!("image/jpeg"), &json!(3)));
    let remove = json!({"ProductId": product["ProductId"]});
    let removed = world.post("/remove-picture", remove.clone()).await.expect(200);
    assert_eq!((removed.get("Picture"), &removed["Version"]), (None, &json!(4)));
    let nothing = world.post("/remove-picture", remove).await.expect(200);
    assert_eq!(nothing, removed, "there was none to be removed");
    // Who still shows a page from before finds what is on it.
    assert_eq!(world.get(&format!("/get-picture/{hash}")).await.status.as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_are_recorded_once_and_apart_from_products() {
    let world = World::with_tea().await;
    let (tea, other) =
        (world.product("T-1", "Assam", 1).await, world.product("T-2", "Rize", 1).await);
    let file = long(50_000);
    for product in [&tea, &other, &tea] {
        set(&world, product, &file).await.expect(200);
    }
    world.settle().await;
    assert_eq!(stored(&world).await, 1, "the same file is the same picture");
    let events = world.events().await;
    let of_products = events.iter().filter(|event| event.stream.category() == "product");
    for event in of_products {
        assert!(event.data.get().len() < 400, "{}", event.data.get());
    }
    let rows = testing::dump(&world.service).await.concat();
    assert!(rows.len() < 10_000, "{} characters of rows", rows.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_is_refused_and_not_recorded() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 1).await;
    let (gif, svg) =
        (include_bytes!("../data/other.gif").as_slice(), b"<svg xmlns='x'/>".as_slice());
    let polyglot = [PNG, b"PK\x03\x04"].concat();
    for (file, says) in [
        (gif, "PNG, JPEG or WebP"),
        (svg, "PNG, JPEG or WebP"),
        (b"", "empty"),
        (&PNG[..20], "complete"),
        (&polyglot, "behind"),
        (include_bytes!("../data/animated.webp"), "animated"),
        (include_bytes!("../data/wide.png"), "4097 × 16"),
    ] {
        let problem = set(&world, &product, file).await.expect(422);
        assert_eq!(problem["errors"][0]["field"], "Picture", "{problem}");
        let detail = problem["errors"][0]["detail"].as_str().expect("a detail");
        assert!(detail.contains(says), "{detail}");
    }
    let declared = asked(&world, text(&product, "ProductId")).header("content-type", "image/png");
    declared.raw(svg.to_vec()).send().await.expect(422);

    let problem = set(&world, &product, &long(BYTES_MAX + 1)).await.expect(413);
    assert_eq!(
        problem["errors"],
        json!([{"field": "Picture", "detail": "must be at most 200 KB"}])
    );
    assert_eq!(stored(&world).await, 0);
    let longest = set(&world, &product, &long(BYTES_MAX)).await.expect(200);
    let path = text(&longest["Picture"], "Address").replace("/product", "");
    assert_eq!(world.get(&path).await.bytes.len(), BYTES_MAX);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_managers_give_pictures_and_only_to_products_that_are_there() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 1).await;
    let id = text(&product, "ProductId");
    let path = format!("/set-picture?ProductId={id}");
    world.ask("POST", &path).raw(PNG).send().await.expect(401);
    world.ask_as(Customer, "POST", &path).raw(PNG).send().await.expect(403);
    let remove = json!({"ProductId": id});
    world.ask("POST", "/remove-picture").json(&remove).send().await.expect(401);
    world.ask_as(Customer, "POST", "/remove-picture").json(&remove).send().await.expect(403);

    let nowhere = "0190c7f2-8b1e-7c3a-9f00-1234567890ab";
    asked(&world, nowhere).raw(PNG).send().await.expect(404);
    world.post("/remove-picture", json!({"ProductId": nowhere})).await.expect(404);
    let problem = asked(&world, "x").raw(PNG).send().await.expect(422);
    assert_eq!(problem["errors"][0]["field"], "ProductId");
    let problem = world.ask_as(Manager, "POST", "/set-picture").raw(PNG).send().await.expect(422);
    assert_eq!(problem["errors"][0]["field"], "ProductId");
    assert_eq!(stored(&world).await, 0);

    world.get(&format!("/get-picture/{}", "0".repeat(64))).await.expect(404);
    for bad in ["x", "..", &"A".repeat(64), &"0".repeat(63)] {
        let problem = world.get(&format!("/get-picture/{bad}")).await.expect(422);
        assert_eq!(problem["errors"][0]["field"], "Hash", "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_sent_again_acts_once_also_when_the_product_is_gone() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 1).await;
    let keyed = async |file: &[u8]| {
        let asked = asked(&world, text(&product, "ProductId")).header("idempotency-key", "k");
        asked.raw(file.to_vec()).send().await
    };
    let first = keyed(PNG).await;
    let (position, first) = (first.position, first.expect(200));
    world.post("/remove-picture", json!({"ProductId": product["ProductId"]})).await.expect(200);
    let again = keyed(PNG).await;
    assert_eq!((again.position, again.expect(200)), (position, first.clone()));
    let problem = keyed(JPEG).await.expect(422);
    assert_eq!(problem["errors"][0]["field"], "Idempotency-Key");
    world.post("/delete-product", json!({"ProductId": product["ProductId"]})).await.expect(200);
    assert_eq!(keyed(PNG).await.expect(200), first);
    set(&world, &product, PNG).await.expect(404);
}

/// As after a backup was restored: nothing but the log is needed.
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_comes_back_from_the_log() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    let given = set(&world, &product, PNG).await.expect(200);
    let changed = json!({"ProductId": product["ProductId"], "Name": "Ceylon", "UnitsInStock": 3});
    let changed = world.post("/update-product", changed).await.expect(200);
    assert_eq!(changed["Picture"], given["Picture"], "other changes leave it, an import too");
    world.settle().await;

    let model: Arc<dyn Model> =
        product::open_model(testing::in_memory(), &Tasks::new()).await.expect("a new database");
    assert_eq!(world.rebuilt(&model, product::project).await, testing::dump(&world.service).await);
    let world = world.reopened().await;
    assert_eq!(world.get("/get-product-details?Code=T-1").await.expect(200), changed);
    let path = text(&given["Picture"], "Address").replace("/product", "");
    assert_eq!(&*world.get(&path).await.bytes, PNG);

    world.post("/delete-product", json!({"ProductId": product["ProductId"]})).await.expect(200);
    let back = world.product("T-1", "Assam", 1).await;
    assert_eq!(back.get("Picture"), None, "a product that is added again is a new one");
}

#[tokio::test(flavor = "multi_thread")]
async fn as_of_answers_with_the_picture_of_then() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    let given = set(&world, &product, PNG).await;
    let (then, given) = (given.position.expect("a position").0, given.expect(200));
    set(&world, &product, JPEG).await.expect(200);
    let id = text(&product, "ProductId");
    let as_of = async |position: u64| {
        let path = format!("/get-product-details?ProductId={id}&AsOf={position}");
        world.ask_as(Manager, "GET", &path).send().await.expect(200)
    };
    assert_eq!(as_of(then).await, given);
    assert_eq!(as_of(then - 2).await, product, "before the picture and its bytes");
}
