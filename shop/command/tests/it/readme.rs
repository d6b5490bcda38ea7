//! The README against the program: its table of commands, and its shop of several processes. What needs no more than a sample shop,
//! `cargo xtask test book` runs.

use std::{collections::BTreeSet, env, fs, path::Path, process::Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;

use crate::{
    command_line::commands,
    run::{output, program},
    shop::{Folder, PASSWORD, eventually, visitor},
};

const README: &str = include_str!("../../../../README.md");

/// The row of the table that begins with each command.
fn rows() -> impl Iterator<Item = &'static str> {
    README.lines().filter(|line| line.starts_with("| `agora "))
}

/// What stands in the line as code that begins so, up to the next space.
fn code<'a>(line: &'a str, begin: &str) -> Vec<&'a str> {
    let begin = format!("`{begin}");
    let after = line.split(&begin).skip(1);
    after.filter_map(|rest| rest.split([' ', '`']).next()).collect()
}

#[tokio::test]
async fn its_table_has_every_command_with_options_that_there_are() {
    let help = output(program().arg("--help")).await.expect_code(0).stdout;
    let there: BTreeSet<String> =
        commands(&help).into_iter().filter(|command| command != "help").collect();
    let shown: BTreeSet<String> =
        rows().flat_map(|row| code(row, "agora ")).map(str::to_owned).collect();
    assert_eq!(shown, there);
    for row in rows() {
        let command = code(row, "agora ")[0];
        let help = output(program().args([command, "--help"])).await.expect_code(0).stdout;
        for option in code(row, "--") {
            assert!(help.contains(&format!("--{option}")), "{command} has no --{option}");
        }
    }
}

/// All processes that were started together; they end with it.
struct Group(Pid);

impl Drop for Group {
    fn drop(&mut self) {
        _ = kill_process_group(self.0, Signal::KILL);
    }
}

/// Its lines of a shop over RabbitMQ, word for word but for the broker's address, in a clean folder.
#[tokio::test]
async fn its_parts_over_a_broker_start_as_printed_and_sell() {
    let begin = README.find("export AGORA_BUS=").expect("the lines begin so");
    let lines = README[begin..].split("```").next().expect("they end");
    let broker = servers::RabbitMq::shared();
    let bus = broker.url(&broker.vhost().expect("a virtual host"));
    let script = lines.replace("amqp://guest:guest@127.0.0.1:5672/%2f", &bus);
    assert!(script.contains(&bus), "{script}");
    let folder = Folder::new();
    let agora = Path::new(env!("CARGO_BIN_EXE_agora")).parent().expect("a folder");
    let programs = [agora.into()]
        .into_iter()
        .chain(env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>());
    let port = servers::free_port().expect("a port");
    let log = fs::File::create(folder.path().join("stderr")).expect("a file");
    let mut shell = Command::new("sh");
    shell.args(["-euc", &format!("{script}wait")]).current_dir(folder.path()).env_clear();
    shell.env("PATH", env::join_paths(programs).expect("paths"));
    shell.env("AGORA_LISTEN", format!("127.0.0.1:{port}")).env("AGORA_ADMIN_PASSWORD", PASSWORD);
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
    let started = shell.spawn().expect("it starts");
    let id = started.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    let _ended_at_last = Group(id.expect("it runs"));

    let visitor = visitor(&format!("http://127.0.0.1:{port}"));
    eventually("all parts are ready", async || {
        let answer = visitor.try_get("/health/ready").await.ok()?;
        (answer.status == 200).then_some(())
    })
    .await;
    let manager = visitor.log_in("admin", PASSWORD).await;
    manager.add_customers(&["lea"], "100").await;
    let lamp = manager.add_products(&["Lamp"], ("9.99", 3)).await.remove(0);
    manager.order(&lamp, "lea").await;
    assert_eq!(manager.ended_orders().await[0]["Status"], "Finalized", "{}", folder.log());
}
