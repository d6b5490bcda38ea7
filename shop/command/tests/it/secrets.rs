//! No password leaves the memory in clear, and no hash leaves the customer service unsealed (promise 10). A secret is verified to be
//! the shop's before it is used (promise 13).

use std::{fs, path::Path};

use rustix::process::Signal;
use serde_json::json;

use crate::{
    run::output,
    shop::{Folder, PASSWORD, Shop, up},
};

/// Every file below, but for the one that is the secret itself.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if !path.ends_with("data/secret") {
            found.push((path.display().to_string(), fs::read(&path).expect("a file")));
        }
    }
}

#[tokio::test]
async fn passwords_and_hashes_stand_nowhere() {
    let shop = Shop::start().await;
    let (first, second) = ("nia's password", "a better one of nia's");
    let manager = shop.manager().await;
    manager.add_customers(&["nia"], "10").await;
    let nia = shop.visitor().log_in("nia", first).await;
    let change = json!({ "UserName": "nia", "Password": second, "CurrentPassword": first });
    let changed = nia.post("/customer/update-user", change).await;
    let wrong = json!({ "UserName": "nia", "Password": first });
    let refused = shop.visitor().post("/customer/login-user", wrong).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    let mut said = vec![
        ("the answer to a new password".to_owned(), changed.ok().to_string().into_bytes()),
        ("a refusal".to_owned(), refused.body.to_string().into_bytes()),
    ];
    let again = shop.visitor().log_in("nia", second).await;
    said.push((
        "get-user".to_owned(),
        again.get("/customer/get-user/nia").await.to_string().into(),
    ));
    for path in ["/events/read-all", "/customer/get-all-users", "/system/get-status"] {
        said.push((path.to_owned(), manager.get(path).await.to_string().into()));
    }
    let folder = shop.folder.clone();
    let (status, stdout) = shop.stop(Signal::TERM).await;
    assert!(status.success(), "{status}");
    said.push(("the standard output".to_owned(), stdout.into()));
    // With what was logged: it stands beside the data.
    files(folder.path(), &mut said);
    assert!(
        said.iter()
            .any(|(name, text)| name.contains("/log/") && contains(text, "nia@example.invalid"))
    );
    for (name, text) in &said {
        for secret in [PASSWORD, first, second, "argon2id"] {
            assert!(!contains(text, secret), "{name} contains {secret:?}");
        }
    }
}

fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}

/// Two letters of hex, as a whole secret.
fn secret(digits: &str) -> String {
    digits.repeat(32)
}

#[tokio::test]
async fn another_secret_than_the_folders_is_refused_and_changes_nothing() {
    let folder = Shop::start().await.down().await;
    let before = folder.tool(&["events", "--json"]).await.expect_code(0).stdout;
    let mut other = up(&folder.data());
    other.env("AGORA_SHOP_SECRET", secret("ab"));
    let refused = output(&mut other).await.expect_code(1);
    assert!(refused.stderr.contains("shop-secret is not that"), "{}", refused.stderr);
    // Without the file, only the log can tell.
    let kept = folder.data().join("secret");
    let own = fs::read_to_string(&kept).expect("the secret");
    fs::remove_file(&kept).expect("removed");
    let mut other = up(&folder.data());
    other.env("AGORA_SHOP_SECRET", secret("ab"));
    let refused = output(&mut other).await.expect_code(1);
    assert!(refused.stderr.contains("another secret"), "{}", refused.stderr);
    assert_eq!(folder.tool(&["events", "--json"]).await.expect_code(0).stdout, before);
    let shop = folder
        .up_with(|command| {
            command.env("AGORA_SHOP_SECRET", own.trim());
        })
        .await;
    shop.manager().await;
}

#[tokio::test]
async fn first_starts_at_once_leave_one_secret_and_one_working_shop() {
    for _ in 0..8 {
        let folder = Folder::new();
        let both = [up(&folder.data()), up(&folder.data())].map(|mut command| {
            command.args(["--json", "--storefront-listen", "off", "--backoffice-listen", "off"]);
            command.env("AGORA_ADMIN_PASSWORD", PASSWORD).stdin(std::process::Stdio::null());
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.kill_on_drop(true).spawn().expect("it starts")
        });
        let [first, second] = both;
        let (mut winner, loser) = ended_first(first, second).await;
        assert!(loser.contains("in use"), "{loser}");
        winner.kill().await.expect("it ran");
        let left = fs::read_dir(folder.data()).expect("a folder");
        let aside = left.filter_map(Result::ok).filter(|entry| {
            let name = entry.file_name();
            name.to_string_lossy().starts_with("secret.")
                || name.to_string_lossy().starts_with(".writable")
        });
        assert_eq!(aside.count(), 0, "nothing is left lying about");
        folder.up().await.manager().await;
    }
}

