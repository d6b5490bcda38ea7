//! The form of responses, whatever went wrong behind them.

use axum::http::Request;
use kernel::{Metadata, Position};
use web::TrustedProxies;

use testkit::Ask;

use super::shop::Shop;

#[tokio::test]
async fn no_failure_leaves_in_another_shape() {
    let shop = Shop::open();
    shop.get("/nowhere").await.problem(404);
    shop.get("/add-item/more").await.problem(404);
    let refused = shop.send(Request::put("/get-items"), "").await;
    refused.problem(405);
    assert_eq!(refused.header("allow"), "GET,HEAD,POST");
    for way in ["panic", "internal"] {
        let answer = shop.get(&format!("/fail/{way}")).await;
        answer.problem(500);
        assert!(!answer.text().contains("secret"), "{way}");
    }
    let answer = shop.get("/fail/too-many").await;
    answer.problem(429);
    assert_eq!(answer.header("retry-after"), "2", "a wait is rounded up");
    let conflict = shop.get("/get-item/00000000-0000-0000-0000-000000000000").await;
    conflict.problem(409);
    assert_eq!(conflict.body["type"], "/problems/stale-version");
    assert_eq!(conflict.body["current"], 7);
}

#[tokio::test]
async fn an_announced_length_is_that_of_the_problem() {
    let shop = Shop::open();
    let answer = shop.get("/nowhere").await;
    let announced = answer.header("content-length");
    assert!(announced.is_empty() || announced == answer.bytes.len().to_string(), "{announced}");
}

