//! What is released: an archive and a Debian package of the command, a list of what is in it, and checksums.

mod deb;
mod sbom;
mod tree;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use self::tree::Tree;
use crate::{
    book,
    run::{cargo, must, program, root, say, target},
};

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is built, and where it goes.
#[derive(clap::Args)]
pub(crate) struct Dist {
    /// The command, built already; it is built for release unless given
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,
    /// The folder for the files; target/release-files unless given
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

pub(crate) fn make(Dist { binary, out }: Dist) -> anyhow::Result<()> {
    let binary = match binary {
        Some(binary) => binary,
        None => built()?,
    };
    let binary = fs::canonicalize(&binary).with_context(|| binary.display().to_string())?;
    let out = out.unwrap_or_else(|| target().join("release-files"));
    let work = target().join("release-work");
    empty(&work)?;
    fs::create_dir_all(&out)?;
    let out = fs::canonicalize(&out)?;
    let tree = Tree::make(&binary, &work.join("tree"))?;
    let files = [archive(&tree, &work, &out)?, deb::make(&tree, &work, &out)?, bill(&out)?];
    checksums(&files, &out)?;
    fs::remove_dir_all(&work)?;
    say(&format!("{} and SHA256SUMS are in {}", files.join(", "), out.display()));
    Ok(())
}

fn built() -> anyhow::Result<PathBuf> {
    book::make_and_embed()?;
    let build = ["build", "--profile", "dist", "--locked", "--package", "command"];
    must(cargo(&build).args(["--features", "full"]))?;
    Ok(target().join("dist/agora"))
}

/// The command with what belongs to it, to be unpacked anywhere.
fn archive(tree: &Tree, work: &Path, out: &Path) -> anyhow::Result<String> {
    let name = format!("agora-{VERSION}-{}-linux", env::consts::ARCH);
    let folder = work.join(&name);
    fs::create_dir_all(&folder)?;
    fs::copy(tree.binary(), folder.join("agora"))?;
    for (from, to) in [(tree.man(), "man"), (tree.completions(), "completions")] {
        copy_all(&from, &folder.join(to))?;
    }
    for file in ["README.md", "CHANGELOG.md", "LICENSE", "deploy/package/agora.service"] {
        let from = root().join(file);
        let to = folder.join(from.file_name().context("it has a name")?);
        fs::copy(&from, to).with_context(|| file.to_owned())?;
    }
    let file = format!("{name}.tar.gz");
    let mtime = format!("--mtime=@{}", epoch());
    let owners = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", &mtime];
    let mut tar = program("tar", &owners);
    tar.args(["--use-compress-program", "gzip -n9", "-cf"]);
    must(tar.arg(out.join(&file)).arg("-C").arg(work).arg(&name))?;
    Ok(file)
}

/// The list of what the command is made of.
fn bill(out: &Path) -> anyhow::Result<String> {
    let file = format!("agora-{VERSION}.cdx.json");
    let text = serde_json::to_string_pretty(&sbom::list()?)?;
    fs::write(out.join(&file), text + "\n")?;
    Ok(file)
}

fn checksums(files: &[String], out: &Path) -> anyhow::Result<()> {
    let sums = program("sha256sum", &[]).args(files).current_dir(out).output()?;
    if !sums.status.success() {
        bail!("sha256sum failed: {}", String::from_utf8_lossy(&sums.stderr));
    }
    Ok(fs::write(out.join("SHA256SUMS"), sums.stdout)?)
}

/// When the release was made, for files that are the same each time they are made: the time of the last commit.
pub(crate) fn epoch() -> String {
    env::var("SOURCE_DATE_EPOCH").unwrap_or_else(|_| {
        let log = program("git", &["log", "-1", "--format=%ct"]).output();
        let time = log.map(|log| String::from_utf8_lossy(&log.stdout).trim().to_owned());
        time.ok().filter(|time| !time.is_empty()).unwrap_or_else(|| "0".to_owned())
    })
}

fn copy_all(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// A folder with nothing in it.
fn empty(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}
