//! Measurements that need more than one program: the shop and its log against the alternative, and how cost grows.
//!
//! `cargo xtask bench versus` and `cargo xtask bench grid` build and start it.

#![expect(
    clippy::disallowed_methods,
    reason = "it measures real time, on threads and tasks of its own"
)]

mod contest;
mod disk;
mod grid;
mod shop;
mod versus;

use std::io::Write as _;

use clap::{Parser, Subcommand};

/// Measure the shop
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Whole orders against a monolith on PostgreSQL, the log against event tables in PostgreSQL and a bare writer
    Versus(versus::Args),
    /// What orders cost for so many products, orders in flight and recorded events
    Grid(grid::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().what {
        What::Versus(args) => versus::run(&args),
        What::Grid(args) => grid::run(&args),
    }
}

/// Prints a line.
fn say(line: impl std::fmt::Display) {
    // A reader who has gone does not end a measurement.
    let _gone = writeln!(std::io::stdout().lock(), "{line}");
}
