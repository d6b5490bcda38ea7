//! Answers about the sample shop.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The sample shop within this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Demo {
    pub goods: Goods,
    pub traffic: Traffic,
    /// How far the shop is being filled, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filling: Option<Filling>,
    /// Where filling it stopped, if a step failed; `fill-shop` goes on from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
}

/// What a shop sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Goods {
    /// Nothing: it can be filled.
    None,
    /// What the sample shop sells.
    Sample,
    /// Something of its own.
    Own,
}

/// Whether sample customers come and buy by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Traffic {
    On,
    Off,
}

/// Where filling a shop stopped, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Stopped {
    pub done: u64,
    pub of: u64,
    /// In a sentence.
    pub reason: String,
}

/// How many steps of filling a shop are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Filling {
    pub done: u64,
    pub of: u64,
}
