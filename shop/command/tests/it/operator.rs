//! The operator's tools on a real shop: beside it while it runs, and on its folder once it is stopped.

use std::{cell::Cell, fs, process::Stdio};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

use crate::{
    run::{Ran, output, program},
    shop::{Folder, Person, Shop},
};

/// A shop where some orders have ended; the manager, and one of the orders.
pub(crate) async fn busy_shop() -> (Shop, Person, String) {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    manager.add_customers(&["lea"], "1000").await;
    let lamp = manager.add_products(&["Lamp"], ("9.99", 3)).await.remove(0);
    let orders = join_all((0..5).map(|_| manager.order(&lamp, "lea"))).await;
    manager.ended_orders().await;
    (shop, manager, orders[0].clone())
}

fn lines(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test]
async fn events_and_orders_look_the_same_beside_the_shop_and_in_its_folder() {
    let (shop, manager, order) = busy_shop().await;
    let recorded = manager.events().await;
    let listed = shop.tool(&["events", "--json"]).await.expect_code(0);
    assert_eq!(lines(&listed), recorded);
    let placed = shop.tool(&["events", "--type", "order.placed", "--json"]).await.expect_code(0);
    assert_eq!(lines(&placed).len(), 5);
    let drawn = shop.tool(&["order", &order, "--width", "120"]).await.expect_code(0);
    for step in ["order.placed", "stock-", "credit-reserved"] {
        assert!(drawn.stdout.contains(step), "{step} is drawn: {}", drawn.stdout);
    }
    let history = shop.tool(&["order", &order, "--json"]).await.expect_code(0).json();
    let inbox = shop.tool(&["inbox"]).await.expect_code(0);
    assert_eq!(inbox.stdout, "All inboxes are empty.\n");
    let unknown = shop.tool(&["inbox", "--retry", "order.projector@1"]).await.expect_code(1);
    assert!(unknown.stderr.contains("The inbox has no entry for that event"), "{}", unknown.stderr);
    shop.tool(&["inbox", "--skip", "order.projector@1"]).await.expect_code(2);
    shop.tool(&["inbox", "--retry", "nothing@1"]).await.expect_code(2);
    let folder = shop.down().await;
    assert_eq!(lines(&folder.tool(&["events", "--json"]).await.expect_code(0)), recorded);
    let inbox = folder.tool(&["inbox"]).await.expect_code(0);
    assert_eq!(inbox.stdout, "All inboxes are empty.\n");
    let later = folder.tool(&["order", &order, "--json"]).await.expect_code(0).json();
    let steps = |history: &Value| -> Vec<Value> {
        let mut steps = history["History"].as_array().expect("a list").clone();
        // People have their names beside the shop, and their ids in its log.
        for step in &mut steps {
            step["Actor"] = Value::Null;
        }
        steps
    };
    assert_eq!(steps(&later), steps(&history));
    let caused = steps(&later).iter().filter(|step| step.get("Cause").is_some()).count();
    assert_eq!(caused, steps(&later).len() - 1, "all but the placing react to something");
    let drawn = folder.tool(&["order", &order, "--ascii", "--width", "120"]).await.expect_code(0);
    assert!(drawn.stdout.is_ascii() && drawn.stdout.contains("order.placed"), "{}", drawn.stdout);
}

#[tokio::test]
async fn a_follower_of_events_sees_an_order_as_it_happens() {
    let (shop, manager, _) = busy_shop().await;
    let head = manager.get("/events/head").await["Position"].as_u64().expect("a position");
    let from = (head + 1).to_string();
    let mut follow =
        shop.tool_command(&["events", "--follow", "--json", "--from", &from, "--limit", "1"]);
    let mut follow = follow.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut told = BufReader::new(follow.stdout.take().expect("a pipe")).lines();
    manager.post("/customer/set-credit", json!({ "UserName": "lea", "Change": 1 })).await.ok();
    let event = told.next_line().await.expect("a pipe can be read").expect("a line");
    let event: Value = serde_json::from_str(&event).expect("JSON");
    assert_eq!(
        (&event["Position"], &event["Type"]),
        (&json!(head + 1), &json!("customer.credit-changed"))
    );
    assert!(follow.wait().await.expect("it ends").success());
}

