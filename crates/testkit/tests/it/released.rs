//! Golden files of an event whose schema changed twice, and what happens if one is missing or reads as something else.

use std::{fs, panic::catch_unwind};

use agora::{events, kernel::Fields};
use testkit::released;

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

const FILES: [(&str, &str); 4] = [
    ("account.opened@1", r#"[{"name":"ada","euros":7}]"#),
    ("account.opened@2", r#"[{"owner":"ada","euros":7},{"owner":"","euros":0}]"#),
    ("account.opened@3", r#"[{"owner":"ada","cents":701}]"#),
    ("account.closed@1", "[{}]"),
];

/// Whether the check passes with these files instead of, or beside, the right ones.
fn passes(changes: &[(&str, Option<&str>)]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let changed = changes.iter().map(|(name, text)| (*name, *text));
    for (name, text) in FILES.map(|(name, text)| (name, Some(text))).into_iter().chain(changed) {
        let file = folder.path().join(format!("{name}.json"));
        match text {
            Some(text) => fs::write(file, text).expect("written"),
            None => fs::remove_file(file).expect("removed"),
        }
    }
    catch_unwind(|| released(folder.path()).family::<AccountEvent>().check()).is_ok()
}

#[test]
fn every_schema_ever_released_is_read() {
    assert!(passes(&[]));
}

#[test]
fn a_missing_empty_or_unknown_file_is_noticed() {
    assert!(!passes(&[("account.opened@2", None)]));
    assert!(!passes(&[("account.opened@1", Some("[]"))]));
    assert!(!passes(&[("account.renamed@1", Some("[{}]"))]));
    assert!(!passes(&[("account.opened@4", Some("[{}]"))]));
}

#[test]
fn an_example_that_does_not_parse_or_loses_something_is_noticed() {
    assert!(!passes(&[("account.opened@1", Some(r#"[{"title":"ada","euros":7}]"#))]));
    assert!(!passes(&[("account.opened@3", Some(r#"[{"owner":"ada","cents":7,"note":"lost"}]"#))]));
}
