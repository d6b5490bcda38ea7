//! Measurements by the tool `measure`: built here, with the shop's command that it measures.

use crate::{
    run::{cargo, must, program, target},
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
    must(cargo(&["build", "--release"]).args(packages))?;
    let built = target().join("release");
    let mut run = program(&built.join("measure").to_string_lossy(), &[what, "--agora"]);
    must(run.arg(built.join("agora")).args(args))
}
