//! `agora events`: lists or follows what the event store has recorded.

pub(crate) mod embedded;
mod history;
mod missing;
mod source;
mod table;
mod through;

use std::{io, ops::ControlFlow, path::PathBuf};

use anyhow::bail;
use clap::Args as ClapArgs;
use contracts::order::{
    CATEGORY,
    number::{NUMBER_DIGITS, digits},
};
use contracts::rest::events::Head;
use kernel::{EventType, Position, StreamId};
use serde_json::Value;

pub(crate) use self::history::{fitting_order, order_history};
use self::source::Source;
use crate::{
    client::{Access, Client, Error},
    models::Model,
    outcome::{Outcome, WrongUsage},
    shop,
    stopped::Stopped,
    term,
};

const HELP: &str = "\
Each event is shown with its position, time (UTC), type, and cause; below, its stream, version and
data. In a terminal, a list goes through $PAGER, else less.

Filters combine: --category order --type order.denied lists only those. --from is a position of the whole log, or
with --stream a version of that stream. A stream is named in full, or by enough digits of the beginning or end of its id to be
unique; an order's also by its number alone. With --follow, events begin after the last one recorded so far, unless --from or
--last is given.

--through steps through a projection: the events of a stream, and what followed from its first one, are applied one by one to
an empty read model of that service, together with the other streams that they name. Below each event are the rows that it
adds (+), changes (~: before → after) and removes (-). Totals over all streams count these events alone.

Examples:
  agora events --last 20
  agora events --stream order-0190c7f2-8b1e-7c3a-9f00-1234567890ab
  agora events --stream 5E7B-2954
  agora events --category product --type product.stock-denied --since 2026-01-31T12:00:00Z
  agora events --follow --json | jq .Type
  agora events --stream order-5e7b2954 --through order --upto 1042
  agora events --data ./agora-data --json > everything.jsonl

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// The call that says where the log ends.
const HEAD: &str = "/events/head";

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
    /// Only the last N events that match
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "limit"], value_parser = crate::values::at_least_one)]
    last: Option<usize>,
    /// Show what each event of the stream changes in the rows of this service's read model
    #[arg(long, value_enum, value_name = "MODEL", requires = "stream", conflicts_with_all = ["from", "kind", "last", "follow"])]
    through: Option<Model>,
    /// With --through: up to this position
    #[arg(long, value_name = "N", requires = "through")]
    upto: Option<u64>,
    /// Keep running, and print events as they are recorded
    #[arg(long, conflicts_with_all = ["since", "until"])]
    follow: bool,
    /// Stop after this many events
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print each event as one line of JSON
    #[arg(long)]
    json: bool,
    /// Print straight to the terminal, not through a pager
    #[arg(long)]
    no_pager: bool,
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
    printed: usize,
    width: usize,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let mut printer = Printer {
        json: args.json,
        left: args.limit.unwrap_or(usize::MAX),
        printed: 0,
        // What reads a pipe finds an event's data on one line.
        width: if term::is_terminal() { term::width() } else { usize::MAX },
    };
    let source = match &args.data {
        Some(data) => Source::Stopped(Stopped::at(data)?),
        None => Source::Running(args.access.connect().await?),
    };
    if !args.follow && !args.no_pager {
        term::start_paging();
    }
    if let (Some(model), Some(stream)) = (args.through, &args.filter.stream) {
        let (stream, limit) = (stream.clone(), printer.left);
        let asked = through::Asked { model, stream, upto: args.upto, limit };
        through::run(&source, asked, args.json, printer.width).await?;
        return Ok(Outcome::Done);
    }
    if args.follow && args.filter.is_of_no_type() {
        let known = contracts::types().map(|(kind, _)| kind);
        let kind = args.filter.kind.as_deref().unwrap_or_default();
        let meant = missing::did_you_mean(kind, known);
        let meant = meant.map_or_else(String::new, |meant| format!("; {meant}"));
        return Err(WrongUsage(format!("no event can have the type {kind}{meant}")).into());
    }
    if let (true, Source::Running(client)) = (args.follow, &source) {
        follow(client, &source, &args, printer).await?;
        return Ok(Outcome::Done);
    }
    let mut filter = args.filter;
    if filter.is_of_no_type() {
        term::note(missing::explain(&source, &filter).await?);
        return Ok(Outcome::Done);
    }
    list(&source, &filter, args.last, &mut printer).await?;
    if printer.printed > 0 || args.limit == Some(0) {
        return Ok(Outcome::Done);
    }
    if let Some(given) = &filter.stream
        && let Some(whole) = missing::whole_stream(&source, given).await?
    {
        filter.stream = Some(whole);
        list(&source, &filter, args.last, &mut printer).await?;
        return Ok(Outcome::Done);
    }
    term::note(missing::explain(&source, &filter).await?);
    Ok(Outcome::Done)
}

