//! Pages: what they say when all is well, and when it is not.

use axum::{body::Body, extract::Request};
use hyper::StatusCode;
use serde_json::json;

use crate::{
    gateway::{Gateway, ORDER, OTHER, PRODUCT, order},
    visitor::{Answer, Visitor, over, storefront},
};

#[tokio::test]
async fn an_order_page_tells_each_step_until_nothing_more_will_happen() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    gateway.order_goes_through(&[
        order("Pending", "Pending", "Pending"),
        order("Pending", "Pending", "Pending"),
        order("Pending", "Reserved", "Pending"),
        order("Approved", "Reserved", "Reserved"),
        order("Finalized", "Committed", "Debited"),
    ]);
    let events = ada.get(&format!("/orders/{ORDER}/live")).await.html;
    let said: Vec<&str> = events
        .lines()
        .zip(events.lines().skip(1))
        .filter(|(kind, _)| *kind == "event: say")
        .map(|(_, said)| said)
        .collect();
    assert_eq!(said.len(), 4, "{events}");
    assert!(
        said[0].starts_with("data: Pending") && said[2].starts_with("data: Approved"),
        "{said:?}"
    );
    assert!(said[3].starts_with("data: Complete"), "{said:?}");
    let before = events.split("event: done").next().expect("text");
    assert_eq!(before.matches("Your order is complete.").count(), 1, "only once it is true");
    assert!(events.contains("event: done"));
}

#[tokio::test]
async fn a_pending_order_never_says_complete_and_reloads_itself_without_scripts() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    gateway.order_goes_through(&[order("Finalized", "Reserved", "Reserved")]);
    let mut unwritten = order("Finalized", "Committed", "Debited");
    unwritten["InvoiceNumber"] = json!(null);
    for state in [
        order("Pending", "Reserved", "Reserved"),
        order("Approved", "Reserved", "Reserved"),
        unwritten,
    ] {
        gateway.order_goes_through(&[state]);
        let page = ada.get(&format!("/orders/{ORDER}")).await;
        assert!(
            !page.html.contains("is complete") && !page.html.contains("Complete"),
            "{}",
            page.html
        );
        page.says("<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>");
        page.says(&format!("data-live=\"/orders/{ORDER}/live\""));
    }
    gateway.order_goes_through(&[order("Finalized", "Committed", "Debited")]);
    let page = ada.get(&format!("/orders/{ORDER}")).await;
    page.says("Your order is complete.");
    assert!(!page.html.contains("http-equiv") && !page.html.contains("data-live"));
}

#[tokio::test]
async fn a_denial_names_every_reason_and_what_to_do() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    gateway.order_goes_through(&[order("Canceled", "Denied", "Released")]);
    let page = ada.get(&format!("/orders/{ORDER}")).await;
    for words in [
        "you pay nothing",
        "Your credit was not sufficient. Order fewer",
        "There were not enough left. Order fewer",
    ] {
        page.says(words);
    }
}

#[tokio::test]
async fn what_is_in_the_way_of_an_order_is_said_before_it_with_what_would_fit() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    let review = |quantity: &str| format!("/order/review?ProductId={PRODUCT}&Quantity={quantity}");
    let page = ada.get(&review("2")).await;
    for words in ["2</span> × €19.99", "€39.98", "€100.00", "€60.02", "Place the order"] {
        page.says(words);
    }
    for (quantity, words) in
        [("6", "Your credit of €100.00 is enough for 5."), ("12", "Only 10 are left.")]
    {
        let page = ada.get(&review(quantity)).await;
        page.says(words);
        page.says("Quantity=5\">Take 5 instead");
        assert!(!page.html.contains("action=\"/orders\""), "nothing there is binding");
        ada.get(&format!("/products/{PRODUCT}?Quantity={quantity}")).await.says(words);
    }
    for quantity in ["0", "1001", "some"] {
        ada.get(&review(quantity)).await.says("Must be a whole number from 1 to 1000.");
    }
    let mut stranger = Visitor::new(storefront(&gateway));
    let answer = stranger.get(&review("3")).await;
    assert!(answer.location().ends_with("%26Quantity%3D3"), "{}", answer.location());
    let page = ada.get(&format!("/products/{PRODUCT}")).await;
    assert!(!page.html.contains("action=\"/orders\""), "a press there leads to a look first");
}

