//! `agora login` and `agora logout`, and the commands between them.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use tokio::process::Command;

use crate::{
    run::{Ran, output, program},
    stub::{Fault, PASSWORD, Stub},
};

/// A command of a user with this folder of settings.
fn user(stub: &Stub, settings: &Path, args: &[&str]) -> Command {
    let mut command = program();
    command.args(args).env("XDG_CONFIG_HOME", settings).env("AGORA_URL", &stub.url);
    command
}

async fn ran(stub: &Stub, settings: &Path, args: &[&str]) -> Ran {
    output(&mut user(stub, settings, args)).await
}

async fn log_in(stub: &Stub, settings: &Path) {
    let mut command = user(stub, settings, &["login"]);
    let said = output(command.env("AGORA_ADMIN_PASSWORD", PASSWORD)).await.expect_code(0);
    assert!(said.stdout.contains("as admin until 2026-01-31"), "{}", said.stdout);
}

#[tokio::test]
async fn after_a_login_no_command_asks_for_a_password_until_the_logout() {
    let stub = Stub::start().await;
    let settings = tempfile::tempdir().expect("a folder");
    let asked = ran(&stub, settings.path(), &["events"]).await.expect_code(1);
    assert!(asked.stderr.contains("log in once with `agora login`"), "{}", asked.stderr);
    log_in(&stub, settings.path()).await;
    let kept = fs::read_dir(settings.path().join("agora/sessions")).expect("a folder");
    let kept: Vec<_> = kept.map(|entry| entry.expect("an entry").path()).collect();
    let [kept] = &kept[..] else { panic!("one session: {kept:?}") };
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(kept), mode(kept.parent().expect("a folder"))), (0o600, 0o700));
    assert!(!fs::read_to_string(kept).expect("text").contains(PASSWORD));
    for _ in 0..2 {
        ran(&stub, settings.path(), &["events"]).await.expect_code(0);
    }
    assert_eq!(stub.shop().count("/customer/login-user"), 1);
    let rebuild = ran(&stub, settings.path(), &["rebuild", "order", "--drop"]).await.expect_code(1);
    assert!(!rebuild.stderr.contains("log in once"), "of that shop: {}", rebuild.stderr);
    assert_eq!(stub.shop().count("/system/get-status"), 1);
    let other = ran(&stub, settings.path(), &["events", "--user", "bea"]).await.expect_code(1);
    assert!(other.stderr.contains("no password"), "another one's session: {}", other.stderr);
    fs::set_permissions(kept, fs::Permissions::from_mode(0o644)).expect("ours");
    let open = ran(&stub, settings.path(), &["events"]).await.expect_code(1);
    assert!(open.stderr.contains("chmod 600"), "{}", open.stderr);
    fs::set_permissions(kept, fs::Permissions::from_mode(0o600)).expect("ours");
    let out = ran(&stub, settings.path(), &["logout"]).await.expect_code(0);
    assert!(out.stdout.starts_with("Logged out at "), "{}", out.stdout);
    assert_eq!(stub.shop().count("/customer/logout-user"), 1);
    assert!(!kept.exists());
    let again = ran(&stub, settings.path(), &["logout"]).await.expect_code(0);
    assert!(again.stdout.starts_with("No session"), "{}", again.stdout);
}

#[tokio::test]
async fn a_session_that_has_ended_says_so_and_what_to_do() {
    let stub = Stub::start().await;
    let settings = tempfile::tempdir().expect("a folder");
    log_in(&stub, settings.path()).await;
    stub.shop().faults = [("read-all", Fault::Expired)].into();
    let ended = ran(&stub, settings.path(), &["events"]).await.expect_code(1);
    let url = &stub.url;
    let said = format!(
        "agora: the session at {url} has ended: begin another one with `agora login --url {url}`\n"
    );
    assert_eq!(ended.stderr, said);
    let out = ran(&stub, settings.path(), &["logout"]).await.expect_code(0);
    assert!(out.stdout.contains("had already ended"), "{}", out.stdout);
}

#[tokio::test]
async fn the_shop_of_the_settings_here_is_meant_where_none_is_named() {
    let stub = Stub::start().await;
    let listen = stub.url.strip_prefix("http://").expect("an address");
    let mut command = program();
    command.args(["events"]).env("AGORA_ADMIN_PASSWORD", PASSWORD).env("AGORA_LISTEN", listen);
    output(&mut command).await.expect_code(0);
    assert_eq!(stub.shop().count("/events/read-all"), 1);
}
