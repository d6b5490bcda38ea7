//! What a developer runs: set-up, tests, CI, benches.

mod alone;
mod bench;
mod book;
mod dist;
mod files;
mod new_service;
mod rules;
mod run;
mod services;
mod setup;
mod suites;

use clap::{Parser, Subcommand};

/// The project's chores
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the tests need and is missing: packages of the system, Python and Node parts
    Setup,
    /// Set up, then run everything that CI runs
    Test {
        /// Only these suites, in the given order
        #[arg(value_enum)]
        suites: Vec<suites::Suite>,
        /// As before a release: the fault run whole and on a release build, every instance killed and frozen, and 1,000 seeded worlds, about an hour more
        #[arg(long)]
        all: bool,
    },
    /// Begin something new in this clone
    New {
        #[command(subcommand)]
        what: New,
    },
    /// Build the book, docs/ as a searchable site in target/book/html; a later build of the shop embeds it
    Book {
        /// Then run all commands that it shows, with this built command, beside a sample shop
        #[arg(long, value_name = "AGORA")]
        run: Option<std::path::PathBuf>,
    },
    /// Take the pictures of the README and of the book again, from a sample shop in Chromium
    Pictures,
    /// Make what is released: an archive, a Debian package, a list of what is in it, checksums
    Dist(dist::Dist),
    /// Run all benches and print what they reached; or one that compares or takes long
    Bench(bench::Bench),
}

#[derive(Subcommand)]
enum New {
    /// A service of the shop: crate, contracts, registry line and tests, as a copy of examples/loyalty that builds and runs at once
    Service {
        /// a-z and 0-9: the first part of its routes, streams and event types
        name: String,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Setup => setup::all(),
        Task::Test { suites, all } => suites::run(&suites, all),
        Task::New { what: New::Service { name } } => new_service::new(&name),
        Task::Book { run: None } => book::show(),
        Task::Book { run: Some(agora) } => book::test(&agora),
        Task::Pictures => suites::pictures(),
        Task::Dist(dist) => dist::make(dist),
        Task::Bench(bench) => bench::run(bench),
    }
}