#[tokio::test]
async fn a_data_folder_that_others_may_enter_is_reported() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    fs::create_dir(folder.data()).expect("a folder");
    for (mode, said) in [(0o750, true), (0o700, false)] {
        fs::set_permissions(folder.data(), fs::Permissions::from_mode(mode)).expect("it is ours");
        fs::write(folder.path().join("stderr"), "").expect("a file");
        let shop = folder.up().await;
        shop.down().await;
        assert_eq!(folder.log().contains("chmod 700"), said, "{}", folder.log());
    }
}

#[tokio::test]
async fn a_copy_made_while_orders_flow_is_a_whole_shop_again() {
    let (shop, manager, _) = busy_shop().await;
    let copies = Folder::new();
    let (copy, second) = (copies.path().join("copy"), copies.path().join("second"));
    let (copy, second) = (copy.to_str().expect("UTF-8"), second.to_str().expect("UTF-8"));
    let lamp = manager.add_products(&["Vase"], ("0.10", 100_000)).await.remove(0);
    let copied = Cell::new(false);
    let load = (0..8).map(|_| async {
        while !copied.get() {
            manager.order(&lamp, "lea").await;
        }
    });
    let backup = async {
        let made = shop.tool(&["store", "backup", copy, "--json"]).await;
        copied.set(true);
        made.expect_code(0).json()
    };
    let (_, made) = tokio::join!(join_all(load), backup);
    let all = manager.events().await;
    let head = usize::try_from(made["head"].as_u64().expect("a position")).expect("not so many");
    assert!(head > 20 && head <= all.len(), "{made}");

    let whole = output(program().args(["store", "verify", copy])).await.expect_code(0);
    assert!(whole.stdout.contains("secret: included"), "{}", whole.stdout);
    let restored = Folder::new();
    restored.tool(&["store", "restore", copy]).await.expect_code(0);
    let again = restored.up().await;
    let events = again.manager().await.events().await;
    assert_eq!(events[..head], all[..head], "what was copied is what was recorded");
    again.manager().await.ended_orders().await;

    let folder = shop.down().await;
    let mark = made["mark"].as_str().expect("a mark");
    let verified =
        folder.tool(&["store", "verify", "--expect", mark, "--json"]).await.expect_code(0);
    assert!(verified.json()["head"].as_u64() >= made["head"].as_u64());
    let wrong = format!("{head}:{}", "0".repeat(64));
    folder.tool(&["store", "verify", "--expect", &wrong]).await.expect_code(1);
    let stats = folder.tool(&["store", "stats", "--json"]).await.expect_code(0).json();
    assert_eq!(stats["events"], verified_head(&folder).await);
    let made = folder.tool(&["store", "backup", second, "--json"]).await.expect_code(0).json();
    assert_eq!(made["head"], stats["events"]);
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_what_to_do_instead() {
    let folder = Shop::start().await.down().await;
    let at = |path: &str| folder.path().join(path).display().to_string();
    let (data, log, inside) = (at("data"), at("data/log"), at("data/log/copy"));
    let (new, nowhere) = (at("new"), at("nowhere"));
    let [from_log, from_data, to_inside, to_new] =
        [&log, &data, &inside, &new].map(|path| format!("log:{path}"));
    let order = "0190c7f2-8b1e-7c3a-9f00-1234567890ab";
    let cases: [(&[&str], i32, &str); 12] = [
        (&["store", "backup", &inside, "--url", "http://127.0.0.1:9"], 1, "the folder of a log"),
        (&["store", "backup", &inside, "--data", &data], 1, "the folder of a log"),
        (&["store", "copy", &from_log, &to_inside], 1, "the folder of a log"),
        (&["store", "copy", &from_log, &from_log], 1, "the folder of a log"),
        (&["store", "copy", &from_data, &to_new], 1, "is a data folder, and the log is the folder"),
        (&["store", "restore", &nowhere, "--data", &new], 1, "there is no backup"),
        (&["store", "verify", "--data", &nowhere], 1, "name the shop's data folder"),
        (&["store", "backup", &new, "--data", &nowhere], 1, "name the shop's data folder"),
        (&["order", order, "--width", "1", "--data", &data], 2, "at least 40"),
        (&["order", order, "--width", "39", "--data", &data], 2, "at least 40"),
        (&["events", "--category", "x y", "--data", &data], 2, "is not a category"),
        (&["events", "--type", "a b", "--data", &data], 2, "a b"),
    ];
    for (args, code, says) in cases {
        let ran = output(program().args(args)).await.expect_code(code);
        assert!(ran.stdout.is_empty() && ran.stderr.contains(says), "{args:?}: {ran:?}");
        assert_eq!(ran.stderr.lines().count() == 1, code == 1, "{args:?}: {ran:?}");
    }
    for path in [&inside, &new, &nowhere] {
        assert!(!fs::exists(path).expect("it can be looked for"), "{path} was not made");
    }
    let twice = folder.tool(&["rebuild", "--check", "customer", "customer"]).await.expect_code(0);
    assert_eq!(twice.stdout.lines().count(), 1, "{}", twice.stdout);
}

#[tokio::test]
async fn a_copy_whose_report_cannot_be_printed_is_said_to_be_whole() {
    let folder = Shop::start().await.down().await;
    let (copy, new) = (folder.path().join("copy"), Folder::new());
    for (tool, data, made) in [
        (["store", "backup"], folder.data(), "copy"),
        (["store", "restore"], new.data(), "data/log"),
    ] {
        let full = fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let mut command = program();
        command.args(tool).arg(&copy).arg("--data").arg(data).stdout(full).stderr(Stdio::piped());
        let ended = command.spawn().expect("it starts").wait_with_output().await.expect("it ends");
        let said = String::from_utf8(ended.stderr).expect("text");
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains(made) && said.contains("but this report"), "{said}");
    }
    new.tool(&["store", "verify"]).await.expect_code(0);
}

