//! Benches: the project's own, all in one run; and those that compare or take long, each by one command.

mod all;
mod measure;

use clap::{Args, Subcommand};

use crate::run::target;

/// What is measured is what is released: `cargo run --release` is built in less time and is slower.
const RELEASED: [&str; 2] = ["--profile", "dist"];

/// A program built so.
fn built(name: &str) -> String {
    target().join("dist").join(name).to_string_lossy().into_owned()
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bench {
    /// Orders of the whole-shop benches
    #[arg(long, default_value_t = 50_000)]
    orders: u64,
    #[command(subcommand)]
    which: Option<Which>,
}

#[derive(Subcommand)]
enum Which {
    /// Whole orders against a monolith on PostgreSQL, the log against event tables in PostgreSQL and a bare writer; some minutes
    Versus {
        /// What is handed on: `--only orders`, `--only log`, `--rounds N`, `--orders N`, `--seconds N`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// What orders cost by the number of products, of orders in flight and of recorded events; hours
    Grid {
        /// A part of the grid that takes minutes
        #[arg(long)]
        short: bool,
        /// Where the plot is written
        #[arg(long, value_name = "FILE.svg")]
        plot: Option<String>,
    },
}

pub(crate) fn run(bench: Bench) -> anyhow::Result<()> {
    match bench.which {
        None => all::run(bench.orders),
        Some(Which::Versus { args }) => measure::versus(&args),
        Some(Which::Grid { short, plot }) => measure::grid(short, plot),
    }
}
