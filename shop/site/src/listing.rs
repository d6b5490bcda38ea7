//! One page of a list, as returned by the gateway.

use serde::Deserialize;

/// Items, and the cursor of the page after them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Listing<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}
