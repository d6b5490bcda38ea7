//! A log that is gone or has lost events: never treated as a new one, refused before anything is written, accepted on request.

mod bus;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use rustix::process::Signal;
use serde_json::Value;

use crate::{
    run::{Ran, output},
    shop::{Folder, PASSWORD, PATIENCE, Shop, eventually, up},
};

const ACCEPT: &str = "--accept-shorter-log";

/// A stopped shop with a few products.
async fn stopped() -> Folder {
    let shop = Shop::start().await;
    shop.manager().await.add_products(&["Lamp", "Vase"], ("1.00", 5)).await;
    shop.down().await
}

/// Every file of a folder, those of the read models aside: looking at them may make one.
fn content(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let name = path.display().to_string();
        if path.is_dir() {
            files.extend(content(&path));
            files.insert(path, Vec::new());
        } else if !["-shm", "-wal"].iter().any(|end| name.ends_with(end)) {
            files.insert(path.clone(), fs::read(path).expect("a file"));
        }
    }
    files
}

/// The shop and every tool refuse the log in one line that says `parts`, and change nothing.
async fn refused(folder: &Folder, parts: &[&str]) {
    let before = content(&folder.data());
    let mut runs: Vec<Ran> = Vec::new();
    for _ in 0..2 {
        runs.push(output(up(&folder.data()).env("AGORA_ADMIN_PASSWORD", PASSWORD)).await);
    }
    for tool in
        [&["store", "verify"][..], &["store", "stats"], &["events"], &["rebuild", "product"]]
    {
        runs.push(folder.tool(tool).await);
    }
    for ran in runs {
        let ran = ran.expect_code(1);
        assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{}", ran.stderr);
        for part in parts.iter().chain(&["Nothing was changed", "backup", ACCEPT]) {
            assert!(ran.stderr.contains(part), "{} does not say {part:?}", ran.stderr);
        }
    }
    assert_eq!(content(&folder.data()), before, "nothing was changed and nothing left behind");
}

/// Starts the shop once with what its log has; what it warned of.
async fn accepted(folder: &Folder) -> (Shop, String) {
    let shop = folder.up_with(|command| _ = command.arg(ACCEPT)).await;
    let log = folder.log();
    let line = log.lines().find(|line| line.contains("accept-shorter-log"));
    (shop, line.unwrap_or_else(|| panic!("{log}")).to_owned())
}

async fn products(shop: &Shop) -> Vec<String> {
    let listed = shop.visitor().get("/product/get-all-products").await;
    let name = |item: &Value| item["Name"].as_str().expect("a name").to_owned();
    listed["Items"].as_array().expect("a list").iter().map(name).collect()
}

/// The one segment, and where its last batch stands.
fn last_batch(folder: &Folder) -> (PathBuf, Vec<u8>, std::ops::Range<usize>) {
    let path = folder.data().join("log/0000000001.segment");
    let bytes = fs::read(&path).expect("a segment");
    let begin = bytes.windows(4).rposition(|bytes| bytes == b"btch").expect("a batch");
    let end = bytes.iter().rposition(|byte| *byte != 0).expect("content") + 1;
    (path, bytes, begin..end)
}

#[tokio::test]
async fn a_log_that_is_gone_is_not_taken_for_a_new_one() {
    let folder = stopped().await;
    let (log, away) = (folder.data().join("log"), folder.path().join("away"));
    fs::rename(&log, &away).expect("the volume is not mounted");
    refused(&folder, &["the log is gone", "up to position", "volume"]).await;
    // Another disk without the read models, and the mount point is there.
    for name in registry::names().chain(["sessions"]) {
        fs::remove_file(folder.data().join(format!("{name}.db"))).expect("a model");
    }
    fs::create_dir(&log).expect("a mount point");
    refused(&folder, &["the log is gone"]).await;
    fs::remove_dir(&log).expect("it is empty still");
    // A folder of a version that kept no mark.
    let mark = fs::read(folder.data().join("log.json")).expect("a mark");
    fs::remove_file(folder.data().join("log.json")).expect("a mark");
    let ran = output(&mut up(&folder.data())).await.expect_code(1);
    assert!(ran.stderr.contains("the log is gone. Nothing was changed"), "{}", ran.stderr);
    fs::write(folder.data().join("log.json"), mark).expect("a mark");
    fs::rename(&away, &log).expect("it is mounted again");
    let shop = folder.up().await;
    assert_eq!(products(&shop).await, ["Lamp", "Vase"]);
}

