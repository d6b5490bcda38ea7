//! `agora upgrade`: how far an upgrade of a running shop is, and its end.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args as ClapArgs;
use contracts::rest::events::{Instance, Upgrade};

use crate::{
    client::{Access, Request},
    outcome::Outcome,
    term,
};

const HELP: &str = "\
While instances of two versions run side by side, all of them record what the older ones read. Once every instance that
announces itself reads the newer schemas, the upgrade finishes: these are recorded from then on, and no older version starts.
With the setting hold-upgrade it finishes only by --finish; until then every instance can be replaced by one of the previous
version. docs/operations.md has the procedure.

Examples:
  agora upgrade
  agora upgrade --finish

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// Show which versions run and what they record, or finish an upgrade
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    access: Access,
    /// Finish the upgrade (irreversible); refused while an older instance runs
    #[arg(long)]
    finish: bool,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let client = args.access.connect().await?;
    let upgrade: Upgrade = if args.finish {
        client.send(&Request::command("/events/finish-upgrade")).await?.parse()?
    } else {
        client.get("/events/upgrade").await?
    };
    if args.json {
        term::json(&upgrade)?;
    } else {
        print(&upgrade)?;
    }
    Ok(Outcome::Done)
}

fn print(upgrade: &Upgrade) -> anyhow::Result<()> {
    for Instance { service, name, version, reads, ready } in &upgrade.instances {
        let what = if *ready { "reads all".to_owned() } else { behind(reads, &upgrade.reads) };
        term::line(format_args!("{service:<12} {name:<24} {version:<8} {what}"))?;
    }
    let newer: BTreeSet<&str> =
        upgrade.instances.iter().flat_map(|one| newer(one, upgrade)).collect();
    if !newer.is_empty() {
        let newer = Vec::from_iter(newer).join(", ");
        term::line(format_args!(
            "The event store is older than others, which read more of {newer}: update it too."
        ))?;
    }
    term::line(match upgrade {
        Upgrade { finished: true, reads, .. } => {
            format!("The upgrade is finished: {} recorded.", listed(reads))
        }
        Upgrade { instances, reads, .. } if instances.iter().any(|one| !one.ready) => format!(
            "The upgrade is not finished: {} recorded once all instances are updated.",
            listed(reads)
        ),
        Upgrade { held: true, reads, .. } => format!(
            "The upgrade is held: {} recorded after `agora upgrade --finish`. Then the version before cannot be started again.",
            listed(reads)
        ),
        Upgrade { reads, .. } => {
            format!("The upgrade finishes by itself in a moment: {} recorded then.", listed(reads))
        }
    })?;
    Ok(())
}

/// The types of which an instance reads a newer schema than the event store.
fn newer<'a>(one: &'a Instance, upgrade: &'a Upgrade) -> impl Iterator<Item = &'a str> {
    let reads = one.reads.iter();
    let known = |kind: &String| upgrade.reads.get(kind).copied().unwrap_or(1);
    reads.filter(move |(kind, schema)| known(kind) < **schema).map(|(kind, _)| kind.as_str())
}

/// What an instance reads of what would be recorded.
fn behind(reads: &BTreeMap<String, u32>, wanted: &BTreeMap<String, u32>) -> String {
    let upto = |kind: &String| reads.get(kind).copied().unwrap_or(1);
    let less = wanted.iter().filter(|(kind, schema)| upto(kind) < **schema);
    let less: Vec<_> =
        less.map(|(kind, _)| format!("{kind} up to schema {}", upto(kind))).collect();
    format!("reads {}", less.join(", "))
}

/// Types with their schemas, as the subject of a sentence.
fn listed(schemas: &BTreeMap<String, u32>) -> String {
    let each: Vec<_> =
        schemas.iter().map(|(kind, schema)| format!("schema {schema} of {kind}")).collect();
    match &*each {
        [] => "nothing newer than schema 1 is".to_owned(),
        [one] => format!("{one} is"),
        many => format!("{} are", many.join(", ")),
    }
}
