//! What changed from one schema of an event type to the next, in words, as far as the examples show it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::Value;

/// What the document of changes begins with.
const HEAD: &str = "# What changed between released schemas

Checked by `testkit::released`, which prints the text that belongs here. Readers are programs that read the JSON and ignore
members they do not know. Programs that decode with `events!` refuse a newer schema: update all of them before one that
records it.
";

/// The examples of every type and schema number.
pub(super) type Examples = BTreeMap<(String, u32), Vec<Value>>;

/// Every change from one schema number to the next, as a document; nothing if no type has a second schema.
pub(super) fn document(files: &Examples) -> String {
    let mut text = String::new();
    for ((kind, number), examples) in files {
        let Some(before) = files.get(&(kind.clone(), number.wrapping_sub(1))) else { continue };
        if text.is_empty() {
            text.push_str(HEAD);
        }
        _ = write!(text, "\n## {kind} {} → {number}\n\n", number - 1);
        for line in lines(&Shape::of(before), &Shape::of(examples), number - 1) {
            _ = writeln!(text, "- {line}");
        }
    }
    text
}

fn lines(before: &Shape, after: &Shape, number: u32) -> Vec<String> {
    let changes = before.changes(after);
    let broken: Vec<&Change> = changes.iter().filter(|change| change.breaks).collect();
    let verdict = if broken.is_empty() {
        format!("Readers of schema {number} survive it: all that they read is still there.")
    } else {
        let names: Vec<String> = broken.iter().map(|change| format!("`{}`", change.path)).collect();
        format!(
            "Readers of schema {number} do not survive it, because of {}: change them first.",
            names.join(", ")
        )
    };
    let mut lines: Vec<String> = changes.into_iter().map(|change| change.words).collect();
    if lines.is_empty() {
        lines.push("No member changed; its meaning did.".to_owned());
    }
    lines.push(verdict);
    lines
}

/// What a member can be. It may also be absent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Truth,
    Whole,
    Decimal,
    Text,
    List,
    Object,
    Null,
    Absent,
}

impl Kind {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Truth,
            Value::Number(number) if number.is_f64() => Self::Decimal,
            Value::Number(_) => Self::Whole,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Object,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Truth => "true or false",
            Self::Whole => "a whole number",
            Self::Decimal => "a number with decimals",
            Self::Text => "text",
            Self::List => "a list",
            Self::Object => "an object",
            Self::Null => "null",
            Self::Absent => "absent",
        }
    }
}

type Kinds = BTreeSet<Kind>;

/// The members of an event's data by their paths, such as `lines[].price`, with all that each was seen to be.
#[derive(Default)]
struct Shape(BTreeMap<String, Kinds>);

struct Change {
    path: String,
    words: String,
    /// Whether a reader of the schema before meets something that it does not expect.
    breaks: bool,
}

impl Shape {
    fn of(examples: &[Value]) -> Self {
        let mut shape = Self::default();
        shape.see("", &examples.iter().collect::<Vec<_>>());
        shape
    }

    /// Takes in all values that one path has.
    fn see(&mut self, path: &str, values: &[&Value]) {
        let objects: Vec<_> = values.iter().filter_map(|value| value.as_object()).collect();
        let names: BTreeSet<&String> = objects.iter().flat_map(|object| object.keys()).collect();
        for name in names {
            let found: Vec<&Value> = objects.iter().filter_map(|object| object.get(name)).collect();
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let mut kinds: Kinds = found.iter().map(|value| Kind::of(value)).collect();
            if found.len() < objects.len() {
                kinds.insert(Kind::Absent);
            }
            self.0.insert(path.clone(), kinds);
            self.see(&path, &found);
        }
        let elements: Vec<&Value> =
            values.iter().filter_map(|value| value.as_array()).flatten().collect();
        if !elements.is_empty() {
            let path = format!("{path}[]");
            self.0.insert(path.clone(), elements.iter().map(|value| Kind::of(value)).collect());
            self.see(&path, &elements);
        }
    }

