//! The process's log: readable lines, or JSON, to the standard error.

use std::io::{self, IsTerminal as _};

use anyhow::bail;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::Settings;

/// Begins to log as the settings say.
pub(crate) fn init(settings: &Settings) -> anyhow::Result<()> {
    let filter: EnvFilter = settings.get("log-level")?;
    let log =
        fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let begun = match settings.text("log-format") {
        Some("text") => log.with_target(false).try_init(),
        Some("json") => log.json().flatten_event(true).try_init(),
        _ => bail!(settings.invalid("log-format", "must be text or json")),
    };
    begun.map_err(|error| anyhow::anyhow!("the log cannot be written: {error}"))
}
