//! Where requests go, and what of them arrives.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    response::Response,
    routing::get,
};
use futures_util::future::join_all;
use http_body_util::BodyExt;
use kernel::Position;
use runtime::Tasks;
use serde_json::Value;
use store::{Address, Announcement, Topic, Transport};
use testkit::ModelAt;
use tokio::{net::TcpSocket, sync::mpsc};

use crate::shop::{Shop, announcement, echo, named, product};

#[tokio::test]
async fn only_what_is_announced_is_reached() {
    let shop = Shop::open();
    shop.gateway.register("product", named("product"));
    // Expected, but not heard of yet.
    shop.get("/product/get-products").await.problem(503);
    shop.announce("product", "1", Address::Local);
    assert_eq!(shop.get("/product/get-products").await.text(), "product");
    for unknown in ["/order/get-orders", "/products/x", "/productx", "//product", "/Product/x"] {
        shop.get(unknown).await.problem(404);
    }
}

#[tokio::test]
async fn who_falls_silent_is_gone_after_five_seconds_and_back_when_heard_again() {
    let shop = Shop::open();
    shop.local("product", named("product"));
    shop.advance(Duration::from_millis(4_999));
    assert_eq!(shop.get("/product/x").await.status, 200);
    shop.advance(Duration::from_millis(1));
    shop.get("/product/x").await.problem(503);
    shop.advance(Duration::from_hours(1));
    shop.announce("other", "1", Address::Local);
    shop.get("/product/x").await.problem(503);
    shop.announce("product", "1", Address::Local);
    assert_eq!(shop.get("/product/x").await.status, 200);
}

#[tokio::test]
async fn an_instance_that_is_not_ready_is_asked_for_its_health_only() {
    let shop = Shop::open();
    shop.gateway.register("product", named("product"));
    let mut said = announcement("product", "1", Address::Local);
    said.ready = false;
    shop.gateway.learn(said.into());
    shop.get("/product/x").await.problem(503);
    assert_eq!(shop.get("/product/health/ready").await.text(), "product", "it alone knows why");
}

#[tokio::test]
async fn announcements_are_heard_from_the_bus() {
    let shop = Shop::open();
    shop.gateway.register("product", named("product"));
    let transport = store::Memory::new();
    let following = shop.gateway.follow(transport.subscribe(Topic::Services).await);
    let announcing = async {
        let mut heard = transport.subscribe(Topic::Services).await;
        let said = announcement("product", "1", Address::Local);
        transport.publish(store::Message::Service(said.into())).await;
        heard.next().await.expect("every instance receives it");
        while shop.get("/product/x").await.status != 200 {
            tokio::task::yield_now().await;
        }
        shop.http.shutdown.cancel();
    };
    tokio::time::timeout(Duration::from_mins(1), async { tokio::join!(following, announcing) })
        .await
        .expect("it is learned, and ends with the shutdown");
}

#[tokio::test]
async fn a_request_arrives_whole_without_what_concerns_the_connection() {
    let mut shop = Shop::open();
    shop.local("here", echo());
    shop.remote("there", "1", echo()).await;
    for service in ["here", "there"] {
        let request = Request::post(format!("/v1/{service}/some/call/?A=1&B=%20"))
            .header("host", "shop.example")
            .header("origin", "https://shop.example")
            .header("authorization", "Bearer x")
            .header("x-request-id", "my-id")
            .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
            .header("forwarded", "for=9.9.9.9")
            .header("connection", "keep-alive, x-hop")
            .header("x-hop", "1")
            .header("te", "trailers")
            .header("keep-alive", "timeout=9")
            .header("proxy-authorization", "Basic x");
        let answer = shop.send(request, "{\"A\":1}").await;
        let seen = answer.body.clone();
        assert_eq!(seen["Method"], "POST", "{service}");
        assert_eq!(seen["Uri"], "/some/call?A=1&B=%20", "{service}");
        assert_eq!(seen["Body"], "{\"A\":1}");
        let headers = &seen["Headers"];
        assert_eq!(headers["host"], "shop.example", "{service}");
        assert_eq!(headers["origin"], "https://shop.example");
        assert_eq!(headers["authorization"], "Bearer x");
        assert_eq!(headers["x-request-id"], "my-id");
        assert_eq!(
            headers["traceparent"],
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        );
        for gone in ["x-hop", "te", "keep-alive", "proxy-authorization", "connection"] {
            assert_eq!(headers[gone], Value::Null, "{service}: {gone}");
        }
        assert_eq!(answer.header("x-private"), "", "{service}");
        assert_eq!(answer.header("keep-alive"), "");
        assert_eq!(answer.header("x-request-id"), "my-id");
    }
}

