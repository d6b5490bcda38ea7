//! `cargo xtask new service NAME`: a service of the shop. It begins as a copy of the example, which CI builds and tests every day, so that
//! it compiles, runs and is tested from its first moment.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};

use crate::{
    files, rules,
    run::{cargo, must, program, root, say, target},
};

/// The service that is copied.
const EXAMPLE: &str = "loyalty";
/// Files outside its own that name it: each gets the same lines for the new service.
const NAMING: [&str; 7] = [
    "Cargo.toml",
    "docs/asyncapi.yaml",
    "shop/command/Cargo.toml",
    "shop/contracts/src/families.rs",
    "shop/contracts/src/lib.rs",
    "shop/registry/Cargo.toml",
    "shop/registry/src/lib.rs",
];
/// What is about the example as an example, and not copied: what it took outside its own folder.
const NOT_COPIED: [&str; 2] = ["tests/it/files.rs", "README.md"];
/// Names that mean something else in the shop: on the bus, at the gateway, in the log, or to cargo.
const RESERVED: [&str; 19] = [
    "agora", "alloc", "core", "docs", "event", "events", "gateway", "guest", "health", "loyalty",
    "metrics", "openapi", "reactor", "service", "shop", "std", "system", "test", "v1",
];
/// Words that no crate can be called by.
const KEYWORDS: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "use", "where",
];

/// A file to be written: its path in the project, and its text.
type Written = (PathBuf, String);

/// Makes the service in this clone, and says what to do next.
pub(crate) fn new(name: &str) -> anyhow::Result<()> {
    create(&root(), name)?;
    say(&format!(
        "shop/{name} is a service of the shop: so far it does what examples/{EXAMPLE} does. Try it:

  cargo test -p {name}
  cargo run --features {name} -- up

Then make it yours, in this order:
  shop/contracts/src/{name}.rs    its events; their examples in shop/contracts/tests/released, described in docs/asyncapi.yaml
  shop/{name}/src/domain.rs       its rules, and react.rs: what it does about the events of others
  shop/{name}/src/model.rs        what it shows, project.rs: how events change that, http.rs: its calls
  shop/{name}/tests               what it promises

To have it in every shop, remove the feature {name} in shop/registry and shop/command; `cargo xtask test rules` then
lists what must name it in deploy/. More in docs/your-own-service.md."
    ));
    Ok(())
}

/// Makes a service in a copy of the project, and checks it as CI checks the others: built into the command, with its tests; `whole`: these
/// are run as well. They are built for that alone, which takes minutes the first time.
pub(crate) fn try_out(whole: bool) -> anyhow::Result<()> {
    let (name, copy) = ("sample", target().join("new-service"));
    let earlier = copy.join("shop").join(name);
    if earlier.exists() {
        fs::remove_dir_all(earlier)?;
    }
    mirror(&root(), &copy)?;
    create(&copy, name)?;
    ensure!(create(&copy, name).is_err(), "overwrote an existing service");
    rules::check(&copy)?;
    let here = |args: &[&str]| {
        let mut cargo = cargo(args);
        cargo.current_dir(&copy).env("CARGO_TARGET_DIR", target());
        cargo
    };
    must(&mut here(&["fmt", "--all", "--check"]))?;
    let built_in = format!("command/full,command/{name}");
    // The other crates' tests do not change with a service more, so they are not compiled for this.
    let all = ["clippy", "--quiet", "--workspace", "--features", &built_in, "--lib", "--bins"];
    must(here(&all).args(["--", "-D", "warnings"]))?;
    if whole {
        must(&mut here(&["test", "--quiet", "--package", name]))?;
    }
    Ok(())
}

