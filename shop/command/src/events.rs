//! `agora events`: lists or follows what the event store has recorded.

pub(crate) mod embedded;
mod history;
mod table;

use std::{io, path::PathBuf};

use anyhow::bail;
use clap::Args as ClapArgs;
use kernel::{EventType, Position, StreamId};
use serde::Deserialize;
use serde_json::Value;

pub(crate) use self::history::order_history;
use crate::{
    client::{Access, Client, Error},
    outcome::Outcome,
    shop,
    stopped::Stopped,
    term,
};

const HELP: &str = "\
Filters combine: --category order --type order.denied lists only those. --from is a position of the whole log, or
with --stream a version of that stream. With --follow, events begin after the last one recorded so far, unless --from is
given.

Examples:
  agora events --limit 20
  agora events --stream order-0190c7f2-8b1e-7c3a-9f00-1234567890ab
  agora events --category product --type product.stock-denied --since 2026-01-31T12:00:00Z
  agora events --follow --json | jq .Type
  agora events --data ./agora-data --json > everything.jsonl

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// List or follow the recorded events
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    access: Access,
    /// The data folder of a stopped shop, instead of a running one
    #[arg(long, value_name = "DIR", conflicts_with = "follow")]
    data: Option<PathBuf>,
    #[command(flatten)]
    filter: Filter,
    /// Stay, and print events as they are recorded
    #[arg(long, conflicts_with_all = ["since", "until"])]
    follow: bool,
    /// Stop after so many events
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print each event as one line of JSON
    #[arg(long)]
    json: bool,
}

/// Which events are wanted.
#[derive(ClapArgs, Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Only those of this stream
    #[arg(long, value_name = "NAME", value_parser = stream_name)]
    pub(crate) stream: Option<String>,
    /// Only those of streams of this category: product, order, customer …
    #[arg(long, value_name = "NAME", conflicts_with = "stream", value_parser = category_name)]
    pub(crate) category: Option<String>,
    /// Only those of this type, such as order.placed
    #[arg(long = "type", value_name = "TYPE", value_parser = type_name)]
    pub(crate) kind: Option<String>,
    /// From this position (of a stream: from this version) on
    #[arg(long, value_name = "N")]
    pub(crate) from: Option<u64>,
    /// Recorded at or after this time (RFC 3339)
    #[arg(long, value_name = "TIME", conflicts_with = "stream")]
    pub(crate) since: Option<kernel::Timestamp>,
    /// Recorded before this time (RFC 3339)
    #[arg(long, value_name = "TIME", conflicts_with = "stream")]
    pub(crate) until: Option<kernel::Timestamp>,
}

/// What is printed so far, and how.
struct Printer {
    json: bool,
    left: usize,
    width: usize,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let printer =
        Printer { json: args.json, left: args.limit.unwrap_or(usize::MAX), width: term::width() };
    if let Some(data) = &args.data {
        print_recorded(embedded::recorded(&Stopped::at(data)?, &args.filter)?, printer)?;
        return Ok(Outcome::Done);
    }
    let client = args.access.connect().await?;
    if args.follow {
        follow(&client, &args.filter, printer).await?;
    } else {
        list(&client, &args.filter, printer).await?;
    }
    Ok(Outcome::Done)
}

fn print_recorded(
    events: impl Iterator<Item = anyhow::Result<Value>>,
    mut printer: Printer,
) -> anyhow::Result<()> {
    for event in events {
        if printer.is_done() {
            break;
        }
        printer.print(&event?)?;
    }
    Ok(())
}

/// Prints page after page, so that the beginning is there at once and no history is too long.
async fn list(client: &Client, filter: &Filter, mut printer: Printer) -> anyhow::Result<()> {
    let path = filter.path();
    let mut after: Option<String> = None;
    while !printer.is_done() {
        // Where the store cannot filter, a page may hold less than is wanted.
        let (events, next) =
            shop::page::<Value>(client, &path, printer.left, after.as_deref()).await?;
        for event in events.iter().filter(|event| filter.wants(event)) {
            if !printer.is_done() {
                printer.print(event)?;
            }
        }
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(())
}

/// The last position of a shop's log.
pub(crate) async fn head(client: &Client) -> Result<u64, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Head {
        position: u64,
    }
    Ok(client.get::<Head>("/events/head").await?.position)
}

async fn follow(client: &Client, filter: &Filter, mut printer: Printer) -> anyhow::Result<()> {
    let from = match filter.from {
        Some(_) if filter.stream.is_some() => {
            bail!(
                "with --follow, --from is a position of the whole log and cannot be combined with --stream"
            )
        }
        Some(from) => from,
        None => head(client).await? + 1,
    };
    let mut events = client.follow(&format!("/events/follow?From={from}"), None).await?;
    while !printer.is_done() {
        let message = events.next().await?;
        let event: Value = serde_json::from_str(&message.data)?;
        if filter.wants(&event) {
            printer.print(&event)?;
        }
    }
    Ok(())
}

impl Filter {
    fn path(&self) -> String {
        let from = self.from.map(|from| from.to_string());
        if let Some(stream) = &self.stream {
            let query = shop::query([("Stream", Some(stream.clone())), ("From", from)]);
            return format!("/events/read-stream?{query}");
        }
        let query = shop::query([
            ("From", from),
            ("Category", self.category.clone()),
            ("Type", self.kind.clone()),
            ("Since", self.since.map(|time| time.to_string())),
            ("Until", self.until.map(|time| time.to_string())),
        ]);
        let separator = if query.is_empty() { "" } else { "?" };
        format!("/events/read-all{separator}{query}")
    }

    /// Whether an event is of the wanted stream, category and type; time and place are the store's to know.
    fn wants(&self, event: &Value) -> bool {
        let is = |wanted: &Option<String>, actual: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == actual)
        };
        let stream = table::text(event, "Stream");
        let category = stream.split_once('-').map_or(stream, |(category, _)| category);
        is(&self.stream, stream)
            && is(&self.category, category)
            && is(&self.kind, table::text(event, "Type"))
    }

    /// The first position that is wanted of the whole log.
    pub(crate) fn first_position(&self) -> Position {
        Position(self.from.unwrap_or(1).max(1))
    }
}

impl Printer {
    fn is_done(&self) -> bool {
        self.left == 0
    }

    fn print(&mut self, event: &Value) -> io::Result<()> {
        self.left -= 1;
        if self.json { term::json(event) } else { term::line(table::row(event, self.width)) }
    }
}

fn stream_name(text: &str) -> Result<String, kernel::StreamIdError> {
    StreamId::parse(text).map(|stream| stream.to_string())
}

fn category_name(text: &str) -> Result<String, String> {
    let of_category = StreamId::parse(&format!("{text}-1")).ok();
    let is_category = of_category.is_some_and(|stream| stream.category() == text);
    is_category.then(|| text.to_owned()).ok_or_else(|| {
        "is not a category such as order: the part of a stream's name before the first -".to_owned()
    })
}

fn type_name(text: &str) -> Result<String, kernel::StreamIdError> {
    EventType::parse(text).map(|kind| kind.as_str().to_owned())
}
