//! The process's log: readable lines, or JSON, to standard error. It never fails or blocks the work that logs: lines that
//! cannot be written are dropped and counted.

mod queue;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    fmt, io,
    panic::{self, PanicHookInfo},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::Context as _;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt as log,
    layer::SubscriberExt as _,
    registry,
    util::SubscriberInitExt as _,
};

use crate::{
    config::{ConfigError, Settings},
    term,
};
use queue::{Lines, Queue};

/// How long a process that ends waits for its last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

static QUEUE: Queue = Queue::new();
static BEGUN: AtomicBool = AtomicBool::new(false);

/// Where the lines about orders come from.
pub(crate) const ORDERS: &str = "agora::orders";

/// Starts logging according to the settings, with a line for each step of an order or without.
pub(crate) fn init(settings: &Settings, tells_orders: bool) -> anyhow::Result<()> {
    let filter = filter(settings)?;
    let filter = if tells_orders { filter } else { filter.with_target(ORDERS, LevelFilter::WARN) };
    let log = log::layer()
        .with_writer(|| Lines(&QUEUE))
        .with_ansi(term::colours_errors())
        .log_internal_errors(false);
    let begun = if is_json(settings)? {
        registry().with(filter).with(log.json().flatten_event(true)).try_init()
    } else {
        registry().with(filter).with(log.with_target(false)).try_init()
    };
    begun.map_err(|error| anyhow::anyhow!("the log cannot be written: {error}"))?;
    QUEUE.start(io::stderr(), lost).context("no thread for the log")?;
    BEGUN.store(true, Ordering::Release);
    panic::set_hook(Box::new(panicked));
    Ok(())
}

/// Refuses what `init` would refuse.
pub(crate) fn check(settings: &Settings) -> Result<(), ConfigError> {
    filter(settings)?;
    is_json(settings).map(|_| ())
}

fn is_json(settings: &Settings) -> Result<bool, ConfigError> {
    match settings.text("log-format") {
        Some("text") => Ok(false),
        Some("json") => Ok(true),
        _ => Err(settings.invalid("log-format", "must be text or json")),
    }
}

/// Lines that could not be written since the start.
pub(crate) fn dropped() -> u64 {
    QUEUE.dropped()
}

/// Writes a last line for people and waits a moment, but not longer, until everything logged is written.
pub(crate) fn last_words(text: Option<fmt::Arguments<'_>>) {
    if !BEGUN.load(Ordering::Acquire) {
        text.into_iter().for_each(term::note);
        return;
    }
    if let Some(text) = text {
        QUEUE.push(format!("{text}\n").as_bytes());
    }
    QUEUE.flush(LAST_LINES);
}

/// A bare word in a filter is a level. As a module's name it would silence everything else.
fn filter(settings: &Settings) -> Result<Targets, ConfigError> {
    let given = settings.text("log-level").unwrap_or_default();
    let bare = given.split(',').map(str::trim).find(|part| {
        let level = part.parse::<tracing::level_filters::LevelFilter>();
        level.is_err() && !part.contains('=')
    });
    if let Some(word) = bare {
        let reason = format!(
            "{word:?} is not a level: use off, error, warn, info, debug or trace, or a level and exceptions such as info,web=debug"
        );
        return Err(settings.invalid("log-level", reason));
    }
    settings.get("log-level")
}

fn lost(lines: u64) {
    tracing::warn!(lines, "log lines were dropped because they were not read in time");
}

/// Reports a panic as a line of the log: the usual hook waits for the standard error.
fn panicked(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let message = panic.payload_as_str().unwrap_or("a value that is not a text");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!(thread, place, %backtrace, "panicked: {message}");
    } else {
        tracing::error!(thread, place, "panicked: {message}");
    }
}
