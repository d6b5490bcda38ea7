//! What mdBook reads: the pages that `docs/SUMMARY.md` lists, with code from the sources and links that hold within the book.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::{
    book::{
        code,
        markdown::{self, Fence, Piece},
    },
    files,
};

const SUMMARY: &str = "docs/SUMMARY.md";
/// Decisions are listed by their numbers, below the page that introduces them.
const DECISIONS: &str = "docs/adr";
const INTRODUCTION: &str = "docs/adr/README.md";

/// The pages of the book: the file of each in the project, and its place in the book.
pub(super) fn pages(root: &Path) -> anyhow::Result<BTreeMap<PathBuf, PathBuf>> {
    let links = summary(root)?;
    let files = links.lines().flat_map(markdown::links);
    let files = files.map(|link| normal(&Path::new("docs").join(link.target)));
    Ok(files.map(|file| (file.clone(), place(&file))).collect())
}

/// The list of pages, with a line for each decision.
fn summary(root: &Path) -> anyhow::Result<String> {
    let listed = fs::read_to_string(root.join(SUMMARY)).context(SUMMARY)?;
    let mut decisions = String::new();
    for file in files::below(&root.join(DECISIONS))? {
        let name = file.strip_prefix(root.join("docs"))?.display().to_string();
        let text = fs::read_to_string(&file)?;
        let title = text.lines().next().unwrap_or_default().trim_start_matches("# ");
        if !file.ends_with(INTRODUCTION) {
            decisions += &(["  - [", title, "](", &name, ")\n"].concat());
        }
    }
    let mut lines: Vec<&str> = listed.lines().collect();
    let introduced = lines.iter().position(|line| line.contains("(adr/README.md)"));
    lines.insert(introduced.context("docs/SUMMARY.md lists no decisions")? + 1, &decisions);
    Ok(lines.join("\n"))
}

/// Where a file of the project is in the book: what is below `docs/` at the top, everything else by its path.
fn place(file: &Path) -> PathBuf {
    let place = file.strip_prefix("docs").unwrap_or(file);
    match place.file_name() {
        Some(name) if name == "README.md" => place.with_file_name("index.md"),
        _ => place.to_owned(),
    }
}

/// Writes the folder that mdBook builds.
pub(super) fn write(root: &Path, to: &Path) -> anyhow::Result<()> {
    let pages = pages(root)?;
    let mut staging =
        Staging { root, pages: &pages, pictures: BTreeSet::new(), faults: Vec::new() };
    let source = to.join("src");
    for (file, place) in &pages {
        let text = fs::read_to_string(root.join(file))
            .with_context(|| format!("{SUMMARY} lists {}", file.display()))?;
        put(&source.join(place), staging.page(file, &text).as_bytes())?;
    }
    let summary = summary(root)?;
    put(&source.join("SUMMARY.md"), staging.page(Path::new(SUMMARY), &summary).as_bytes())?;
    staging.unlisted()?;
    if !staging.faults.is_empty() {
        bail!("the book cannot be built:\n  {}", staging.faults.join("\n  "));
    }
    for picture in &staging.pictures {
        put(&source.join(place(picture)), &fs::read(root.join(picture))?)?;
    }
    let site = root.join("docs/site");
    for name in ["book.toml", "book.css", "access.js"] {
        put(&to.join(name), &fs::read(site.join(name))?)?;
    }
    // In place of mdBook's own: the reader's fonts, and half a megabyte less.
    put(&to.join("theme/fonts/fonts.css"), b"/* The reader's own fonts. */\n")
}

struct Staging<'a> {
    root: &'a Path,
    pages: &'a BTreeMap<PathBuf, PathBuf>,
    pictures: BTreeSet<PathBuf>,
    faults: Vec<String>,
}

