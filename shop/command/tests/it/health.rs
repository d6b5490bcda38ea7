//! `agora health`: the health check of containers.

use axum::{Router, http::StatusCode, routing::get};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    run::{Ran, output, program},
    shop::Folder,
};

async fn health(url: &str, more: &[&str]) -> Ran {
    output(program().args(["health", "--url", url]).args(more)).await
}

#[tokio::test]
async fn a_part_is_well_while_it_answers() {
    let shop = Folder::new().up().await;
    let url = shop.url.clone();
    for more in [&[][..], &["--ready"]] {
        let ran = health(&url, more).await.expect_code(0);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    }
    shop.kill().await;
    let ran = health(&url, &[]).await.expect_code(1);
    assert!(ran.stderr.contains(&format!("nothing answers at {url}")), "{ran:?}");
    assert_eq!(ran.stderr.matches("refused").count(), 1, "{ran:?}");
}

#[tokio::test]
async fn a_part_that_is_not_ready_is_not_well_and_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let unready = Router::new().route(
        "/health/ready",
        get(async || (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "1")], "{}")),
    );
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, unready).await.expect("it serves") });
    let ran = health(&url, &["--ready"]).await.expect_code(1);
    assert!(ran.stderr.contains("503") && ran.stderr.contains("after 1 attempt in"), "{ran:?}");
}