#[tokio::test]
async fn a_read_model_of_another_shop_is_refused_and_left_as_it_is() {
    let (one, another) = (stopped().await, stopped().await);
    let shop = one.up().await;
    shop.manager().await.add_products(&["Chair", "Desk"], ("1.00", 5)).await;
    let one = shop.down().await;
    let theirs = another.data().join("product.db");
    let refused = async |command: &mut tokio::process::Command| {
        let ran = output(command.env("AGORA_ADMIN_PASSWORD", PASSWORD)).await.expect_code(1);
        assert!(ran.stderr.contains("was built from the log of another system"), "{}", ran.stderr);
    };
    let model = format!("sqlite:{}", theirs.display());
    refused(up(&one.data()).args(["--product-model", &model])).await;
    let shop = another.up().await;
    assert_eq!(products(&shop).await, ["Lamp", "Vase"]);
    let another = shop.down().await;
    // Put there by hand, in the place of the shop's own.
    fs::copy(another.data().join("product.db"), one.data().join("product.db")).expect("a copy");
    refused(&mut up(&one.data())).await;
    fs::remove_file(one.data().join("product.db")).expect("a model");
    let shop = one.up().await;
    assert_eq!(products(&shop).await, ["Chair", "Desk", "Lamp", "Vase"]);
}

#[tokio::test]
async fn a_log_that_lost_its_end_is_refused_and_can_be_accepted() {
    let folder = stopped().await;
    let (segment, mut bytes, batch) = last_batch(&folder);
    bytes[batch].fill(0);
    fs::write(&segment, bytes).expect("a segment");
    refused(&folder, &["the log ends at position", "were recorded"]).await;
    // What the read models have seen is enough to know.
    let mark = fs::read(folder.data().join("log.json")).expect("a mark");
    fs::remove_file(folder.data().join("log.json")).expect("a mark");
    refused(&folder, &["the log ends at position"]).await;
    fs::write(folder.data().join("log.json"), mark).expect("a mark");

    let (shop, line) = accepted(&folder).await;
    assert!(line.contains("the log ends at position"), "{line}");
    assert!(line.contains("permanently lost") && line.contains(": position"), "{line}");
    assert_eq!(products(&shop).await, ["Lamp"]);
    shop.manager().await.add_products(&["Chair"], ("1.00", 5)).await;
    let folder = shop.down().await;
    let shop = folder.up().await;
    assert_eq!(products(&shop).await, ["Chair", "Lamp"]);
    let folder = shop.down().await;
    folder.tool(&["rebuild", "--check"]).await.expect_code(0);
    folder.tool(&["store", "verify"]).await.expect_code(0);
}

#[tokio::test]
async fn a_damaged_last_batch_is_damage_if_it_was_acknowledged() {
    let folder = stopped().await;
    let (segment, mut bytes, batch) = last_batch(&folder);
    bytes[batch.end - 2] ^= 1;
    fs::write(&segment, bytes).expect("a segment");
    refused(&folder, &["segment 1 is damaged at position", "acknowledged"]).await;
    let (shop, line) = accepted(&folder).await;
    assert!(line.contains("segment 1 is damaged"), "{line}");
    let log = folder.log();
    let cut = log
        .lines()
        .find(|line| line.contains("truncated an incomplete batch"))
        .unwrap_or_else(|| panic!("{log}"));
    assert!(cut.contains("although it was acknowledged"), "{cut}");
    assert_eq!(products(&shop).await, ["Lamp"]);
}

#[tokio::test]
async fn the_log_of_another_shop_is_refused_however_long_it_is() {
    let (folder, other) = tokio::join!(stopped(), stopped());
    let shop = other.up().await;
    shop.manager().await.add_products(&["Desk", "Shelf"], ("1.00", 5)).await;
    let other = shop.down().await;
    fs::remove_dir_all(folder.data().join("log")).expect("the log");
    fs::rename(other.data().join("log"), folder.data().join("log")).expect("the log");
    refused(&folder, &["another one", "at position"]).await;
}

