//! The shop and its log against the alternative: a monolith with a transaction per order, tables of events, a bare writer.

mod bare;
mod database;
mod engine;
mod monolith;
mod producers;
mod tables;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args as ClapArgs;

use self::{database::Database, monolith::Monolith, producers::Load};
use crate::{
    contest::{self, Contestant, Goal, Turn},
    disk, say, shop,
};

/// Products and customers of both contestants, as `agora bench` has by default.
const PRODUCTS: u32 = 1000;
const CUSTOMERS: u32 = 100;
const IN_FLIGHT: u32 = 64;

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// The built command of the shop
    #[arg(long, value_name = "FILE")]
    agora: PathBuf,
    /// Turns of each contestant
    #[arg(long, default_value_t = 5, value_name = "N")]
    rounds: usize,
    /// Orders in a turn
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    orders: u32,
    /// How long a turn of appends takes
    #[arg(long, default_value_t = 2, value_name = "SECONDS")]
    seconds: u64,
    /// Only one of the two comparisons
    #[arg(long, value_enum)]
    only: Option<Comparison>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Comparison {
    /// Whole orders against the monolith
    Orders,
    /// The log against event tables and a bare writer
    Log,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let folder = std::env::temp_dir();
    disk::check(&folder)?;
    let database = Database::start()?;
    say(format_args!(
        "{}; all data in {}; {} turns each, in turn; medians, with the least and the most",
        database.described()?,
        folder.display(),
        args.rounds
    ));
    if args.only != Some(Comparison::Log) {
        orders(args, &database, &folder)?;
    }
    if args.only != Some(Comparison::Orders) {
        let lasting = Duration::from_secs(args.seconds);
        for (producers, batch) in [(1, 1), (8, 1), (64, 1), (1, 1000), (8, 1000)] {
            log(args.rounds, Load { producers, batch, lasting }, &database, &folder)?;
        }
    }
    Ok(())
}

fn orders(args: &Args, database: &Database, folder: &Path) -> anyhow::Result<()> {
    let title = format!(
        "{} whole orders, {IN_FLIGHT} in flight, {PRODUCTS} products, {CUSTOMERS} customers; a fresh shop and fresh tables each turn",
        args.orders
    );
    let monolith = Monolith::new(database, args.orders)?;
    let contestants = vec![
        Contestant::new("agora, through HTTP", || agora(args, folder)),
        Contestant::new(MONOLITH, || monolith.turn()),
    ];
    let goal = Goal { against: MONOLITH, wanted: "first bar 1.2, goal 2.0" };
    contest::hold(&title, args.rounds, contestants, &[goal])
}

const MONOLITH: &str = "a monolith on PostgreSQL, without HTTP";

fn agora(args: &Args, folder: &Path) -> anyhow::Result<Turn> {
    let numbers = [
        ("--orders", args.orders),
        ("--concurrency", IN_FLIGHT),
        ("--products", PRODUCTS),
        ("--customers", CUSTOMERS),
    ];
    let numbers =
        numbers.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_string()]);
    let data = ["--data".to_owned(), folder.to_string_lossy().into_owned()];
    let measured = shop::bench(&args.agora, &numbers.chain(data).collect::<Vec<_>>(), None)?;
    let busy_each = Some(Duration::from_secs_f64(measured.busy_each()));
    Ok(Turn { per_second: measured.orders_per_s, busy_each })
}

const TABLES: &str = "event tables in PostgreSQL";
const BARE: &str = "a bare writer";

fn log(rounds: usize, load: Load, database: &Database, folder: &Path) -> anyhow::Result<()> {
    let Load { producers, batch, lasting } = load;
    let events =
        if batch == 1 { "single events".to_owned() } else { format!("batches of {batch} events") };
    let title = format!(
        "durable {events} of {} bytes, {producers} at once, turns of {lasting:?}: events",
        producers::event_bytes()
    );
    let folder = tempfile::Builder::new().prefix("agora-versus-").tempdir_in(folder)?;
    let mut engine = engine::sink(&folder.path().join("log"), load)?;
    let mut bare = bare::sink(&folder.path().join("bare"), load)?;
    let mut tables = tables::Tables::new(database, load)?;
    let contestants = vec![
        Contestant::new("the log", move || producers::turn(load, &mut *engine)),
        Contestant::new(TABLES, move || tables.turn()),
        Contestant::new(BARE, move || producers::turn(load, &mut *bare)),
    ];
    let goals: &[Goal<'_>] =
        if producers == 64 { &[Goal { against: BARE, wanted: "0.9" }] } else { &[] };
    contest::hold(&title, rounds, contestants, goals)
}
