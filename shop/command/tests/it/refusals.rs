//! Refused starts of `agora up`: one sentence with the remedy, and exit code 1.

use std::{fs, path::Path};

use tokio::{net::TcpListener, process::Command};

use crate::{
    run::{Ran, folder, output},
    shop::{Folder, PASSWORD, Shop, up},
};

/// The one line in which a shop that could not start says so.
async fn refused(command: &mut Command) -> String {
    let ran: Ran = output(command).await.expect_code(1);
    assert_eq!(ran.stdout, "");
    let (line, rest) = ran.stderr.split_once('\n').expect("a line");
    assert_eq!(rest, "", "one sentence, not more: {line}");
    assert!(line.starts_with("agora: "), "{line}");
    line.to_owned()
}

#[track_caller]
fn assert_says(line: &str, parts: &[&str]) {
    let missing: Vec<_> = parts.iter().filter(|part| !line.contains(**part)).collect();
    assert!(missing.is_empty(), "{line:?} does not say {missing:?}");
}

#[tokio::test]
async fn a_taken_port_is_named_and_another_one_asked_for() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    for flag in ["--listen", "--ops-listen"] {
        let folder = Folder::new();
        let mut command = crate::run::program();
        let other = if flag == "--listen" { "--ops-listen" } else { "--listen" };
        command.args(["up", flag, &address, other, "127.0.0.1:0", "--data"]).arg(folder.data());
        assert_says(&refused(&mut command).await, &[&address, "in use", flag]);
    }
}

