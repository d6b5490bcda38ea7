//! `agora health`: what a container asks about itself.

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
}

#[tokio::test]
async fn a_part_that_is_not_ready_is_not_well() {
    let stub = crate::stub::Stub::start().await;
    // It knows no such path: an answer, but no good one.
    let ran = health(&stub.url, &["--ready"]).await.expect_code(1);
    assert!(ran.stderr.contains("404"), "{ran:?}");
}
