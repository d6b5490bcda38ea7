//! `agora up`: the whole shop in this process.

use clap::Args as ClapArgs;

use crate::{
    config::Flags,
    outcome::Outcome,
    parts::Parts,
    serve::{How, serve},
};

const HELP: &str = "\
Everything runs in this one process: event store, bus, the four services and the gateway. If it cannot
start, it says why and how to fix it. Ctrl-C (or SIGTERM) stops it cleanly; what it acknowledged survives even if it is
killed.

With --demo it is a sample shop that is a year old: some hundred products, thirty customers whose password is shown,
a year of orders, and simulated customers who keep ordering. Its back office has a playground, where its manager breaks parts
of the shop and watches it heal. It is made in a few seconds, in a data folder that is empty or does not exist, and opened
again on later starts with that folder. Without --demo it is an ordinary shop there.

Examples:
  agora up --demo
  agora up
  agora up --data /srv/shop --listen 0.0.0.0:8080
  AGORA_ADMIN_PASSWORD_FILE=/run/secrets/admin agora up --config shop.toml

Exit codes: 0 stopped as asked, 1 could not start or a part failed, 2 wrong usage.";

/// Run the whole shop in this process
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Flags,
    /// Print one line of JSON with the addresses once the shop is ready
    #[arg(long)]
    json: bool,
    /// Create a sample shop with a year of orders in an empty data folder, or open it again
    #[arg(long)]
    demo: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    serve(&args.settings, &Parts::all(), How { json: args.json, demo: args.demo })
}
