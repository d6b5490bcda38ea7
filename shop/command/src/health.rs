//! `agora health`: the health of a part of the shop as an exit code, for containers without another HTTP client.

use std::time::Duration;

use clap::Args as ClapArgs;

use crate::{
    client::{Client, Place, Request},
    outcome::Outcome,
};

const HELP: &str = "\
Asks the gateway, one service at its own address, or a website: all answer alike. A process is live once it answers; a service
and the gateway are ready once they can work.

Examples:
  agora health
  agora health --ready --url http://127.0.0.1:8080

Exit codes: 0 healthy, 1 not healthy or no response.";

/// Check whether a part of the shop is healthy
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// Check whether it is ready to work, not only whether it runs
    #[arg(long)]
    ready: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let path = if args.ready { "/health/ready" } else { "/health/live" };
    // No retries: the container runtime repeats the check.
    Client::new(&args.place.address(), Duration::ZERO)?.send(&Request::get(path)).await?;
    Ok(Outcome::Done)
}
