//! `agora config`: every setting, its value, and where the value came from.

use clap::Args as ClapArgs;
use serde_json::{Map, Value, json};

use crate::{config::Flags, outcome::Outcome, term};

const HELP: &str = "\
A flag overrides the variable AGORA_NAME, which overrides ./agora.toml (or --config FILE), which overrides the default; the
name is the same in all. Secrets and the addresses bus, event-store and …-model may come from a file named by AGORA_NAME_FILE;
that keeps them out of process lists, where flags are visible. Secrets and passwords in addresses are masked here.

Examples:
  agora config
  AGORA_CURRENCY=CHF agora config --json | jq .currency

Exit codes: 0 valid, 1 a setting is unknown or contradictory.";

/// Show every setting, its value, and where it came from
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Flags,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let lines = args.settings.resolve()?.lines();
    if args.json {
        let object: Map<String, Value> = lines
            .into_iter()
            .map(|(name, value, origin)| {
                (name.to_owned(), json!({ "value": value, "origin": origin }))
            })
            .collect();
        term::json(&object)?;
        return Ok(Outcome::Done);
    }
    for (name, value, origin) in lines {
        term::line(format_args!("{name:<28} {value:<32} {origin}"))?;
    }
    Ok(Outcome::Done)
}
