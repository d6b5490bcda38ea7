//! `agora bench`: the load engine against generated products, customers and orders.

mod metrics;
mod shop_process;
mod skew;
mod world;

use std::{path::PathBuf, time::Duration};

use clap::Args as ClapArgs;
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use self::{metrics::Metrics, shop_process::ShopProcess, world::World};
use crate::{
    client::{Client, Manager},
    events,
    load::{self, Latency, Pace, Plan, Until},
    outcome::Outcome,
    random::run_id,
    term,
};

const MIB: f64 = 1024.0 * 1024.0;

const HELP: &str = "\
Without --url a fresh shop is started as a process of its own, in a folder that is removed afterwards. With --url the
products bench-1, bench-2 … and customers bench-1, bench-2 … are added to that shop: do not use it on one that people use.

orders_per_s counts from the first placing to the last end (invoice issued), without the set-up. By default an order is
in flight until it has ended; with --until accepted the next one is placed as soon as the shop has recorded this one.
With --open-loop orders come at a fixed rate, whether or not earlier ones have ended: latencies then count from when an order
was due, and what the shop refuses for now (503) is counted and not repeated.

Examples:
  agora bench
  agora bench --orders 100000 --concurrency 64 --hot 0.8 --json
  agora bench --orders 0 --single 500
  agora bench --products 100000 --customers 10000 --zipf 1 --open-loop 2000 --orders 120000 --series
  AGORA_ADMIN_PASSWORD=secret agora bench --url http://127.0.0.1:8080 --ops-url http://127.0.0.1:8081

Exit codes: 0 all ended, 1 failed, 2 wrong usage, 3 orders were refused, 4 some did not end in time.";

/// Measure a shop: orders per second, latencies, processor time and memory
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// A running shop's gateway; without it, a fresh shop is started
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Where that shop's metrics are
    #[arg(long, value_name = "URL", requires = "url")]
    ops_url: Option<String>,
    /// The fresh shop's program, to compare builds; this one by default
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    program: Option<PathBuf>,
    /// The folder for the fresh shop's data, which is removed afterwards; on a memory disk, syncing costs nothing
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    data: Option<PathBuf>,
    #[command(flatten)]
    manager: Manager,
    /// How many orders are placed
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    orders: u64,
    /// How many orders are in flight at once
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = crate::values::at_least_one)]
    concurrency: usize,
    /// How many products there are
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = crate::values::at_least_one)]
    products: usize,
    /// How many customers there are
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = crate::values::at_least_one)]
    customers: usize,
    /// How many units each product has, and how many units each customer can pay for; by default, the most that the orders can need.
    /// Given, units that were sold are not restocked, so that a shop can be measured repeatedly
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    stock: Option<u32>,
    /// Share of the orders that are for the same product, from 0 to 1
    #[arg(long, default_value_t = 0.0, value_name = "SHARE", value_parser = crate::values::share)]
    hot: f64,
    /// When an order stops counting as in flight
    #[arg(long, value_enum, default_value_t = Until::Ended)]
    until: Until,
    /// Place this many orders each second, whether or not earlier ones have ended
    #[arg(long, value_name = "RATE", value_parser = crate::values::positive, conflicts_with_all = ["concurrency", "until"])]
    open_loop: Option<f64>,
    /// How skewed products and customers are: the one at rank N is chosen 1/N^EXPONENT times as often as the first (Zipf); 0 chooses evenly
    #[arg(long, default_value_t = 0.0, value_name = "EXPONENT", value_parser = crate::values::not_negative)]
    zipf: f64,
    /// Also print what happened in each second
    #[arg(long)]
    series: bool,
    /// Then place this many more, one at a time
    #[arg(long, default_value_t = 0, value_name = "N")]
    single: u64,
    /// Seed of the generated orders
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// The result; durations of parts that were not run are null.
#[derive(Serialize)]
struct Json<'a> {
    orders: u64,
    concurrency: usize,
    until: &'a str,
    products: usize,
    customers: usize,
    hot: f64,
    zipf: f64,
    open_loop: Option<f64>,
    seconds: f64,
    orders_per_s: f64,
    accepted_ms: Option<Latency>,
    final_ms: Option<Latency>,
    single_accepted_ms: Option<Latency>,
    single_ms: Option<Latency>,
    outcomes: &'a [load::Ending],
    refused: usize,
    busy: u64,
    unanswered: u64,
    unsent: u64,
    unfinished: usize,
    server: Option<Server>,
    client_cpu_s: f64,
    /// The last position of the log.
    position: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    series: Vec<Row>,
}

