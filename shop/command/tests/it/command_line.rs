//! What all commands have in common: help, completions, colours, the pager, and the check of settings.

use std::{fs, process::Stdio};

use serde_json::json;
use tokio::process::Command;

use crate::{
    run::{output, program},
    stub::{PASSWORD, Stub},
};

/// The commands that the help lists.
pub(crate) fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    listed.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[tokio::test]
async fn short_and_long_help_are_the_same_and_settings_are_listed_once() {
    let help = output(program().arg("--help")).await.expect_code(0).stdout;
    let commands = commands(&help);
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands.iter().filter(|command| *command != "help") {
        let short = output(program().args([command, "-h"])).await.expect_code(0).stdout;
        let long = output(program().args([command, "--help"])).await.expect_code(0).stdout;
        assert_eq!(short, long, "{command}");
        assert!(!long.contains("--login-failures-per-name"), "{command}: {long}");
    }
    let settings = output(program().args(["help", "settings"])).await.expect_code(0).stdout;
    for setting in ["--currency", "--login-failures-per-name", "--bus", "--order-model"] {
        assert!(settings.contains(setting), "{setting}");
    }
}

#[tokio::test]
async fn shells_and_man_know_every_command() {
    for (shell, part) in
        [("bash", "_agora"), ("zsh", "#compdef agora"), ("fish", "complete -c agora")]
    {
        let script = output(program().args(["completions", shell])).await.expect_code(0).stdout;
        for part in [part, "events", "no-pager", "login"] {
            assert!(script.contains(part), "{shell}: {part}");
        }
    }
    let pages = tempfile::tempdir().expect("a folder");
    output(program().arg("man").arg(pages.path())).await.expect_code(0);
    for page in ["agora.1", "agora-events.1", "agora-store-backup.1", "agora-settings.1"] {
        let text = fs::read_to_string(pages.path().join(page)).expect(page);
        assert!(text.contains(".SH") && text.contains("agora"), "{page}");
    }
}

#[tokio::test]
async fn every_wrong_setting_is_named_with_its_source_and_nothing_else_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.toml");
    fs::write(&file, "welcome-credit = \"abc\"\nstorefront-listen = \"127.0.0.1:8080\"\n")
        .expect("a file");
    let mut command = program();
    command.args(["config", "--currency", "EURO", "--time-zone", "Berlin"]);
    command.args(["--ops-listen", "5", "--connections", "many", "--log-format", "xml", "--data"]);
    command.arg(&file).arg("--config").arg(&file).env("AGORA_ORDER_DEADLINE", "0");
    command.env_remove("AGORA_STOREFRONT_LISTEN");
    let ran = output(&mut command).await.expect_code(1);
    let shop_toml = file.display().to_string();
    for (setting, source) in [
        ("currency = \"EURO\"", "--currency"),
        ("time-zone = \"Berlin\"", "--time-zone"),
        ("ops-listen = \"5\"", "--ops-listen"),
        ("connections = \"many\"", "--connections"),
        ("log-format = \"xml\"", "--log-format"),
        ("order-deadline = \"0\"", "AGORA_ORDER_DEADLINE"),
        ("welcome-credit = \"abc\"", &*shop_toml),
        ("storefront-listen = \"127.0.0.1:8080\"", &*shop_toml),
        ("data = ", "--data"),
    ] {
        let named = |line: &&str| line.contains(setting) && line.contains(source);
        assert_eq!(ran.stderr.lines().filter(named).count(), 1, "{setting}: {}", ran.stderr);
    }
    assert_eq!(ran.stderr.lines().count(), 9, "{}", ran.stderr);
    let mut good = program();
    good.args(["config", "--json", "--data"]).arg(folder.path().join("new"));
    let good = output(&mut good).await.expect_code(0).json();
    assert_eq!(good["currency"], json!({ "value": "EUR", "origin": "default" }));
    let mut wrong = program();
    wrong.args(["config", "--json", "--currency", "EURO", "--data"]).arg(folder.path().join("new"));
    let wrong = output(&mut wrong).await.expect_code(1).json();
    assert!(wrong["currency"]["fault"].as_str().is_some_and(|fault| fault.contains("--currency")));
}

fn listing(stub: &Stub) -> Command {
    let mut command = program();
    command.args(["events", "--url", &stub.url]).env("AGORA_ADMIN_PASSWORD", PASSWORD);
    command
}

async fn shop_with_an_event() -> Stub {
    let stub = Stub::start().await;
    stub.record(json!({ "Stream": "order-7", "Version": 0, "Type": "order.placed", "Data": {} }));
    stub
}

#[tokio::test]
async fn colours_are_the_users_to_choose() {
    let stub = shop_with_an_event().await;
    for (variables, coloured) in [
        (&[][..], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
    ] {
        let ran = output(listing(&stub).envs(variables.iter().copied())).await.expect_code(0);
        assert_eq!(ran.stdout.contains('\u{1b}'), coloured, "{variables:?}: {}", ran.stdout);
    }
}

#[tokio::test]
async fn a_list_in_a_terminal_goes_through_the_pager_unless_that_is_not_wanted() {
    let stub = shop_with_an_event().await;
    let folder = tempfile::tempdir().expect("a folder");
    let paged = folder.path().join("paged");
    for (flag, through) in [("", true), ("--no-pager", false)] {
        let _none_yet = fs::remove_file(&paged);
        let line = format!("{} events {flag} --url {}", env!("CARGO_BIN_EXE_agora"), stub.url);
        let mut terminal = Command::new("script");
        terminal.args(["-qefc", &line, "/dev/null"]).env("AGORA_ADMIN_PASSWORD", PASSWORD);
        terminal.env("PAGER", format!("cat > {}", paged.display())).env("NO_COLOR", "1");
        let shown = terminal.stdin(Stdio::null()).output().await.expect("script is there");
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        let paged = fs::read_to_string(&paged).unwrap_or_default();
        assert_eq!(paged.contains("order.placed"), through, "{paged:?} {shown:?}");
        assert_eq!(shown.contains("order.placed"), !through, "{shown:?}");
    }
}
