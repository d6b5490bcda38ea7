//! From a parser's error to the answer that a client can act on: 400 for what is no JSON, 422 with the field's path for the rest.

use serde_path_to_error::Path;

use super::Problem;

/// 422 for a value that does not fit its field.
pub(super) fn field(path: &Path, message: &str) -> Problem {
    let mut field = path.to_string();
    let named = NAMING.iter().find_map(|prefix| message.strip_prefix(prefix));
    if let Some(name) = named.and_then(|rest| rest.split('`').next()) {
        field = parent_of(&field, name);
    }
    Problem::field(if field == "." { String::new() } else { field }, plain(message))
}

/// Errors about a whole object that name the member at fault themselves.
const NAMING: [&str; 3] = ["missing field `", "unknown field `", "duplicate field `"];

/// The path of member `name`, whether or not the parser had already counted it into `path`.
fn parent_of(path: &str, name: &str) -> String {
    if path == "." {
        name.to_owned()
    } else if path == name || path.ends_with(&format!(".{name}")) {
        path.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// The parser's message without line numbers and, lest a secret come back, without the value that was sent.
fn plain(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    if message.starts_with("missing field") {
        return "is missing".to_owned();
    }
    if message.starts_with("duplicate field") {
        return "is given more than once".to_owned();
    }
    if message.starts_with("unknown field") {
        return "is not known here".to_owned();
    }
    let wrong = ["invalid type: ", "invalid value: ", "invalid length "]
        .iter()
        .any(|p| message.starts_with(p));
    match message.rsplit_once(", expected ") {
        Some((found, expected)) if wrong => {
            let expected = described(expected);
            let quoted = found.starts_with("invalid type: string") && expected.contains("number");
            let not = if quoted { ", not a text (without quotation marks)" } else { "" };
            format!("must be {expected}{not}")
        }
        Some((before, expected)) if before.starts_with("unknown variant") => {
            format!("must be {}", expected.replace('`', ""))
        }
        _ => message.to_owned(),
    }
}

fn described(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative, within its range",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number within its range",
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}
