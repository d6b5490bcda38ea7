//! The command line: one module per subcommand, and the exit codes.

use std::{io, process::ExitCode};

use clap::{Arg, ArgAction, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::{
    bench, completions, drill, events, health, import, inbox, keys, logging, login, order,
    outcome::{Outcome, WrongUsage, said},
    rebuild, replay, run, show_config, store, term, top, up, upgrade, why,
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
    Top(top::Args),
    Demo(drill::Args),
    #[command(name = "login")]
    LogIn(login::LogIn),
    #[command(name = "logout")]
    LogOut(login::LogOut),
    Rebuild(rebuild::Args),
    Upgrade(upgrade::Args),
    Store(store::Args),
    Config(show_config::Args),
    /// Every setting: name, default, meaning
    #[command(hide = true)]
    Settings(show_config::Everything),
    Keys(keys::Args),
    Health(health::Args),
    Completions(completions::Completions),
    Man(completions::Man),
}

/// Runs what the command line asks for.
pub(crate) fn run() -> ExitCode {
    let matches = command().get_matches();
    let command = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli.command,
        Err(error) => error.exit(),
    };
    // A reader of only the beginning (`agora events | head`) is not an error, but a command that changes something must report its result.
    let shows = command.shows();
    let outcome = command.run();
    term::end_paging();
    let failure = outcome.as_ref().err().filter(|error| !(shows && is_broken_pipe(error)));
    let failed = failure.is_some();
    match failure {
        Some(error) => logging::last_words(Some(format_args!("agora: {}", said(error)))),
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

/// The command line, where `-h` and `--help` show the same.
pub(crate) fn command() -> clap::Command {
    with_one_help(Cli::command())
}

fn with_one_help(command: clap::Command) -> clap::Command {
    let help = Arg::new("help").short('h').long("help").action(ArgAction::HelpLong);
    let command = command.disable_help_flag(true).arg(help.help("Print help"));
    let names = command.get_subcommands().map(|command| command.get_name().to_owned());
    let names: Vec<String> = names.collect();
    names.iter().fold(command, |command, name| command.mut_subcommand(name, with_one_help))
}

impl Command {
    /// Whether it changes nothing and only shows something.
    fn shows(&self) -> bool {
        matches!(
            self,
            Self::Events(_)
                | Self::Order(_)
                | Self::Why(_)
                | Self::Top(_)
                | Self::Config(_)
                | Self::Settings(_)
                | Self::Keys(_)
                | Self::Completions(_)
        )
    }

    fn run(self) -> anyhow::Result<Outcome> {
        match self {
            Self::Import(args) => as_client(import::run(args)),
            Self::Replay(args) => as_client(replay::run(args)),
            Self::Bench(args) => as_client(bench::run(args)),
            Self::Events(args) => as_client(events::run(args)),
            Self::Inbox(args) => as_client(inbox::run(args)),
            Self::Order(args) => as_client(order::run(args)),
            Self::Why(args) => as_client(why::run(args)),
            Self::Top(args) => as_client(top::run(args)),
            Self::Demo(args) => as_client(drill::run(args)),
            Self::LogIn(args) => as_client(login::log_in(args)),
            Self::LogOut(args) => as_client(login::log_out(args)),
            Self::Up(args) => up::run(&args),
            Self::Run(args) => run::run(&args),
            Self::Rebuild(args) => as_client(rebuild::run(args)),
            Self::Upgrade(args) => as_client(upgrade::run(args)),
            Self::Store(args) => as_client(store::run(args)),
            Self::Config(args) => show_config::run(&args),
            Self::Settings(args) => show_config::run(&args.into()),
            Self::Keys(args) => keys::run(&args),
            Self::Health(args) => as_client(health::run(args)),
            Self::Completions(args) => completions::print(&args, command()),
            Self::Man(args) => completions::write_pages(&args, command()),
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