#[tokio::test]
async fn a_service_learns_who_asked_and_strangers_cannot_lie_about_it() {
    use axum::extract::ConnectInfo;
    let shop = Shop::open();
    let service = web::Api::new("here", "1", shop.http.clone());
    let client = async |context: web::Context| context.client().to_string();
    shop.local("here", service.guard(Router::new().route("/client", get(client))));
    let client_of = async |peer: &str, forwarded: &str| {
        let peer: std::net::SocketAddr = peer.parse().expect("an address");
        let request = Request::get("/here/client")
            .header("forwarded", forwarded)
            .extension(ConnectInfo(peer));
        shop.send(request, "").await.text().to_owned()
    };
    assert_eq!(client_of("8.8.8.8:1", "for=1.1.1.1").await, "8.8.8.8");
    assert_eq!(client_of("[2001:db8::7]:1", "for=1.1.1.1").await, "2001:db8::7");
    assert_eq!(client_of("127.0.0.1:1", "for=1.1.1.1").await, "1.1.1.1");
    assert_eq!(client_of("8.8.8.8:1", "for=127.0.0.1, for=127.0.0.1").await, "8.8.8.8");
}

#[tokio::test]
async fn a_service_works_under_the_id_and_the_trace_of_the_gateways_request() {
    let mut shop = Shop::open();
    let about =
        async |context: web::Context| format!("{} {}", context.request_id(), context.trace_id());
    let service = || {
        let service = web::Api::new("here", "1", shop.http.clone());
        service.guard(Router::new().route("/about", get(about)))
    };
    let (here, there) = (service(), service());
    shop.local("here", here);
    shop.remote("there", "1", there).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let place = format!("00-{trace}-00f067aa0ba902b7-01");
    for path in ["/here/about", "/there/about"] {
        for id in ["", "has spaces", "mine"] {
            let request = Request::get(path).header("x-request-id", id);
            let answer = shop.send(request.header("traceparent", &place), "").await;
            let shown = answer.header("x-request-id");
            assert_eq!(shown == id, id == "mine", "{path}: {id:?} is answered with {shown:?}");
            assert_eq!(answer.text(), format!("{shown} {trace}"), "{path}");
        }
        let fresh = shop.get(path).await;
        let (_id, trace) = fresh.text().split_once(' ').expect("both");
        assert_eq!(trace.len(), 32, "{path}: a trace begins");
    }
}

#[tokio::test]
async fn requests_are_spread_over_all_ready_instances() {
    let mut shop = Shop::open();
    shop.remote("product", "1", named("one")).await;
    shop.remote("product", "2", named("two")).await;
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(shop.get("/product/x").await.text().to_owned());
    }
    answers.sort();
    assert_eq!(answers, ["one", "one", "one", "two", "two", "two"]);
}

#[tokio::test]
async fn who_names_an_instance_is_answered_by_that_one_alone() {
    let mut shop = Shop::open();
    shop.remote("product", "1", echo()).await;
    shop.remote("product", "host:2", named("two")).await;
    for _ in 0..4 {
        let two = shop.get("/product/model-generations?Instance=host%3A2").await;
        assert_eq!(two.text(), "two");
        let asked = shop.get("/product/model-generations?A=1&Instance=1&B=2").await.body;
        let (uri, only) = (&asked["Uri"], "its name is for the gateway");
        assert_eq!(uri, "/model-generations?A=1&B=2", "{only}: {asked}");
    }
    assert_eq!(shop.get("/product/model-generations?Instance=3").await.status, 404);
    // Nobody chooses who answers what any instance can.
    let all = join_all((0..4).map(|_| shop.get("/product/x?Instance=1"))).await;
    assert!(all.iter().any(|answer| answer.text() == "two"), "{all:?}");
    // One that is not ready is meant all the same, and nobody stands in for one that is gone.
    let unready = Announcement { ready: false, ..announcement("product", "3", Address::Local) };
    shop.gateway.register("product", named("three"));
    shop.gateway.learn(Arc::new(unready));
    assert_eq!(shop.get("/product/model-generations?Instance=3").await.text(), "three");
    shop.advance(Duration::from_secs(6));
    assert_eq!(shop.get("/product/model-generations?Instance=1").await.status, 404);
}