    /// What is different in `after`, ordered by path. Of what is added or removed as a whole, the parts are not listed.
    fn changes(&self, after: &Self) -> Vec<Change> {
        let paths: BTreeSet<&String> = self.0.keys().chain(after.0.keys()).collect();
        let changed = paths.into_iter().filter_map(|path| {
            let (old, new) = (self.0.get(path), after.0.get(path));
            let is_new = |path| !self.0.contains_key(path) || !after.0.contains_key(path);
            if parent(path).is_some_and(is_new) {
                return None;
            }
            change(path, old, new)
        });
        changed.collect()
    }
}

/// The path of what contains a member, if it is a member too.
fn parent(path: &str) -> Option<&str> {
    path.strip_suffix("[]").or_else(|| path.rsplit_once('.').map(|(parent, _)| parent))
}

fn change(path: &str, old: Option<&Kinds>, new: Option<&Kinds>) -> Option<Change> {
    let (words, breaks) = match (old, new) {
        // A list that is empty in every example says nothing of its elements.
        (None, _) | (_, None) if path.ends_with("[]") => return None,
        (None, Some(new)) => (format!("adds `{path}` ({})", in_words(new)), false),
        (Some(old), None) => {
            (format!("removes `{path}` ({})", in_words(old)), !old.contains(&Kind::Absent))
        }
        (Some(old), Some(new)) if old == new => return None,
        (Some(old), Some(new)) => {
            let breaks = !new.is_subset(old);
            let verb = match (breaks, old.is_subset(new)) {
                (false, _) => "narrows",
                (true, true) => "widens",
                (true, false) => "changes",
            };
            (format!("{verb} `{path}` from {} to {}", in_words(old), in_words(new)), breaks)
        }
        (None, None) => return None,
    };
    Some(Change { path: path.to_owned(), words, breaks })
}

fn in_words(kinds: &Kinds) -> String {
    kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn between(before: &Value, after: &Value) -> Vec<String> {
        let shape = |examples: &Value| Shape::of(examples.as_array().expect("a list"));
        lines(&shape(before), &shape(after), 1)
    }

    const SURVIVE: &str = "Readers of schema 1 survive it: all that they read is still there.";

    #[test]
    fn what_is_added_or_narrowed_breaks_no_reader() {
        let before = json!([{ "a": 1, "b": null }, { "a": 1, "b": "x" }, { "a": 1 }]);
        let after = json!([{ "a": 1, "b": "x", "c": { "d": true } }]);
        let said = between(&before, &after);
        assert_eq!(
            said,
            ["narrows `b` from text or null or absent to text", "adds `c` (an object)", SURVIVE]
        );
    }

    #[test]
    fn what_is_removed_widened_or_changed_breaks_them_and_is_named() {
        let before = json!([{ "a": 1, "b": { "c": "x" }, "d": 1, "e": [{ "f": 1 }] }]);
        let after = json!([{ "b": { "c": null }, "d": 1, "e": [{ "f": 1.5 }] }, { "b": { "c": "x" }, "e": [] }]);
        let said = between(&before, &after);
        assert_eq!(
            said,
            [
                "removes `a` (a whole number)",
                "widens `b.c` from text to text or null",
                "widens `d` from a whole number to a whole number or absent",
                "changes `e[].f` from a whole number to a number with decimals",
                "Readers of schema 1 do not survive it, because of `a`, `b.c`, `d`, `e[].f`: change them first.",
            ]
        );
    }

    #[test]
    fn what_could_be_absent_may_be_removed_and_an_empty_list_says_nothing() {
        let before = json!([{ "a": 1, "b": [1] }, { "b": [] }]);
        assert_eq!(
            between(&before, &json!([{ "b": [] }])),
            ["removes `a` (a whole number or absent)", SURVIVE]
        );
        let same = json!([{ "b": [] }]);
        assert_eq!(between(&same, &same), ["No member changed; its meaning did.", SURVIVE]);
    }
}
