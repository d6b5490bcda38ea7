//! The places of a shop's files: no two may be the same, or each would destroy the other.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Component, Path, PathBuf},
};

use crate::{
    config::{ConfigError, Settings},
    data_folder::{SESSIONS, outages},
    parts::{Part, Parts},
};

/// What else is in the data folder, beside each service's snapshots.
const OWN: [&str; 9] = [
    "secret",
    "shop.json",
    SAMPLE,
    "log.json",
    "seen.json",
    SESSIONS,
    CAUSES,
    outages::GATEWAY,
    outages::BACK_OFFICE,
];
/// What the year came to that a sample shop has behind it.
pub(super) const SAMPLE: &str = "demo.json";
/// The event store's index of causes.
pub(crate) const CAUSES: &str = "causes.db";
/// A message about a path.
const NO_FILE: &str = "is not a regular file; move it away";
/// The files that SQLite and the shop keep beside a database.
const BESIDE: [&str; 6] = ["", "-wal", "-shm", "-journal", ".mark", ".generations"];

/// A thing and the files that are its own.
struct Place {
    /// As it is named to people.
    name: String,
    files: Vec<File>,
}

#[derive(PartialEq, Eq)]
struct File {
    path: PathBuf,
    /// Of a file that is there: it may have more than one name.
    inode: Option<(u64, u64)>,
}

/// The names of what is in the data folder beside read models.
fn own() -> impl Iterator<Item = String> {
    let snapshots = registry::names().map(snapshots);
    OWN.into_iter().map(str::to_owned).chain(snapshots)
}

/// The database that a service keeps its snapshots in, within the data folder.
pub(crate) fn snapshots(service: &str) -> String {
    format!("{service}-snapshots.db")
}

/// The settings that name the read models of `parts`.
fn models(parts: &Parts) -> impl Iterator<Item = &'static str> + use<'_> {
    parts.services().map(|module| module.model.name)
}

/// The databases that `parts` keep in files: read models, and what is beside them in the data folder.
pub(crate) fn databases(settings: &Settings, parts: &Parts) -> Vec<PathBuf> {
    let data = Path::new(settings.text("data").unwrap_or_default());
    let models = models(parts).filter_map(|name| settings.text(name).and_then(file));
    let beside = own().map(|name| data.join(name));
    models.chain(beside.filter(|path| path.extension().is_some_and(|end| end == "db"))).collect()
}

/// Refuses a read model of `parts` whose place is another one's, or that of something else the shop keeps, and anything there that is
/// not a file: opening a pipe would block until something writes to it. What the settings say of services that run elsewhere
/// does not matter here.
pub(crate) fn check(settings: &Settings, parts: &Parts) -> Result<(), ConfigError> {
    let data = resolved(Path::new(settings.text("data").unwrap_or_default()));
    let log = settings.text("event-store").and_then(|store| store.strip_prefix("log:"));
    let log = log.map(|folder| resolved(Path::new(folder)));
    let own: Vec<Place> = own()
        .map(|name| Place::new(format!("{name} of the data folder"), &data.join(name)))
        .collect();
    if let Some(odd) = own.iter().find_map(Place::odd) {
        return Err(settings.invalid("data", format!("{} {NO_FILE}", odd.display())));
    }
    if let Some(odd) = log.as_deref().filter(|_| parts.has(Part::EventStore)).and_then(odd_in_log) {
        return Err(settings.invalid("event-store", format!("{} {NO_FILE}", odd.display())));
    }
    let mut taken = own;
    // Those that were chosen last: they are the ones to be chosen differently.
    let (usual, chosen): (Vec<_>, Vec<_>) =
        models(parts).partition(|name| settings.is_default(name));
    for setting in usual.into_iter().chain(chosen) {
        let text = settings.text(setting).unwrap_or_default();
        // SQLite has its own meaning for these, which is not that of the file of this name.
        if text.starts_with("sqlite:file:") || text == "sqlite::memory:" {
            let reason =
                "takes the path of a file, not a SQLite URI; write sqlite:/path/of/model.db";
            return Err(settings.invalid(setting, reason));
        }
        let Some(path) = file(text) else { continue };
        let place = Place::new(setting.to_owned(), &path);
        let path = resolved(&path);
        if log.as_ref().is_some_and(|log| path.starts_with(log) && !data.starts_with(log)) {
            return Err(settings.invalid(
                setting,
                "is in the folder of the log, which only the log may use; choose another file",
            ));
        }
        if let Some(other) = taken.iter().find(|other| other.meets(&place)) {
            let reason = format!("is the same file as {}; choose another file", other.name);
            return Err(settings.invalid(setting, reason));
        }
        if let Some(odd) = place.odd() {
            let reason = format!("{} {NO_FILE}, or name another one", odd.display());
            return Err(settings.invalid(setting, reason));
        }
        taken.push(place);
    }
    Ok(())
}

