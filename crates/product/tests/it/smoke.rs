//! The thin path.
use serde_json::json;

use crate::harness::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_added_and_listed() {
    let world = World::start().await;
    let category = world.post("/add-new-category", json!({"Name": "Tea"})).await.expect(201);
    let added = world.post("/add-new-product", json!({"Code": "T-1", "Name": "Assam", "Description": "Black", "Supplier": "Li", "CategoryId": category["CategoryId"], "Price": "3.50", "UnitsInStock": 10})).await.expect(201);
    assert_eq!(added["CategoryName"], "Tea");
    let all = world.get("/get-all-products").await.expect(200);
    assert_eq!(all["Items"], json!([added]));
    assert_eq!(world.get("/get-product-details?Code=T-1").await.expect(200), added);
    assert_eq!(world.get("/get-categories").await.expect(200)["Items"][0]["Products"], 1);
}