/// One second of a run.
#[derive(Clone, Copy, Serialize)]
struct Row {
    #[serde(flatten)]
    second: load::Second,
    /// Of the shop, at about this time.
    resident_bytes: Option<f64>,
}

/// What the load cost the shop.
#[derive(Clone, Copy, Serialize)]
struct Server {
    /// From before the first order to after the last one.
    cpu_s: f64,
    /// After the last order.
    resident_bytes: f64,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let Some(url) = args.url.clone() else {
        let shop = ShopProcess::start(args.program.clone(), args.data.as_deref()).await?;
        let client = Client::new(shop.gateway(), Duration::from_secs(args.manager.patience))?;
        let _session = client.log_in("admin", shop.password()).await?;
        let measured = measure(&args, &client, Some(shop.ops())).await;
        // Stopped in any case, and not before the last figure is read.
        let stopped = shop.stop().await;
        let outcome = measured?;
        stopped?;
        return Ok(outcome);
    };
    let client = args.manager.log_in(&url).await?;
    measure(&args, &client, args.ops_url.as_deref()).await
}

async fn measure(args: &Args, client: &Client, ops: Option<&str>) -> anyhow::Result<Outcome> {
    let metrics = ops.map(Metrics::at).transpose()?;
    let world = World::set_up(client, args).await?;
    let cpu_before = cpu_seconds(metrics.as_ref()).await?;
    let own_before = own_cpu_seconds();
    let closed = Pace::InFlight { orders: args.concurrency, until: args.until };
    let pace = args.open_loop.map_or(closed, Pace::PerSecond);
    let plan = args.plan(world.orders(args.orders), pace);
    let mut resident = Vec::new();
    let report = tokio::select! {
        biased;
        report = load::run(client, &plan, "bench") => report?,
        failed = watch(metrics.as_ref().filter(|_| args.series), &mut resident) => return Err(failed),
    };
    let client_cpu_s = own_cpu_seconds() - own_before;
    let server = match (&metrics, cpu_before) {
        (Some(metrics), Some(before)) => Some(Server {
            cpu_s: metrics.cpu_seconds().await? - before,
            resident_bytes: metrics.resident_bytes().await?,
        }),
        _ => None,
    };
    let single = if args.single > 0 {
        let plan =
            args.plan(world.orders(args.single), Pace::InFlight { orders: 1, until: Until::Ended });
        Some(load::run(client, &plan, "bench --single").await?)
    } else {
        None
    };
    let position = events::head(client).await?;
    let measured = Measured { args, report, single, server, client_cpu_s, position, resident };
    measured.print()?;
    Ok(measured.outcome())
}

struct Measured<'a> {
    args: &'a Args,
    report: load::Report,
    single: Option<load::Report>,
    server: Option<Server>,
    client_cpu_s: f64,
    position: u64,
    /// The shop's memory in bytes, second by second.
    resident: Vec<f64>,
}

impl Args {
    fn plan(&self, orders: Vec<load::Planned>, pace: Pace) -> Plan {
        let patience = Duration::from_secs(self.manager.patience);
        Plan { orders, pace, run: run_id(), patience }
    }
}

/// Looks at the shop's memory every second; returns only with an error.
async fn watch(metrics: Option<&Metrics>, resident: &mut Vec<f64>) -> anyhow::Error {
    let Some(metrics) = metrics else { return std::future::pending().await };
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        match metrics.resident_bytes().await {
            Ok(bytes) => resident.push(bytes),
            Err(error) => return error,
        }
    }
}

