//! Runs worlds by seed, and reports what broke, with the command that repeats it.

use std::{
    io::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use worlds::{PlantedBug, Report, Scenario, Tally, run};

const USAGE: &str = "usage: worlds [--from SEED] [--seeds N] [--orders N] [--bug NAME]

Runs N worlds (1 unless given) from SEED on, prints how often each kind of fault occurred, and fails if a promise was broken
or, over 100 worlds or more, a kind of fault never occurred. With --bug, a bug is planted; it must be found.";

struct Wanted {
    from: u64,
    seeds: u64,
    orders: u32,
    bug: Option<PlantedBug>,
}

fn main() -> ExitCode {
    if let Some(wanted) = wanted() {
        explore(&wanted)
    } else {
        say(USAGE);
        ExitCode::from(2)
    }
}

fn wanted() -> Option<Wanted> {
    let mut wanted = Wanted { from: 1, seeds: 1, orders: 200, bug: None };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let value = args.next()?;
        match name.as_str() {
            "--from" => wanted.from = value.parse().ok()?,
            "--seeds" => wanted.seeds = value.parse().ok()?,
            "--orders" => wanted.orders = value.parse().ok()?,
            "--bug" => {
                wanted.bug =
                    Some(PlantedBug::ALL.into_iter().find(|bug| format!("{bug:?}") == value)?);
            }
            _ => return None,
        }
    }
    Some(wanted)
}

fn explore(wanted: &Wanted) -> ExitCode {
    let next = AtomicU64::new(wanted.from);
    let end = wanted.from + wanted.seeds;
    let (tally, broken, totals) = (
        Tally::default(),
        AtomicU64::new(0),
        [AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0)],
    );
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let scenario =
                        Scenario { seed, orders: wanted.orders, bug: wanted.bug, guest: None };
                    if let Ok(report) = catch_unwind(AssertUnwindSafe(|| run(scenario))) {
                        tally.merge(&report.tally);
                        count(&totals, &report);
                        if !report.violations.is_empty() {
                            broken.fetch_add(1, Ordering::Relaxed);
                            tell(wanted, &report);
                        }
                    } else {
                        broken.fetch_add(1, Ordering::Relaxed);
                        say(&format!("seed {seed} panicked; {}", again(wanted, seed)));
                    }
                }
            });
        }
    });
    let [events, finalized, denied] = totals.map(AtomicU64::into_inner);
    say(&format!(
        "{} worlds, {events} events, {finalized} orders finalized, {denied} denied\n{tally}",
        wanted.seeds
    ));
    verdict(wanted, &tally, broken.into_inner())
}

fn verdict(wanted: &Wanted, tally: &Tally, broken: u64) -> ExitCode {
    if let Some(bug) = wanted.bug {
        say(&format!("{bug:?}: found in {broken} of {} worlds", wanted.seeds));
        return if broken > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let missing = tally.missing();
    if wanted.seeds >= 100 && !missing.is_empty() {
        say(&format!("never occurred: {missing:?}"));
        return ExitCode::FAILURE;
    }
    say(&format!("{} passed, {broken} failed", wanted.seeds - broken));
    if broken > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn count(totals: &[AtomicU64; 3], report: &Report) {
    let counts = [report.events, report.finalized as u64, report.denied as u64];
    for (total, count) in totals.iter().zip(counts) {
        total.fetch_add(count, Ordering::Relaxed);
    }
}

fn tell(wanted: &Wanted, report: &Report) {
    if wanted.bug.is_some() {
        return;
    }
    say(&format!(
        "seed {} broke {} times; {}",
        report.seed,
        report.violations.len(),
        again(wanted, report.seed)
    ));
    report.violations.iter().take(10).for_each(|violation| say(&format!("  {violation}")));
}

fn again(wanted: &Wanted, seed: u64) -> String {
    format!("again: cargo run --release -p worlds -- --from {seed} --orders {}", wanted.orders)
}

fn say(text: &str) {
    let _nobody_listens = writeln!(std::io::stdout().lock(), "{text}");
}
