//! A recorded event as one line for people.

use std::fmt::Write as _;

use serde_json::Value;

/// Position, time, type, stream and version in columns, then as much of the data as the width allows.
pub(super) fn row(event: &Value, width: usize) -> String {
    let number = |name| event.get(name).and_then(Value::as_u64).unwrap_or_default();
    let stream = format!("{}@{}", text(event, "Stream"), number("Version"));
    let mut row = format!(
        "{:>8}  {:<26}  {:<26}  {stream:<48}",
        number("Position"),
        // Whole milliseconds: the columns stay in line, and the rest is in --json.
        text(event, "Time").get(..23).unwrap_or(text(event, "Time")),
        text(event, "Type"),
    );
    let data = event.get("Data").map(Value::to_string).unwrap_or_default();
    let room = width.saturating_sub(row.chars().count() + 2);
    if room >= data.chars().count() {
        let _ = write!(row, "  {data}");
    } else if room > 1 {
        let _ = write!(row, "  {}…", data.chars().take(room - 1).collect::<String>());
    }
    row.truncate(row.trim_end().len());
    row
}

pub(super) fn text<'a>(event: &'a Value, name: &str) -> &'a str {
    event.get(name).and_then(Value::as_str).unwrap_or_default()
}
