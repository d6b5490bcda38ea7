//! The server on a real socket.

use std::{sync::Arc, time::Duration};

use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use web::{ConnectionLimits, Server, Timing, TrustedProxies};

use super::shop::Shop;

struct Served {
    address: std::net::SocketAddr,
    shutdown: CancellationToken,
    ended: JoinHandle<()>,
}

async fn served(router: Router) -> Served {
    served_by(Server::default(), router).await
}

#[expect(clippy::disallowed_methods, reason = "a test waits for the server itself")]
async fn served_by(server: Server, router: Router) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let ended = tokio::spawn(async move { server.serve(listener, router, stop).await });
    Served { address, shutdown, ended }
}

async fn connect(served: &Served) -> TcpStream {
    TcpStream::connect(served.address).await.expect("a connection")
}

async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !String::from_utf8_lossy(&text).contains(end) {
        assert_ne!(stream.read_buf(&mut text).await.expect("an answer"), 0, "ended early");
    }
    String::from_utf8(text).expect("text")
}

/// One request, answered.
async fn ask_health(stream: &mut TcpStream) {
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("is sent");
    until(stream, "true}").await;
}

#[tokio::test]
async fn connections_are_kept_and_the_peer_is_known() {
    let served = served(Shop::open().router).await;
    let mut stream = connect(&served).await;
    for _ in 0..2 {
        stream
            .write_all(b"GET /get-items?Limit=1 HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .expect("is sent");
        let answer = until(&mut stream, "}").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    served.shutdown.cancel();
    served.ended.await.expect("ends");
}

#[tokio::test]
async fn a_shutdown_lets_the_request_under_way_finish_and_accepts_no_other() {
    let (entered, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, wait) = (Arc::clone(&entered), Arc::clone(&go_on));
    let handler = async move || {
        inside.notify_one();
        wait.notified().await;
        "done"
    };
    let served = served(Router::new().route("/", get(handler))).await;
    let mut stream = connect(&served).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("is sent");
    entered.notified().await;
    served.shutdown.cancel();
    while TcpStream::connect(served.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    go_on.notify_one();
    until(&mut stream, "done").await;
    served.ended.await.expect("ends");
}

#[tokio::test]
async fn a_shutdown_cuts_what_does_not_end() {
    let entered = Arc::new(Notify::new());
    let inside = Arc::clone(&entered);
    let handler = async move || {
        inside.notify_one();
        std::future::pending::<()>().await;
    };
    let served = served(Router::new().route("/", get(handler))).await;
    let mut stream = connect(&served).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("is sent");
    entered.notified().await;
    served.shutdown.cancel();
    // From here time runs by itself, so that five seconds pass at once.
    tokio::time::pause();
    served.ended.await.expect("ends");
    assert_eq!(stream.read(&mut [0; 64]).await.unwrap_or(0), 0, "the connection is cut");
}

#[tokio::test]
async fn who_never_finishes_a_head_is_cut_off() {
    let served = served(Shop::open().router).await;
    let mut stream = connect(&served).await;
    stream.write_all(b"GET /get-items HTTP/1.1\r\nHo").await.expect("is sent");
    // One answered request beside it shows that the server has seen the first connection before time is let run.
    let mut other = connect(&served).await;
    other.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("is sent");
    until(&mut other, "true}").await;
    tokio::time::pause();
    tokio::time::timeout(Duration::from_mins(1), async {
        let mut rest = Vec::new();
        let _cut_or_told = stream.read_to_end(&mut rest).await;
    })
    .await
    .expect("the server ends it");
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_cut_off() {
    // More than the buffers of both sides hold.
    const SIZE_BYTES: usize = 64 << 20;
    let entered = Arc::new(Notify::new());
    let inside = Arc::clone(&entered);
    let handler = async move || {
        inside.notify_one();
        vec![0; SIZE_BYTES]
    };
    let served = served(Router::new().route("/", get(handler))).await;
    let mut stream = connect(&served).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("is sent");
    entered.notified().await;
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(31)).await;
    let mut taken = Vec::new();
    let _cut_or_ended = stream.read_to_end(&mut taken).await;
    assert!(taken.len() < SIZE_BYTES, "{}", taken.len());
}

#[tokio::test]
async fn a_request_of_http_1_1_must_name_one_host() {
    let served = served(Shop::open().router).await;
    for (head, status) in [
        ("GET /health/live HTTP/1.1\r\n\r\n", "400"),
        ("GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET /health/live HTTP/1.0\r\n\r\n", "200"),
        ("GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n", "200"),
    ] {
        let mut stream = connect(&served).await;
        stream.write_all(head.as_bytes()).await.expect("is sent");
        let answer = until(&mut stream, "}").await;
        assert_eq!(answer.get(9..12), Some(status), "{head}: {answer}");
    }
}

#[tokio::test]
async fn a_client_with_too_many_connections_loses_the_one_longest_idle() {
    let limits = ConnectionLimits { total: 100, per_address: 2 };
    let nobody: TrustedProxies = "".parse().expect("no network");
    let server = Server::new(limits, Arc::new(nobody));
    let served = served_by(server, Shop::open().router).await;
    let mut first = connect(&served).await;
    let mut second = connect(&served).await;
    for stream in [&mut first, &mut second] {
        ask_health(stream).await;
    }
    let mut third = connect(&served).await;
    ask_health(&mut third).await;
    assert_eq!(first.read(&mut [0; 64]).await.unwrap_or(0), 0, "the first is given up");
    ask_health(&mut second).await;
}

#[tokio::test]
async fn a_client_whose_connections_are_all_busy_is_told_that_there_is_no_room() {
    let entered = Arc::new(Notify::new());
    let inside = Arc::clone(&entered);
    let handler = async move || {
        inside.notify_one();
        std::future::pending::<()>().await;
    };
    let limits = ConnectionLimits { total: 1, per_address: 1 };
    let server = Server::new(limits, Arc::default());
    let served = served_by(server, Router::new().route("/", get(handler))).await;
    let mut busy = connect(&served).await;
    busy.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("is sent");
    entered.notified().await;
    let mut refused = connect(&served).await;
    let mut answer = String::new();
    refused.read_to_string(&mut answer).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("retry-after: 5"), "{head}");
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
    let problem: serde_json::Value = serde_json::from_str(body).expect("a problem");
    assert_eq!(problem.get("type").expect("a type"), "/problems/too-many-connections");
    assert_eq!(problem.get("title").expect("a title"), "Too many connections");
}

#[tokio::test]
async fn those_that_announce_a_body_and_send_none_keep_others_out_no_longer() {
    let limits = ConnectionLimits { total: 16, per_address: 16 };
    let server = Server::new(limits, Arc::default());
    let served = served_by(server, Shop::open().router).await;
    let head = "POST /get-digest/00000000-0000-0000-0000-000000000001/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 600\r\nExpect: 100-continue\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..16 {
        let mut stream = connect(&served).await;
        stream.write_all(head.as_bytes()).await.expect("is sent");
        // Asked to go on: the request is under way.
        until(&mut stream, "100 Continue\r\n\r\n").await;
        held.push(stream);
    }
    let mut other = connect(&served).await;
    ask_health(&mut other).await;
    let mut longest = held.remove(0);
    assert_eq!(longest.read(&mut [0; 64]).await.unwrap_or(0), 0, "it is given up");
    let mut last = held.pop().expect("one");
    last.write_all(&[b' '; 600]).await.expect("is sent");
    until(&mut last, "}").await;
}

#[tokio::test]
async fn an_idle_connection_is_cut() {
    let short = Duration::from_millis(50);
    let server = Server::default().timing(Timing { head: short, write: short });
    let served = served_by(server, Shop::open().router).await;
    let mut stream = connect(&served).await;
    ask_health(&mut stream).await;
    let mut rest = Vec::new();
    let cut = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut rest)).await;
    assert!(cut.is_ok(), "kept-alive connections end by themselves");
}