impl Staging<'_> {
    /// A page as mdBook gets it.
    fn page(&mut self, file: &Path, text: &str) -> String {
        let mut page = String::new();
        for piece in markdown::pieces(text) {
            match piece {
                Piece::Text(text) => page += &self.text(file, text),
                Piece::Fence(fence) => page += &(self.fence(file, &fence).join("\n") + "\n"),
            }
        }
        page
    }

    /// A block of code; an excerpt is followed by where it is from.
    fn fence(&mut self, file: &Path, fence: &Fence<'_>) -> Vec<String> {
        let indent = fence.indent;
        let mut lines = vec![format!("{indent}```{}", fence.info)];
        let mut sources = Vec::new();
        for line in &fence.lines {
            let Some((path, anchor)) = code::asked(line) else {
                lines.push((*line).to_owned());
                continue;
            };
            let path = normal(&file.parent().unwrap_or(file).join(path));
            match code::excerpt(&self.root.join(&path), anchor) {
                Ok(excerpt) => {
                    lines.extend(excerpt.text.lines().map(|line| format!("{indent}{line}")));
                    sources.push(format!("<code>{}</code>, line {}", path.display(), excerpt.line));
                }
                Err(error) => {
                    self.faults.push(format!("{}:{}: {error:#}", file.display(), fence.at));
                }
            }
        }
        lines.push(format!("{indent}```"));
        if !sources.is_empty() {
            let sources = sources.join("; ");
            lines.extend([
                String::new(),
                format!("{indent}<p class=\"source\">{sources}</p>"),
                String::new(),
            ]);
        }
        lines
    }

    /// A text with links that hold within the book; those that lead out of it are made plain.
    fn text(&mut self, file: &Path, text: &str) -> String {
        let mut staged = text.to_owned();
        for link in markdown::links(text) {
            if let Some(instead) = self.link(file, &link) {
                staged = staged.replacen(link.whole, &instead, 1);
            }
        }
        staged
    }

    /// What stands in the book in place of a link, if not the link itself.
    fn link(&mut self, file: &Path, link: &markdown::Link<'_>) -> Option<String> {
        let (target, anchor) = match link.target.split_once('#') {
            Some((target, anchor)) => (target, format!("#{anchor}")),
            None => (link.target, String::new()),
        };
        if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
            return None;
        }
        let path = normal(&file.parent().unwrap_or(file).join(target));
        let from = place(file);
        let way = |to: &Path| relative(from.parent().unwrap_or(&from), to);
        if let Some(page) = self.pages.get(&path) {
            return Some(format!("[{}]({}{anchor})", link.text, way(page).display()));
        }
        if !self.root.join(&path).exists() {
            self.faults.push(format!("{}: the link {} leads nowhere", file.display(), link.whole));
            return None;
        }
        if path.starts_with("docs") && self.root.join(&path).is_file() {
            let instead = format!("[{}]({})", link.text, way(&place(&path)).display());
            self.pictures.insert(path);
            return Some(instead);
        }
        if link.is_image {
            self.faults.push(format!("{}: {} is not below docs/", file.display(), link.whole));
            return None;
        }
        // Sources are not pages of the book: it says where they are.
        let path = path.display().to_string();
        let says_so = link.text.trim_matches('`').trim_end_matches('/') == path;
        Some(if says_so { format!("`{path}`") } else { format!("{} (`{path}`)", link.text) })
    }

    /// Every page below `docs/` is in the book.
    fn unlisted(&mut self) -> anyhow::Result<()> {
        let mut folders = vec![PathBuf::from("docs")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(self.root.join(&folder))? {
                let entry = entry?;
                let path = folder.join(entry.file_name());
                let is_page = path.extension().is_some_and(|extension| extension == "md");
                if entry.file_type()?.is_dir() {
                    folders.push(path);
                } else if is_page && path != Path::new(SUMMARY) && !self.pages.contains_key(&path) {
                    self.faults.push(format!("{SUMMARY} does not list {}", path.display()));
                }
            }
        }
        Ok(())
    }
}

/// A path without `.` and `..`.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => _ = normal.pop(),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// The way from a folder to a file, both below the same one.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir.as_os_str());
    up.chain(to.components().skip(shared).map(Component::as_os_str)).collect()
}

fn put(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::create_dir_all(file.parent().context("it is in a folder")?)?;
    fs::write(file, bytes).with_context(|| file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_between_files() {
        assert_eq!(normal(Path::new("docs/adr/../../a.rs")), Path::new("a.rs"));
        assert_eq!(
            relative(Path::new("adr"), Path::new("operations.md")),
            Path::new("../operations.md")
        );
        assert_eq!(relative(Path::new(""), Path::new("adr/1.md")), Path::new("adr/1.md"));
        assert_eq!(place(Path::new("docs/README.md")), Path::new("index.md"));
        assert_eq!(place(Path::new("deploy/README.md")), Path::new("deploy/index.md"));
    }
}
