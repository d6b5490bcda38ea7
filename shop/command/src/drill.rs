//! `agora demo drill`: prepares an incident in a running sample shop, and says what users report.

use anyhow::anyhow;
use clap::{
    Args as ClapArgs, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser as _},
};
use contracts::rest::drill::{DRILLS, Drill, named};
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::{
    client::{Access, Client, Error, Request},
    outcome::Outcome,
    term,
};

const HELP: &str = "\
Each drill puts real faults into the running shop, and tells you what its users report. Open the back office and find the cause:
it is within two clicks from the dashboard. Only a shop that was started with --demo can be broken this way. Log in first, with
`agora login`: during some drills no one can log in.

Examples:
  agora demo drill --list
  agora demo drill lost-broker
  agora demo drill lost-broker --explain     the cause, where the console shows it, and what to do
  agora demo drill --end                     end all faults, as the playground's button does

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// Work with a sample shop, one that was started with `agora up --demo`
#[derive(ClapArgs, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Drill(Box<DrillArgs>),
}

/// Prepare an incident, to find its cause in the back office
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["drill", "list", "end"]))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct DrillArgs {
    /// The incident
    #[arg(value_name = "NAME", value_parser = a_drill())]
    drill: Option<&'static Drill>,
    /// Print all drills, with what users report
    #[arg(long)]
    list: bool,
    /// End all faults of the shop
    #[arg(long)]
    end: bool,
    /// Print the cause and where the console shows it, and change nothing
    #[arg(long, requires = "drill")]
    explain: bool,
    /// Seed of all random choices
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u32,
    /// Print the drills as JSON, with their causes
    #[arg(long, requires = "list")]
    json: bool,
    #[command(flatten)]
    access: Access,
}

fn a_drill() -> impl clap::builder::TypedValueParser<Value = &'static Drill> {
    let names = PossibleValuesParser::new(DRILLS.iter().map(|drill| drill.name));
    names.try_map(|name| named(&name).ok_or("no such drill"))
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let What::Drill(args) = args.what;
    match args.drill {
        None if args.list => list(args.json)?,
        Some(drill) if args.explain => explain(drill)?,
        Some(drill) => begin(drill, &args).await?,
        None => end(&args).await?,
    }
    Ok(Outcome::Done)
}

fn list(json: bool) -> anyhow::Result<()> {
    if json {
        term::json(&DRILLS)?;
        return Ok(());
    }
    let longest = DRILLS.iter().map(|drill| drill.name.len()).max().unwrap_or(0);
    for Drill { name, report, .. } in &DRILLS {
        term::line(format_args!("{name:<longest$}  “{report}”"))?;
    }
    Ok(())
}

fn explain(drill: &Drill) -> anyhow::Result<()> {
    let Drill { title, prepared, cause, says, remedy, lesson, .. } = drill;
    term::line(title)?;
    for (head, text) in [
        ("What is done", *prepared),
        ("The cause", *cause),
        ("Where the console shows it", &format!("{}: “{says}”", drill.way())),
        ("What to do", *remedy),
        ("What to learn", *lesson),
    ] {
        term::line(format_args!("\n{head}\n  {text}"))?;
    }
    Ok(())
}

async fn begin(drill: &Drill, args: &DrillArgs) -> anyhow::Result<()> {
    let Drill { name, report, .. } = drill;
    let body = json!({ "Name": name, "Seed": args.seed });
    let client = ask(args, "begin-drill", &body).await?;
    term::line(format_args!("Prepared at {}. Users report:\n\n  “{report}”\n", client.address()))?;
    term::line("Find the cause in the back office: it is within two clicks from the dashboard.")?;
    term::line(format_args!(
        "Then: `agora demo drill {name} --explain`, and `agora demo drill --end`."
    ))?;
    Ok(())
}

async fn end(args: &DrillArgs) -> anyhow::Result<()> {
    // A drill may be that nobody can log in.
    let kept = args.access.kept()?;
    let healed = match &kept {
        Some(client) => client.send(&Request::post("/playground/heal", &json!({}))).await.is_ok(),
        None => false,
    };
    let client = match kept.filter(|_| healed) {
        Some(client) => client,
        None => ask(args, "heal", &json!({})).await?,
    };
    term::line(format_args!("All faults at {} have ended.", client.address()))?;
    Ok(())
}

/// Makes a call of the playground.
async fn ask(args: &DrillArgs, call: &str, body: &Value) -> anyhow::Result<Client> {
    let client = args.access.connect().await.map_err(|error| match error.downcast_ref() {
        Some(Error::Unreachable { address, .. }) => anyhow!(
            "nothing answers at {address}: start a sample shop with `agora up --demo`, or name the address of one with --url"
        ),
        _ => error,
    })?;
    match client.send(&Request::post(format!("/playground/{call}"), body)).await {
        Ok(_) => Ok(client),
        Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Err(anyhow!(
            "the shop at {} cannot be broken on purpose, because it was not started with --demo; `agora up --demo` starts a sample shop in an \
             empty folder",
            client.address()
        )),
        Err(error) => Err(error.into()),
    }
}
