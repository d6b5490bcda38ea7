//! A projection, event by event, with the rows of the read model before and after each.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::events::RecordedEvent;

/// What the events of a stream, and what followed from its first one, change in a read model. The events are taken one by one into an
/// empty model, together with the other streams that they name; so totals over all streams count these alone.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Through {
    /// The service whose read model it is.
    pub model: String,
    /// All services with a read model.
    pub models: Vec<String>,
    pub items: Vec<Step>,
    /// The `After` of the next page; null on the last one.
    #[schema(required)]
    pub next: Option<String>,
    /// How many events were taken, with those that are not shown.
    pub taken: usize,
    /// Streams that are named here and have too many events: rows that follow from those are missing.
    pub left_out: Vec<String>,
    /// What followed, and was recorded after this position, may be missing.
    pub indexed_to: u64,
}

/// An event, and what it changes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Step {
    pub event: RecordedEvent,
    pub rows: Vec<Row>,
    /// Why the model sets the event aside, or what it waits for, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aside: Option<String>,
}

/// A row of the read model that the event adds, changes or removes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Row {
    pub table: String,
    /// The values of its primary key; none in a table without one.
    pub key: Vec<String>,
    pub change: RowChange,
    /// Those that differ, in the order of the table.
    pub fields: Vec<Field>,
}

/// What an event does to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum RowChange {
    Added,
    Changed,
    Removed,
}

/// A field of a row, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Field {
    pub name: String,
    /// Null if it was empty or there was no such row.
    #[schema(required)]
    pub before: Option<String>,
    /// Null if it is empty or there is no such row any more.
    #[schema(required)]
    pub after: Option<String>,
}
