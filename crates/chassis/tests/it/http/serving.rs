//! The server on a real socket.

use std::{sync::Arc, time::Duration};

use axum::{Router, routing::get};
use chassis::http::serve;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::shop::Shop;

struct Served {
    address: std::net::SocketAddr,
    shutdown: CancellationToken,
    ended: JoinHandle<()>,
}

#[expect(clippy::disallowed_methods, reason = "a test waits for the server itself")]
async fn served(router: Router) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let shutdown = CancellationToken::new();
    let ended = tokio::spawn(serve(listener, router, shutdown.clone()));
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

#[tokio::test(start_paused = true)]
async fn a_silent_event_stream_is_kept_alive() {
    use http_body_util::BodyExt;
    use tower::ServiceExt;
    let shop = Shop::open();
    let request =
        axum::http::Request::get("/follow").body(axum::body::Body::empty()).expect("a request");
    let mut body = shop.router.clone().oneshot(request).await.expect("never fails").into_body();
    let started = tokio::time::Instant::now();
    let mut frames = Vec::new();
    for _ in 0..3 {
        let frame =
            body.frame().await.expect("goes on").expect("is whole").into_data().expect("data");
        frames.push((started.elapsed().as_secs(), frame));
    }
    assert_eq!(frames[0].0, 0, "the event comes at once");
    assert_eq!(frames[1], (15, ":\n\n".into()));
    assert_eq!(frames[2], (30, ":\n\n".into()));
}

#[tokio::test]
async fn an_event_stream_can_be_resumed_and_ends_with_the_service() {
    use axum::http::Request;
    let shop = Shop::open();
    let request = Request::get("/follow").header("last-event-id", "41");
    let reading = shop.send(request, "");
    let ending = async { shop.shutdown.cancel() };
    let (answer, ()) = tokio::join!(reading, ending);
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let text = String::from_utf8(answer.body).expect("text");
    assert_eq!(text, "id: 42\nevent: placed\ndata: {\"Order\":42}\n\n");
    for bad in ["x", "-1", "4 2"] {
        shop.send(Request::get("/follow").header("last-event-id", bad), "").await.problem(400);
    }
}
