//! A recorded event as lines for people.

use serde_json::Value;

use crate::term::{Colour, paint};

/// The width of positions, and what stands before the lines below.
const POSITION: usize = 7;
/// The width of types.
const TYPE: usize = 25;
/// More of one value hides the others; `--json` has all of it.
const VALUE_MAX: usize = 72;

/// Position, time, type, and why it was recorded; below, stream and version, an order's number, and the data as `name=value`, in lines of at most `width`.
pub(super) fn rows(event: &Value, width: usize) -> Vec<String> {
    let number = |name| event.get(name).and_then(Value::as_u64);
    let position = format!("{:>POSITION$}", number("Position").unwrap_or_default());
    // Whole milliseconds: the columns stay in line, and the rest is in --json.
    let time = text(event, "Time");
    let time = time.get(..23).unwrap_or(time).replace('T', " ");
    let kind = text(event, "Type");
    let mut head =
        format!("{}  {time}  {}", paint(Colour::Dim, position), paint(Colour::Name, kind));
    let why = match (number("Cause"), text(event, "Actor").split(':').next()) {
        (Some(cause), _) => format!("because of {cause}"),
        (None, Some(actor)) if !actor.is_empty() => format!("by {actor}"),
        (None, _) => String::new(),
    };
    if !why.is_empty() {
        let gap = TYPE.saturating_sub(kind.chars().count()) + 2;
        head.push_str(&" ".repeat(gap));
        head.push_str(&paint(Colour::Dim, why));
    }
    let stream = text(event, "Stream");
    let mut words = vec![format!("{stream}@{}", number("Version").unwrap_or_default())];
    words.extend(number_of(stream));
    if let Some(data) = event.get("Data") {
        words_of("", data, &mut words);
    }
    let mut rows = vec![head];
    rows.extend(wrapped(words, width));
    rows
}

/// The number of an order, for a stream of one.
fn number_of(stream: &str) -> Option<String> {
    let order = stream.strip_prefix(contracts::order::CATEGORY)?.strip_prefix('-')?;
    Some(format!("#{}", contracts::order::number::number(order.parse().ok()?)))
}

/// The words in lines, each with room for the position before it. A word that is too long has a line of its own.
pub(super) fn wrapped(words: Vec<String>, width: usize) -> Vec<String> {
    let indent = " ".repeat(POSITION + 2);
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 2 + word.chars().count() <= width => {
                line.push_str("  ");
                line.push_str(&word);
            }
            _ => lines.push(format!("{indent}{word}")),
        }
    }
    lines
}

/// What stands in the data, each value behind its name; names of what is inside are joined by dots.
fn words_of(name: &str, value: &Value, words: &mut Vec<String>) {
    if let Value::Object(members) = value {
        for (member, value) in members {
            let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
            words_of(&name, value, words);
        }
        return;
    }
    let shown = match value {
        Value::String(text) => short(text),
        other => cut(other.to_string()),
    };
    let name = if name.is_empty() { "data" } else { name };
    words.push(format!("{name}={shown}"));
}

/// A text as a value, in quotation marks unless it is one word, and not too long.
pub(super) fn short(text: &str) -> String {
    let is_plain =
        !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '=');
    cut(if is_plain { text.to_owned() } else { Value::from(text).to_string() })
}

fn cut(shown: String) -> String {
    match shown.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default()),
        None => shown,
    }
}

pub(super) fn text<'a>(event: &'a Value, name: &str) -> &'a str {
    event.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The category of an event's stream.
pub(super) fn category(event: &Value) -> &str {
    let stream = text(event, "Stream");
    stream.split_once('-').map_or(stream, |(category, _)| category)
}
