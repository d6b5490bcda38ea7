//! `agora order`: an order's saga, drawn in the terminal as a sequence diagram.

mod diagram;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args as ClapArgs;
use contracts::{
    money::Decimal,
    rest::{order::Step, story::Story},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use self::diagram::{Diagram, Glyphs};
use crate::{
    client::{Access, Client},
    events,
    outcome::Outcome,
    shop,
    stopped::Stopped,
    term,
};

const HELP: &str = "\
Each line is one recorded event: when, after the order was placed; at the service that recorded it, with an arrow from
what that service reacted to, as it was recorded; its type; and how long the reaction took. The trace's id is the one that logs show and, with the
setting otlp-endpoint, a collector of traces was sent.

Examples:
  agora order 0190c7f2-8b1e-7c3a-9f00-1234567890ab
  agora order 0190c7f2-8b1e-7c3a-9f00-1234567890ab --json | jq .History[].Event

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// Room for the time and an event's type: with less there is nothing to read.
const WIDTH_MIN: usize = 40;

/// Draw an order's way through the services
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The order's id
    order: Uuid,
    #[command(flatten)]
    access: Access,
    /// The data folder of a stopped shop, instead of a running one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Draw with ASCII characters only
    #[arg(long)]
    ascii: bool,
    /// How many columns the drawing may have, at least 40; as the terminal unless given
    #[arg(long, value_name = "N", value_parser = columns)]
    width: Option<usize>,
    /// Print the order and its history as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let Found { order, history, trace } = match &args.data {
        Some(data) => {
            let (history, trace) = events::order_history(&Stopped::at(data)?, args.order)?;
            Found { order: None, history, trace }
        }
        None => ask(&args.access.connect().await?, args.order).await?,
    };
    if history.is_empty() {
        bail!("order {} is not known", args.order);
    }
    if args.json {
        term::json(&match trace {
            Some(trace) => json!({ "Order": order, "History": history, "TraceId": trace }),
            None => json!({ "Order": order, "History": history }),
        })?;
        return Ok(Outcome::Done);
    }
    let steps: Result<Vec<Step>, _> = history.iter().map(Step::deserialize).collect();
    let story = Story::new(steps.context("the order's history was not understood")?);
    let unicode = !args.ascii && term::shows_unicode();
    let glyphs = if unicode { Glyphs::UNICODE } else { Glyphs::ASCII };
    let width = args.width.unwrap_or_else(|| term::width().max(WIDTH_MIN));
    let diagram = Diagram { story: &story, glyphs, width };
    if let Some(order) = &order {
        term::line(heading(order)?)?;
    }
    if let Some(trace) = trace {
        term::line(format_args!("Trace {trace}"))?;
    }
    for line in diagram.lines() {
        term::line(line)?;
    }
    Ok(Outcome::Done)
}

fn columns(text: &str) -> Result<usize, String> {
    let columns = text.parse().ok().filter(|columns| *columns >= WIDTH_MIN);
    columns.ok_or_else(|| format!("must be a whole number of at least {WIDTH_MIN}"))
}

/// What is known of an order.
struct Found {
    /// As it is, from a running shop.
    order: Option<Value>,
    history: Vec<Value>,
    trace: Option<String>,
}

async fn ask(client: &Client, order: Uuid) -> anyhow::Result<Found> {
    let history = shop::history(client, order).await?;
    let trace = shop::trace(client, order).await;
    Ok(Found { order: shop::order(client, order).await?, history, trace })
}

/// The order in one line.
fn heading(order: &Value) -> anyhow::Result<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Heading {
        order_id: Uuid,
        user_name: String,
        #[serde(default)]
        product_name: String,
        quantity: u32,
        price: Decimal,
        status: String,
        #[serde(default)]
        reasons: Vec<String>,
        #[serde(default)]
        invoice_number: Option<u64>,
    }
    let order = Heading::deserialize(order).context("the order was not understood")?;
    let Heading { order_id, user_name, product_name, quantity, price, status, .. } = order;
    let total = price.0.times(quantity);
    let end = match (order.invoice_number, order.reasons.as_slice()) {
        (Some(invoice), _) => format!(", invoice {invoice}"),
        (None, []) => String::new(),
        (None, reasons) => format!(" ({})", reasons.join(", ")),
    };
    let what = format!("{quantity} x {product_name} at {}, {total} in total", price.0);
    Ok(format!("Order {order_id}: {what}, for {user_name}: {status}{end}"))
}