async fn list(
    source: &Source,
    filter: &Filter,
    last: Option<usize>,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    if let Some(count) = last {
        for event in source.last(filter, count).await? {
            let _enough = printer.print(&event)?;
        }
        return Ok(());
    }
    if printer.is_done() {
        return Ok(());
    }
    source.each(filter, printer.left, |event| Ok(printer.print(event)?)).await
}

/// The last position of a shop's log.
pub(crate) async fn head(client: &Client) -> Result<u64, Error> {
    Ok(client.get::<Head>(HEAD).await?.position)
}

/// The same, asked once.
pub(crate) async fn head_once(client: &Client) -> Result<u64, Error> {
    Ok(client.get_once::<Head>(HEAD).await?.position)
}

async fn follow(
    client: &Client,
    source: &Source,
    args: &Args,
    mut printer: Printer,
) -> anyhow::Result<()> {
    let filter = &args.filter;
    let from = match filter.from {
        Some(_) if filter.stream.is_some() => {
            bail!(
                "with --follow, --from is a position of the whole log and cannot be combined with --stream"
            )
        }
        Some(from) => from,
        None => head(client).await? + 1,
    };
    if let Some(count) = args.last {
        let before = source.last(filter, count).await?;
        before
            .iter()
            .filter(|event| position(event) < from)
            .try_for_each(|event| printer.print(event).map(|_enough| ()))?;
    }
    let mut events = client.follow(&format!("/events/follow?From={from}"), None).await?;
    while !printer.is_done() {
        let message = events.next().await?;
        let event: Value = serde_json::from_str(&message.data)?;
        if filter.wants(&event) {
            let _enough = printer.print(&event)?;
        }
    }
    Ok(())
}

/// Where an event is in the log.
fn position(event: &Value) -> u64 {
    event.get("Position").and_then(Value::as_u64).unwrap_or_default()
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
        is(&self.stream, table::text(event, "Stream"))
            && is(&self.category, table::category(event))
            && is(&self.kind, table::text(event, "Type"))
    }

    /// Whether no event can have the type that is wanted.
    fn is_of_no_type(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| EventType::parse(kind).is_err())
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

    /// Prints an event, and says whether more may follow.
    fn print(&mut self, event: &Value) -> io::Result<ControlFlow<()>> {
        self.left -= 1;
        self.printed += 1;
        if self.json {
            term::json(event)?;
        } else {
            table::rows(event, self.width).iter().try_for_each(term::line)?;
        }
        Ok(if self.is_done() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

/// The name of a stream, or an order's number, which is the end of its stream's name.
fn stream_name(text: &str) -> Result<String, kernel::StreamIdError> {
    if let Some(number) = digits(text).filter(|digits| digits.len() == NUMBER_DIGITS) {
        return Ok(format!("{CATEGORY}-{number}"));
    }
    StreamId::parse(text).map(|stream| stream.to_string())
}

fn category_name(text: &str) -> Result<String, String> {
    let of_category = StreamId::parse(&format!("{text}-1")).ok();
    let is_category = of_category.is_some_and(|stream| stream.category() == text);
    is_category.then(|| text.to_owned()).ok_or_else(|| {
        "is not a category such as order: the part of a stream's name before the first -".to_owned()
    })
}

fn type_name(text: &str) -> Result<String, String> {
    // A part of one is taken as well: the answer then says which types there are.
    let is_part = EventType::parse(&format!("a.{text}")).is_ok();
    if is_part {
        return Ok(text.to_owned());
    }
    EventType::parse(text).map(|kind| kind.as_str().to_owned()).map_err(|error| error.to_string())
}
