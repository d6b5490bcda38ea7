//! Replaces the exporter of traces in builds without it.

use std::{convert::Infallible, str::FromStr};

use runtime::{Tasks, trace::Spans};

/// No collector can be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(Infallible);

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(_: &str) -> Result<Self, String> {
        Err(super::left_out("the exporter of traces", "otlp"))
    }
}

pub(crate) fn spawn(
    _: &Tasks,
    _: Spans,
    Endpoint(never): Endpoint,
    _: String,
) -> anyhow::Result<()> {
    match never {}
}
