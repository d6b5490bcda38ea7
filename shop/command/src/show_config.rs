//! `agora config`: every setting, its value, where the value came from, and whether a shop could be started with it.

use anyhow::bail;
use clap::Args as ClapArgs;
use serde_json::{Map, Value, json};

use crate::{
    config::{AllFlags, ConfigError, Flags},
    outcome::Outcome,
    process,
    term::{self, Colour, paint},
};

const HELP: &str = "\
A flag overrides the variable AGORA_NAME, which overrides ./agora.toml (or --config FILE), which overrides the default; the
name is the same in all. Secrets and the addresses bus, event-store and …-model may come from a file named by AGORA_NAME_FILE;
that keeps them out of process lists, where flags are visible. Secrets and passwords in addresses are masked here.

Examples:
  agora config
  AGORA_CURRENCY=CHF agora config --json | jq .currency

Exit codes: 0 valid, 1 a setting is unknown, invalid or contradictory.";

/// Show every setting, its value, and where it came from, and check them
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Flags,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The same, with every setting in the help.
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Everything {
    #[command(flatten)]
    settings: AllFlags,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl From<Everything> for Args {
    fn from(Everything { settings: AllFlags(settings), json }: Everything) -> Self {
        Self { settings, json }
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let settings = args.settings.resolve()?;
    let faults = process::faults(&settings);
    let lines = settings.lines();
    if args.json {
        let object: Map<String, Value> = lines
            .into_iter()
            .map(|(name, value, origin)| {
                let fault = faults.iter().find(|fault| fault.is_about(name));
                let shown = match fault.map(ToString::to_string) {
                    Some(fault) => json!({ "value": value, "origin": origin, "fault": fault }),
                    None => json!({ "value": value, "origin": origin }),
                };
                (name.to_owned(), shown)
            })
            .collect();
        term::json(&object)?;
    } else {
        let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or_default();
        let names = width(&mut lines.iter().map(|(name, ..)| name.chars().count()));
        let values = width(&mut lines.iter().map(|(_, value, _)| value.chars().count()));
        for (name, value, origin) in &lines {
            let row = format!("{name:<names$}  {value:<values$}  {origin}");
            let is_wrong = faults.iter().any(|fault| fault.is_about(name));
            term::line(if is_wrong { paint(Colour::Bad, row) } else { row })?;
        }
    }
    end(&faults)
}

/// All faults but the last are notes before it, so that each is a sentence of its own.
fn end(faults: &[ConfigError]) -> anyhow::Result<Outcome> {
    let Some((last, others)) = faults.split_last() else { return Ok(Outcome::Done) };
    for fault in others {
        term::note(format_args!("agora: {fault}"));
    }
    bail!("{last}")
}