#[tokio::test]
async fn a_trailing_slash_means_nothing_and_v1_is_the_same() {
    let shop = Shop::open();
    let plain = shop.get("/get-items?Limit=1").await;
    for path in ["/get-items/?Limit=1", "/v1/get-items?Limit=1", "/v1/get-items//?Limit=1"] {
        assert_eq!(shop.get(path).await.body, plain.body, "{path}");
    }
    assert_eq!(shop.get("/v1").await.body, shop.get("/").await.body);
    shop.get("/v12/get-items").await.problem(404);
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_another_replaced() {
    let shop = Shop::open();
    let id_for = async |id: &[u8]| {
        let answer = shop.send(Request::get("/get-items").header("x-request-id", id), "").await;
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(id_for(b"my-request!~").await, "my-request!~");
    let longest = "x".repeat(128);
    assert_eq!(id_for(longest.as_bytes()).await, longest);
    for insane in [&b""[..], b"two words", b"\xc3\xbc", "x".repeat(129).as_bytes()] {
        let made = id_for(insane).await;
        assert!(uuid::Uuid::parse_str(&made).is_ok(), "{made}");
    }
}

#[tokio::test]
async fn an_event_carries_request_and_trace() {
    let shop = Shop::open();
    let metadata_of = async |id: &str, trace: &str| -> Metadata {
        let request =
            Request::get("/get-metadata").header("x-request-id", id).header("traceparent", trace);
        serde_json::from_value(shop.send(request, "").await.body).expect("metadata")
    };
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let metadata = metadata_of("018bcfe5-687b-7b77-92ba-f5e0e5dfefb6", trace).await;
    assert_eq!(metadata.correlation.to_string(), "018bcfe5-687b-7b77-92ba-f5e0e5dfefb6");
    assert_eq!(metadata.traceparent.as_deref(), Some(trace));

    let (one, same, other) = (
        metadata_of("one", trace).await,
        metadata_of("one", trace).await,
        metadata_of("two", trace).await,
    );
    assert_eq!(one.correlation, same.correlation);
    assert_ne!(one.correlation, other.correlation);

    for bad in [
        "",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
    ] {
        let made = metadata_of("one", bad).await.traceparent.expect("a trace");
        assert_ne!(&*made, bad);
        assert_eq!((made.len(), &made[..3]), (55, "00-"), "{made}");
    }
}

#[test]
fn the_clients_address_is_taken_only_from_those_who_are_trusted() {
    let client = |proxies: &str, peer: &str, forwarded: &[&str]| {
        let proxies: TrustedProxies = proxies.parse().expect("networks");
        let mut headers = axum::http::HeaderMap::new();
        for value in forwarded {
            headers.append("forwarded", value.parse().expect("a header"));
        }
        let peer = peer.parse().expect("an address");
        proxies.seen(Some(peer), &headers).client.to_string()
    };
    let loopback = "127.0.0.0/8, ::1";
    assert_eq!(client(loopback, "127.0.0.1", &[]), "127.0.0.1");
    assert_eq!(client(loopback, "127.0.0.1", &["for=9.9.9.9"]), "9.9.9.9");
    assert_eq!(client(loopback, "::ffff:127.0.0.1", &["For=\"9.9.9.9:80\";proto=http"]), "9.9.9.9");
    assert_eq!(client(loopback, "::1", &["for=\"[2001:db8::7]:4711\""]), "2001:db8::7");
    assert_eq!(
        client(loopback, "8.8.8.8", &["for=9.9.9.9"]),
        "8.8.8.8",
        "a stranger is not believed"
    );
    assert_eq!(
        client(loopback, "127.0.0.1", &["for=1.1.1.1, for=9.9.9.9"]),
        "9.9.9.9",
        "nor one behind it"
    );
    assert_eq!(
        client("127.0.0.1, 10.0.0.0/8", "127.0.0.1", &["for=1.1.1.1", "for=10.1.2.3"]),
        "1.1.1.1"
    );
    assert_eq!(client(loopback, "127.0.0.1", &["for=unknown"]), "127.0.0.1");
    assert_eq!(client("", "127.0.0.1", &["for=9.9.9.9"]), "127.0.0.1");
    for bad in ["10.0.0.0/33", "10.0.0/8", "somewhere", "::1/129", "10.0.0.0/"] {
        assert!(bad.parse::<TrustedProxies>().is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_list_is_walked_page_by_page_without_loss() {
    let shop = Shop::open();
    let mut seen = Vec::new();
    let mut path = "/get-items?Limit=70".to_owned();
    loop {
        let page = shop.get(&path).await.body;
        seen.extend(page["Items"].as_array().expect("items").iter().map(serde_json::Value::as_u64));
        match page["Next"].as_str() {
            Some(next) => path = format!("/get-items?Limit=70&After={next}"),
            None => break,
        }
    }
    assert!(seen.into_iter().eq((0..250).map(Some)));
    let first = shop.get("/get-items").await.body;
    assert_eq!(first["Items"].as_array().map(Vec::len), Some(100), "100 unless given");
    let whole = shop.get("/get-items?Limit=250").await.body;
    assert!(whole["Next"].is_null(), "a page that ends the list says so");
}

#[tokio::test]
async fn a_cached_answer_holds_for_one_generation() {
    use std::sync::atomic::Ordering;
    let shop = Shop::open();
    let (one, same) = (shop.get("/get-cached").await, shop.get("/get-cached").await);
    assert_eq!((&one.body, &same.body), (&0.into(), &0.into()));
    assert_eq!(shop.get("/get-cached?other").await.body, 1, "another query is another answer");
    shop.app.generation.fetch_add(1, Ordering::Relaxed);
    let fresh = shop.get("/get-cached").await;
    assert_eq!(fresh.body, 2);
    assert_eq!(shop.app.made.load(Ordering::Relaxed), 3);

    let ask = |etag: &str| shop.send(Request::get("/get-cached").header("if-none-match", etag), "");
    let unchanged = ask(fresh.header("etag")).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.bytes.len()), (304, 0));
    assert_eq!(unchanged.header("agora-position"), "5");
    assert_eq!(ask(one.header("etag")).await.status, 200);
}

#[tokio::test]
async fn a_service_says_when_it_is_ready() {
    let shop = Shop::open();
    assert_eq!(shop.get("/health/live").await.body["Live"], true);
    assert_eq!(shop.get("/health/ready").await.body["Ready"], true);
    *shop.waits_for.lock().expect("no panic") = Some("the event store".to_owned());
    let answer = shop.get("/health/ready").await;
    answer.problem(503);
    assert_eq!(answer.body["detail"], "the event store");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(shop.get("/health/live").await.status, 200);
    shop.model.set(Position(6));
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let shop = Shop::open();
    shop.get("/get-items").await;
    shop.get("/get-items?X=1").await;
    shop.get("/fail/secret").await;
    shop.get("/secret").await;
    shop.send(Request::builder().method("BREW").uri("/get-items"), "").await;
    let text = shop.metrics.encode();
    let counted = |line: &str| assert!(text.contains(line), "{line} is missing in\n{text}");
    let count = r#"agora_http_requests_total{service="shop",method="GET",route="#;
    counted(&format!(r#"{count}"/get-items",status="200"}} 1"#));
    counted(&format!(r#"{count}"/get-items",status="422"}} 1"#));
    counted(&format!(r#"{count}"/fail/{{How}}",status="200"}} 1"#));
    counted(&format!(r#"{count}"unknown",status="404"}} 1"#));
    counted(r#"method="other",route="/get-items",status="405""#);
    counted(
        r#"agora_http_request_seconds_count{service="shop",method="GET",route="/get-items"} 2"#,
    );
    counted("agora_process_cpu_seconds_total ");
    counted("agora_process_resident_memory_bytes ");
    assert!(!text.contains("secret"), "what clients send is no label");
    assert!(!text.contains("BREW"), "nor are methods they make up");
}

#[tokio::test]
async fn metrics_have_a_router_of_their_own() {
    let answer = Ask::new(&Shop::open().metrics.router(), "GET", "/metrics").send().await;
    assert!(
        answer.header("content-type").starts_with("application/openmetrics-text; version=1.0.0")
    );
    assert!(answer.text().ends_with("# EOF\n"));
}

#[test]
fn parts_of_a_process_share_a_metric_under_their_own_labels() {
    let metrics = web::metrics::Metrics::new("agora");
    for (service, value) in [("product", 3), ("order", 4)] {
        metrics.service(service).gauge("lag_events", "Events behind").set(value);
    }
    metrics.service("order").gauge("lag_events", "Events behind").inc();
    let text = metrics.encode();
    assert_eq!(text.matches("# TYPE agora_lag_events gauge").count(), 1, "{text}");
    assert!(text.contains(r#"agora_lag_events{service="product"} 3"#), "{text}");
    assert!(text.contains(r#"agora_lag_events{service="order"} 5"#), "{text}");
}
