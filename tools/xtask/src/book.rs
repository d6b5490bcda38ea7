//! The book: `docs/` as a searchable site.
//!
//! ```text
//!  docs/SUMMARY.md ─▶ stage: code from the sources, links ─▶ mdBook ─▶ links checked ─▶ target/book/html
//!                                                                                   └─▶ shop/gateway/book (for the command)
//! ```

mod code;
mod commands;
mod links;
pub(crate) mod markdown;
mod stage;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::{
    run::{exists, must, program, root, say, target},
    setup,
};

/// The version of mdBook that `docs/site/requirements.txt` names.
const MDBOOK: &str = "0.5.4";
/// What is built is copied here, where the gateway's build script finds it.
const EMBEDDED: &str = "shop/gateway/book";

/// Builds the site and checks its links; returns its folder.
pub(crate) fn make() -> anyhow::Result<PathBuf> {
    setup::mdbook()?;
    let work = target().join("book");
    let staged = work.join("staged");
    let html = work.join("html");
    remove(&staged)?;
    remove(&html)?;
    stage::write(&root(), &staged)?;
    let arguments = ["build", &staged.to_string_lossy(), "--dest-dir", &html.to_string_lossy()]
        .map(str::to_owned);
    must(program(&mdbook()?, &[]).env("MDBOOK_LOG", "warn").args(arguments))?;
    links::check(&html)?;
    Ok(html)
}

/// Builds the site, and puts it where the next build of the command embeds it.
pub(crate) fn make_and_embed() -> anyhow::Result<PathBuf> {
    let html = make()?;
    same(&html, &root().join(EMBEDDED))?;
    Ok(html)
}

/// Builds the site and runs every command that it shows; `agora` is the built command.
pub(crate) fn test(agora: &Path) -> anyhow::Result<()> {
    make()?;
    let agora = fs::canonicalize(agora).with_context(|| agora.display().to_string())?;
    commands::run(&root(), &agora)
}

/// What `cargo xtask book` does.
pub(crate) fn show() -> anyhow::Result<()> {
    let html = make_and_embed()?;
    say(&format!("the book is at {}", html.join("index.html").display()));
    say("a build of the shop after this serves it at /docs/book");
    Ok(())
}

/// The program that set-up has installed, or the one in the path.
fn mdbook() -> anyhow::Result<String> {
    let own = root().join(".setup/book/bin/mdbook");
    if own.exists() {
        return Ok(own.to_string_lossy().into_owned());
    }
    if exists("mdbook") {
        return Ok("mdbook".to_owned());
    }
    bail!("mdBook is missing: cargo install mdbook --locked --version {MDBOOK}")
}

/// Makes a folder the same as another one, and leaves alone what is the same already: what is embedded is then not built again.
fn same(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        let is_ours = entry.file_name() == ".gitignore";
        if !is_ours && !from.join(entry.file_name()).exists() {
            remove(&entry.path())?;
        }
    }
    for entry in fs::read_dir(from)? {
        let (source, place) = (entry?.path(), to);
        let place = place.join(source.file_name().context("it has a name")?);
        if source.is_dir() {
            same(&source, &place)?;
            continue;
        }
        let new = fs::read(&source)?;
        if fs::read(&place).ok().as_deref() != Some(&new[..]) {
            fs::write(&place, new)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        fs::remove_dir_all(path)?;
    } else if path.exists() {
        fs::remove_file(path)?;
    }
    Ok(())
}
