//! `agora completions` and `agora man`: what shells and `man` know of the command, from the command line itself.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args as ClapArgs, Command};
use clap_complete::Shell;

use crate::{outcome::Outcome, term};

const COMPLETIONS_HELP: &str = "\
Examples:
  agora completions bash > ~/.local/share/bash-completion/completions/agora
  agora completions zsh > \"${fpath[1]}/_agora\"
  agora completions fish > ~/.config/fish/completions/agora.fish

Exit codes: 0 done, 1 failed, 2 wrong usage.";

const MAN_HELP: &str = "\
Examples:
  agora man ~/.local/share/man/man1

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// Print the completion script for a shell
#[derive(ClapArgs, Debug)]
#[command(after_help = COMPLETIONS_HELP)]
pub(crate) struct Completions {
    #[arg(value_enum)]
    shell: Shell,
}

/// Write the manual pages to a folder
#[derive(ClapArgs, Debug)]
#[command(after_help = MAN_HELP)]
pub(crate) struct Man {
    /// An existing folder
    dir: PathBuf,
}

pub(crate) fn print(args: &Completions, mut command: Command) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "agora", &mut script);
    term::draw(&String::from_utf8(script).context("completions are text")?)?;
    Ok(Outcome::Done)
}

pub(crate) fn write_pages(args: &Man, command: Command) -> anyhow::Result<Outcome> {
    // It has a page of its own, though the command's own help only refers to it.
    let command = command.mut_subcommand("settings", |settings| settings.hide(false));
    clap_mangen::generate_to(command, &args.dir)
        .with_context(|| format!("the pages cannot be written to {}", args.dir.display()))?;
    Ok(Outcome::Done)
}
