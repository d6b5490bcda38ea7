//! Circles between the files of one crate: two modules that import from each other are one module in two places, or two in one.
//!
//! A module and those below it are one thing and may import from each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::Context as _;
use cargo_metadata::Metadata;

use crate::rules::{
    files,
    tokens::{is_word, tokens},
};

/// A module's name: the segments of its path below the crate.
type Module = Vec<String>;

/// Every circle between files of one crate.
pub(super) fn check(metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().context("a manifest is in a folder")?;
        let source = folder.join("src");
        for circle in circles(&read(source.as_std_path())?) {
            let names = circle.join(", ");
            faults.push(format!("{}: these import from each other: {names}", package.name));
        }
    }
    Ok(faults)
}

/// The sources of a crate by module; the root has no segments.
fn read(source: &Path) -> anyhow::Result<BTreeMap<Module, String>> {
    let mut modules = BTreeMap::new();
    for path in files::sources(source)? {
        let name = path.strip_prefix(source)?.with_extension("");
        let mut module: Module =
            name.iter().map(|segment| segment.to_string_lossy().into_owned()).collect();
        if module == ["lib"] || module == ["main"] {
            module.clear();
        }
        modules.insert(module, stripped(&fs::read_to_string(&path)?));
    }
    Ok(modules)
}

/// The source without its unit tests.
fn stripped(source: &str) -> String {
    let tests = source.find("#[cfg(test)]\nmod tests {").unwrap_or(source.len());
    source.get(..tests).unwrap_or(source).to_owned()
}

fn circles(modules: &BTreeMap<Module, String>) -> Vec<Vec<String>> {
    let imports: BTreeMap<&Module, BTreeSet<Module>> =
        modules.keys().map(|module| (module, imports(module, modules))).collect();
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        modules.keys().map(|module| (module, reach(module, &imports))).collect();
    let mut found = BTreeSet::new();
    for (module, reachable) in &reached {
        let mutual = |other: &&&Module| reached.get(**other).is_some_and(|of| of.contains(module));
        let circle: BTreeSet<String> =
            reachable.iter().filter(mutual).map(|module| module.join("::")).collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    found.into_iter().map(|circle| circle.into_iter().collect()).collect()
}

/// All that a module imports from, directly or through others.
fn reach<'a>(
    module: &'a Module,
    imports: &'a BTreeMap<&Module, BTreeSet<Module>>,
) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut open = vec![module];
    while let Some(next) = open.pop() {
        for other in imports.get(next).into_iter().flatten() {
            if reached.insert(other) {
                open.push(other);
            }
        }
    }
    reached
}

/// The modules that a module imports from, but for those above and below it.
fn imports(module: &Module, modules: &BTreeMap<Module, String>) -> BTreeSet<Module> {
    let Some(source) = modules.get(module) else { return BTreeSet::new() };
    let paths = paths(source).into_iter().filter_map(|path| absolute(module, &path));
    let targets = paths.filter_map(|path| owner(&path, modules, 0));
    targets.filter(|other| !other.starts_with(module) && !module.starts_with(other)).collect()
}

/// The module that a path leads to, seen through what the modules on it import for others to use.
fn owner(path: &[String], modules: &BTreeMap<Module, String>, depth: usize) -> Option<Module> {
    let length = (0..=path.len())
        .rev()
        .find(|end| path.get(..*end).is_some_and(|prefix| modules.contains_key(prefix)))?;
    let (module, rest) = path.split_at_checked(length)?;
    let Some(item) = rest.first().filter(|_| depth < 4) else { return Some(module.to_vec()) };
    let source = modules.get(module)?;
    let handed_on = paths(source)
        .into_iter()
        .find(|imported| imported.last() == Some(item) && imported.len() > 1);
    let handed_on = handed_on.and_then(|imported| {
        // In a `use`, what is a module of one's own needs no `self`.
        absolute(module, &imported).or_else(|| {
            let below: Vec<String> = module.iter().chain(&imported).cloned().collect();
            modules.contains_key(below.get(..=module.len())?).then_some(below)
        })
    });
    match handed_on.and_then(|path| owner(&path, modules, depth + 1)) {
        Some(origin) => Some(origin),
        None => Some(module.to_vec()),
    }
}

/// A path that begins with `crate`, `super` or `self`, from the crate's root on.
fn absolute(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let mut base = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => module.to_vec(),
        _ => return None,
    };
    let mut rest = path.iter().peekable();
    while let Some(segment) =
        rest.next_if(|segment| ["crate", "self", "super"].contains(&segment.as_str()))
    {
        if segment == "super" {
            base.pop()?;
        }
    }
    base.extend(rest.cloned());
    Some(base)
}

/// The paths of two and more segments in a source, those in braces one by one.
fn paths(source: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut tokens = tokens(source).into_iter().peekable();
    let mut outer: Vec<Vec<String>> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "::" => {}
            "{" if !path.is_empty() => {
                let prefix = outer.last().cloned().unwrap_or_default();
                outer.push(prefix.into_iter().chain(path.drain(..)).collect());
            }
            "{" => outer.push(Vec::new()),
            word if word.starts_with(is_word) => {
                path.push(token);
                if tokens.peek().is_some_and(|next| next == "::") {
                    continue;
                }
                let prefix = outer.last().cloned().unwrap_or_default();
                let whole: Vec<String> = prefix.into_iter().chain(path.drain(..)).collect();
                if whole.len() > 1 {
                    found.push(whole);
                }
            }
            "}" => {
                outer.pop();
                path.clear();
            }
            _ => path.clear(),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sources: &[(&str, &str)]) -> Vec<Vec<String>> {
        let mut modules = BTreeMap::new();
        for (name, source) in sources {
            let module = name.split("::").filter(|part| !part.is_empty()).map(str::to_owned);
            modules.insert(module.collect(), stripped(source));
        }
        circles(&modules)
    }

    #[test]
    fn two_files_that_import_from_each_other_are_a_circle() {
        let there = ("a", "use crate::b::{X, c::Y};");
        assert_eq!(
            of(&[("", "mod a; mod b;"), there, ("b", "fn f() { super::a::g() }")]),
            [["a", "b"]]
        );
        assert!(
            of(&[
                ("", "mod a; mod b;"),
                there,
                ("b", "// crate::a::g\nfn f() { \"crate::a::g\" }")
            ])
            .is_empty()
        );
    }

    #[test]
    fn a_way_over_a_third_file_or_a_name_handed_on_is_one_too() {
        let root = ("", "mod a; mod b; mod c; pub use a::{X};");
        let found = of(&[
            root,
            ("a", "use crate::b::Y;"),
            ("b", "use super::c::Z;"),
            ("c", "use crate::X;"),
        ]);
        assert_eq!(found, [["a", "b", "c"]]);
    }

    #[test]
    fn a_module_and_those_below_it_are_one() {
        assert!(
            of(&[("", "mod a;"), ("a", "mod b; use b::X;"), ("a::b", "use super::Y;")]).is_empty()
        );
    }
}
