//! The shop's list of services, and what must name each of them by hand: deployment, documents, and the files of its crate.

mod surface;

use std::{fs, path::Path};

use anyhow::Context as _;

/// Where the list is.
pub(crate) const LIST: &str = "shop/registry/src/lib.rs";
/// What stands in the list of a service that is left out unless the command is built with it.
const OPTIONAL: &str = "cfg(feature";
/// Files that name every service of a default build, and how; NAME stands for it, PART for its name in variables.
const NAMED: &[(&str, &str)] = &[
    ("deploy/compose.yaml", "\n  agora-NAME:\n"),
    ("deploy/modules/NAME.yaml", "command: [run, NAME]"),
    ("deploy/modules/rabbitmq.yaml", "RABBITMQ_PART_PASSWORD"),
    ("deploy/nginx.conf", "/NAME(?:[/?]|$) agora-NAME:8080;"),
    ("deploy/broker", "\nservice NAME \"$RABBITMQ_PART_PASSWORD\""),
    ("deploy/broker", " | NAME | "),
    ("tools/servers/src/rabbitmq.rs", "\"NAME\""),
    ("README.md", "`NAME-model`"),
];
/// What names every service, whatever builds it.
const DESCRIBED: &[(&str, &str)] = &[("docs/asyncapi.yaml", "\n    NAME.")];
/// The files of every service, in its folder.
const FILES: &[&str] = &[
    "Cargo.toml",
    "src/domain.rs",
    "src/http.rs",
    "src/lib.rs",
    "src/model.rs",
    "src/module.rs",
    "src/project.rs",
    "src/react.rs",
    "src/stream.rs",
    "src/tell.rs",
    "tests/it/harness.rs",
    "tests/it/main.rs",
    "tests/it/rules.rs",
];

/// What stands in the same file of every service.
const SAME: &[(&str, &str)] = &[
    ("src/http.rs", "pub(crate) struct Calls {"),
    ("src/module.rs", "build: |setup| Box::pin(start(setup)),"),
    ("src/stream.rs", "impl Aggregate for "),
];
/// The model in SQLite, where it is not in `src/model.rs` as a whole; then it has these files beside.
const SQLITE: &str = "src/model/sqlite.rs";
const SQLITE_FILES: &[&str] = &["src/model/sqlite/read.rs", "src/model/sqlite/write.rs"];

/// A service of the list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) name: String,
    /// Left out unless the command is built with it.
    optional: bool,
}

/// The services of the list.
pub(crate) fn listed(root: &Path) -> anyhow::Result<Vec<Listed>> {
    let text = fs::read_to_string(root.join(LIST)).context(LIST)?;
    parsed(&text).with_context(|| format!("{LIST} has no list SERVICES"))
}

fn parsed(text: &str) -> Option<Vec<Listed>> {
    let list = text.split_once("const SERVICES: &[&Module] =")?.1.split_once("];")?.0;
    let mut services = Vec::new();
    let mut optional = false;
    for word in list.split(['\n', ',', '[']).map(str::trim) {
        optional |= word.starts_with(OPTIONAL);
        if let Some(name) = word.strip_prefix('&').and_then(|word| word.strip_suffix("::MODULE")) {
            services.push(Listed { name: name.to_owned(), optional });
            optional = false;
        }
    }
    Some(services)
}

/// What does not name a service of the list, or lacks a file of one.
pub(crate) fn faults(root: &Path, services: &[Listed]) -> Vec<String> {
    let read = |path: &str| fs::read_to_string(root.join(path)).ok();
    services.iter().flat_map(|service| faults_of(service, read)).collect()
}

fn faults_of(service: &Listed, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let name = &service.name;
    let filled = |pattern: &str| {
        pattern.replace("NAME", name).replace("PART", &name.to_uppercase().replace('-', "_"))
    };
    let by_hand = if service.optional { &[] } else { NAMED };
    let mut faults = Vec::new();
    for (path, pattern) in by_hand.iter().chain(DESCRIBED) {
        let (path, pattern) = (filled(path), filled(pattern));
        if !read(&path).is_some_and(|text| text.contains(&pattern)) {
            let what = pattern.trim();
            faults.push(format!("{path} does not name the service {name}: it lacks {what:?}"));
        }
    }
    let example = format!("examples/{name}");
    let is_example = service.optional && read(&format!("{example}/Cargo.toml")).is_some();
    let folder = if is_example { example } else { format!("shop/{name}") };
    for file in FILES {
        let path = format!("{folder}/{file}");
        match read(&path) {
            None => faults.push(format!("{path} is missing: every service has the same files")),
            Some(text) if *file == "src/lib.rs" => {
                faults.extend(assembled(name, &path, &text));
                faults.extend(surface::faults(name, &path, &text));
            }
            Some(text) => {
                let lacking = SAME.iter().filter(|(of, what)| of == file && !text.contains(what));
                faults.extend(lacking.map(|(_, what)| lacks(&path, what)));
            }
        }
    }
    faults.extend(tables(name, &folder, &read));
    faults
}