#[tokio::test]
async fn an_older_backup_can_be_restored_and_clients_of_before_are_served() {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    manager.add_products(&["Lamp"], ("1.00", 5)).await;
    let copy = shop.folder.path().join("copy");
    let copy = copy.to_str().expect("UTF-8");
    shop.tool(&["store", "backup", copy]).await.expect_code(0);
    manager.add_products(&["Vase", "Desk"], ("1.00", 5)).await;
    manager.get("/product/get-all-products").await;
    let folder = shop.down().await;
    fs::remove_dir_all(folder.data().join("log")).expect("the log");
    folder.tool(&["store", "restore", copy]).await.expect_code(0);
    folder.tool(&["store", "verify"]).await.expect_code(0);
    let shop = folder.up().await;
    // They hand on the position of what they have seen.
    let manager = manager.at(&shop);
    let listed = manager.get("/product/get-all-products").await;
    assert_eq!(listed["Items"].as_array().map(Vec::len), Some(1), "{listed}");
    manager.add_products(&["Chair"], ("1.00", 5)).await;
    assert_eq!(products(&shop).await, ["Chair", "Lamp"]);
    shop.down().await.up().await;
}

#[tokio::test]
async fn a_folder_deleted_under_a_running_shop_ends_it() {
    let shop = Shop::start().await;
    shop.manager().await.add_products(&["Lamp"], ("1.00", 5)).await;
    let folder = shop.folder.clone();
    // The shop may be writing a file.
    let deleted = || fs::remove_dir_all(folder.data()).is_ok() || !folder.data().exists();
    eventually("the folder is deleted", async || deleted().then_some(())).await;
    eventually("it is noticed", async || folder.log().contains("was deleted").then_some(())).await;
    let (status, _) = tokio::time::timeout(PATIENCE, shop.ended()).await.expect("it ends");
    assert_eq!(status.code(), Some(1), "{}", folder.log());
}

#[tokio::test]
async fn files_deleted_under_a_running_shop_are_reported_and_written_back() {
    let shop = Shop::start().await;
    shop.manager().await.add_products(&["Lamp"], ("1.00", 5)).await;
    let folder = shop.folder.clone();
    let paths = ["secret", "shop.json", "log.json"].map(|name| folder.data().join(name));
    let noted = async || paths.iter().all(|path| path.exists()).then_some(());
    eventually("the mark is written", noted).await;
    let secret = fs::read(&paths[0]).expect("the secret");
    for path in &paths {
        fs::remove_file(path).expect("it is there");
    }
    eventually("they are back", async || paths.iter().all(|path| path.exists()).then_some(()))
        .await;
    assert_eq!(fs::read(&paths[0]).expect("the secret"), secret);
    let said = |name: &str| {
        let path = folder.data().join(name).display().to_string();
        let lines = folder.log();
        lines.lines().filter(|line| line.contains(&path) && line.contains("vanished")).count()
    };
    let told = async || {
        ["secret", "shop.json", "log.json"].iter().all(|name| said(name) == 1).then_some(())
    };
    eventually("each is reported once", told).await;
    assert!(folder.log().contains("ERROR"), "{}", folder.log());
    // Opened models go on; the next start builds this one again.
    fs::remove_file(folder.data().join("order.db")).expect("a model");
    eventually("it is reported", async || (said("order.db") == 1).then_some(())).await;
    let shop = shop.down().await.up().await;
    assert_eq!(products(&shop).await, ["Lamp"]);
    shop.manager().await.add_products(&["Vase"], ("1.00", 5)).await;
}

#[tokio::test]
async fn the_mark_follows_the_log_and_is_at_its_end_after_a_stop() {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    let folder = shop.folder.clone();
    let noted = || -> u64 {
        let mark = fs::read(folder.data().join("log.json")).unwrap_or_default();
        let mark: Value = serde_json::from_slice(&mark).unwrap_or_default();
        mark["Position"].as_u64().unwrap_or_default()
    };
    manager.add_products(&["Lamp"], ("1.00", 5)).await;
    let head = manager.get("/events/head").await["Position"].as_u64().expect("a position");
    eventually("it is noted", async || (noted() >= head).then_some(())).await;
    manager.add_products(&["Vase"], ("1.00", 5)).await;
    let (status, _) = shop.stop(Signal::TERM).await;
    assert!(status.success());
    let verified = folder.tool(&["store", "verify", "--json"]).await.expect_code(0).json();
    assert_eq!(verified["head"].as_u64(), Some(noted()));
}