#[tokio::test]
async fn a_body_that_never_comes_is_answered_after_its_deadline() {
    let served = served(Shop::open().router).await;
    let mut stream = connect(&served).await;
    let head = "POST /get-digest/00000000-0000-0000-0000-000000000001/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.expect("is sent");
    let mut other = connect(&served).await;
    ask_health(&mut other).await;
    tokio::time::pause();
    let answer = until(&mut stream, "}").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// A server that refuses every POST before it reads the body.
async fn refusing() -> Served {
    let refuse = || async { axum::http::StatusCode::FORBIDDEN };
    let health = get(|| async { "{\"Live\":true}" });
    served(Router::new().route("/", axum::routing::post(refuse)).route("/health/live", health))
        .await
}

#[tokio::test]
async fn a_connection_goes_on_after_a_refusal_that_left_the_body_unread() {
    let served = refusing().await;
    let mut stream = connect(&served).await;
    for _ in 0..3 {
        let head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n";
        stream.write_all(head).await.expect("is sent");
        // Long after the refusal was decided.
        tokio::task::yield_now().await;
        stream.write_all(b"refuse").await.expect("is sent");
        let answer = until(&mut stream, "\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        assert!(!answer.contains("close"), "{answer}");
    }
    ask_health(&mut stream).await;
}

#[tokio::test]
async fn a_connection_that_cannot_go_on_says_so() {
    let served = refusing().await;
    for (head, why) in [
        ("Content-Length: 10000000", "too much is left"),
        ("Content-Length: 6\r\nExpect: 100-continue", "the client asks first"),
        ("Content-Length: 6", "the rest does not come"),
    ] {
        let mut stream = connect(&served).await;
        let request = format!("POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("is sent");
        let answer = until(&mut stream, "\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{why}: {answer}");
        assert!(answer.contains("connection: close"), "{why}: {answer}");
    }
}
