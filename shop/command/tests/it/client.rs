//! What all tools share: logging in, retrying, and reporting errors.

use crate::{
    run::{agora, folder, output, program},
    stub::{Fault, PASSWORD, Stub},
};

const PRODUCTS: &str = "ProductCode,Name,Description,Supplier,Category,PriceMinor,UnitsInStock\n\
    a1,Ale,Dark,Abbey,Drinks,250,3\nb2,Bread,,,Food,199,4\n";

#[tokio::test]
async fn a_busy_shop_and_lost_answers_are_met_with_the_same_request_again() {
    let stub = Stub::start().await;
    // So many that one of two products loses its answer again and again.
    let (busy, lost) = (Fault::Busy, Fault::AnswerLost);
    let faults = [busy, lost, lost, busy, lost, lost, lost];
    stub.shop().faults = faults.map(|fault| ("add-new-product", fault)).into();
    let dir = folder(&[("products.csv", PRODUCTS)]);
    agora(&stub, ["import".as_ref(), dir.path().as_os_str()]).await.expect_code(0);
    let shop = stub.shop();
    assert!(shop.faults.is_empty(), "all of them happened");
    assert_eq!(shop.products.len(), 2);
    let keys: Vec<_> = shop
        .requests
        .iter()
        .filter(|(_, path, _)| path.ends_with("add-new-product"))
        .map(|(_, _, key)| key)
        .collect();
    assert_eq!(keys.len(), 9, "two products and seven repetitions");
    let distinct: std::collections::HashSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), 2, "a repetition carries the key of the first attempt: {keys:?}");
    assert!(keys.iter().all(|key| !key.is_empty()));
}

#[tokio::test]
async fn the_position_of_each_answer_is_handed_on_with_the_next_request() {
    let stub = Stub::start().await;
    let dir = folder(&[("products.csv", PRODUCTS)]);
    agora(&stub, ["import".as_ref(), dir.path().as_os_str()]).await.expect_code(0);
    let positions: Vec<_> = stub.shop().positions.iter().map(|(_, position)| *position).collect();
    let expected = [None, Some(1), Some(2), Some(3), Some(4)];
    assert_eq!(
        positions.get(..5),
        Some(&expected[..]),
        "log-in, categories and two new ones, products"
    );
}

#[tokio::test]
async fn orders_hand_on_where_the_run_began_and_do_not_wait_for_each_other() {
    let stub = Stub::start().await;
    let product =
        serde_json::json!({ "Code": "tea", "Name": "Tea", "Price": 1.00, "UnitsInStock": 9 });
    stub.shop().add_product(&product);
    stub.shop().add_customer("ada", &serde_json::json!(9.00));
    let rows = format!("UserName,ProductCode,Quantity\n{}", "ada,tea,1\n".repeat(5));
    let dir = folder(&[("orders.csv", &rows)]);
    let one_after_another = ["--concurrency", "1"].map(AsRef::as_ref);
    let replay = ["replay".as_ref(), dir.path().as_os_str()].into_iter().chain(one_after_another);
    agora(&stub, replay).await.expect_code(0);
    let shop = stub.shop();
    let placed = shop.positions.iter().filter(|(path, _)| path.ends_with("place-order"));
    let placed: Vec<_> = placed.map(|(_, position)| *position).collect();
    assert_eq!(placed, [Some(3); 5], "after the log-in, the products and the stream");
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_and_the_request_repeated() {
    let stub = Stub::start().await;
    stub.shop().faults = [("get-categories", Fault::Expired)].into();
    let dir = folder(&[("products.csv", PRODUCTS)]);
    agora(&stub, ["import".as_ref(), dir.path().as_os_str()]).await.expect_code(0);
    assert_eq!(stub.shop().count("/customer/login-user"), 2);
    assert_eq!(stub.shop().products.len(), 2);
}

#[tokio::test]
async fn a_refused_client_is_told_why() {
    let stub = Stub::start().await;
    let mut command = program();
    command.args(["events", "--url", &stub.url]).env("AGORA_ADMIN_PASSWORD", "wrong");
    let ran = output(&mut command).await.expect_code(1);
    let said = "agora: logging in as admin failed: 401 Unauthorized: wrong user name or password (request r-1)\n";
    assert_eq!(ran.stderr, said);
    assert_eq!(stub.shop().count("/customer/login-user"), 1, "a wrong password is not tried again");
}

#[tokio::test]
async fn the_password_may_stand_in_a_file() {
    let stub = Stub::start().await;
    let dir = folder(&[("password", &format!("{PASSWORD}\n"))]);
    let mut command = program();
    command.args(["events", "--url", &stub.url]);
    command.env("AGORA_ADMIN_PASSWORD_FILE", dir.path().join("password"));
    output(&mut command).await.expect_code(0);
}

#[tokio::test]
async fn where_no_shop_is_the_tool_says_so_at_once() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", nobody.local_addr().expect("it is bound"));
    drop(nobody);
    for (url, said) in [
        (url.as_str(), "nothing answers at http://127.0.0.1:"),
        ("https://shop", "does not begin with http://"),
        ("shop:8080", "does not begin with http://"),
    ] {
        let mut command = program();
        command.args(["events", "--url", url]).env("AGORA_ADMIN_PASSWORD", PASSWORD);
        let ran = output(&mut command).await.expect_code(1);
        assert!(ran.stderr.contains(said), "{ran:?}");
    }
}

#[tokio::test]
async fn wrong_usage_has_an_exit_code_of_its_own() {
    for args in [
        ["replay", ".", "--concurrency", "0"],
        ["bench", "--hot", "1.5", "--json"],
        ["bench", "--open-loop", "0", "--json"],
        ["bench", "--zipf", "steep", "--json"],
    ] {
        output(program().args(args)).await.expect_code(2);
    }
}
