//! Golden files of an event whose schema changed twice, and what happens if one is missing or reads as something else.

use std::{fs, panic::catch_unwind, path::Path};

use agora::{events, kernel::Fields};
use serde_json::json;
use testkit::{given_recorded, released};

events! {
    /// An account of which everything was once different.
    AccountEvent {
        Opened { owner: String, cents: i64 } = "account.opened" @ 3 { from 1 => named_owner, from 2 => in_cents },
        Closed {} = "account.closed" @ 1,
    }
}

/// `name` was called `owner` from schema 2 on.
fn named_owner(data: &mut Fields) {
    let name = data.remove("name");
    data.extend(name.map(|name| ("owner".to_owned(), name)));
}

/// Euros became cents with schema 3.
fn in_cents(data: &mut Fields) {
    let euros = data.remove("euros").and_then(|euros| euros.as_i64());
    data.extend(euros.map(|euros| ("cents".to_owned(), (euros * 100).into())));
}

const FILES: [(&str, &str); 5] = [
    ("account.opened@1.json", r#"[{"name":"ada","euros":7}]"#),
    ("account.opened@2.json", r#"[{"owner":"ada","euros":7},{"owner":"","euros":0}]"#),
    ("account.opened@3.json", r#"[{"owner":"ada","cents":701}]"#),
    ("account.closed@1.json", "[{}]"),
    (
        "CHANGES.md",
        "# What changed between released schemas

Checked by `testkit::released`, which prints the text that belongs here. Readers are programs that read the JSON and ignore
members they do not know. Programs that decode with `events!` refuse a newer schema: update all of them before one that
records it.

## account.opened 1 → 2

- removes `name` (text)
- adds `owner` (text)
- Readers of schema 1 do not survive it, because of `name`: change them first.

## account.opened 2 → 3

- adds `cents` (a whole number)
- removes `euros` (a whole number)
- Readers of schema 2 do not survive it, because of `euros`: change them first.
",
    ),
];

/// The hashes of the files of the first two numbers, as far as they are there.
fn hashes(folder: &Path) -> String {
    let line = |number| {
        let name = format!("account.opened@{number}.json");
        let content = fs::read(folder.join(&name)).ok()?;
        Some(format!("{}  {name}\n", blake3::hash(&content).to_hex()))
    };
    [1, 2].into_iter().filter_map(line).collect()
}

/// Whether the check passes with these files instead of, or beside, the right ones.
fn passes(changes: &[(&str, Option<&str>)]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let changed = changes.iter().map(|(name, text)| (*name, *text));
    for (name, text) in FILES.map(|(name, text)| (name, Some(text))).into_iter().chain(changed) {
        let file = folder.path().join(name);
        match text {
            Some(text) => fs::write(file, text).expect("written"),
            None => fs::remove_file(file).expect("removed"),
        }
    }
    if changes.iter().all(|(name, _)| *name != "HASHES") {
        fs::write(folder.path().join("HASHES"), hashes(folder.path())).expect("written");
    }
    catch_unwind(|| released(folder.path()).family::<AccountEvent>().check()).is_ok()
}

#[test]
fn every_schema_ever_released_is_read() {
    assert!(passes(&[]));
}

#[test]
fn what_the_platform_records_itself_is_read() {
    released("../runtime/tests/released")
        .family::<runtime::inbox::InboxEvent>()
        .family::<runtime::upgrade::UpgradeEvent>()
        .check();
}

#[test]
fn a_missing_empty_or_unknown_file_is_noticed() {
    assert!(!passes(&[("account.opened@2.json", None)]));
    assert!(!passes(&[("account.opened@1.json", Some("[]"))]));
    assert!(!passes(&[("account.renamed@1.json", Some("[{}]"))]));
    assert!(!passes(&[("account.opened@4.json", Some("[{}]"))]));
}

#[test]
fn an_example_that_does_not_parse_or_loses_something_is_noticed() {
    assert!(!passes(&[("account.opened@1.json", Some(r#"[{"title":"ada","euros":7}]"#))]));
    assert!(!passes(&[(
        "account.opened@3.json",
        Some(r#"[{"owner":"ada","cents":7,"note":"lost"}]"#)
    )]));
}

#[test]
fn a_change_that_is_not_told_or_told_otherwise_is_noticed() {
    assert!(!passes(&[("CHANGES.md", None)]));
    assert!(!passes(&[("CHANGES.md", Some("# What changed between released schemas\n"))]));
    // An example shows that `owner` may be absent in schema 2.
    assert!(!passes(&[(
        "account.opened@2.json",
        Some(r#"[{"owner":"ada","euros":7},{"euros":0}]"#)
    )]));
}

#[test]
fn a_file_that_changes_after_its_release_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in FILES {
        fs::write(folder.path().join(name), text).expect("written");
    }
    let released = hashes(folder.path());
    let listed = ("HASHES", Some(released.as_str()));
    assert!(passes(&[listed]));
    let other = r#"[{"name":"bob","euros":7}]"#;
    assert!(!passes(&[listed, ("account.opened@1.json", Some(other))]));
    let first = released.lines().next();
    assert!(!passes(&[("HASHES", first)]), "number 2 is released, for there is a number 3");
    let latest = blake3::hash(b"another").to_hex();
    let latest = format!("{released}{latest}  account.opened@3.json\n");
    assert!(!passes(&[("HASHES", Some(latest.as_str()))]));
    let gone = format!("{released}{}  account.renamed@1.json\n", "0".repeat(64));
    assert!(!passes(&[("HASHES", Some(gone.as_str()))]));
}

#[test]
fn data_of_an_older_schema_is_read_as_the_event_that_it_was() {
    let old = || given_recorded("account.opened", 1, json!({ "name": "ada", "euros": 7 }));
    old()
        .when_read::<AccountEvent>()
        .then(&AccountEvent::Opened { owner: "ada".to_owned(), cents: 700 });
    let other = AccountEvent::Opened { owner: "ada".to_owned(), cents: 7 };
    assert!(catch_unwind(|| old().when_read::<AccountEvent>().then(&other)).is_err());
    given_recorded("account.opened", 1, json!({ "title": "ada" }))
        .when_read::<AccountEvent>()
        .then_refused("\"account.opened\" does not parse: missing field `owner`");
    given_recorded("account.opened", 4, json!({}))
        .when_read::<AccountEvent>()
        .then_refused("schema 4 of \"account.opened\" is newer than this program");
}
