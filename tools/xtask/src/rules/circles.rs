//! Circles between the modules of one crate: two modules that import from each other are one module in two places, or two in one.
//!
//! A module is taken with all that is below it: if `a::x` imports from `b` and `b::y` from `a`, then `a` and `b` are a circle, although
//! no two files are. This holds at every level, between the modules that are side by side in one.
//!
//! A module and those below it may import from each other: what is below is a part of it, cut off to be read alone. So a trait and the
//! engine that is always there are in one module, the trait above: the trait names the engine, and the engine implements the trait.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::Context as _;
use cargo_metadata::Metadata;

use crate::{
    files,
    rules::tokens::{is_word, tokens},
};

/// A module's name: the segments of its path below the crate.
type Module = Vec<String>;
/// Which modules import from which.
type Imports = BTreeMap<Module, BTreeSet<Module>>;

/// How a file that is compiled for tests alone is declared, before its name.
const TEST_MODULE: &str = "#[cfg(test)]\nmod ";

/// Every circle between modules of one crate.
pub(super) fn check(metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().context("a manifest is in a folder")?;
        let source = folder.join("src");
        for circle in circles(&read(source.as_std_path())?) {
            faults.push(format!("{}: these import from each other: {circle}", package.name));
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
        modules.insert(module, fs::read_to_string(&path)?);
    }
    Ok(without_tests(modules))
}

/// The modules without those that are compiled for tests alone, and without the unit tests in the others.
fn without_tests(mut modules: BTreeMap<Module, String>) -> BTreeMap<Module, String> {
    let tests: Vec<Module> = modules
        .iter()
        .flat_map(|(module, source)| {
            let declared = source.split(TEST_MODULE).skip(1);
            let names = declared.filter_map(|rest| rest.lines().next()?.strip_suffix(';'));
            names.map(|name| module.iter().cloned().chain([name.to_owned()]).collect())
        })
        .collect();
    modules.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
    for source in modules.values_mut() {
        *source = stripped(source);
    }
    modules
}

/// The source without its unit tests.
fn stripped(source: &str) -> String {
    let tests = source.find("#[cfg(test)]\nmod tests {").unwrap_or(source.len());
    source.get(..tests).unwrap_or(source).to_owned()
}

/// The circles, each as the imports between its modules.
fn circles(modules: &BTreeMap<Module, String>) -> Vec<String> {
    let files = imports(modules);
    let siblings = of_siblings(&files);
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        siblings.keys().map(|module| (module, reach(module, &siblings))).collect();
    let mut found = BTreeSet::new();
    for (module, reachable) in &reached {
        let mutual = |other: &&&Module| reached.get(**other).is_some_and(|of| of.contains(module));
        let circle: BTreeSet<&Module> = reachable.iter().filter(mutual).copied().collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    found.iter().map(|circle| named(circle, &files)).collect()
}

/// What a circle is made of: the files in it that import from another module of it.
fn named(circle: &BTreeSet<&Module>, files: &Imports) -> String {
    let within = |file: &Module| circle.iter().find(|module| file.starts_with(module)).copied();
    let mut imports = Vec::new();
    for (file, others) in files {
        let Some(module) = within(file) else { continue };
        for other in others {
            if within(other).is_some_and(|of| of != module) {
                imports.push(format!("{} from {}", file.join("::"), other.join("::")));
            }
        }
    }
    imports.join(", ")
}

/// All that a module imports from, directly or through others.
fn reach<'a>(module: &'a Module, imports: &'a Imports) -> BTreeSet<&'a Module> {
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

/// The files that each file imports from, but for those above and below it.
fn imports(modules: &BTreeMap<Module, String>) -> Imports {
    let of = |(module, source): (&Module, &String)| {
        let paths = paths(source).into_iter().filter_map(|path| absolute(module, &path));
        let others = paths.filter_map(|path| owner(&path, modules, 0));
        let apart = others.filter(|other| !other.starts_with(module) && !module.starts_with(other));
        (module.clone(), apart.collect())
    };
    modules.iter().map(of).collect()
}

/// The same between modules that are in one module, each with all that is below it.
fn of_siblings(files: &Imports) -> Imports {
    let mut siblings = Imports::new();
    for (file, others) in files {
        for other in others {
            let shared = file.iter().zip(other).take_while(|(one, other)| one == other).count();
            let below = |module: &Module| module.iter().take(shared + 1).cloned().collect();
            siblings.entry(below(file)).or_default().insert(below(other));
        }
    }
    siblings
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

    fn of(sources: &[(&str, &str)]) -> Vec<String> {
        let mut modules = BTreeMap::new();
        for (name, source) in sources {
            let module = name.split("::").filter(|part| !part.is_empty()).map(str::to_owned);
            modules.insert(module.collect(), (*source).to_owned());
        }
        circles(&without_tests(modules))
    }

    #[test]
    fn two_files_that_import_from_each_other_are_a_circle() {
        let (root, there) = (("", "mod a; mod b;"), ("a", "use crate::b::{X, c::Y};"));
        let found = of(&[root, there, ("b", "fn f() { super::a::g() }")]);
        assert_eq!(found, ["a from b, b from a"]);
        let said = ("b", "// crate::a::g\nfn f() { \"crate::a::g\" }");
        assert!(of(&[root, there, said]).is_empty());
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
        assert_eq!(found, ["a from b, b from c, c from a"]);
    }

    #[test]
    fn a_circle_through_what_is_below_a_module_is_one() {
        let there = [("", "mod a; mod b;"), ("a", "mod x; use x::X;"), ("b", "use crate::a::A;")];
        let found = of(&[&there[..], &[("a::x", "use crate::b::B;")]].concat());
        assert_eq!(found, ["a::x from b, b from a"]);
        let found = of(&[&there[..], &[("a::x", ""), ("b::y", ""), ("a::z", "")]].concat());
        assert!(found.is_empty(), "{found:?}");
        // The same between modules within one.
        let found = of(&[
            ("", "mod m;"),
            ("m", "mod a; mod b;"),
            ("m::a", "mod x;"),
            ("m::a::x", "use super::super::b::y::Y;"),
            ("m::b", "mod y; use super::a::A;"),
            ("m::b::y", ""),
        ]);
        assert_eq!(found, ["m::a::x from m::b::y, m::b from m::a"]);
    }

    #[test]
    fn a_module_and_those_below_it_are_one() {
        let root = ("", "mod a;");
        assert!(of(&[root, ("a", "mod b; use b::X;"), ("a::b", "use super::Y;")]).is_empty());
    }

    #[test]
    fn what_is_compiled_for_tests_alone_does_not_count() {
        let root = ("", "mod a; mod b;");
        let tests = ("a::tests", "use crate::b::X;");
        let there = ("b", "use crate::a::Y;");
        assert!(of(&[root, ("a", "#[cfg(test)]\nmod tests;\n"), tests, there]).is_empty());
        assert!(!of(&[root, ("a", "mod tests;\n"), tests, there]).is_empty());
        let within = ("a", "#[cfg(test)]\nmod tests {\n use crate::b::X;\n}\n");
        assert!(of(&[root, within, there]).is_empty());
    }
}
