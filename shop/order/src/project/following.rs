//! Events that follow from an order, of services and types that this one does not know: they are steps of its history, too. Pure.

use std::collections::BTreeMap;

use kernel::Recorded;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::model::{Happened, Whose};

/// The longest details that are kept, in bytes: a history is short, and is answered whole.
const DETAILS_MAX: usize = 4096;
/// What may stand in an event and never in a history: a person's data, and a password's hash.
const WITHHELD: [&str; 2] = ["personal", "password"];

/// An event as a step of the order that it names, reacts to or shares its correlation with, if there is one. Its details are its data.
pub(super) fn happened(event: &Recorded) -> Happened {
    let mut fields: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(event.data.get()).unwrap_or_default();
    let named = if event.stream.category() == contracts::order::CATEGORY {
        Uuid::parse_str(event.stream.id()).ok()
    } else {
        fields.get("order").and_then(|order| serde_json::from_str(order.get()).ok())
    };
    fields.retain(|name, _| !WITHHELD.contains(&name.as_str()));
    let details = serde_json::to_string(&fields).ok().filter(|text| text.len() <= DETAILS_MAX);
    let correlation = event.metadata.correlation;
    Happened {
        whose: Whose::Following { named, correlation },
        ..super::step(event, details.unwrap_or_else(|| "{}".to_owned()))
    }
}
