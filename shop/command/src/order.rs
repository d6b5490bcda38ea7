//! `agora order`: an order's saga, drawn in the terminal as a sequence diagram.

mod diagram;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args as ClapArgs;
use contracts::{
    money::Decimal,
    order::number::number,
    rest::{order::Step, story::Story},
};
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use self::diagram::{Diagram, Glyphs};
use crate::{
    client::{Access, Client},
    events,
    id::{Fitting, Id},
    outcome::Outcome,
    shop,
    stopped::Stopped,
    term::{self, Colour, paint},
};

const HELP: &str = "\
Each line is one recorded event: when, after the order was placed; at the service that recorded it, with an arrow from
its recorded cause; its type; and how long the reaction took. If there is little room, the
service's name is left out of the type. The trace id is the one in the logs, and in the trace collector
if otlp-endpoint is set.

Examples:
  agora order 0190c7f2-8b1e-7c3a-9f00-1234567890ab
  agora order 5E7B-2954
  agora order 1234567890ab
  agora order 0190c7f2-8b1e-7c3a-9f00-1234567890ab --json | jq .History[].Event

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// Room for the time and an event's type: with less there is nothing to read.
const WIDTH_MIN: usize = 40;

/// Draw an order's path through the services
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The order's number or id, or enough digits of the id's beginning or end to be unique
    order: Id,
    #[command(flatten)]
    access: Access,
    /// The data folder of a stopped shop, instead of a running one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Draw with ASCII characters only
    #[arg(long)]
    ascii: bool,
    /// How many columns the drawing may have, at least 40; by default, those of the terminal
    #[arg(long, value_name = "N", value_parser = columns)]
    width: Option<usize>,
    /// Print the order and its history as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let Found { order, history, trace } = match &args.data {
        Some(data) => {
            let shop = Stopped::at(data)?;
            let order = match args.order.whole_or_fitting() {
                Ok(order) => order,
                Err(fitting) => events::fitting_order(&shop, fitting)?,
            };
            let (history, trace) = events::order_history(&shop, order)?;
            Found { order: None, history, trace }
        }
        None => ask(&args.access.connect().await?, args.order).await?,
    };
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
        for line in heading(order)? {
            term::line(line)?;
        }
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

async fn ask(client: &Client, order: Id) -> anyhow::Result<Found> {
    let order = match order.whole_or_fitting() {
        Ok(order) => order,
        Err(fitting) => find(client, fitting).await?,
    };
    let history = shop::history(client, order).await?;
    if history.is_empty() {
        bail!("order {order} is not known");
    }
    let trace = shop::trace(client, order).await;
    Ok(Found { order: shop::order(client, order).await?, history, trace })
}

/// The one order that a part of an id means, of all that the caller may see.
pub(crate) async fn find(client: &Client, mut fitting: Fitting) -> anyhow::Result<Uuid> {
    let all = shop::each_order(client, "All", |order| fitting.look_at(order)).await;
    match all {
        Err(error) if error.status() == Some(StatusCode::FORBIDDEN) => {
            shop::each_order(client, "Customer", |order| fitting.look_at(order)).await?;
        }
        all => all?,
    }
    Ok(fitting.one("order")?)
}

/// The order in two lines: how it went, and what it is about.
fn heading(order: &Value) -> anyhow::Result<[String; 2]> {
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
    let how = match status.as_str() {
        "Finalized" => Colour::Good,
        "Canceled" => Colour::Bad,
        _ => Colour::Warning,
    };
    let status = paint(how, format_args!("{status}{end}"));
    let number = paint(Colour::Name, number(order_id));
    let first = format!("Order {number} ({order_id}): {status}");
    Ok([first, format!("{what}, for {user_name}")])
}
