//! Runs programs, and prints what it runs.

use std::{
    env,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_owned()
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into)
}

/// A program to be run in the workspace's folder.
pub(crate) fn program(name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(args).current_dir(root());
    command
}

/// Cargo, the one we were called by.
pub(crate) fn cargo(args: &[&str]) -> Command {
    program(&env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()), args)
}

/// Runs to the end; an error if it fails.
pub(crate) fn must(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot run {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed: {status}", shown(command));
    }
    Ok(())
}

/// Whether a program is there, also where only root usually looks.
pub(crate) fn exists(name: &str) -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    let of_root = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    env::split_paths(&paths).chain(of_root).any(|folder| folder.join(name).is_file())
}

pub(crate) fn say(text: &str) {
    let _nobody_listens = writeln!(std::io::stdout().lock(), "{text}");
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
