//! Links: what a page of the project refers to within it is there, pictures included, and so are the files of ours that it names.

use std::{fs, path::Path};

use anyhow::Context as _;

use crate::{
    book::markdown::{self, Piece},
    run::program,
};

/// How the files end that pages name by their path. Data of a shop, such as `log.json`, are not among them.
const ENDINGS: [&str; 9] = [".rs", ".md", ".toml", ".sh", ".html", ".java", ".mjs", ".py", ".lua"];
/// Names that stand for any file.
const EXAMPLES: [&str; 3] = ["foo.rs", "mod.rs", "shop/contracts/src/reviews.rs"];
/// The page that names files as they were once.
const HISTORY: &str = "CHANGELOG.md";

/// What pages refer to and is not there: targets of links, and files named in backticks.
pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = program("git", &listing).output().context("git ls-files")?;
    let listed = String::from_utf8(listed.stdout)?;
    let files = Files::new(listed.split('\0').filter(|name| !name.is_empty()));
    let mut faults = Vec::new();
    let is_page = |name: &&str| Path::new(name).extension().is_some_and(|end| end == "md");
    for name in listed.split('\0').filter(is_page) {
        // A file may be deleted and not yet committed.
        let Ok(page) = fs::read_to_string(root.join(name)) else { continue };
        let folder = root.join(name).parent().unwrap_or(root).to_owned();
        for target in targets(&page) {
            if !folder.join(target).exists() {
                faults.push(format!("{name}: the link {target} leads nowhere"));
            }
        }
        let missing = named(&page).into_iter().filter(|file| name != HISTORY && !files.has(file));
        faults.extend(missing.map(|file| format!("{name}: names {file}, which does not exist")));
    }
    Ok(faults)
}

/// The files that a page refers to, in Markdown or in HTML.
fn targets(page: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    for piece in markdown::pieces(page) {
        let Piece::Text(text) = piece else { continue };
        targets.extend(markdown::links(text).into_iter().map(|link| link.target));
        for attribute in ["src=\"", "srcset=\"", "href=\""] {
            let values = text.split(attribute).skip(1);
            targets.extend(values.filter_map(|value| value.split(['"', ' ']).next()));
        }
    }
    let files = targets.into_iter().map(|target| target.split('#').next().unwrap_or_default());
    files.filter(|file| !file.is_empty() && !file.contains(':')).collect()
}

/// The files that a page names in backticks, outside of fences.
fn named(page: &str) -> Vec<String> {
    let is_part = |char: char| char.is_ascii_alphanumeric() || "_-./{},@".contains(char);
    let is_ours = |span: &&str| !span.starts_with(['/', '.']) && span.chars().all(is_part);
    let mut named = Vec::new();
    for piece in markdown::pieces(page) {
        let Piece::Text(text) = piece else { continue };
        let spans = text.split('`').skip(1).step_by(2);
        named.extend(spans.filter(is_ours).flat_map(alternatives));
    }
    named.retain(|path| ENDINGS.iter().any(|ending| path.ends_with(ending)) && !is_pattern(path));
    named
}

/// Each path that one with braces stands for: `a/{b,c}.rs` is two.
fn alternatives(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
    let Some((choices, after)) = rest.split_once('}') else { return Vec::new() };
    let tails = alternatives(after);
    let of_choice = |choice| tails.iter().map(move |tail| format!("{before}{choice}{tail}"));
    choices.split(',').flat_map(of_choice).collect()
}

/// Whether a part of the path is a word in capitals, which stands for any name, as in `SERVICE/src/lib.rs`.
fn is_pattern(path: &str) -> bool {
    path.split('/').any(|part| {
        let stem = part.split('.').next().unwrap_or_default();
        !stem.is_empty() && stem.chars().all(|char| char.is_ascii_uppercase())
    })
}

/// The files of the project by their paths, and by those without `src`, since `identity/token.rs` is short for one below it.
struct Files(Vec<String>);

impl Files {
    fn new<'a>(paths: impl Iterator<Item = &'a str>) -> Self {
        Self(paths.flat_map(|path| [path.to_owned(), path.replace("/src/", "/")]).collect())
    }

    /// Whether there is a file whose path is this one or ends with it.
    fn has(&self, path: &str) -> bool {
        let is_end = |file: &String| {
            file.strip_suffix(path).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        EXAMPLES.contains(&path) || self.0.iter().any(is_end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_and_neither_code_nor_other_hosts_nor_places_of_the_page() {
        let page = "![One](a.png) [two](docs/b.md#there) [here](#here) [web](https://example.org) `[x](y)`\n\
                    <img src=\"c.webp\" alt=\"\">\n```\n[no](code)\n```\n<a href=\"d/e\">";
        assert_eq!(targets(page), ["a.png", "docs/b.md", "c.webp", "d/e"]);
    }

    #[test]
    fn named_files_are_paths_in_backticks_and_no_patterns_or_data() {
        let page = "In `a/b.rs`, `model/{read,write}.rs` and a/c.rs, as `SERVICE/src/d.rs` or `demo/*.rs`;\n\
                    `kernel::Clock` in `/etc/e.toml`, `./f.toml`, `log.json`.\n```\n`g.rs`\n```\n";
        assert_eq!(named(page), ["a/b.rs", "model/read.rs", "model/write.rs"]);
    }

    #[test]
    fn a_file_is_named_by_the_end_of_its_path() {
        let files = Files::new(["shop/identity/src/token.rs"].into_iter());
        for known in ["shop/identity/src/token.rs", "src/token.rs", "identity/token.rs", "token.rs"]
        {
            assert!(files.has(known), "{known}");
        }
        for unknown in ["token", "en.rs", "site/token.rs", "identity/src/other.rs"] {
            assert!(!files.has(unknown), "{unknown}");
        }
    }
}
