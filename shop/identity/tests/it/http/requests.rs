//! What a request may contain, and how invalid ones are refused.

use axum::{
    body::{Body, Bytes},
    http::Request,
};

use super::shop::Shop;

#[tokio::test]
async fn an_amount_is_read_exactly_from_a_number_or_a_string() {
    let shop = Shop::open();
    for price in ["19.99", "\"19.99\"", "19.990", "0.07", "1000000000.00"] {
        let answer = shop.post("/get-items", format!(r#"{{"Name":"a","Price":{price}}}"#)).await;
        assert_eq!(answer.status, 200, "{price}: {}", answer.body);
        let shown = answer.text().to_owned();
        let plain = price.trim_matches('"').trim_end_matches('0').to_owned();
        assert!(shown.contains(&format!(r#""Price":{plain}"#)), "{price} came back as {shown}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_said_by_status_and_field() {
    let deep = format!(r#"{{"Name":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let deep_unknown = format!(r#"{{"X":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let table: Vec<(&str, u16, &[&str])> = vec![
        ("", 400, &[]),
        ("{", 400, &[]),
        ("nonsense", 400, &[]),
        (r#"{"Name":"a","Price":1} x"#, 400, &[]),
        (r#"{"Name":"a","Price":1,}"#, 400, &[]),
        (r#"{"Name":7,"Price":"#, 400, &[]),
        ("{\"Name\":\"a\0\",\"Price\":1}", 400, &[]),
        (r#"{"Name":"\ud800","Price":1}"#, 400, &[]),
        (&deep, 400, &[]),
        (&deep_unknown, 400, &[]),
        ("[]", 422, &[""]),
        ("null", 422, &[""]),
        ("{}", 422, &["Name", "Price"]),
        (r#"{"Name":"a"}"#, 422, &["Price"]),
        (r#"{"Name":7,"Price":1}"#, 422, &["Name"]),
        (r#"{"Name":null,"Price":1}"#, 422, &["Name"]),
        (r#"{"Name":"","Price":1}"#, 422, &["Name"]),
        (r#"{"Name":"a\u0000b","Price":1}"#, 422, &["Name"]),
        (r#"{"Name":"a\u0085b","Price":1}"#, 422, &["Name"]),
        (r#"{"Name":"012345678901234567890","Price":1}"#, 422, &["Name"]),
        (r#"{"Name":"a","Price":-1}"#, 422, &["Price"]),
        (r#"{"Name":"a","Price":1.999}"#, 422, &["Price"]),
        (r#"{"Name":"a","Price":1e2}"#, 422, &["Price"]),
        (r#"{"Name":"a","Price":1000000000.01}"#, 422, &["Price"]),
        (r#"{"Name":"a","Price":[1]}"#, 422, &["Price"]),
        (r#"{"Name":"a","Price":null}"#, 422, &["Price"]),
        (r#"{"Name":"a","Price":1,"Quantity":-1}"#, 422, &["Quantity"]),
        (r#"{"Name":"a","Price":1,"Quantity":1.5}"#, 422, &["Quantity"]),
        (r#"{"Name":"a","Price":1,"Quantity":99999999999}"#, 422, &["Quantity"]),
        (r#"{"Name":"a","Price":1,"Quantity":0}"#, 422, &["Quantity"]),
        (r#"{"Name":"a","Price":1,"Quantity":1001}"#, 422, &["Quantity"]),
        (r#"{"Name":"a","Price":1,"Quantity":18446744073709551615}"#, 422, &["Quantity"]),
        (r#"{"Name":"a","Price":1,"Quantity":1e300}"#, 422, &["Quantity"]),
        (r#"{"Name":"a","Price":1,"Quantity":"1"}"#, 422, &["Quantity"]),
        (r#"{"Name":"a","Price":1,"Colour":"red"}"#, 422, &["Colour"]),
        (r#"{"Name":"a","Name":"b","Price":1}"#, 422, &["Name"]),
        (r#"{"Name":"a","Price":1,"Price":2}"#, 422, &["Price"]),
        (r#"{"name":"a","Price":1}"#, 422, &["name", "Name"]),
        (r#"{"Name":"a","Price":1,"Tags":[{"Label":"a"},{"Label":4}]}"#, 422, &["Tags[1].Label"]),
        (r#"{"Name":"a","Price":1,"Tags":[{"Label":"toolong"}]}"#, 422, &["Tags[0].Label"]),
        (r#"{"Name":"a","Price":1,"Tags":[{}]}"#, 422, &["Tags[0].Label"]),
        (r#"{"Name":"a","Price":1,"Tags":[{"Label":"a","X":1}]}"#, 422, &["Tags[0].X"]),
        (r#"{"Name":"a","Price":1,"Tags":7}"#, 422, &["Tags"]),
    ];
    let shop = Shop::open();
    for (body, status, fields) in table {
        let answer = shop.post("/get-items", body.to_owned()).await;
        let told = answer.problem(status);
        assert_eq!(told, fields, "{}", &body[..body.len().min(80)]);
    }
}

#[tokio::test]
async fn a_whole_number_may_be_written_with_a_point() {
    let shop = Shop::open();
    for number in ["1", "1.0", "1e0", "1000"] {
        let body = format!(r#"{{"Name":"a","Price":1,"Quantity":{number}}}"#);
        assert_eq!(shop.post("/get-items", body).await.status, 200, "{number}");
    }
}

#[tokio::test]
async fn an_object_given_as_an_array_is_refused() {
    let shop = Shop::open();
    shop.post("/get-items", r#"["a",1,null,[]]"#).await.problem(422);
}

#[tokio::test]
async fn a_refusal_never_repeats_the_value_that_was_sent() {
    let shop = Shop::open();
    for body in
        [r#"{"Name":"a","Price":1,"Quantity":"hunter2"}"#, r#"{"Name":{"hunter2":1},"Price":1}"#]
    {
        let answer = shop.post("/get-items", body).await;
        answer.problem(422);
        assert!(!answer.text().contains("hunter2"));
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_with_its_place_and_what_is_expected_there() {
    let shop = Shop::open();
    let answer = shop.post("/get-items", "{\"Name\":\"a\",\n  Price:1}").await;
    answer.problem(400);
    let expected = "The body is not JSON: at line 2, column 3, the name of a field is expected, in \
                    double quotation marks.";
    assert_eq!(answer.body["detail"], expected);
}

#[tokio::test]
async fn several_faults_are_reported_at_once() {
    let shop = Shop::open();
    let token = shop.token("ann", identity::Role::Customer);
    let request = Request::post("/add-item")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"));
    let body = r#"{"Name":"01234567890123456789","Price":1,"Quantity":1000}"#;
    let answer = shop.send(request, body).await;
    assert_eq!(answer.problem(422), ["Quantity", "Name"]);
}

#[tokio::test]
async fn a_body_must_be_json_in_utf8_and_of_bounded_size() {
    let shop = Shop::open();
    let send = |kind: &'static str, body: Body| {
        let mut request = Request::post("/get-items");
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        shop.send(request, body)
    };
    let good = r#"{"Name":"a","Price":1}"#;
    for kind in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "*/*"]
    {
        send(kind, good.into()).await.problem(415);
    }
    for kind in ["application/json", "Application/JSON; charset=utf-8"] {
        assert_eq!(send(kind, good.into()).await.status, 200);
    }
    send("application/json", b"{\"Name\":\"\xff\",\"Price\":1}".to_vec().into()).await.problem(400);

    let exactly = |bytes: usize| format!("{good}{}", " ".repeat(bytes - good.len()));
    assert_eq!(send("application/json", exactly(64 * 1024).into()).await.status, 200);
    send("application/json", exactly(64 * 1024 + 1).into()).await.problem(413);
    let chunks = futures_util::stream::iter(
        (0..70).map(|_| Ok::<_, std::io::Error>(Bytes::from(" ".repeat(1024)))),
    );
    send("application/json", Body::from_stream(chunks)).await.problem(413);
    let broken = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]);
    send("application/json", Body::from_stream(broken)).await.problem(400);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_given_up() {
    let shop = Shop::open();
    let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
    shop.post("/get-items", never).await.problem(408);
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_said_by_status_and_field() {
    let table: &[(&str, u16, &[&str])] = &[
        ("Limit=0", 422, &["Limit"]),
        ("Limit=501", 422, &["Limit"]),
        ("Limit=many", 422, &["Limit"]),
        ("Limit=", 422, &["Limit"]),
        ("Limit=1&Limit=2", 422, &["Limit"]),
        ("limit=1", 422, &["limit"]),
        ("Limit=0&After=!&CategoryId=7&Page=2", 422, &["Limit", "After", "CategoryId", "Page"]),
        ("Page=2", 422, &["Page"]),
        ("After=!", 422, &["After"]),
        ("After=", 422, &["After"]),
        ("After=bm9uc2Vuc2U", 422, &["After"]),
        ("After=InRleHQi", 422, &["After"]),
        ("CategoryId=7", 422, &["CategoryId"]),
        ("CategoryId=%00", 400, &[]),
        ("CategoryId=%", 400, &[]),
        ("CategoryId=%zz", 400, &[]),
        ("CategoryId=%ff", 400, &[]),
        ("CategoryId=%+1", 400, &[]),
    ];
    let shop = Shop::open();
    for (query, status, fields) in table {
        let told = shop.get(&format!("/get-items?{query}")).await.problem(*status);
        assert_eq!(told, *fields, "{query}");
    }
    let id = "CategoryId=018bcfe5-687b-7b77-92ba-f5e0e5dfefb6";
    assert_eq!(shop.get(&format!("/get-items?Limit=500&{id}")).await.status, 200);
}

#[tokio::test]
async fn what_is_wrong_with_a_path_is_said() {
    let shop = Shop::open();
    assert_eq!(shop.get("/get-item/7").await.problem(422), ["ItemId"]);
    shop.get("/get-item/%ff").await.problem(400);
    shop.get("/get-mine/%00").await.problem(401);
    shop.get("/fail/%00").await.problem(400);
    assert_eq!(shop.get("/fail/%C3%BC").await.body, "ü");
}

#[tokio::test]
async fn a_get_that_brings_values_in_a_body_is_told_where_they_belong() {
    let shop = Shop::open();
    let get = async |method: &str, path: &str, body: &'static str| {
        let request = axum::http::Request::builder().method(method).uri(path);
        shop.send(request.header("content-type", "application/json"), body).await
    };
    let answer = get("GET", "/get-items", r#"{"Limit":1,"After":"x"}"#).await;
    assert_eq!(answer.status, 400);
    let detail = answer.body["detail"].clone();
    assert!(
        detail
            .as_str()
            .is_some_and(|text| text.contains("Limit, After") || text.contains("After, Limit")),
        "{detail}"
    );
    assert!(
        detail.as_str().is_some_and(|text| text.contains("as query parameters: ?")),
        "{detail}"
    );
    let detail = get("GET", "/get-metadata", "[1]").await.body["detail"].clone();
    assert!(detail.as_str().is_some_and(|text| text.contains("/openapi.json")), "{detail}");
    assert_eq!(get("HEAD", "/get-items", r#"{"Limit":1}"#).await.status, 400);
    for nothing in ["", " ", "{}", "null"] {
        assert_eq!(get("GET", "/get-items", nothing).await.status, 200, "{nothing:?}");
    }
}
