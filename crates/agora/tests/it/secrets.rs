//! No password leaves the memory in clear, and no hash leaves the customer service unsealed (promise 10).

use std::{fs, path::Path};

use rustix::process::Signal;
use serde_json::json;

use crate::shop::{PASSWORD, Shop};

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