/// What is in the log's folder and is neither a file nor a folder.
fn odd_in_log(log: &Path) -> Option<PathBuf> {
    let mut paths = fs::read_dir(log).ok()?.flatten().map(|entry| entry.path());
    paths.find(|path| fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()))
}

impl Place {
    fn new(name: String, path: &Path) -> Self {
        let path = resolved(path);
        let file = |end: &&str| {
            let mut path = path.clone().into_os_string();
            path.push(end);
            let inode = fs::metadata(&path).ok().map(|file| (file.dev(), file.ino()));
            File { path: path.into(), inode }
        };
        Self { name, files: BESIDE.iter().map(file).collect() }
    }

    /// What is in its place and is not a regular file.
    fn odd(&self) -> Option<&Path> {
        let is_odd = |path: &&Path| fs::metadata(path).is_ok_and(|found| !found.is_file());
        self.files.iter().map(|file| file.path.as_path()).find(is_odd)
    }

    fn meets(&self, other: &Self) -> bool {
        let same = |one: &File, other: &File| {
            one.path == other.path || (one.inode.is_some() && one.inode == other.inode)
        };
        self.files.iter().any(|one| other.files.iter().any(|other| same(one, other)))
    }
}

/// The file of a SQLite database.
fn file(setting: &str) -> Option<PathBuf> {
    let path = setting.strip_prefix("sqlite:").filter(|path| !path.is_empty())?;
    Some(PathBuf::from(path))
}

