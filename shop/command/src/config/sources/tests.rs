//! Which source of a setting counts, what is refused, and what is never shown.

use std::path::Path;

use super::*;

fn flags(values: &[(&'static str, &str)], file: Option<&Path>) -> Flags {
    let values = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Flags { values, file: file.map(Path::to_owned) }
}

fn variables(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_nearest_source_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.toml");
    fs::write(&file, "currency = \"CHF\"\norder-deadline = 5\nlisten = \"127.0.0.1:1\"")
        .expect("a file");
    let variables =
        variables(&[("AGORA_ORDER_DEADLINE", "7"), ("AGORA_LISTEN", "127.0.0.1:2"), ("HOME", "/")]);
    let settings = flags(&[("listen", "127.0.0.1:3")], Some(&file))
        .resolve_with(&variables)
        .expect("settings");
    let texts =
        ["currency", "order-deadline", "listen", "time-zone"].map(|name| settings.text(name));
    assert_eq!(texts, [Some("CHF"), Some("7"), Some("127.0.0.1:3"), Some("UTC")]);
}

#[test]
fn the_data_folder_stands_in_the_defaults() {
    let settings =
        flags(&[("data", "/srv/shop")], None).resolve_with(&BTreeMap::new()).expect("settings");
    assert_eq!(settings.text("event-store"), Some("log:/srv/shop/log"));
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.toml");
    fs::write(&file, "curency = \"CHF\"").expect("a file");
    let unknown =
        flags(&[], Some(&file)).resolve_with(&BTreeMap::new()).expect_err("a misspelt key");
    assert!(unknown.to_string().contains("\"curency\""), "{unknown}");
    let unknown = flags(&[], None)
        .resolve_with(&variables(&[("AGORA_CURENCY", "CHF")]))
        .expect_err("misspelt");
    assert!(unknown.to_string().contains("AGORA_CURENCY"), "{unknown}");
    let missing = flags(&[], Some(Path::new("/no/such/file.toml"))).resolve_with(&BTreeMap::new());
    assert!(missing.expect_err("no file").to_string().contains("/no/such/file.toml"));
}

#[test]
fn a_password_in_an_address_is_not_shown() {
    let settings = flags(&[("order-model", "mysql://me:pass@host/shop")], None)
        .resolve_with(&BTreeMap::new())
        .expect("settings");
    let wrong = settings.get::<order::ModelLocation>("order-model").expect_err("no MySQL");
    assert!(wrong.to_string().contains("postgres://") && !wrong.to_string().contains("pass@"));
    assert!(settings.lines().iter().all(|(_, shown, _)| !shown.contains("pass@")));
}

#[test]
fn a_secret_may_come_from_a_file_and_is_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    fs::write(&file, "correct horse\n").expect("a file");
    let path = file.to_str().expect("a path");
    let settings = flags(&[], None)
        .resolve_with(&variables(&[("AGORA_ADMIN_PASSWORD_FILE", path)]))
        .expect("settings");
    assert_eq!(settings.text("admin-password"), Some("correct horse"));
    assert!(settings.lines().iter().all(|(_, shown, _)| !shown.contains("horse")));
    let twice = variables(&[("AGORA_ADMIN_PASSWORD_FILE", path), ("AGORA_ADMIN_PASSWORD", "x")]);
    assert!(matches!(flags(&[], None).resolve_with(&twice), Err(ConfigError::SecretTwice(_))));
}

#[test]
fn every_secret_and_address_may_come_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("value");
    let path = file.to_str().expect("a path");
    for setting in SETTINGS.iter().filter(|setting| setting.holds != Holds::Plain) {
        fs::write(&file, "amqp://me:hush@host\n").expect("a file");
        let name = format!("{}_FILE", variable_name(setting));
        let given = variables(&[(&name, path)]);
        let settings = flags(&[], None).resolve_with(&given).expect("settings");
        assert_eq!(settings.text(setting.name), Some("amqp://me:hush@host"));
        let wrong = settings.invalid(setting.name, "hush is wrong").to_string();
        assert!(wrong.contains(&name) || setting.holds == Holds::Secret, "{wrong}");
        assert!(!settings.lines().iter().any(|(_, shown, _)| shown.contains("hush")));
        fs::write(&file, "\n").expect("a file");
        let empty = flags(&[], None).resolve_with(&given).expect_err("nothing in it");
        assert!(empty.to_string().contains(&name) && empty.to_string().contains("empty"));
    }
    for plain in ["AGORA_CURRENCY_FILE", "AGORA_LISTEN_FILE"] {
        flags(&[], None).resolve_with(&variables(&[(plain, path)])).expect_err("no such variable");
    }
}

#[test]
fn a_password_that_ends_the_host_is_explained_and_not_shown() {
    for (name, url) in [
        ("bus", "amqp://me:pa/ss@host/shop"),
        ("event-store", "mongodb://me:pa?ss@host/shop"),
        ("customer-model", "redis://:pa?ss@host/0"),
        ("order-model", "postgres://me:pa#ss@host/shop"),
        ("accounting-model", "http://me:pa/ss@host/shop"),
    ] {
        let settings =
            flags(&[(name, url)], None).resolve_with(&BTreeMap::new()).expect("settings");
        let said = settings.check_addresses().expect_err(url).to_string();
        assert!(said.contains(name) && said.contains("%2F"), "{said}");
        let shown = settings.lines().into_iter().map(|(_, shown, _)| shown);
        assert!(shown.chain([said]).all(|said| !said.contains("ss@")));
    }
}