#[tokio::test]
async fn two_shops_do_not_share_a_folder() {
    let shop = Shop::start().await;
    let data = shop.folder.data();
    assert_says(&refused(&mut up(&data)).await, &["in use", "stop", &data.display().to_string()]);
    shop.manager().await.get("/system/get-status").await;
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_one_is_refused() {
    let folder = folder(&[("file", "")]);
    let file = folder.path().join("file");
    for data in [file.clone(), file.join("below")] {
        assert_says(&refused(&mut up(&data)).await, &[&data.display().to_string(), "--data"]);
    }
}

#[tokio::test]
async fn pipes_where_files_are_expected_are_refused_and_not_waited_on() {
    let folder = Shop::start().await.down().await;
    let data = folder.data();
    let elsewhere = folder.path().join("pipe.db");
    let model = format!("sqlite:{}", elsewhere.display());
    let cases = [
        (elsewhere, "order-model"),
        (data.join("secret"), "--data"),
        (data.join("product-snapshots.db"), "--data"),
        (data.join("log/0000000002.segment"), "event-store"),
    ];
    for (path, setting) in cases {
        let kept = fs::read(&path).ok();
        let _may_not_be_there = fs::remove_file(&path);
        let made = Command::new("mkfifo").arg(&path).status().await.expect("mkfifo");
        assert!(made.success());
        let line = refused(up(&data).args(["--order-model", &model])).await;
        assert_says(&line, &[setting, &path.display().to_string(), "not a regular file"]);
        fs::remove_file(&path).expect("the pipe");
        if let Some(kept) = kept {
            fs::write(&path, kept).expect("a file");
        }
    }
    fs::write(data.join("shop.json"), "null").expect("a file");
    let line = refused(&mut up(&data)).await;
    assert_says(&line, &["shop.json", "currency", "backup"]);
    assert!(!line.contains("struct"), "{line}");
}

#[tokio::test]
async fn a_damaged_log_is_refused_by_segment_and_position_and_left_alone() {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    manager.add_products(&["Lamp", "Vase"], ("1.00", 5)).await;
    let folder = shop.down().await;
    let segment = flip_a_byte(&folder.data().join("log"), b"product.added");
    let damaged = fs::read(&segment).expect("a file");
    let line = refused(&mut up(&folder.data())).await;
    assert_says(&line, &["segment 1", "damaged", "position", "restore a backup"]);
    assert_eq!(fs::read(&segment).expect("a file"), damaged, "nothing was truncated or repaired");
    let verified = folder.tool(&["store", "verify"]).await.expect_code(1);
    assert_says(&verified.stderr, &["segment 1", "position"]);
}

/// Flips a bit in the first record that contains `text`; the segment that it stands in.
fn flip_a_byte(log: &Path, text: &[u8]) -> std::path::PathBuf {
    for entry in fs::read_dir(log).expect("a folder") {
        let path = entry.expect("an entry").path();
        let mut bytes = fs::read(&path).expect("a file");
        let found = bytes.windows(text.len()).position(|window| window == text);
        if let Some(byte) = found.and_then(|at| bytes.get_mut(at)) {
            *byte ^= 1;
            fs::write(&path, bytes).expect("a file");
            return path;
        }
    }
    panic!("no segment contains the text");
}

/// Variables, flags, and what the refusal says.
type Change<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a [&'a str]);

#[tokio::test]
async fn settings_that_are_unknown_wrong_or_contradictory_are_named() {
    let files = folder(&[
        ("unknown.toml", "curency = \"EUR\""),
        ("secret", "correct horse"),
        ("empty", "\n"),
        ("unread.toml", "currency = \"EUR\"\nadmin-password = hush hush"),
    ]);
    let at = |name: &str| files.path().join(name).display().to_string();
    let (unknown, secret) = (at("unknown.toml"), at("secret"));
    let (empty, unread) = (at("empty"), at("unread.toml"));
    let cases: [Change<'_>; 15] = [
        (&[], &["--config", &unknown], &["curency", &unknown, "agora config"]),
        (&[("AGORA_CURENCY", "EUR")], &[], &["AGORA_CURENCY", "agora config"]),
        (
            &[("AGORA_ORDER_DEADLINE", "soon")],
            &[],
            &["order-deadline", "soon", "AGORA_ORDER_DEADLINE"],
        ),
        (&[], &["--currency", "euro"], &["currency", "euro", "--currency"]),
        (&[], &["--time-zone", "Mars/Olympus"], &["time-zone", "Mars/Olympus", "Europe/Berlin"]),
        (&[("AGORA_ADMIN_PASSWORD", "short")], &[], &["admin-password", "8"]),
        (
            &[("AGORA_ADMIN_PASSWORD", PASSWORD), ("AGORA_ADMIN_PASSWORD_FILE", &secret)],
            &[],
            &["AGORA_ADMIN_PASSWORD", "only one"],
        ),
        (
            &[("AGORA_BUS", "amqp://me:hush"), ("AGORA_BUS_FILE", &secret)],
            &[],
            &["AGORA_BUS", "only one"],
        ),
        (&[("AGORA_BUS_FILE", &secret)], &[], &["bus", "AGORA_BUS_FILE", "amqp://"]),
        (&[("AGORA_SHOP_SECRET_FILE", &empty)], &[], &["AGORA_SHOP_SECRET_FILE", "empty", &empty]),
        (&[("AGORA_BUS", "amqp://me:a/hush@here/")], &[], &["bus", "********@here", "%2F"]),
        (&[], &["--config", &unread], &[&unread, "line 2"]),
        (&[], &["--expected-services", "loyalty, /points"], &["expected-services", "/points"]),
        (&[], &["--service-listen", "foo"], &["service-listen", "127.0.0.1:8080"]),
        (&[], &["--accept-clock", "maybe"], &["accept-clock", "neither true nor false"]),
    ];
    for (variables, flags, says) in cases {
        let mut command = up(&Folder::new().data());
        let line = refused(command.envs(variables.iter().copied()).args(flags)).await;
        assert_says(&line, says);
        assert!(!line.contains(PASSWORD) && !line.contains("short\""), "{line}");
        assert!(!line.contains("hush"), "{line}");
    }
}

#[tokio::test]
async fn the_currency_stays_as_it_was_at_the_first_start() {
    let folder = Shop::start().await.down().await;
    let line = refused(up(&folder.data()).args(["--currency", "CHF"])).await;
    assert_says(&line, &["EUR", "CHF", "fixed at its first start"]);
}

#[tokio::test]
async fn a_restored_shop_keeps_the_currency_of_its_products() {
    let folder = Folder::new();
    let shop = folder.up_with(|command| _ = command.args(["--currency", "CHF"])).await;
    shop.manager().await.add_products(&["Lamp"], ("1.00", 5)).await;
    let folder = shop.down().await;
    // A backup has the log only.
    fs::remove_file(folder.data().join("shop.json")).expect("a file");
    assert_says(&refused(&mut up(&folder.data())).await, &["CHF", "EUR", "--currency"]);
    let shop = folder.up_with(|command| _ = command.args(["--currency", "CHF"])).await;
    shop.manager().await.add_products(&["Vase"], ("1.00", 5)).await;
}

#[tokio::test]
async fn over_a_broker_a_product_service_of_another_currency_stops() {
    let broker = servers::RabbitMq::shared();
    let url = broker.url(&broker.vhost().expect("a virtual host"));
    let folder = Folder::new();
    let shop = folder
        .up_with(|command| _ = command.env("AGORA_BUS", &url).args(["--currency", "CHF"]))
        .await;
    shop.manager().await.add_products(&["Lamp"], ("1.00", 5)).await;
    let secret = fs::read_to_string(folder.data().join("secret")).expect("a file");
    let elsewhere = Folder::new();
    let mut product = crate::run::program();
    product.args(["run", "product", "--data"]).arg(elsewhere.data());
    product.env("AGORA_BUS", &url).env("AGORA_SHOP_SECRET", secret.trim());
    let ran = output(&mut product).await.expect_code(1);
    assert_says(&ran.stderr, &["CHF", "EUR", "--currency"]);
    shop.down().await;
}

#[tokio::test]
async fn two_settings_of_one_place_are_refused_and_destroy_nothing() {
    let folder = Shop::start().await.down().await;
    let data = folder.data();
    let models = ["product.db", "secret", "sessions.db"].map(|name| data.join(name));
    let before = models.each_ref().map(|path| fs::read(path).expect("a file"));
    for path in &models {
        let model = format!("sqlite:{}", path.display());
        let line = refused(up(&data).args(["--order-model", &model])).await;
        assert_says(
            &line,
            &["order-model", &path.display().to_string(), "same file", "--order-model"],
        );
        let rebuilt = folder.tool(&["rebuild", "order", "--order-model", &model]).await;
        assert_says(&rebuilt.expect_code(1).stderr, &["order-model", "same file"]);
    }
    assert_eq!(models.map(|path| fs::read(path).expect("a file")), before);
    folder.up().await.manager().await;
}

#[tokio::test]
async fn a_currency_without_two_decimals_is_refused_before_it_is_fixed() {
    for currency in ["JPY", "KWD", "XXX"] {
        let folder = Folder::new();
        let refused = output(up(&folder.data()).args(["--currency", currency])).await;
        assert_says(&refused.expect_code(1).stderr, &[currency, "--currency", "two decimals"]);
        assert!(!folder.data().exists(), "nothing was fixed");
    }
    // A shop that began with one, when this was not asked, opens.
    let folder = Shop::start().await.down().await;
    fs::write(folder.data().join("shop.json"), "{\"Currency\":\"JPY\"}").expect("a file");
    let shop = folder.up_with(|command| _ = command.args(["--currency", "JPY"])).await;
    shop.manager().await;
    assert_says(&shop.folder.log(), &["JPY is not a currency with two decimals"]);
}

#[tokio::test]
async fn a_model_is_a_file_and_no_address_of_one() {
    let folder = Folder::new();
    let model = ["--order-model", "sqlite:file:uri.db?mode=rwc"];
    let refused = output(up(&folder.data()).args(model)).await.expect_code(1);
    assert_says(&refused.stderr, &["order-model", "path of a file"]);
    assert!(!folder.data().exists() && !Path::new("file:uri.db?mode=rwc").exists());
}

#[tokio::test]
async fn a_log_that_lost_only_zeros_is_put_right_if_it_is_proved_whole() {
    let folder = Shop::start().await.down().await;
    let segment = folder.data().join("log/0000000001.segment");
    let length = fs::metadata(&segment).expect("a segment").len();
    let cut = |length| {
        let file = fs::File::options().write(true).open(&segment).expect("a file");
        file.set_len(length).expect("cut");
    };
    cut(length - 10);
    let unknown = folder.copy();
    fs::remove_file(unknown.data().join("log.json")).expect("a mark");
    let refused = output(&mut up(&unknown.data())).await.expect_code(1);
    assert_says(&refused.stderr, &["segment 1", "not as long"]);
    let verified = folder.tool(&["store", "verify"]).await.expect_code(0);
    assert_says(&verified.stdout, &["whole", "lacks 10 bytes"]);
    let shop = folder.up().await;
    shop.manager().await;
    let folder = shop.down().await;
    assert_says(&folder.log(), &["Only zeros were missing", "bytes=10"]);
    assert_eq!(fs::metadata(&segment).expect("a segment").len(), length);
    let verified = folder.tool(&["store", "verify"]).await.expect_code(0);
    assert!(!verified.stdout.contains("lacks"), "{}", verified.stdout);
}
