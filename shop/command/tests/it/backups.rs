//! `agora store backup` beside a running shop.

use crate::{
    run::{output, program},
    shop::{Folder, Shop},
};

#[tokio::test]
async fn a_copy_is_sent_without_room_for_it_where_the_shop_is() {
    let shop = Folder::new()
        .up_with(|command| {
            _ = command.env("TMPDIR", "/nowhere").args(["--trusted-proxies", "::/0"]);
        })
        .await;
    assert!(shop.folder.log().contains("trusted-proxies names every address"));
    let copies = Folder::new();
    let copy = copies.path().join("copy");
    let copy = copy.to_str().expect("UTF-8");
    shop.tool(&["store", "backup", copy]).await.expect_code(0);
    shop.down().await;
}

#[tokio::test]
async fn the_data_of_a_running_shop_is_not_copied_and_the_way_to_copy_it_is_named() {
    let shop = Shop::start().await;
    let copies = Folder::new();
    let copy = copies.path().join("copy");
    for more in [&[][..], &["--without-secret"]] {
        let mut command = program();
        command.args(["store", "backup"]).arg(&copy).arg("--data").arg(shop.folder.data());
        let refused = output(command.args(more)).await.expect_code(1);
        assert!(refused.stderr.contains("running shop"), "{refused:?}");
        assert!(refused.stderr.contains("--url"), "{refused:?}");
        assert!(!copy.exists(), "nothing was copied");
    }
    let copy = copy.to_str().expect("UTF-8");
    shop.tool(&["store", "backup", copy]).await.expect_code(0);
    shop.down().await;
}
