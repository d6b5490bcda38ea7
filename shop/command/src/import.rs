//! `agora import`: categories, products and customers from CSV files into a running shop, safe to repeat.

mod catalogue;
mod customers;
mod products;

use std::path::PathBuf;

use clap::Args as ClapArgs;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use sheets::{BadRow, Numbered};

pub(crate) use self::catalogue::{Catalogue, CustomerRow};
use crate::{
    client::{Access, Client, Error},
    outcome::Outcome,
    random::run_id,
    rows::{BadRows, BadRowsFile},
    term::{self, Progress},
};

/// How many customers are on the way at once. Registrations cost the shop a password hash each; beyond a few per core
/// more of them only wait there.
const CUSTOMERS_AT_ONCE: usize = 32;
/// How many products: the more of them wait for the disk and the shop's model together, the less each of them costs.
const PRODUCTS_AT_ONCE: usize = 128;

const HELP: &str = "\
Columns, by name and in any order:
  products.csv    ProductCode, Name, Description, Supplier, Category, PriceMinor, UnitsInStock
  customers.csv   UserName, CreditMinor, and optionally FullName (default: the user name),
                  Email (default: USERNAME@example.invalid)
Money is in whole minor units (cents). Categories are those that products name. A file may be missing, or be compressed
(products.csv.gz). Fields may be separated by commas, semicolons or tabs.

Repeating an import is safe: products are found by their code, customers by their user name, categories by their
name. What differs (name, description, supplier, category, price) is changed; what was sold or spent
meanwhile is kept, unless --set-stock or --set-credit applies the file's figures again.

Examples:
  agora import data/journey
  AGORA_ADMIN_PASSWORD=secret agora import data/journey --url http://shop:8080 --json

Exit codes: 0 all imported, 1 failed, 2 wrong usage, 3 rows were skipped.";

/// Import categories, products and customers from CSV files into a shop
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The folder of products.csv and customers.csv
    dir: PathBuf,
    #[command(flatten)]
    access: Access,
    /// One password for all new customers, for tests; by default each gets a random one that is not shown
    #[arg(long, value_name = "PASSWORD", alias = "password")]
    customer_password: Option<String>,
    /// Also set the units in stock of products that exist
    #[arg(long)]
    set_stock: bool,
    /// Also set the credit of customers who exist (needed after an import that was interrupted before it)
    #[arg(long)]
    set_credit: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    bad_rows: BadRowsFile,
}

/// What an import may change beyond what is new.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) password: Option<String>,
    pub(crate) set_stock: bool,
    pub(crate) set_credit: bool,
}

/// What an import did.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) categories: Tally,
    pub(crate) products: Tally,
    pub(crate) customers: Tally,
    #[serde(skip)]
    pub(crate) bad_rows: Vec<BadRow>,
}

/// The outcomes of the rows of one kind.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Tally {
    created: u64,
    changed: u64,
    unchanged: u64,
}

/// The outcome of one row.
enum Done {
    Created,
    Changed,
    Unchanged,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let mut catalogue = Catalogue::read(&args.dir)?;
    let client = args.access.connect().await?;
    let options = Options {
        password: args.customer_password,
        set_stock: args.set_stock,
        set_credit: args.set_credit,
    };
    let bad_rows = std::mem::take(&mut catalogue.bad);
    let mut report = load(&client, &catalogue, &options).await?;
    report.bad_rows.extend(bad_rows);
    let bad = BadRows::of(std::mem::take(&mut report.bad_rows), &args.bad_rows);
    report.print(&bad, args.json)?;
    Ok(if bad.is_empty() { Outcome::Done } else { Outcome::BadRows })
}

/// Brings a catalogue into a shop.
pub(crate) async fn load(
    client: &Client,
    catalogue: &Catalogue,
    options: &Options,
) -> anyhow::Result<Report> {
    let run = run_id();
    let mut report = Report::default();
    products::load(client, catalogue, &run, options, &mut report).await?;
    customers::load(client, catalogue, &run, options, &mut report).await?;
    Ok(report)
}

/// Rows of one kind, and how they are brought in.
struct Sheet<'a, T> {
    kind: &'static str,
    file: &'a str,
    rows: &'a [Numbered<T>],
    at_once: usize,
}

/// Brings rows in side by side, each through a client that waits for nothing but its own row; what the shop refuses of a single
/// row is that row's fault, all else ends the import.
async fn each<'a, T, F>(
    client: &Client,
    Sheet { kind, file, rows, at_once }: Sheet<'a, T>,
    bad_rows: &mut Vec<BadRow>,
    bring_in: impl Fn(&'a Numbered<T>, Client) -> F,
) -> Result<Tally, Error>
where
    F: Future<Output = Result<Done, Error>>,
{
    let progress = Progress::new(kind, rows.len());
    let mut tally = Tally::default();
    let start = client.apart();
    let work = rows.iter().map(|row| {
        let own = start.apart();
        let work = bring_in(row, own.clone());
        async move { (row.line, work.await, own) }
    });
    let mut work = stream::iter(work).buffer_unordered(at_once);
    while let Some((line, outcome, own)) = work.next().await {
        // What comes after the import sees all of it.
        client.catch_up_with(&own);
        match outcome {
            Ok(done) => tally.count(&done),
            Err(error) if error.is_about_the_request() => {
                bad_rows.push(BadRow { file: file.to_owned(), line, problem: error.to_string() });
            }
            Err(error) => return Err(error),
        }
        progress.advance();
    }
    Ok(tally)
}

impl Tally {
    fn count(&mut self, done: &Done) {
        match done {
            Done::Created => self.created += 1,
            Done::Changed => self.changed += 1,
            Done::Unchanged => self.unchanged += 1,
        }
    }
}

impl Report {
    fn print(&self, bad: &BadRows, json: bool) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Json<'a> {
            #[serde(flatten)]
            report: &'a Report,
            #[serde(flatten)]
            bad: &'a BadRows,
        }
        if json {
            return Ok(term::json(&Json { report: self, bad })?);
        }
        let kinds = [
            ("categories", &self.categories),
            ("products", &self.products),
            ("customers", &self.customers),
        ];
        for (kind, Tally { created, changed, unchanged }) in kinds {
            term::line(format_args!(
                "{kind:>10}: {created} new, {changed} changed, {unchanged} unchanged"
            ))?;
        }
        bad.note("skipped");
        Ok(())
    }
}
