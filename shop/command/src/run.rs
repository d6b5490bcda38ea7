//! `agora run`: some parts of the shop in this process, the others in other processes.

use clap::Args as ClapArgs;

use crate::{
    config::Flags,
    outcome::Outcome,
    parts::{Part, Parts},
    serve::{How, serve},
};

const HELP: &str = "\
Websites only need the address of a gateway. All other parts communicate over the bus, which must be one that all
processes can reach (--bus). The customer service is given the shop's secret (AGORA_SHOP_SECRET or AGORA_SHOP_SECRET_FILE), the
others a key derived from it (AGORA_TOKEN_KEY, see agora keys). Processes may start in any order and number; each waits for
what it needs. Metrics are served only with --ops-listen.

Examples:
  agora run storefront --gateway http://127.0.0.1:8080
  agora run event-store --bus amqp://user:password@10.0.0.2:5672/%2f --event-store mongodb://10.0.0.3/agora?replicaSet=rs0
  agora run storefront backoffice --gateway http://10.0.0.5:8080 --storefront-listen 0.0.0.0:5001

Exit codes: 0 stopped as asked, 1 could not start or a part failed, 2 wrong usage.";

/// Run some parts of the shop in this process
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// What to run
    #[arg(required = true, value_enum, value_name = "PART")]
    parts: Vec<Part>,
    #[command(flatten)]
    settings: Flags,
    /// Print one line of JSON with the addresses once all is ready
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    serve(
        &args.settings,
        &Parts::of(args.parts.iter().copied()),
        How { json: args.json, demo: false },
    )
}