#[tokio::test]
async fn a_lost_secret_is_missed_wherever_the_log_is() {
    let (folder, new) = (Folder::new(), Folder::new());
    let elsewhere = format!("log:{}", folder.path().join("elsewhere").display());
    let args = ["--event-store", &elsewhere];
    let folder = folder.up_with(|command| _ = command.args(args)).await.down().await;
    let kept = folder.data().join("secret");
    let secret = fs::read(&kept).expect("the secret");
    fs::remove_file(&kept).expect("removed");
    // What the folder has shows that there is a shop; of a new folder, only the log can.
    for data in [folder.data(), new.data()] {
        let refused = output(up(&data).args(args)).await.expect_code(1);
        assert!(refused.stderr.contains("secret is missing"), "{}", refused.stderr);
        assert!(!data.join("secret").exists(), "none was drawn in its place");
    }
    assert_eq!(fs::read_dir(new.data()).expect("a folder").count(), 0, "nothing was written");
    fs::write(&kept, secret).expect("put back");
    folder.up_with(|command| _ = command.args(args)).await.manager().await;
}

/// Of two shops that started, the one that goes on, and what the one that gave up said.
async fn ended_first(
    mut one: tokio::process::Child,
    mut other: tokio::process::Child,
) -> (tokio::process::Child, String) {
    let (winner, mut loser) = tokio::select! {
        _ = one.wait() => (other, one),
        _ = other.wait() => (one, other),
    };
    let mut said = String::new();
    let mut pipe = loser.stderr.take().expect("a pipe");
    tokio::io::AsyncReadExt::read_to_string(&mut pipe, &mut said)
        .await
        .expect("a pipe can be read");
    (winner, said)
}

#[tokio::test]
async fn a_copy_is_restored_only_under_its_own_secret_and_takes_nothing_of_others_along() {
    let folder = Shop::start().await.down().await;
    let copy = folder.path().join("copy");
    let copy = copy.to_str().expect("UTF-8");
    folder.tool(&["store", "backup", copy]).await.expect_code(0);
    let target = Folder::new();
    fs::create_dir(target.data()).expect("a folder");
    let kept = target.data().join("secret");
    for (name, content) in
        [("secret", &*secret("ab")), ("customers.dbf", "theirs"), ("order.db", "")]
    {
        fs::write(target.data().join(name), content).expect("a file");
    }
    let refused = target.tool(&["store", "restore", copy]).await.expect_code(1);
    assert!(refused.stderr.contains("another secret"), "{}", refused.stderr);
    assert!(!target.data().join("log").exists() && target.data().join("order.db").exists());
    fs::copy(folder.data().join("secret"), &kept).expect("its own");
    // A folder in the place of a model stops it before anything is done, and it can be repeated.
    let model = target.data().join("customer.db");
    fs::create_dir(&model).expect("a folder");
    let refused = target.tool(&["store", "restore", copy]).await.expect_code(1);
    assert!(refused.stderr.contains("customer.db"), "{}", refused.stderr);
    fs::remove_dir(&model).expect("removed");
    // So does what belongs to another program, or to another model: all are looked at before anything is written.
    let other_model = fs::read(folder.data().join("customer.db")).expect("a model");
    for (name, content) in [
        ("customer.db", &b"notes"[..]),
        ("accounting-snapshots.db", b"notes"),
        ("sessions.db-wal", b"notes"),
        ("product.db", &other_model),
    ] {
        let theirs = target.data().join(name);
        fs::write(&theirs, content).expect("a file");
        let refused = target.tool(&["store", "restore", copy]).await.expect_code(1);
        let said = refused.stderr;
        assert!(said.contains(name) && said.contains("move it away"), "{said}");
        assert_eq!(fs::read(&theirs).expect("it is there"), content);
        assert!(!target.data().join("log").exists() && target.data().join("order.db").exists());
        fs::remove_file(&theirs).expect("removed");
    }
    // One of the shop's own is replaced.
    fs::write(target.data().join("customer.db"), &other_model).expect("a file");
    target.tool(&["store", "restore", copy]).await.expect_code(0);
    assert!(
        target.data().join("customers.dbf").exists() && !target.data().join("order.db").exists()
    );
    assert!(!target.data().join("customer.db").exists());
    target.up().await.manager().await;
}