#[tokio::test]
async fn a_page_recovers_by_itself_when_the_gateway_is_gone() {
    let gateway = Gateway::default();
    let mut visitor = Visitor::new(storefront(&gateway));
    gateway.fail(503, json!({ "title": "Temporarily unavailable" }));
    let page = visitor.get("/categories?x=1").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(page.headers["refresh"], "90");
    page.says("The shop cannot be reached right now");
    page.says("href=\"/categories?x=1\"");
    gateway.mend();
    assert_eq!(visitor.get("/categories?x=1").await.status, StatusCode::OK);
    let nobody =
        over(site::Gateway::http("http://127.0.0.1:9").expect("a URL"), "2026-11-23T12:00:00Z");
    assert_eq!(Visitor::new(nobody).get("/").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn what_was_typed_is_kept_while_the_gateway_is_gone_and_passwords_are_not_shown() {
    let gateway = Gateway::default();
    let mut visitor = Visitor::new(storefront(&gateway));
    let csrf = visitor.get("/register").await.field("_csrf");
    gateway.fail(503, json!({}));
    let fields = [
        ("_csrf", csrf.as_str()),
        ("FullName", "Ada \"B\""),
        ("Email", "a@b"),
        ("UserName", "ada"),
        ("Password", "very secret"),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let page = visitor.post("/register", &fields).await;
    page.says("The shop cannot be reached right now");
    page.says("value=\"Ada &#34;B&#34;\"");
    assert!(!page.html.contains("very secret"));
}

#[tokio::test]
async fn a_busy_shop_says_so_and_the_page_comes_again() {
    let gateway = Gateway::default();
    let mut visitor = Visitor::new(storefront(&gateway));
    gateway.fail(503, json!({ "type": "/problems/busy", "title": "The shop is busy" }));
    let page = visitor.get("/categories?x=1").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.headers.contains_key("refresh") && page.headers.contains_key("retry-after"));
    page.says("The shop is busy right now");
}

#[tokio::test]
async fn faults_stand_at_their_fields_in_sentences() {
    let gateway = Gateway::default();
    let mut visitor = Visitor::new(storefront(&gateway));
    let csrf = visitor.get("/register").await.field("_csrf");
    let errors = json!([{ "field": "Email", "detail": "is no address" }, { "field": "Password", "detail": "must be of 8 to 128 characters" }]);
    gateway.fail(422, json!({ "title": "Some fields are invalid", "errors": errors }));
    let page = visitor.post("/register", &[("_csrf".to_owned(), csrf.clone())]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.says("2 fields need another look.");
    page.says("<p class=\"error\" id=\"error-Email\">Is no address.</p>");
    page.says("aria-invalid=\"true\" aria-describedby=\"error-Password hint-Password\"");
    gateway.fail(429, json!({ "title": "Too many requests" }));
    let page = visitor.post("/register", &[("_csrf".to_owned(), csrf)]).await;
    page.says("Too many attempts. Please try again in 2 minutes.");
}

#[tokio::test]
async fn an_answer_that_nobody_understands_is_a_page_not_a_crash() {
    let gateway = Gateway::default();
    let mut visitor = Visitor::new(storefront(&gateway));
    for status in [200, 500] {
        gateway.fail(status, json!("what?"));
        let page = visitor.get(&format!("/products/{PRODUCT}")).await;
        assert_eq!(page.status, StatusCode::BAD_GATEWAY);
        page.says("Something went wrong here");
    }
}

#[tokio::test]
async fn a_customer_finds_at_home_what_they_bought_and_who_they_are() {
    let gateway = Gateway::default();
    let anyone = Visitor::new(storefront(&gateway)).get("/").await;
    anyone.says("Register and get a welcome credit");
    assert!(!anyone.html.contains("Buy again"), "{}", anyone.html);
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    let home = ada.get("/").await;
    home.says("Welcome back, Ada Lovelace.");
    home.says("What you order can be followed");
    assert!(!home.html.contains("Buy again"), "nothing was bought: {}", home.html);
    gateway.order_goes_through(&[order("Pending", "Reserved", "Pending")]);
    let home = ada.get("/").await;
    home.says("One of your orders is on its way.");
    assert!(!home.html.contains("Buy again"), "nothing was bought yet: {}", home.html);
    gateway.order_goes_through(&[order("Finalized", "Reserved", "Reserved")]);
    let home = ada.get("/").await;
    home.says("None of your orders is on its way.");
    home.says("Buy again");
}

#[tokio::test]
async fn pages_are_small_and_files_are_kept_by_their_content() {
    let gateway = Gateway::default();
    let mut visitor = Visitor::logged_in(storefront(&gateway)).await;
    let page = visitor.get("/").await;
    assert!(page.html.len() < 60_000);
    assert_eq!(page.headers["cache-control"], "no-store");
    for file in ["agora.css", "agora.js", "agora.svg"] {
        let at = page.html.find(&format!("/assets/{file}?v=")).expect("the file's address");
        let address = page.html[at..].split('"').next().expect("an address").to_owned();
        let answer = visitor.get(&address).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.headers["cache-control"].to_str().expect("text").contains("immutable"));
        assert!(answer.headers.contains_key("content-security-policy"));
        let request =
            axum::extract::Request::get(&address).header("if-none-match", &answer.headers["etag"]);
        let again = visitor.send(request.body(axum::body::Body::empty()).expect("a request")).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    }
}

#[tokio::test]
async fn a_customers_form_with_a_file_is_not_even_read() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    // A body that never comes.
    let body = Body::from_stream(futures_util::stream::pending::<Result<String, std::io::Error>>());
    let upload = Request::post("/account");
    let upload = upload.header("content-type", "multipart/form-data; boundary=x").body(body);
    let answer = ada.send(upload.expect("a request")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_product_leads_to_others_of_its_category_but_not_to_itself() {
    let gateway = Gateway::default();
    let page = Visitor::new(storefront(&gateway)).get(&format!("/products/{PRODUCT}")).await;
    page.says("Others in Kitchen");
    let others = page.html.split("id=\"others\"").nth(1).expect("others");
    let others = others.split("</section>").next().expect("they end");
    assert!(others.contains(&format!("/products/{OTHER}")), "{others}");
    assert!(!others.contains(&format!("/products/{PRODUCT}\"")), "{others}");
}

#[tokio::test]
async fn search_engines_find_a_list_of_all_pages_with_whole_addresses() {
    let gateway = Gateway::default();
    let mut robot = Visitor::new(storefront(&gateway));
    let mut get = async |path: &str| {
        let request = Request::get(path).header("host", "shop.example");
        robot.send(request.body(Body::empty()).expect("a request")).await
    };
    let list = |answer: &Answer| -> Vec<String> {
        assert_eq!(answer.headers["content-type"], "application/xml; charset=utf-8");
        let items = answer.html.split("<loc>http://shop.example").skip(1);
        items.map(|item| item.split('<').next().unwrap_or_default().to_owned()).collect()
    };
    let robots = get("/robots.txt").await;
    robots.says("\nSitemap: http://shop.example/sitemap.xml\n");
    let index = list(&get("/sitemap.xml").await);
    assert_eq!(index, ["/sitemap/pages".to_owned(), format!("/sitemap/{PRODUCT}")]);
    let pages = list(&get(&index[0]).await);
    assert_eq!(pages, ["/", "/categories", &format!("/categories/{PRODUCT}")]);
    let products = list(&get(&index[1]).await);
    assert_eq!(products, [PRODUCT, OTHER].map(|id| format!("/products/{id}")), "of all pages");
    for path in [index, pages, products].concat() {
        assert_eq!(get(&path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(get("/sitemap/nope").await.status, StatusCode::NOT_FOUND);
}