/// The path from the root, without `.`, `..` and links as far as it is there.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let mut whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut missing = Vec::new();
    let mut found = loop {
        if let Ok(found) = fs::canonicalize(&whole) {
            break found;
        }
        let Some(last) = whole.components().next_back().map(|last| last.as_os_str().to_owned())
        else {
            break whole;
        };
        missing.push(last);
        if !whole.pop() {
            break PathBuf::from("/");
        }
    };
    for part in missing.iter().rev().map(Path::new).flat_map(Path::components) {
        match part {
            Component::ParentDir => _ = found.pop(),
            Component::Normal(name) => found.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Flags;

    fn checked(data: &Path, values: &[(&'static str, String)]) -> Result<(), String> {
        checked_for(&Parts::all(), data, values)
    }

    fn checked_for(
        parts: &Parts,
        data: &Path,
        values: &[(&'static str, String)],
    ) -> Result<(), String> {
        let mut flags = vec![("data", data.display().to_string())];
        flags.extend_from_slice(values);
        let settings = Flags::of(flags).resolve_with(&std::collections::BTreeMap::new());
        check(&settings.expect("settings"), parts).map_err(|error| error.to_string())
    }

    #[test]
    fn two_things_of_one_place_are_refused_whatever_it_is_called() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        fs::create_dir(&data).expect("a folder");
        fs::write(data.join("product.db"), "").expect("a file");
        fs::hard_link(data.join("product.db"), folder.path().join("linked.db")).expect("a link");
        std::os::unix::fs::symlink(&data, folder.path().join("other")).expect("a link");
        let at = |path: &str| format!("sqlite:{}/{path}", folder.path().display());
        for (path, other) in [
            ("data/product.db", "product-model"),
            ("data/./gone/../product.db", "product-model"),
            ("other/product.db", "product-model"),
            ("other/customer.db", "customer-model"),
            ("linked.db", "product-model"),
            ("data/product.db-wal", "product-model"),
            ("data/secret", "secret"),
            ("data/shop.json", "shop.json"),
            ("data/sessions.db", "sessions.db"),
            ("data/order-snapshots.db", "order-snapshots.db"),
            ("data/log", "folder of the log"),
            ("other/log/order.db", "folder of the log"),
        ] {
            let said = checked(&data, &[("order-model", at(path))]).expect_err(path);
            assert!(said.contains("order-model = ") && said.contains(other), "{path}: {said}");
        }
        for address in
            ["sqlite:file:other.db?mode=rwc", "sqlite:file:/srv/order.db", "sqlite::memory:"]
        {
            let model = [("order-model", address.to_owned())];
            let said = checked(&data, &model).expect_err(address);
            assert!(said.contains("the path of a file"), "{said}");
        }
        let both = [("order-model", at("new.db")), ("accounting-model", at("new.db"))];
        checked(&data, &both).expect_err("two that are not there yet");
    }

    #[test]
    fn what_is_no_regular_file_is_refused_before_it_is_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        fs::create_dir_all(data.join("log/copy")).expect("a folder");
        checked(&data, &[]).expect("a folder in the log stops nothing");
        let model = ("order-model", format!("sqlite:{}/odd.db", folder.path().display()));
        for (odd, says) in [
            ("odd.db", "order-model = "),
            ("odd.db-wal", "order-model = "),
            ("data/secret", "data = "),
            ("data/shop.json", "data = "),
            ("data/sessions.db", "data = "),
            ("data/log/0000000002.segment", "event-store = "),
        ] {
            let odd = folder.path().join(odd);
            let socket = std::os::unix::net::UnixListener::bind(&odd).expect("a socket");
            let said = checked(&data, std::slice::from_ref(&model)).expect_err("no file");
            let named = said.contains(&odd.display().to_string());
            assert!(said.contains(says) && named && said.contains("not a regular file"), "{said}");
            drop(socket);
            fs::remove_file(&odd).expect("it is there");
        }
        fs::create_dir(folder.path().join("odd.db")).expect("a folder");
        checked(&data, &[model]).expect_err("a folder");
    }

    #[test]
    fn settings_of_services_that_run_elsewhere_do_not_matter() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |path: &str| format!("sqlite:{}/{path}", folder.path().display());
        let both = [("order-model", at("one.db")), ("product-model", at("one.db"))];
        let order = Parts::of([Part::ORDER, Part::Gateway]);
        checked_for(&order, folder.path(), &both).expect("the product service is not here");
        let secret = [("order-model", at("secret")), ("product-model", at("secret"))];
        checked_for(&order, folder.path(), &secret).expect_err("the secret is");
        let two = Parts::of([Part::ORDER, Part::PRODUCT]);
        checked_for(&two, folder.path(), &both).expect_err("both are here");
    }

    #[test]
    fn places_apart_are_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let at = |path: &str| format!("sqlite:{}/{path}", folder.path().display());
        for values in [
            vec![],
            vec![("order-model", at("order.db")), ("product-model", at("order.db.product"))],
            vec![("order-model", at("data/product.db")), ("product-model", at("data/order.db"))],
            vec![("order-model", "postgres://me:p@host/shop".to_owned())],
            vec![("event-store", format!("log:{}", data.display()))],
        ] {
            checked(&data, &values).unwrap_or_else(|said| panic!("{values:?}: {said}"));
        }
    }
}
