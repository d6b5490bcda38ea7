//! The same between processes: an event store restored from an older backup under running services, with new events since.

use std::{fs, path::Path, process::Stdio, sync::LazyLock};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{
    run::{Ran, output, program},
    shop::{Folder, PASSWORD, PATIENCE, Person, eventually, up, visitor},
};

/// All services, and what is in front of them.
static SERVICES: LazyLock<Vec<&str>> =
    LazyLock::new(|| registry::names().chain(["gateway"]).collect());

/// A part of a shop in a process of its own.
struct Part {
    process: Child,
    url: String,
}

/// A broker of this test's own, and folders for its processes.
struct System(String);

impl System {
    fn command(&self, parts: &[&str], folder: &Folder) -> Command {
        let mut command = program();
        command.arg("run").args(parts).args(["--json", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(folder.data()).env("AGORA_BUS", &self.0);
        command.env("AGORA_SHOP_SECRET", "5a".repeat(32)).env("AGORA_ADMIN_PASSWORD", PASSWORD);
        command
    }

    async fn start(&self, parts: &[&str], folder: &Folder, flags: &[&str]) -> Part {
        let stderr = folder.path().join("stderr");
        let stderr = fs::File::options().create(true).append(true).open(stderr).expect("a file");
        let mut command = self.command(parts, folder);
        command.args(flags).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let mut process = command.spawn().expect("it starts");
        let stdout = process.stdout.take().expect("a pipe");
        let line = tokio::time::timeout(PATIENCE, BufReader::new(stdout).lines().next_line()).await;
        let line = line.expect("it is ready in time").expect("a pipe");
        let line = line.unwrap_or_else(|| panic!("{}", folder.log()));
        let ready: Value = serde_json::from_str(&line).expect("JSON");
        Part { process, url: ready["gateway"].as_str().unwrap_or_default().to_owned() }
    }

    async fn store(&self, folder: &Folder) -> Part {
        self.start(&["event-store"], folder, &[]).await
    }

    async fn refused(&self, folder: &Folder) -> Ran {
        output(&mut self.command(&SERVICES, folder)).await.expect_code(1)
    }
}

impl Part {
    async fn manager(&self) -> Person {
        visitor(&self.url).log_in("admin", PASSWORD).await
    }

    async fn products(&self) -> Vec<String> {
        let listed = visitor(&self.url).get("/product/get-all-products").await;
        let name = |item: &Value| item["Name"].as_str().expect("a name").to_owned();
        listed["Items"].as_array().expect("a list").iter().map(name).collect()
    }

    async fn kill(mut self) {
        self.process.kill().await.expect("it runs");
    }

    /// How it ended by itself.
    async fn ends(mut self) -> Option<i32> {
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        ended.expect("it ends by itself").expect("it ran").code()
    }
}

fn noted(data: &Path) -> u64 {
    let mark = fs::read(data.join("seen.json")).unwrap_or_default();
    let mark: Value = serde_json::from_slice(&mark).unwrap_or_default();
    mark["Position"].as_u64().unwrap_or_default()
}

#[tokio::test]
async fn services_notice_an_event_store_of_before_and_refuse_it_until_it_is_accepted() {
    let broker = servers::RabbitMq::shared();
    let system = System(broker.url(&broker.vhost().expect("a virtual host")));
    let (log, services) = (Folder::new(), Folder::new());
    let store = system.store(&log).await;
    let running = system.start(&SERVICES, &services, &[]).await;
    let manager = running.manager().await;
    manager.add_products(&["Lamp"], ("1.00", 5)).await;
    store.kill().await;
    let backup = log.copy();
    let store = system.store(&log).await;
    manager.add_products(&["Vase"], ("1.00", 5)).await;
    let head = manager.get("/events/head").await["Position"].as_u64().expect("a position");
    let data = services.data();
    eventually("it is noted", async || (noted(&data) >= head).then_some(())).await;
    store.kill().await;

    let store = system.store(&backup).await;
    assert_eq!(running.ends().await, Some(1));
    let said = services.log();
    assert!(said.contains("this process has seen events up to position"), "{said}");
    let ran = system.refused(&services).await;
    assert!(ran.stderr.contains("the log ends at position"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--accept-shorter-log"), "{}", ran.stderr);

    // It goes on without them, further than it was.
    let others = Folder::new();
    let other = system.start(&SERVICES, &others, &[]).await;
    other.manager().await.add_products(&["Bed", "Chair", "Desk"], ("1.00", 5)).await;
    other.kill().await;
    let ran = system.refused(&services).await;
    assert!(ran.stderr.contains("the log is another one"), "{}", ran.stderr);

    let running = system.start(&SERVICES, &services, &["--accept-shorter-log"]).await;
    assert_eq!(running.products().await, ["Bed", "Chair", "Desk", "Lamp"]);
    running.kill().await;
    let running = system.start(&SERVICES, &services, &[]).await;
    assert_eq!(running.products().await, ["Bed", "Chair", "Desk", "Lamp"]);
    store.kill().await;
}

#[tokio::test]
async fn another_database_of_mongodb_is_not_taken_for_the_shops_own() {
    let url = |name: &str| {
        servers::Mongodb::shared().url(&format!("agora-lost-{name}-{}", std::process::id()))
    };
    let (own, empty) = (url("own"), url("empty"));
    let folder = Folder::new();
    let shop = folder.up_with(|command| _ = command.env("AGORA_EVENT_STORE", &own)).await;
    let manager = shop.manager().await;
    manager.add_products(&["Lamp"], ("1.00", 5)).await;
    let head = manager.get("/events/head").await["Position"].as_u64().expect("a position");
    let mark = || fs::read_to_string(folder.data().join("log.json")).unwrap_or_default();
    eventually("it is noted", async || mark().contains(&format!(": {head},")).then_some(())).await;
    let folder = shop.down().await;
    let command = || {
        let mut command = up(&folder.data());
        command.env("AGORA_EVENT_STORE", &empty).env("AGORA_ADMIN_PASSWORD", PASSWORD);
        command
    };
    let ran = output(&mut command()).await.expect_code(1);
    assert!(ran.stderr.contains("the log is gone"), "{}", ran.stderr);
    let shop = folder
        .up_with(|command| {
            command.env("AGORA_EVENT_STORE", &empty).env("AGORA_ACCEPT_SHORTER_LOG", "true");
        })
        .await;
    assert_eq!(shop.visitor().get("/product/get-all-products").await["Items"], json!([]));
    shop.down().await;
}
