//! The stripped command with its manual pages and completions.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::bail;

use crate::run::{must, program};

/// Shells, and the names that their completions have.
const SHELLS: [(&str, &str); 3] = [("bash", "agora"), ("zsh", "_agora"), ("fish", "agora.fish")];

pub(super) struct Tree(PathBuf);

impl Tree {
    /// Everything that the command says of itself, in `folder`.
    pub(super) fn make(binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        let tree = Self(folder.to_owned());
        for folder in [tree.man(), tree.completions()] {
            fs::create_dir_all(folder)?;
        }
        must(program("strip", &["-o"]).arg(tree.binary()).arg(binary))?;
        must(program(&binary.to_string_lossy(), &["man"]).arg(tree.man()))?;
        for (shell, name) in SHELLS {
            let script = program(&binary.to_string_lossy(), &["completions", shell]).output()?;
            if !script.status.success() {
                bail!("no completions for {shell}: {}", String::from_utf8_lossy(&script.stderr));
            }
            fs::write(tree.completions().join(name), script.stdout)?;
        }
        Ok(tree)
    }

    pub(super) fn binary(&self) -> PathBuf {
        self.0.join("agora")
    }

    pub(super) fn man(&self) -> PathBuf {
        self.0.join("man")
    }

    pub(super) fn completions(&self) -> PathBuf {
        self.0.join("completions")
    }
}
