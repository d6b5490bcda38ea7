//! Measurements by the tool `measure`: built here, with the shop's command that it measures.

use super::{RELEASED, built};
use crate::{
    run::{cargo, must, program},
    setup,
};

/// PostgreSQL is what the shop is compared with, so it is installed first.
pub(super) fn versus(args: &[String]) -> anyhow::Result<()> {
    setup::postgresql()?;
    measure("versus", args)
}

pub(super) fn grid(short: bool, plot: Option<String>) -> anyhow::Result<()> {
    let short = short.then(|| "--short".to_owned());
    let plot = plot.into_iter().flat_map(|path| ["--plot".to_owned(), path]);
    measure("grid", &short.into_iter().chain(plot).collect::<Vec<_>>())
}

fn measure(what: &str, args: &[String]) -> anyhow::Result<()> {
    // Both at once, so that they share what they depend on.
    let packages = ["-p", "command", "-p", "measure", "--features", "command/full"];
    must(cargo(&["build"]).args(RELEASED).args(packages))?;
    let mut run = program(&built("measure"), &[what, "--agora"]);
    must(run.arg(built("agora")).args(args))
}
