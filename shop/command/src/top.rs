//! `agora top`: the running shop at a glance, again and again.

mod sample;
mod screen;

use std::time::Duration;

use clap::Args as ClapArgs;
use tokio::signal::unix::{SignalKind, signal};

use self::{
    sample::{Rates, Sample},
    screen::Screen,
};
use crate::{client::Access, outcome::Outcome, term};

const HELP: &str = "\
Shows orders by state, how many events are recorded each second, and for each instance of each service whether it is ready, how
far its projectors and reactors are behind, and how many events are in its inboxes; at the end, sums that should agree and do not.
Ctrl-C ends it. If the output is not a terminal, it is printed once.

Examples:
  agora top
  agora top --once
  agora top --json | jq .Orders.ByStatus

Exit codes: 0 shown, 1 failed, 2 wrong usage.";

/// Watch services, lags, rates and orders of a running shop
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    access: Access,
    /// Print it once, as plain text
    #[arg(long)]
    once: bool,
    /// Seconds between two updates
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = crate::values::positive)]
    every: f64,
    /// Print it once, as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let client = args.access.connect().await?;
    let address = client.address();
    if args.json {
        term::json(&Sample::take(&client).await?)?;
        return Ok(Outcome::Done);
    }
    if args.once || !term::is_terminal() {
        let sample = Sample::take(&client).await?;
        for line in sample.lines(&address, None) {
            term::line(line)?;
        }
        return Ok(Outcome::Done);
    }
    let every = Duration::try_from_secs_f64(args.every).unwrap_or(Duration::from_secs(1));
    let watch = async {
        let screen = Screen::open()?;
        let mut before: Option<Sample> = None;
        let mut looks = tokio::time::interval(every);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            // An outage is what one watches for: it is shown, and watched until it ends.
            match Sample::take(&client).await {
                Ok(sample) => {
                    let rates = before.as_ref().map(|before| Rates::between(before, &sample));
                    screen.show(&sample.lines(&address, rates.as_ref()))?;
                    before = Some(sample);
                }
                Err(error) if error.status().is_none_or(|status| status.is_server_error()) => {
                    screen.show(&[
                        format!("Agora at {address}"),
                        String::new(),
                        error.to_string(),
                    ])?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        biased;
        _ = interrupt.recv() => Ok(Outcome::Done),
        _ = terminate.recv() => Ok(Outcome::Done),
        watched = watch => watched,
    }
}
