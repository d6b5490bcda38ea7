//! How cost grows: orders in shops with few and many products, few and many orders in flight, and short and long histories.
//!
//! Every recorded event comes from an order that was placed and ended, so a log of ten million takes a while.

mod plot;
mod table;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use clap::Args as ClapArgs;
use serde::Deserialize;

use self::table::Cell;
use crate::{
    disk, say,
    shop::{self, Measured},
};

const PASSWORD: &str = "a password for benches";
const CUSTOMERS: u32 = 1000;
/// What an order leads to.
const EVENTS_PER_ORDER: u64 = 8;
/// Orders placed at once to make a history; more only cost memory for the plan.
const FILLED_AT_ONCE: u64 = 200_000;
/// Units of each product, and what customers can pay for: no order of a grid is denied.
const STOCK: u32 = 100_000_000;

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// The built command of the shop
    #[arg(long, value_name = "FILE")]
    agora: PathBuf,
    /// A part of the grid that takes minutes; all of it takes hours
    #[arg(long)]
    short: bool,
    /// Where the plot is written
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
}

/// The values of each of the three.
struct Extent {
    products: &'static [u32],
    events: &'static [u64],
    in_flight: &'static [u32],
}

const WHOLE: Extent = Extent {
    products: &[100, 1000, 10_000, 100_000],
    events: &[100_000, 1_000_000, 10_000_000],
    in_flight: &[1, 8, 64, 512],
};
const SHORT: Extent =
    Extent { products: &[100, 1000, 10_000], events: &[100_000], in_flight: &[1, 64, 512] };

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let folder = std::env::temp_dir();
    disk::check(&folder)?;
    let extent = if args.short { SHORT } else { WHOLE };
    let mut cells = Vec::new();
    say(table::HEAD);
    for products in extent.products {
        let folder = tempfile::Builder::new().prefix("agora-grid-").tempdir_in(&folder)?;
        let shop = Shop::start(&args.agora, folder.path())?;
        for events in extent.events {
            let mut position = shop.fill(*products, *events)?;
            for in_flight in extent.in_flight {
                let measured = shop.orders(*products, *in_flight, measured_orders(*in_flight))?;
                let cell =
                    Cell { products: *products, in_flight: *in_flight, events: position, measured };
                say(table::row(&cell));
                cells.push(cell);
                position = Shop::position(&measured)?;
            }
        }
        shop.stop()?;
    }
    if let Some(path) = &args.plot {
        fs::write(path, plot::svg(&cells)).with_context(|| path.display().to_string())?;
        say(format_args!("plot: {}", path.display()));
    }
    Ok(())
}

/// Enough for some seconds each, and for a 99th percentile.
fn measured_orders(in_flight: u32) -> u64 {
    match in_flight {
        1 => 1000,
        2..=8 => 4000,
        _ => 10_000,
    }
}

/// A shop in a process of its own.
struct Shop {
    agora: PathBuf,
    process: Child,
    ready: Ready,
}

/// The line that says that a shop is ready.
#[derive(Deserialize)]
struct Ready {
    gateway: String,
    ops: String,
}

impl Shop {
    fn start(agora: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut process = Command::new(agora)
            .args(["up", "--json", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"])
            .arg("--data")
            .arg(folder)
            .env("AGORA_ADMIN_PASSWORD", PASSWORD)
            .envs([("AGORA_STOREFRONT_LISTEN", "off"), ("AGORA_BACKOFFICE_LISTEN", "off")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| agora.display().to_string())?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("a pipe")?).read_line(&mut line)?;
        let ready = serde_json::from_str(&line).context("the shop did not start")?;
        Ok(Self { agora: agora.to_owned(), process, ready })
    }

    /// Places orders until so many events are recorded; returns how many are.
    fn fill(&self, products: u32, events: u64) -> anyhow::Result<u64> {
        // None, to bring in products and customers and to see where the log is.
        let mut position = Self::position(&self.orders(products, 64, 0)?)?;
        while position < events {
            let orders = (events - position).div_ceil(EVENTS_PER_ORDER).min(FILLED_AT_ONCE);
            let reached = Self::position(&self.orders(products, 64, orders)?)?;
            ensure!(reached > position, "orders were placed, but nothing was recorded");
            position = reached;
        }
        Ok(position)
    }

    fn orders(&self, products: u32, in_flight: u32, orders: u64) -> anyhow::Result<Measured> {
        let args = [
            ("--url", self.ready.gateway.clone()),
            ("--ops-url", self.ready.ops.clone()),
            ("--products", products.to_string()),
            ("--customers", CUSTOMERS.to_string()),
            ("--stock", STOCK.to_string()),
            ("--concurrency", in_flight.to_string()),
            ("--orders", orders.to_string()),
        ];
        let args: Vec<String> =
            args.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        shop::bench(&self.agora, &args, Some(PASSWORD))
    }

    fn position(measured: &Measured) -> anyhow::Result<u64> {
        measured.position.context("this version of agora bench does not report the log's position")
    }

    fn stop(mut self) -> anyhow::Result<()> {
        let id = i32::try_from(self.process.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(id.context("a process id")?, rustix::process::Signal::TERM)?;
        let status = self.process.wait()?;
        if !status.success() {
            bail!("the shop stopped with {status}");
        }
        Ok(())
    }
}

impl Drop for Shop {
    /// After an error it would go on alone.
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
