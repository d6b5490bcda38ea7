//! The services of a running shop and their instances, as the gateway knows them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The call that answers with a [`Status`].
pub(crate) const PATH: &str = "/system/get-status";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Status {
    pub(crate) ready: bool,
    pub(crate) services: Vec<Service>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) ready: bool,
    pub(crate) instances: Vec<Instance>,
}

/// One that is of an older version may not say everything.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Instance {
    #[serde(rename = "Instance")]
    pub(crate) name: String,
    pub(crate) here: bool,
    pub(crate) ready: bool,
    #[serde(default)]
    pub(crate) lag: BTreeMap<String, Lag>,
    #[serde(default)]
    pub(crate) set_aside: u64,
    #[serde(default)]
    pub(crate) throughput: f64,
    #[serde(default)]
    pub(crate) balances: Vec<Balance>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Lag {
    pub(crate) events: u64,
    pub(crate) seconds: f64,
}

/// Sums that must agree.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Balance {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) decimals: u8,
    pub(crate) left: i64,
    pub(crate) right: i64,
    pub(crate) holds: bool,
}
