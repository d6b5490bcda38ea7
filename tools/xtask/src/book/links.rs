//! The links of the built site: every file and every place in a file that a page refers to is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::bail;

use crate::{book::stage::normal, files};

/// Checks all pages; the error lists every link that leads nowhere.
pub(super) fn check(html: &Path) -> anyhow::Result<()> {
    let mut pages = BTreeMap::new();
    let mut there = BTreeSet::new();
    for path in files::below(html)? {
        let name = path.strip_prefix(html)?.to_owned();
        if name.extension().is_some_and(|extension| extension == "html") {
            pages.insert(name.clone(), fs::read_to_string(&path)?);
        }
        there.insert(name);
    }
    let ids: BTreeMap<&PathBuf, BTreeSet<&str>> =
        pages.iter().map(|(name, text)| (name, values(text, "id").collect())).collect();
    let mut faults = Vec::new();
    for (name, text) in &pages {
        for target in values(text, "href").chain(values(text, "src")) {
            if !leads_somewhere(name, target, &there, &ids) {
                faults.push(format!("{}: {target}", name.display()));
            }
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    bail!("links of the book that lead nowhere:\n  {}", faults.join("\n  "))
}

fn leads_somewhere(
    page: &Path,
    target: &str,
    there: &BTreeSet<PathBuf>,
    ids: &BTreeMap<&PathBuf, BTreeSet<&str>>,
) -> bool {
    if target.contains("://") || target.starts_with("mailto:") || target.starts_with("data:") {
        return true;
    }
    let (path, place) = target.split_once('#').unwrap_or((target, ""));
    let file = match path {
        "" => page.to_owned(),
        path => normal(&page.parent().unwrap_or(page).join(path)),
    };
    let has_place = |ids: &BTreeSet<&str>| ids.contains(place);
    there.contains(&file) && (place.is_empty() || ids.get(&file).is_some_and(has_place))
}

/// The values of an attribute, in order.
fn values<'a>(html: &'a str, attribute: &str) -> impl Iterator<Item = &'a str> {
    let begin = format!(" {attribute}=\"");
    let mut rest = html;
    std::iter::from_fn(move || {
        let (_, from) = rest.split_once(&begin)?;
        let (value, behind) = from.split_once('"')?;
        rest = behind;
        Some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_or_a_place_that_is_missing_is_found() {
        let folder = std::env::temp_dir().join(format!("agora-links-{}", std::process::id()));
        fs::create_dir_all(folder.join("adr")).expect("a folder");
        fs::write(folder.join("a.html"), "<h1 id=\"top\"></h1><a href=\"adr/b.html#x\">x</a>")
            .expect("a page");
        fs::write(folder.join("adr/b.html"), "<p id=\"x\"><a href=\"../a.html#top\">y</a>")
            .expect("a page");
        assert!(check(&folder).is_ok());
        fs::write(folder.join("a.html"), "<a href=\"adr/b.html#z\"></a><img src=\"c.png\">")
            .expect("a page");
        let error = check(&folder).expect_err("three lead nowhere").to_string();
        fs::remove_dir_all(&folder).expect("it was there");
        for said in ["a.html: adr/b.html#z", "a.html: c.png", "adr/b.html: ../a.html#top"] {
            assert!(error.contains(said), "{error}");
        }
    }
}
