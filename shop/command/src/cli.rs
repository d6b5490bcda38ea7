//! The command line: one module per subcommand, and the exit codes.

use std::{io, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    bench, events, health, import, inbox, keys, logging, order,
    outcome::{Outcome, WrongUsage},
    rebuild, replay, run, show_config, store, up, why,
};

const HELP: &str = "\
Exit codes:
  0  done
  1  failed; the reason is on standard error
  2  wrong usage
  3  done, but rows were skipped or refused; they are listed by line
  4  orders did not end in time";

/// Agora: an online shop as event-sourced services, and its operator's tools
#[derive(Parser)]
#[command(name = "agora", version, after_help = HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Up(up::Args),
    Run(run::Args),
    Import(import::Args),
    Replay(replay::Args),
    Bench(bench::Args),
    Events(events::Args),
    Inbox(inbox::Args),
    Order(order::Args),
    Why(why::Args),
    Rebuild(rebuild::Args),
    Store(store::Args),
    Config(show_config::Args),
    Keys(keys::Args),
    Health(health::Args),
}

/// Runs what the command line asks for.
pub(crate) fn run() -> ExitCode {
    let command = Cli::parse().command;
    // A reader of only the beginning (`agora events | head`) is not an error, but a command that changes something must report its result.
    let shows = matches!(command, Command::Events(_) | Command::Config(_) | Command::Keys(_));
    let outcome = command.run();
    let failure = outcome.as_ref().err().filter(|error| !(shows && is_broken_pipe(error)));
    let failed = failure.is_some();
    match failure {
        Some(error) => logging::last_words(Some(format_args!("agora: {error:#}"))),
        None => logging::last_words(None),
    }
    match outcome {
        Err(error) if error.is::<WrongUsage>() => ExitCode::from(2),
        Err(_) if failed => ExitCode::FAILURE,
        Ok(Outcome::Done) | Err(_) => ExitCode::SUCCESS,
        Ok(Outcome::BadRows) => ExitCode::from(3),
        Ok(Outcome::Unfinished) => ExitCode::from(4),
    }
}

impl Command {
    fn run(self) -> anyhow::Result<Outcome> {
        match self {
            Self::Import(args) => as_client(import::run(args)),
            Self::Replay(args) => as_client(replay::run(args)),
            Self::Bench(args) => as_client(bench::run(args)),
            Self::Events(args) => as_client(events::run(args)),
            Self::Inbox(args) => as_client(inbox::run(args)),
            Self::Order(args) => as_client(order::run(args)),
            Self::Why(args) => as_client(why::run(args)),
            Self::Up(args) => up::run(&args),
            Self::Run(args) => run::run(&args),
            Self::Rebuild(args) => as_client(rebuild::run(args)),
            Self::Store(args) => as_client(store::run(args)),
            Self::Config(args) => show_config::run(&args),
            Self::Keys(args) => keys::run(&args),
            Self::Health(args) => as_client(health::run(args)),
        }
    }
}

/// Runs a client of a shop: on one thread, which is what a tool beside the shop should take at most.
fn as_client(tool: impl Future<Output = anyhow::Result<Outcome>>) -> anyhow::Result<Outcome> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(Box::pin(tool))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
