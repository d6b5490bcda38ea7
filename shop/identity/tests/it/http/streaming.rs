//! Event streams: keep-alive, resuming, limits, and the end with their caller's session.

use std::time::Duration;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, request::Builder},
    response::Response,
};
use http_body_util::BodyExt;
use identity::Role;
use testkit::Answer;
use tower::ServiceExt;

use super::shop::Shop;

fn following(shop: &Shop, user: &str) -> Builder {
    let token = shop.token(user, Role::Customer);
    Request::get("/follow").header("authorization", format!("Bearer {token}"))
}

async fn follow(shop: &Shop, user: &str) -> Response {
    begin(shop, following(shop, user)).await
}

async fn begin(shop: &Shop, request: Builder) -> Response {
    let request = request.body(Body::empty()).expect("a request");
    shop.router.clone().oneshot(request).await.expect("never fails")
}

/// Reads the first event, then ends the session by `end`: how long the stream goes on.
async fn ends_after(end: impl FnOnce(&Shop, &identity::Claims)) -> Duration {
    let shop = Shop::open();
    let (token, claims) = shop.issue("ann", Role::Customer);
    let request = Request::get("/follow").header("authorization", format!("Bearer {token}"));
    let mut body = begin(&shop, request).await.into_body();
    body.frame().await.expect("goes on").expect("is whole");
    end(&shop, &claims);
    let ended = tokio::time::Instant::now();
    while body.frame().await.is_some() {}
    ended.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_the_log_out() {
    let took = ends_after(|shop, claims| {
        shop.auth.sessions().revoke_token(claims.token, claims.expires_at);
    });
    assert_eq!(took.await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_when_the_token_expires() {
    let took = ends_after(|shop, _| shop.clock.advance(Duration::from_hours(13)));
    assert!(took.await <= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_another_session_goes_on() {
    let shop = Shop::open();
    let mut body = follow(&shop, "ann").await.into_body();
    body.frame().await.expect("goes on").expect("is whole");
    let (_, other) = shop.issue("bert", Role::Customer);
    shop.auth.sessions().revoke_token(other.token, other.expires_at);
    let alive = body.frame().await.expect("goes on").expect("is whole").into_data();
    assert_eq!(alive.expect("data"), ":\n\n");
}

#[tokio::test]
async fn a_user_may_have_twenty_streams_and_one_more_when_one_has_ended() {
    let shop = Shop::open();
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(follow(&shop, "ann").await);
    }
    let refused = Answer::of(follow(&shop, "ann").await).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "10"));
    assert_eq!(follow(&shop, "bert").await.status(), 200, "another user");
    open.pop();
    assert_eq!(follow(&shop, "ann").await.status(), 200);
}

#[tokio::test]
async fn an_address_may_have_forty_streams_behind_a_proxy_too() {
    let shop = Shop::open();
    let from = async |user: String, address: &str| {
        let proxy: std::net::SocketAddr = "127.0.0.1:9".parse().expect("an address");
        let request = following(&shop, &user).header("x-forwarded-for", address);
        begin(&shop, request.extension(ConnectInfo(proxy))).await
    };
    let mut open = Vec::new();
    for at in 0..40 {
        open.push(from(format!("user{at}"), &format!("2001:db8::{at}")).await);
    }
    assert_eq!(from("more".to_owned(), "2001:db8::ffff").await.status(), 429, "one /64");
    assert_eq!(from("more".to_owned(), "2001:db8:0:1::1").await.status(), 200);
    assert_eq!(follow(&shop, "tool").await.status(), 200, "this machine itself is not limited");
}

#[tokio::test(start_paused = true)]
async fn a_silent_event_stream_is_kept_alive() {
    use http_body_util::BodyExt;
    let shop = Shop::open();
    let mut body = follow(&shop, "ann").await.into_body();
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
    let shop = Shop::open();
    let request = following(&shop, "ann").header("last-event-id", "41");
    let reading = shop.send(request, "");
    let ending = async { shop.shutdown.cancel() };
    let (answer, ()) = tokio::join!(reading, ending);
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let text = answer.text().to_owned();
    assert_eq!(text, "id: 42\nevent: placed\ndata: {\"Order\":42}\n\n");
    for bad in ["x", "-1", "4 2"] {
        shop.send(following(&shop, "ann").header("last-event-id", bad), "").await.problem(400);
    }
}
