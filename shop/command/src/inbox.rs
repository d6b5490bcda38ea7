//! `agora inbox`: the events that parts of the shop could not process, and what to do with them.

use std::{collections::BTreeMap, path::PathBuf, str::FromStr};

use clap::Args as ClapArgs;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use web::{InboxEntries, InboxEntry, projector_of};

use crate::{
    client::{Access, Client, Error, Request},
    events::embedded,
    models::Model,
    outcome::Outcome,
    rebuild,
    status::{self, Service, Status},
    stopped::Stopped,
    term,
};

const HELP: &str = "\
An event that a read model or reactor cannot read or apply is put into its inbox, and the later events of its stream wait
behind it, in order; all other streams continue. An entry is named SUBSCRIBER@POSITION, as in the list.

--retry processes it again, and then everything that waits: use it after an update that can read the event. --skip leaves it
out for good, and processes what waits; that cannot be taken back. Both are recorded with the operator's name. An event that
still cannot be processed becomes an entry again. A service that does not answer is named, and the others are listed.

With --data, the list is that of the read models of a stopped shop as this version would build them.

Examples:
  agora inbox
  agora inbox --retry customer.projector@1042
  agora inbox --skip order.reactor@1042 --reason 'forged, see ticket 7'

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// List events that could not be processed; retry or skip them
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    access: Access,
    /// The data folder of a stopped shop, instead of a running one
    #[arg(long, value_name = "DIR", conflicts_with_all = ["retry", "skip"])]
    data: Option<PathBuf>,
    /// Retry an entry and the events waiting behind it
    #[arg(long, value_name = "ENTRY", conflicts_with = "skip")]
    retry: Option<Name>,
    /// Skip an entry and process the events waiting behind it
    #[arg(long, value_name = "ENTRY", requires = "reason")]
    skip: Option<Name>,
    /// Reason for skipping (recorded)
    #[arg(long, value_name = "TEXT", requires = "skip")]
    reason: Option<String>,
    /// Print each entry as one line of JSON
    #[arg(long)]
    json: bool,
}

/// An entry as it is named on the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Name {
    subscriber: String,
    position: u64,
}

/// What there is in inboxes.
struct Inboxes {
    entries: Vec<Entry>,
    /// Whether every service answered.
    is_whole: bool,
}

/// An entry as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    subscriber: String,
    position: u64,
    stream: String,
    reason: String,
    /// Of a running shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Skip {
    #[serde(flatten)]
    name: Name,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decided {
    position: u64,
}

impl From<InboxEntry> for Entry {
    fn from(entry: InboxEntry) -> Self {
        let InboxEntry { subscriber, position, stream, reason, waiting, .. } = entry;
        Self { subscriber, position, stream, reason, waiting: Some(waiting) }
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    if let Some(data) = &args.data {
        print(&of_stopped(&Stopped::at(data)?).await?, args.json)?;
        return Ok(Outcome::Done);
    }
    let client = args.access.connect().await?;
    if let Some(name) = args.retry {
        let decided = client.send(&Request::post(name.call("retry-event"), &name)).await?;
        told("is retried", &name, &decided.parse()?)?;
    } else if let Some(name) = args.skip {
        let path = name.call("skip-event");
        let skip = Skip { name: name.clone(), reason: args.reason.unwrap_or_default() };
        let decided = client.send(&Request::post(path, &skip)).await?;
        told("is skipped", &name, &decided.parse()?)?;
    } else {
        print(&of_running(&client).await?, args.json)?;
    }
    Ok(Outcome::Done)
}

/// Asks every service that the gateway knows, guests included.
async fn of_running(client: &Client) -> anyhow::Result<Inboxes> {
    let Status { services, .. } = client.get(status::PATH).await?;
    // An inbox that every process has, such as that of the ended sessions, is answered by each service.
    let mut entries = BTreeMap::new();
    let mut is_whole = true;
    for Service { name, .. } in services {
        match client.get_once::<InboxEntries>(&format!("/{name}/inbox")).await {
            Ok(inbox) => {
                let named = |one: InboxEntry| ((one.subscriber.clone(), one.position), one.into());
                entries.extend(inbox.entries.into_iter().map(named));
            }
            // Not every service has one, such as the event store or a guest.
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {}
            Err(error) if is_silence(&error) => {
                term::note(format_args!(
                    "{name} does not answer, so what is in its inbox is not known: {error}"
                ));
                is_whole = false;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Inboxes { entries: entries.into_values().collect(), is_whole })
}

/// Whether a service gave no answer of its own.
fn is_silence(error: &Error) -> bool {
    match error.status() {
        Some(status) => status.is_server_error(),
        None => matches!(error, Error::Lost(_) | Error::TooSlow(_)),
    }
}

/// Builds every model in memory from the log of a stopped shop.
async fn of_stopped(shop: &Stopped) -> anyhow::Result<Inboxes> {
    let store = embedded::open(shop)?;
    let mut entries = Vec::new();
    for model in Model::all() {
        let subscriber = projector_of(model.name());
        let found = rebuild::set_aside(model, &store).await?.into_iter();
        entries.extend(found.map(|event| Entry {
            subscriber: subscriber.clone(),
            position: event.position.0,
            stream: event.stream.as_str().to_owned(),
            reason: event.reason,
            waiting: None,
        }));
    }
    Ok(Inboxes { entries, is_whole: true })
}

fn print(Inboxes { entries, is_whole }: &Inboxes, json: bool) -> anyhow::Result<()> {
    for entry in entries {
        if json {
            term::json(entry)?;
            continue;
        }
        let Entry { subscriber, position, stream, reason, waiting } = entry;
        let waiting = match waiting {
            Some(1) => ", 1 event waits".to_owned(),
            Some(waiting) => format!(", {waiting} events wait"),
            None => String::new(),
        };
        term::line(format_args!("{subscriber}@{position}  {stream}: {reason}{waiting}"))?;
    }
    if entries.is_empty() && *is_whole && !json {
        term::line("All inboxes are empty.")?;
    }
    Ok(())
}

fn told(what: &str, name: &Name, decided: &Decided) -> anyhow::Result<()> {
    let (Name { subscriber, position }, at) = (name, decided.position);
    term::line(format_args!("{subscriber}@{position} {what}: recorded at {at}"))?;
    Ok(())
}

impl Name {
    /// The path of a call of the service that the subscriber belongs to.
    fn call(&self, call: &str) -> String {
        let service = self.subscriber.split('.').next().unwrap_or_default();
        format!("/{service}/{call}")
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.split_once('@').and_then(|(subscriber, position)| {
            let position = position.parse().ok()?;
            let (service, _) = subscriber.split_once('.')?;
            // It is the first part of a path.
            gateway::is_name(service).then(|| Self { subscriber: subscriber.to_owned(), position })
        });
        name.ok_or_else(|| "is not an entry such as customer.projector@1042".to_owned())
    }
}