/// The tables of a model are called after its service, and so are the files that read and write them.
fn tables(name: &str, folder: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let inner = |file: &str| format!("{folder}/{file}");
    let mut faults = Vec::new();
    let mut path = inner("src/model.rs");
    if read(&inner(SQLITE)).is_some() {
        path = inner(SQLITE);
        let missing =
            SQLITE_FILES.iter().map(|file| inner(file)).filter(|file| read(file).is_none());
        faults
            .extend(missing.map(|file| format!("{file} is missing: every model in SQLite has it")));
    }
    let tables = format!("pub struct {}Tables", capitalized(name));
    if read(&path).is_some_and(|text| !text.contains(&tables)) {
        faults.push(lacks(&path, &tables));
    }
    faults
}

fn lacks(path: &str, what: &str) -> String {
    format!("{path} lacks {what:?}: every service has it there")
}

fn capitalized(name: &str) -> String {
    let (first, rest) = name.split_at_checked(1).unwrap_or_default();
    first.to_uppercase() + rest
}

/// Every service is put together in the same way, under its own name: so its followers are named alike, which are labels of metrics.
fn assembled(name: &str, path: &str, text: &str) -> Vec<String> {
    let named = format!("const NAME: &str = \"{name}\";");
    let wanted = [
        &*named,
        "pub async fn open_model(",
        "pub async fn build(",
        "Assembly::new(NAME, ",
        ".react(&",
        "let calls = Arc::new(Calls {",
        ".serve(http::calls(&calls)",
    ];
    let missing = wanted.into_iter().filter(|part| !text.contains(part));
    missing.map(|part| format!("{path} does not put the service together with {part:?}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::root;

    #[test]
    fn the_list_is_read_with_what_is_left_out_by_default() {
        let text = "pub const SERVICES: &[&Module] = &[\n    &order::MODULE,\n    #[cfg(feature = \"extra\")]\n    &extra::MODULE,\n    &last::MODULE,\n];\n";
        let names: Vec<_> = parsed(text)
            .expect("a list")
            .into_iter()
            .map(|service| (service.name, service.optional))
            .collect();
        let listed = [("order", false), ("extra", true), ("last", false)];
        assert_eq!(names, listed.map(|(name, optional)| (name.to_owned(), optional)));
        let short = "const SERVICES: &[&Module] =\n    &[&one::MODULE, &two::MODULE];";
        assert_eq!(parsed(short).expect("a list").len(), 2);
        assert_eq!(parsed("nothing"), None);
    }

    #[test]
    fn a_service_that_is_named_nowhere_is_missed_everywhere() {
        let service = |optional| Listed { name: "nobody".to_owned(), optional };
        let all = faults_of(&service(false), |_| None);
        assert_eq!(all.len(), NAMED.len() + DESCRIBED.len() + FILES.len(), "{all:#?}");
        let optional = faults_of(&service(true), |_| None);
        assert_eq!(optional.len(), DESCRIBED.len() + FILES.len(), "{optional:#?}");
        let empty = faults_of(&service(false), |_| Some(String::new()));
        let within = 7 + surface::EVERY.len() + SAME.len() + 1;
        assert_eq!(empty.len(), NAMED.len() + DESCRIBED.len() + within, "{empty:#?}");
    }

    #[test]
    fn tables_of_another_name_and_a_model_without_its_files_are_found() {
        let found = |path: &str| match path {
            "shop/x/src/model/sqlite.rs" => Some("pub struct Books;".to_owned()),
            "shop/x/src/model/sqlite/read.rs" => Some(String::new()),
            _ => None,
        };
        let faults = tables("reviews", "shop/x", found);
        assert!(faults.len() == 2 && faults[0].contains("sqlite/write.rs"), "{faults:?}");
        assert!(faults[1].contains("pub struct ReviewsTables"), "{faults:?}");
        let whole = |path: &str| {
            (path == "shop/x/src/model.rs").then(|| "pub struct ReviewsTables;".to_owned())
        };
        assert_eq!(tables("reviews", "shop/x", whole), Vec::<String>::new());
    }

    #[test]
    fn the_services_of_this_shop_are_named_wherever_they_must_be() {
        let services = listed(&root()).expect("the list");
        assert!(services.len() >= 4, "{services:?}");
        assert_eq!(faults(&root(), &services), Vec::<String>::new());
    }
}