#[tokio::test]
async fn a_read_model_thrown_away_is_rebuilt_the_same() {
    let (shop, manager, order) = busy_shop().await;
    shop.tool(&["rebuild", "--check"]).await.expect_code(0);
    let before = manager.get("/order/get-orders?Type=All").await;
    let folder = shop.down().await;
    let services: Vec<&str> = registry::names().collect();
    let equal = folder.tool(&["rebuild", "--check"]).await.expect_code(0);
    assert!(services.iter().all(|service| equal.stdout.contains(&format!("{service}: equals"))));
    // Another shop's model is no model of this log.
    let (other, ..) = busy_shop().await;
    let other = other.down().await;
    let whole = folder.copy();
    for file in ["order.db", "order.db-wal", "order.db-shm"] {
        let (from, to) = (other.data().join(file), folder.data().join(file));
        let _was_there = fs::remove_file(&to);
        if from.exists() {
            fs::copy(&from, &to).expect("a file");
        }
    }
    let differs = folder.tool(&["rebuild", "--check"]).await.expect_code(1);
    assert!(differs.stderr.contains("order: differs"), "{}", differs.stderr);
    for folder in [folder, whole] {
        let rebuild = [&["rebuild"], &services[..]].concat();
        folder.tool(&rebuild).await.expect_code(0);
        folder.tool(&["rebuild", "--check"]).await.expect_code(0);
        let shop = folder.up().await;
        let manager = shop.manager().await;
        assert_eq!(manager.get("/order/get-orders?Type=All").await, before);
        manager.get(&format!("/order/get-order-history?OrderId={order}")).await;
    }
}

