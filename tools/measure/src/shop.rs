//! The shop under its own load generator, `agora bench`.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use serde::Deserialize;

/// What `agora bench --json` reports, as far as it is used here.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub(crate) struct Measured {
    pub(crate) orders: u64,
    pub(crate) orders_per_s: f64,
    pub(crate) final_ms: Option<Latency>,
    pub(crate) server: Server,
    pub(crate) unfinished: u64,
    /// The last position of the log; programs of earlier versions do not report it.
    pub(crate) position: Option<u64>,
}

/// From placing an order to its end, in milliseconds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// What the shop's process took.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub(crate) struct Server {
    pub(crate) cpu_s: f64,
    pub(crate) resident_bytes: f64,
}

impl Measured {
    /// Seconds of processor time for an order.
    pub(crate) fn busy_each(&self) -> f64 {
        self.server.cpu_s / f64::from(u32::try_from(self.orders.max(1)).unwrap_or(u32::MAX))
    }
}

/// Runs `agora bench` with these arguments; `password` is the manager's of a shop that runs already.
pub(crate) fn bench(
    agora: &Path,
    args: &[String],
    password: Option<&str>,
) -> anyhow::Result<Measured> {
    let mut command = Command::new(agora);
    command.args(["bench", "--json"]).args(args).stdin(Stdio::null());
    command.envs(password.map(|password| ("AGORA_ADMIN_PASSWORD", password)));
    let output = command.output().with_context(|| agora.display().to_string())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("agora bench {} failed: {}\n{said}", args.join(" "), output.status);
    }
    parse(&output.stdout)
}

fn parse(json: &[u8]) -> anyhow::Result<Measured> {
    let measured: Measured =
        serde_json::from_slice(json).context("the report of agora bench is not understood")?;
    if measured.unfinished > 0 {
        bail!("{} orders did not end", measured.unfinished);
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{"orders":20000,"concurrency":64,"orders_per_s":2500.5,"final_ms":{"p50":25.0,"p90":30.0,"p99":50.5,"max":80.0},
        "unfinished":0,"position":160123,"server":{"cpu_s":9.0,"resident_bytes":100000000.0}}"#;

    #[test]
    fn a_report_is_read() {
        let measured = parse(REPORT.as_bytes()).unwrap();
        assert!((measured.busy_each() - 0.000_45).abs() < 1e-9);
        assert_eq!(measured.final_ms, Some(Latency { p50: 25.0, p99: 50.5 }));
    }

    #[test]
    fn orders_that_did_not_end_are_no_figures() {
        let report = REPORT.replace(r#""unfinished":0"#, r#""unfinished":3"#);
        assert_eq!(parse(report.as_bytes()).unwrap_err().to_string(), "3 orders did not end");
    }
}