impl Measured<'_> {
    fn print(&self) -> anyhow::Result<()> {
        let Self { args, report, single, server, client_cpu_s, position, resident: _ } = self;
        let ran = |report: &load::Report| report.orders > 0;
        if args.json {
            return Ok(term::json(&Json {
                orders: report.orders,
                concurrency: args.concurrency,
                until: if args.until == Until::Ended { "ended" } else { "accepted" },
                products: args.products,
                customers: args.customers,
                hot: args.hot,
                zipf: args.zipf,
                open_loop: args.open_loop,
                seconds: report.seconds,
                orders_per_s: report.orders_per_s(),
                accepted_ms: ran(report).then_some(report.accepted_ms),
                final_ms: ran(report).then_some(report.final_ms),
                single_accepted_ms: single.as_ref().map(|single| single.accepted_ms),
                single_ms: single.as_ref().map(|single| single.final_ms),
                outcomes: &report.endings,
                refused: self.refused(),
                busy: report.busy,
                unanswered: report.unanswered,
                unsent: report.unsent,
                unfinished: self.unfinished(),
                server: *server,
                client_cpu_s: *client_cpu_s,
                position: *position,
                series: self.series().collect(),
            })?);
        }
        if ran(report) {
            report.print()?;
        }
        if args.series {
            term::line(
                "  second   offered  accepted   refused     ended  p50, p99 → final ms       MiB",
            )?;
        }
        for Row { second, resident_bytes } in self.series() {
            let load::Second { number, offered, accepted, busy, ended, .. } = second;
            let load::Second { final_p50_ms, final_p99_ms, .. } = second;
            let mib = resident_bytes.map(|bytes| format!("{:.0}", bytes / MIB)).unwrap_or_default();
            term::line(format_args!(
                "{number:>8}{offered:>10}{accepted:>10}{busy:>10}{ended:>10}{final_p50_ms:>11.1}{final_p99_ms:>10.1}{mib:>10}"
            ))?;
        }
        if let Some(single) = single {
            single.final_ms.print("one alone → final")?;
        }
        if let Some(Server { cpu_s, resident_bytes }) = server {
            let mib = resident_bytes / MIB;
            term::line(format_args!(
                "the shop took {cpu_s:.2} s of processor time and {mib:.0} MiB of memory"
            ))?;
        }
        term::line(format_args!("placing took {client_cpu_s:.2} s of processor time"))?;
        Ok(())
    }

    /// The seconds, if they are wanted.
    fn series(&self) -> impl Iterator<Item = Row> {
        let resident =
            self.resident.iter().map(|bytes| Some(*bytes)).chain(std::iter::repeat(None));
        let wanted = if self.args.series { self.report.series.as_slice() } else { &[] };
        let row =
            |(second, resident_bytes): (&load::Second, _)| Row { second: *second, resident_bytes };
        wanted.iter().zip(resident).map(row)
    }

    fn reports(&self) -> impl Iterator<Item = &load::Report> {
        std::iter::once(&self.report).chain(&self.single)
    }

    fn refused(&self) -> usize {
        self.reports().map(|report| report.refused.len()).sum()
    }

    fn unfinished(&self) -> usize {
        self.reports().map(|report| report.unfinished).sum()
    }

    fn outcome(&self) -> Outcome {
        for row in self.reports().flat_map(|report| report.refused.iter().take(10)) {
            term::note(row);
        }
        match (self.unfinished(), self.refused()) {
            (0, 0) => Outcome::Done,
            (0, _) => Outcome::BadRows,
            _ => Outcome::Unfinished,
        }
    }
}

async fn cpu_seconds(metrics: Option<&Metrics>) -> anyhow::Result<Option<f64>> {
    Ok(match metrics {
        Some(metrics) => Some(metrics.cpu_seconds().await?),
        None => None,
    })
}

/// Processor time of this process so far: what the load generator took from the shop on the same machine.
fn own_cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanos).as_secs_f64()
}