#[tokio::test]
async fn a_check_under_another_time_zone_says_so_and_changes_nothing() {
    let (shop, _, _) = busy_shop().await;
    let folder = shop.down().await;
    let zone = ["rebuild", "--check", "accounting", "--time-zone", "Asia/Tokyo"];
    for _ in 0..2 {
        let ran = folder.tool(&zone).await.expect_code(1);
        assert!(ran.stderr.contains("accounting: not comparable"), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("time-zone") && !ran.stderr.contains(" at 0"),
            "{}",
            ran.stderr
        );
    }
    // A newer version's is named by its own place, not by that of the copy that is compared.
    let model = folder.data().join("order.db");
    let mut bytes = fs::read(&model).expect("a model");
    bytes[60..64].copy_from_slice(&999_u32.to_be_bytes());
    fs::write(&model, bytes).expect("a file");
    fs::write(folder.data().join("order.db.mark"), "agora order 999\n").expect("its note");
    let said = folder.tool(&["rebuild", "--check", "order"]).await.expect_code(1).stderr;
    let place = model.display().to_string();
    for part in ["order: not comparable", "newer version", &place] {
        assert!(said.contains(part) && !said.contains("model.db"), "{said}");
    }
    let equal = folder.tool(&["rebuild", "--check", "accounting"]).await.expect_code(0);
    assert!(!equal.stdout.contains("(0 rows)"), "{}", equal.stdout);
}

async fn verified_head(folder: &Folder) -> Value {
    folder.tool(&["store", "verify", "--json"]).await.expect_code(0).json()["head"].take()
}

#[tokio::test]
async fn a_running_shops_folder_is_not_restored_wherever_its_log_is() {
    let folder = Folder::new();
    let log = format!("log:{}", folder.path().join("elsewhere/log").display());
    let shop = folder
        .up_with(|command| {
            command.args(["--event-store", &log]);
        })
        .await;
    let copy = folder.path().join("copy").display().to_string();
    shop.tool(&["store", "backup", &copy]).await.expect_code(0);
    let other = format!("log:{}", folder.path().join("other").display());
    for store in [&[][..], &["--event-store", &log], &["--event-store", &other]] {
        let refused = folder.tool(&[&["store", "restore", &copy], store].concat()).await;
        let said = refused.expect_code(1).stderr;
        assert!(said.contains("in use by a running shop"), "{said}");
        let rebuilt = folder.tool(&[&["rebuild", "order"], store].concat()).await;
        rebuilt.expect_code(1);
    }
    assert!(!folder.data().join("log").exists() && !folder.path().join("other").exists());
    assert!(folder.data().join("order.db").exists(), "the shop still has its model");
    assert!(shop.down().await.log().lines().all(|line| !line.contains("ERROR")));
}

#[tokio::test]
async fn the_log_of_a_stopped_shop_is_found_where_the_settings_say() {
    let (folder, log) = (Folder::new(), tempfile::tempdir().expect("a folder"));
    let log = format!("log:{}", log.path().join("log").display());
    let elsewhere = |command: &mut Command| _ = command.args(["--event-store", &log]);
    let folder = folder.up_with(elsewhere).await.down().await;
    let at = |command: &[&str]| {
        let mut run = program();
        run.env("AGORA_EVENT_STORE", &log).args(command).arg("--data").arg(folder.data());
        run
    };
    for command in
        [&["store", "verify"][..], &["store", "stats"], &["events"], &["rebuild", "order"]]
    {
        let said = output(&mut at(command)).await.expect_code(0).stdout;
        assert!(!said.is_empty(), "{command:?}");
    }
    let copied = folder.path().join("stopped").display().to_string();
    output(&mut at(&["store", "backup", &copied])).await.expect_code(0);
    // The same from the folder alone: there is no log where it looks.
    folder.tool(&["store", "stats"]).await.expect_code(1);
    let mongo = ["store", "stats", "--event-store", "mongodb://127.0.0.1/agora"];
    let said = folder.tool(&mongo).await.expect_code(1).stderr;
    assert!(said.contains("agora store copy"), "{said}");
    // A restore puts the log where the shop will look for it.
    let restored = Folder::new();
    fs::create_dir(restored.data()).expect("a folder");
    fs::copy(folder.data().join("secret"), restored.data().join("secret")).expect("its secret");
    let place = format!("log:{}", restored.path().join("new/place").display());
    let restore = ["store", "restore", &copied, "--event-store", &place];
    restored.tool(&restore).await.expect_code(0);
    let shop = restored
        .up_with(|command| {
            command.args(["--event-store", &place]);
        })
        .await;
    shop.manager().await;
}