#[tokio::test]
async fn what_one_instance_refuses_another_gets_whole() {
    let mut shop = Shop::open();
    let refusing = [refusing(), refusing()];
    for (name, (url, _)) in ["dead", "gone"].into_iter().zip(&refusing) {
        shop.announce("product", name, Address::Http(url.clone()));
    }
    shop.remote("product", "live", echo()).await;
    for _ in 0..6 {
        assert_eq!(shop.get("/product/x").await.status, 200);
        let answer = shop.send(Request::post("/product/x"), "{\"n\":1}").await;
        assert_eq!((answer.status.as_u16(), &answer.body["Body"]), (200, &"{\"n\":1}".into()));
    }
}

/// An instance that took a request and died may have acted on it.
#[tokio::test]
async fn only_what_reads_is_asked_of_another_once_it_was_sent() {
    let mut shop = Shop::open();
    shop.announce("product", "dying", Address::Http(dying().await));
    shop.remote("product", "live", named("live")).await;
    for _ in 0..4 {
        assert_eq!(shop.get("/product/x").await.text(), "live");
    }
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(shop.send(Request::post("/product/x"), "1").await.status.as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 503, 503]);
}

/// The service itself could only say so while the body is still being sent.
#[tokio::test]
async fn a_body_announced_as_too_large_goes_nowhere() {
    let mut shop = Shop::open();
    let (refusing, _kept) = refusing();
    shop.announce("product", "dead", Address::Http(refusing));
    for (kind, bytes) in [("application/json", "70000"), ("image/png", "270000")] {
        let request = Request::post("/product/x").header("content-type", kind);
        shop.send(request.header("content-length", bytes), "").await.problem(413);
    }
    shop.remote("product", "live", named("live")).await;
    let request = Request::post("/product/x").header("content-length", "1");
    assert_eq!(shop.send(request, "1").await.status, 200);
}

/// The URL of one who takes a connection, waits for a request, and hangs up.
async fn dying() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    Tasks::new().spawn("dying", async move {
        while let Ok((connection, _)) = listener.accept().await {
            connection.readable().await.expect("a request");
        }
    });
    url
}

/// The URL of a port at which nobody listens, and nobody else can while the socket is kept.
fn refusing() -> (String, TcpSocket) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
    (format!("http://{}", socket.local_addr().expect("an address")), socket)
}

#[tokio::test]
async fn a_service_that_never_answers_is_given_up() {
    let mut shop = Shop::open();
    let (entered, mut entries) = mpsc::channel(1);
    let never = async move || {
        entered.send(()).await.expect("is awaited");
        std::future::pending::<Response>().await
    };
    shop.remote("product", "1", Router::new().route("/x", get(never))).await;
    let asking = shop.get("/product/x");
    let watching = async {
        entries.recv().await;
        // The service has the request: from here time may run by itself.
        tokio::time::pause();
    };
    let (answer, ()) = tokio::join!(asking, watching);
    answer.problem(503);
}

#[tokio::test]
async fn a_failure_of_a_service_keeps_its_shape() {
    let shop = Shop::open();
    let model = ModelAt::new(Position(5));
    shop.local("product", product(&shop, &model));
    shop.get("/product/nowhere").await.problem(404);
    shop.get("/product/panic").await.problem(500);
    let refused = shop.send(Request::delete("/product/get-products"), "").await;
    refused.problem(405);
    assert_eq!(refused.header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn an_endless_answer_ends_with_the_gateway() {
    let shop = Shop::open();
    let endless = async || {
        let events = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        ([("content-type", "text/event-stream")], Body::from_stream(events))
    };
    shop.local("order", Router::new().route("/order-events", get(endless)));
    let mut body = shop.begin(Request::get("/order/order-events"), "").await.into_body();
    let (end, ()) = tokio::join!(body.frame(), async { shop.http.shutdown.cancel() });
    assert!(end.is_none());
}

#[tokio::test]
async fn an_endless_answer_streams_through() {
    let mut shop = Shop::open();
    let (events, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let receiver = std::sync::Mutex::new(Some(receiver));
    let stream = move || {
        let receiver = receiver.lock().expect("no panic").take().expect("is asked once");
        let stream = futures_util::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|event| (event, receiver))
        });
        std::future::ready(Body::from_stream(stream))
    };
    let stream = std::sync::Arc::new(stream);
    let handler = move || stream();
    shop.remote("order", "1", Router::new().route("/order-events", get(handler))).await;
    let mut body = shop.begin(Request::get("/order/order-events"), "").await.into_body();
    for text in ["one", "two"] {
        events.send(Ok(Bytes::from(text))).await.expect("is read");
        let frame = body.frame().await.expect("goes on").expect("is whole");
        assert_eq!(frame.into_data().expect("data"), text);
    }
    drop(events);
    assert!(body.frame().await.is_none());
}
