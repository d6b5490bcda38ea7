//! `agora order`: an order's saga, drawn in the terminal as a sequence diagram.

mod diagram;
mod step;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args as ClapArgs;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use self::{
    diagram::{Diagram, Glyphs},
    step::{Saga, Step},
};
use crate::{
    cli::Outcome,
    client::{Access, Client},
    events, shop, term,
};

const HELP: &str = "\
Each line is one recorded event: when, after the order was placed; at the service that recorded it, with an arrow from
what that service reacted to; its type; and how long the reaction took.

Examples:
  agora order 0190c7f2-8b1e-7c3a-9f00-1234567890ab
  agora order 0190c7f2-8b1e-7c3a-9f00-1234567890ab --json | jq .History[].Event

Exit codes: 0 done, 1 failed, 2 wrong usage.";

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
    /// How many columns the drawing may have; as the terminal unless given
    #[arg(long, value_name = "N")]
    width: Option<usize>,
    /// Print the order and its history as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let (order, history) = match &args.data {
        Some(data) => (None, events::order_history(data, args.order)?),
        None => ask(&args.access.connect().await?, args.order).await?,
    };
    if history.is_empty() {
        bail!("order {} is not known", args.order);
    }
    if args.json {
        term::json(&json!({ "Order": order, "History": history }))?;
        return Ok(Outcome::Done);
    }
    let steps: Result<Vec<Step>, _> = history.iter().map(Step::deserialize).collect();
    let saga = Saga::of(steps.context("the order's history was not understood")?);
    let unicode = !args.ascii && term::shows_unicode();
    let glyphs = if unicode { Glyphs::UNICODE } else { Glyphs::ASCII };
    let diagram = Diagram { saga: &saga, glyphs, width: args.width.unwrap_or_else(term::width) };
    if let Some(order) = &order {
        term::line(heading(order))?;
    }
    for line in diagram.lines() {
        term::line(line)?;
    }
    Ok(Outcome::Done)
}

/// The order as it stands, and its history.
async fn ask(client: &Client, order: Uuid) -> anyhow::Result<(Option<Value>, Vec<Value>)> {
    let history = format!("/order/get-order-history?OrderId={order}");
    let history = shop::list(client, &history).await?;
    Ok((shop::order(client, order).await?, history))
}

/// `Order ID: 2 × Tea at 3.50, 7.00 in all, for ada: Finalized, invoice 12`
fn heading(order: &Value) -> String {
    let field = |name: &str| match order.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "?".to_owned(),
        Some(other) => other.to_string(),
    };
    let status = field("Status");
    let reasons = order.get("Reasons").and_then(Value::as_array).map(Vec::as_slice);
    let reasons: Vec<_> = reasons.unwrap_or_default().iter().filter_map(Value::as_str).collect();
    let end = match order.get("InvoiceNumber").and_then(Value::as_u64) {
        Some(invoice) => format!("{status}, invoice {invoice}"),
        None if reasons.is_empty() => status,
        None => format!("{status} ({})", reasons.join(", ")),
    };
    format!(
        "Order {}: {} x {} at {}, {} in all, for {}: {end}",
        field("OrderId"),
        field("Quantity"),
        field("ProductName"),
        field("Price"),
        field("Total"),
        field("UserName"),
    )
}
