//! Links: what a page of the project refers to within it is there, pictures included.

use std::{fs, path::Path};

use anyhow::Context as _;

use crate::{
    book::markdown::{self, Piece},
    run::program,
};

/// The links of all pages that lead to no file.
pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let listed = program("git", &["ls-files", "-z", "*.md"]).output().context("git ls-files")?;
    let listed = String::from_utf8(listed.stdout)?;
    let mut faults = Vec::new();
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        // A file may be deleted and not yet committed.
        let Ok(page) = fs::read_to_string(root.join(name)) else { continue };
        let folder = root.join(name).parent().unwrap_or(root).to_owned();
        for target in targets(&page) {
            if !folder.join(target).exists() {
                faults.push(format!("{name}: the link {target} leads nowhere"));
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_and_neither_code_nor_other_hosts_nor_places_of_the_page() {
        let page = "![One](a.png) [two](docs/b.md#there) [here](#here) [web](https://example.org) `[x](y)`\n\
                    <img src=\"c.webp\" alt=\"\">\n```\n[no](code)\n```\n<a href=\"d/e\">";
        assert_eq!(targets(page), ["a.png", "docs/b.md", "c.webp", "d/e"]);
    }
}
