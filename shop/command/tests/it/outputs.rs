//! A shop whose log or standard output is broken, full or not read, and signals that must not end it: it works, loses nothing
//! that a first start must show, and stops when asked.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use serde_json::json;
use tokio::process::Child;

use crate::{
    run::{output, program},
    shop::{Folder, Shop, eventually, up},
};

fn dev_full() -> File {
    File::options().write(true).open("/dev/full").expect("Linux has it")
}

#[tokio::test]
async fn a_log_that_cannot_be_written_costs_no_answer() {
    let (reader, closed) = io::pipe().expect("a pipe");
    drop(reader);
    for stderr in [Stdio::from(dev_full()), Stdio::from(closed)] {
        let folder = Folder::new();
        let shop = folder.up_with(|command| _ = command.stderr(stderr)).await;
        let manager = shop.manager().await;
        manager.add_customers(&["kim"], "100").await;
        let (status, _) = shop.stop(Signal::TERM).await;
        assert!(status.success(), "{status}");
    }
}

#[tokio::test]
async fn a_log_that_is_not_read_stops_neither_work_nor_the_end() {
    let folder = Folder::new();
    let (mut reader, writer) = io::pipe().expect("a pipe");
    let shop =
        folder.up_with(|command| _ = command.stderr(writer).env("AGORA_LOG_LEVEL", "debug")).await;
    let visitor = shop.visitor();
    // Far more lines than a pipe and the shop's own queue hold.
    for _ in 0..2000 {
        visitor.get("/product/get-categories").await;
    }
    let (status, _) = shop.stop(Signal::TERM).await;
    assert!(status.success(), "{status}");
    let mut log = Vec::new();
    reader.read_to_end(&mut log).expect("a pipe can be read");
    assert!(!log.is_empty());
}

#[tokio::test]
async fn a_first_start_without_a_standard_output_keeps_the_password_and_runs() {
    let (reader, closed) = io::pipe().expect("a pipe");
    drop(reader);
    for stdout in [Stdio::from(dev_full()), Stdio::from(closed), Stdio::null()] {
        let folder = Folder::new();
        let stderr = File::create(folder.path().join("stderr")).expect("a file");
        let mut command = up(&folder.data());
        let process = command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn();
        let mut process = process.expect("it starts");
        let file = folder.data().join("admin-password");
        let password = eventually("the password is kept", async || {
            fs::read_to_string(&file).ok().filter(|text| text.ends_with('\n'))
        })
        .await;
        assert!(password.trim().len() >= 12, "{password:?}");
        let rights = fs::metadata(&file).expect("it is there").permissions().mode();
        assert_eq!(rights & 0o777, 0o600);
        eventually("the log says where", async || {
            folder.log().contains("admin-password").then_some(())
        })
        .await;
        assert!(!folder.log().contains(password.trim()), "a log is no place for a password");
        ends_well(&mut process, &folder).await;
        // The next start finds the manager, and the password is right.
        let shop = folder.up_with(|command| _ = command.env_remove("AGORA_ADMIN_PASSWORD")).await;
        shop.visitor().log_in("admin", password.trim()).await;
        shop.down().await;
    }
}

#[tokio::test]
async fn a_terminal_that_goes_does_not_end_the_shop() {
    let shop = Shop::start().await;
    kill_process(shop.pid(), Signal::HUP).expect("it is ours");
    eventually("it says so", async || shop.folder.log().contains("SIGHUP").then_some(())).await;
    shop.visitor().get("/product/get-categories").await;
    shop.down().await;
}

#[tokio::test]
async fn a_log_level_that_is_none_is_refused() {
    let folder = Folder::new();
    for level in ["verbose", "info,chatty"] {
        let mut command = program();
        command.args(["up", "--log-level", level, "--data"]).arg(folder.data());
        let ran = output(&mut command).await.expect_code(1);
        assert!(
            ran.stderr.contains("log-level") && ran.stderr.contains("is not a level"),
            "{ran:?}"
        );
    }
    assert!(!folder.data().exists(), "nothing was begun");
}

#[tokio::test]
async fn a_write_that_fails_for_a_moment_makes_unready_until_it_works_again() {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    manager.add_customers(&["kim"], "100").await;
    let lamp = manager.add_products(&["Lamp"], ("1.00", 100)).await.remove(0);
    let ready =
        async || output(program().args(["health", "--ready", "--url", &shop.url])).await.code == 0;
    assert!(ready().await);
    let unlimited = prlimit(Some(shop.pid()), Resource::Fsize, limit(Some(1024))).expect("ours");
    let order = json!({ "ProductId": lamp, "UserName": "kim" });
    let refused = manager.post("/order/place-order", order.clone()).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    eventually("every place says so", async || (!ready().await).then_some(())).await;
    prlimit(Some(shop.pid()), Resource::Fsize, unlimited).expect("ours");
    eventually("it is ready by itself", async || ready().await.then_some(())).await;
    let order = manager.post("/order/place-order", order).await;
    assert_eq!(order.status, 202, "{order:?}");
    manager.ended_orders().await;
    shop.down().await;
}

fn limit(current: Option<u64>) -> Rlimit {
    Rlimit { current, maximum: getrlimit(Resource::Fsize).maximum }
}

async fn ends_well(process: &mut Child, folder: &Folder) {
    let id = process.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    kill_process(id.expect("it runs"), Signal::TERM).expect("it is ours");
    let ended = tokio::time::timeout(Duration::from_secs(10), process.wait()).await;
    let status = ended.expect("it stops within 10 s").expect("it ends");
    assert!(status.success(), "{status}: {}", folder.log());
}