/// Makes the service in the project at `root`. Writes nothing unless everything fits.
fn create(root: &Path, name: &str) -> anyhow::Result<()> {
    check(root, name)?;
    let made = copied(root, name)?;
    for (path, _) in &made {
        ensure!(
            !root.join(path).exists(),
            "{} already exists; nothing was changed",
            path.display()
        );
    }
    let changed: Vec<Written> =
        NAMING.iter().map(|path| extended(root, path, name)).collect::<anyhow::Result<_>>()?;
    for (path, text) in made.into_iter().chain(changed) {
        let path = root.join(path);
        let folder = path.parent().context("a file is in a folder")?;
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    // A name of another length breaks lines elsewhere.
    let packages = ["fmt", "--package", name, "--package", "contracts", "--package", "registry"];
    must(cargo(&packages).current_dir(root))
}

/// Refuses a name that cannot be a service's, and says why.
fn check(root: &Path, name: &str) -> anyhow::Result<()> {
    let is_plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit();
    ensure!(
        name.starts_with(|char: char| char.is_ascii_lowercase())
            && name.chars().all(is_plain)
            && (2..=24).contains(&name.len()),
        "{name:?} cannot be a service's name: 2 to 24 of a-z and 0-9, beginning with a letter, such as reviews"
    );
    ensure!(!KEYWORDS.contains(&name), "{name} cannot be a service's name: it is a word of Rust");
    ensure!(
        !RESERVED.contains(&name),
        "{name} cannot be a service's name: it means something else in the shop"
    );
    for folder in ["crates", "examples", "shop", "tools"] {
        let taken = root.join(folder).join(name).exists();
        ensure!(!taken, "{name} is taken: there is {folder}/{name}; nothing was changed");
    }
    let contracts = root.join("shop/contracts/src");
    let taken = contracts.join(name).exists() || contracts.join(format!("{name}.rs")).exists();
    ensure!(!taken, "{name} is taken: shop/contracts has a module of that name");
    let manifest: toml::Table = read(root, "Cargo.toml")?.parse().context("Cargo.toml")?;
    let dependencies = manifest.get("workspace").and_then(|table| table.get("dependencies"));
    let taken = dependencies.is_some_and(|table| table.get(name).is_some());
    ensure!(!taken, "{name} is taken: a dependency in Cargo.toml is called so");
    Ok(())
}

/// The example's own files as the service's: its crate, its contracts, and the examples of its events.
fn copied(root: &Path, name: &str) -> anyhow::Result<Vec<Written>> {
    let mut copied = Vec::new();
    for (from, to) in [
        (format!("examples/{EXAMPLE}"), format!("shop/{name}")),
        ("shop/contracts/tests/released".to_owned(), "shop/contracts/tests/released".to_owned()),
        ("shop/contracts/src".to_owned(), "shop/contracts/src".to_owned()),
    ] {
        let of_events = from == to;
        for path in files::below(&root.join(&from))? {
            let inner = path.strip_prefix(root.join(&from))?.to_string_lossy().into_owned();
            if (of_events && !inner.starts_with(EXAMPLE)) || NOT_COPIED.contains(&&*inner) {
                continue;
            }
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let own = match inner.as_str() {
                "src/lib.rs" => headed(&text, name),
                "tests/it/main.rs" => text.replace("mod files;\n", ""),
                _ => text,
            };
            copied.push((Path::new(&to).join(renamed(&inner, name)), renamed(&own, name)));
        }
    }
    ensure!(copied.len() > 10, "examples/{EXAMPLE} is not whole: there is nothing to begin from");
    Ok(copied)
}

/// A crate's root with a front page of its own.
fn headed(text: &str, name: &str) -> String {
    let code: Vec<&str> = text.lines().skip_while(|line| line.starts_with("//!")).collect();
    format!(
        "//! The {name} service. So far it keeps points for orders and rewards for points, as the example does that it was copied from.\n\
         //!\n\
         //! It runs in a shop that was built with it: `cargo run --features {name} -- up`.\n{}\n",
        code.join("\n")
    )
}

/// A file with the example's lines once more for the service, each group behind the example's own.
fn extended(root: &Path, path: &str, name: &str) -> anyhow::Result<Written> {
    let text = read(root, path)?;
    let extended = with_lines_for(&text, name);
    if extended.len() == text.len() {
        bail!("{path} does not name {EXAMPLE}: there is no line to copy");
    }
    Ok((path.into(), extended))
}

/// A group is lines that name the example, and those among them that are indented further than its first.
fn with_lines_for(text: &str, name: &str) -> String {
    let mut lines = text.lines().peekable();
    let mut extended: Vec<String> = Vec::new();
    while let Some(line) = lines.next() {
        extended.push(line.to_owned());
        // Members of the workspace are whole folders.
        if !line.to_lowercase().contains(EXAMPLE) || line.starts_with("members") {
            continue;
        }
        let mut group = vec![line];
        let indented = indent(line);
        let belongs = |next: &&str| {
            next.to_lowercase().contains(EXAMPLE)
                || (indent(next) > indented && !next.trim().is_empty())
        };
        while let Some(next) = lines.next_if(belongs) {
            group.push(next);
        }
        extended.extend(group.iter().skip(1).map(|line| (*line).to_owned()));
        let own_place = |line: &str| line.replace("path = \"examples/", "path = \"shop/");
        extended.extend(group.iter().map(|line| renamed(&own_place(line), name)));
    }
    extended.join("\n") + "\n"
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// A text about the example as one about the service.
fn renamed(text: &str, name: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    };
    text.replace(EXAMPLE, name)
        .replace(&capital(EXAMPLE), &capital(name))
        .replace(&EXAMPLE.to_uppercase(), &name.to_uppercase())
}

fn read(root: &Path, path: &str) -> anyhow::Result<String> {
    fs::read_to_string(root.join(path)).with_context(|| path.to_owned())
}

/// Makes `copy` hold the project's files and no others. What is the same stays untouched, so that little is built again.
fn mirror(root: &Path, copy: &Path) -> anyhow::Result<()> {
    let listed = program("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()?;
    ensure!(listed.status.success(), "git cannot list the project's files");
    let listed = String::from_utf8(listed.stdout)?;
    let listed: Vec<&str> = listed.split_terminator('\0').collect();
    if copy.exists() {
        for path in files::below(copy)? {
            let inner = path.strip_prefix(copy)?.to_string_lossy();
            if !listed.contains(&&*inner) {
                fs::remove_file(&path)?;
            }
        }
    }
    for path in listed {
        // A file may be listed and already be deleted.
        let Ok(content) = fs::read(root.join(path)) else { continue };
        let there = copy.join(path);
        if fs::read(&there).ok().as_ref() != Some(&content) {
            fs::create_dir_all(there.parent().context("a file is in a folder")?)?;
            fs::write(&there, content)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_be_a_services_is_refused_with_the_reason() {
        for (name, reason) in [
            ("", "2 to 24 of a-z and 0-9"),
            ("r", "2 to 24 of a-z and 0-9"),
            ("Reviews", "2 to 24 of a-z and 0-9"),
            ("my-reviews", "2 to 24 of a-z and 0-9"),
            ("2nd", "beginning with a letter"),
            ("../evil", "2 to 24 of a-z and 0-9"),
            ("match", "a word of Rust"),
            ("gateway", "something else in the shop"),
            ("order", "there is shop/order"),
            ("kernel", "there is crates/kernel"),
            ("catalogue", "shop/contracts has a module"),
            ("serde", "a dependency in Cargo.toml"),
        ] {
            let refused = check(&root(), name).expect_err(name).to_string();
            assert!(refused.contains(reason), "{name}: {refused}");
        }
        check(&root(), "reviews").expect("a good name");
    }

    #[test]
    fn every_group_of_lines_is_there_once_more() {
        let text = "members = [\"examples/loyalty\"]\nloyalty = { path = \"examples/loyalty\" }\nother = 1\n";
        let expected = "members = [\"examples/loyalty\"]\nloyalty = { path = \"examples/loyalty\" }\nnew = { path = \"shop/new\" }\nother = 1\n";
        assert_eq!(with_lines_for(text, "new"), expected);
        let text = "a:\n  loyalty.x:\n    y: 1\n  loyalty.z:\n    y: LoyaltyEvent\n  b: 2\n";
        let expected = "a:\n  loyalty.x:\n    y: 1\n  loyalty.z:\n    y: LoyaltyEvent\n  new.x:\n    y: 1\n  new.z:\n    y: NewEvent\n  b: 2\n";
        assert_eq!(with_lines_for(text, "new"), expected);
        let text = "    #[cfg(feature = \"loyalty\")]\n    &loyalty::MODULE,\n];\n";
        let expected = "    #[cfg(feature = \"loyalty\")]\n    &loyalty::MODULE,\n    #[cfg(feature = \"new\")]\n    &new::MODULE,\n];\n";
        assert_eq!(with_lines_for(text, "new"), expected);
    }
}
