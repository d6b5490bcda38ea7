//! `agora replay`: places the orders of a file as the manager, and waits until every one of them has ended.

use std::{collections::HashMap, path::Path, path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::Args as ClapArgs;
use serde::Serialize;
use sheets::{Fields, Numbered, Row, Rows};
use uuid::Uuid;

use crate::{
    client::{Access, Client},
    load::{self, Latency, Pace, Plan, Planned, Until},
    outcome::Outcome,
    random::run_id,
    rows::{self, BadRows, BadRowsFile, find},
    shop::{self, Product},
    term,
};

const HELP: &str = "\
Reads orders.csv or orders.csv.gz; columns, by name and in any order:
  UserName, ProductCode, Quantity (1 to 1000); others, such as Time, are ignored
Orders are placed in the file's order. The idempotency key of a row is the run's id and the row's number: a row that
appears twice is bought twice, and an interrupted run that is repeated with --run places no order twice.

An order has ended when it is Canceled with all released, or Finalized with stock committed, credit debited and the
invoice issued. Latencies are from sending an order to its acceptance, and to receiving its end.

Examples:
  agora replay data/journey --concurrency 64
  agora replay data/journey --url http://shop:8080 --json

Exit codes: 0 all ended, 1 failed, 2 wrong usage, 3 rows were skipped or refused, 4 some did not end in time.";

/// Place the orders of a file and wait until all have ended
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The folder of orders.csv or orders.csv.gz
    dir: PathBuf,
    #[command(flatten)]
    access: Access,
    /// How many orders are in flight at once
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = crate::values::at_least_one)]
    concurrency: usize,
    /// When an order stops counting as in flight
    #[arg(long, value_enum, default_value_t = Until::Accepted)]
    until: Until,
    /// Repeat the run with this id, which was printed when it began; by default, begin a new one
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    bad_rows: BadRowsFile,
}

struct OrderRow {
    user_name: String,
    product_code: String,
    quantity: u32,
}

#[derive(Serialize)]
struct Json<'a> {
    run: &'a str,
    orders: u64,
    unfinished: usize,
    seconds: f64,
    orders_per_s: f64,
    accepted_ms: Latency,
    final_ms: Latency,
    outcomes: &'a [load::Ending],
    #[serde(flatten)]
    bad: &'a BadRows,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let mut rows = rows::read::<OrderRow>(&orders_file(&args.dir)?)?;
    let client = args.access.connect().await?;
    let orders = plan(&client, &mut rows).await?;
    let plan = Plan {
        orders,
        pace: Pace::InFlight { orders: args.concurrency, until: args.until },
        run: args.run.unwrap_or_else(run_id),
        patience: Duration::from_secs(args.access.manager.patience),
    };
    term::note(format_args!("run {}: {} orders", plan.run, plan.orders.len()));
    let mut report = load::run(&client, &plan, &rows.file).await?;
    rows.bad.append(&mut report.refused);
    let bad = BadRows::of(rows.bad, &args.bad_rows);
    print(&report, &plan.run, &bad, args.json)?;
    if report.unfinished > 0 {
        return Ok(Outcome::Unfinished);
    }
    Ok(if bad.is_empty() { Outcome::Done } else { Outcome::BadRows })
}

impl Row for OrderRow {
    const COLUMNS: &'static [&'static str] = &["UserName", "ProductCode", "Quantity"];

    fn read(fields: &Fields<'_>) -> Result<Self, String> {
        Ok(Self {
            user_name: fields.required("UserName")?.to_owned(),
            product_code: fields.required("ProductCode")?.to_owned(),
            quantity: fields.number("Quantity", 1..=1000)?,
        })
    }
}

fn orders_file(dir: &Path) -> anyhow::Result<PathBuf> {
    let found = find(dir, "orders.csv")?;
    found.with_context(|| format!("{} holds neither orders.csv nor orders.csv.gz", dir.display()))
}

/// The orders of all rows whose product the shop has; the others become bad rows.
async fn plan(client: &Client, rows: &mut Rows<OrderRow>) -> anyhow::Result<Vec<Planned>> {
    let products: Vec<Product> = shop::list(client, "/product/get-all-products").await?;
    let ids: HashMap<String, Uuid> =
        products.into_iter().filter_map(|product| Some((product.code?, product.id))).collect();
    let mut orders = Vec::with_capacity(rows.good.len());
    for Numbered { line, row } in std::mem::take(&mut rows.good) {
        match ids.get(&row.product_code) {
            Some(product_id) => orders.push(Planned {
                line,
                number: line - 1,
                product_id: *product_id,
                quantity: row.quantity,
                user_name: row.user_name,
            }),
            None => {
                rows.reject(line, format!("the shop has no product {:?}", row.product_code));
            }
        }
    }
    Ok(orders)
}

fn print(report: &load::Report, run: &str, bad: &BadRows, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(term::json(&Json {
            run,
            orders: report.orders,
            unfinished: report.unfinished,
            seconds: report.seconds,
            orders_per_s: report.orders_per_s(),
            accepted_ms: report.accepted_ms,
            final_ms: report.final_ms,
            outcomes: &report.endings,
            bad,
        })?);
    }
    report.print()?;
    bad.note("skipped or refused");
    Ok(())
}
