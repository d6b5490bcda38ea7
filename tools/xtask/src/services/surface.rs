//! What a service shows to other crates: the same names in every one, so that a reader of one knows where to look in the next.

/// The public names in the `lib.rs` of every service.
pub(super) const EVERY: &[&str] = &[
    "domain",
    "model",
    "MODULE",
    "Model",
    "project",
    "NAME",
    "ModelLocation",
    "Config",
    "open_model",
    "build",
];
/// What one service alone shows, since another crate needs it.
const OWN: &[(&str, &[&str])] = &[
    // Passwords and the manager of a new shop: the process that starts the service gives them.
    ("customer", &["Admin", "Bootstrap", "Cost", "Given", "Limits", "NewPassword", "Secrets"]),
    // What reads files that anyone may send has tests of its own.
    ("product", &["image"]),
];

/// What a service shows and should not, or does not show and should.
pub(super) fn faults(service: &str, path: &str, text: &str) -> Vec<String> {
    let shown = names(text);
    let own = OWN.iter().find(|(of, _)| *of == service).map_or(&[][..], |(_, own)| *own);
    let missing = EVERY.iter().filter(|name| !shown.contains(&(**name).to_owned()));
    let missing = missing.map(|name| format!("{path} does not show {name}, as every service does"));
    let more = shown.iter().filter(|name| ![EVERY, own].concat().contains(&name.as_str()));
    let more = more.map(|name| {
        format!("{path} shows {name}, as no other service does: make it private, or list it in tools/xtask/src/services/surface.rs")
    });
    missing.chain(more).collect()
}

/// The public names at the top of a file.
fn names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let items = text.split("\npub ").skip(1);
    for item in items {
        if let Some(used) = item.strip_prefix("use ") {
            let used = used.split(';').next().unwrap_or_default();
            let list = used.rsplit("::").next().unwrap_or_default();
            let list = list.trim_matches(['{', '}', '\n']).split(',').map(str::trim);
            names.extend(list.filter(|name| !name.is_empty()).map(str::to_owned));
            continue;
        }
        let mut words = item.split(|char: char| !char.is_alphanumeric() && char != '_');
        let name = words.find(|word| !KEYWORDS.contains(word)).unwrap_or_default();
        names.push(name.to_owned());
    }
    names
}

/// What stands before the name of an item.
const KEYWORDS: [&str; 9] =
    ["async", "const", "enum", "fn", "mod", "static", "struct", "trait", "type"];

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "//! A service.\n\npub mod domain;\nmod http;\npub mod model;\n\nuse std::sync::Arc;\n\n\
        pub use crate::module::{Given, MODULE};\npub use model::Model;\npub use project::project;\n\n\
        /// Its name.\npub const NAME: &str = \"a\";\n\npub type ModelLocation = Location;\n\n\
        pub struct Config {\n    pub model: ModelLocation,\n}\n\n\
        pub async fn open_model() {}\n\npub async fn build() {}\n\nimpl Config {\n    pub fn new() {}\n}\n";

    #[test]
    fn public_names_are_found_wherever_they_come_from() {
        let mut every = EVERY.to_vec();
        every.insert(2, "Given");
        assert_eq!(names(LIB), every);
        let long =
            "\npub use password::{\n    Cost,\n    NewPassword,\n};\npub(crate) fn no() {}\n";
        assert_eq!(names(long), ["Cost", "NewPassword"]);
    }

    #[test]
    fn one_that_shows_less_or_more_than_the_others_is_found() {
        assert_eq!(faults("customer", "lib.rs", LIB), Vec::<String>::new());
        let more = faults("order", "lib.rs", LIB);
        assert!(more.len() == 1 && more.concat().contains("shows Given"), "{more:?}");
        let less = faults("customer", "lib.rs", &LIB.replace("pub const", "const"));
        assert!(less.len() == 1 && less.concat().contains("does not show NAME"), "{less:?}");
    }
}
