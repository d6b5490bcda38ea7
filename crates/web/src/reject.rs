//! From a parser's error to a response that a client can act on, in plain English: 400 for invalid JSON, 422 with the field's path
//! for the rest.

use serde_path_to_error::Path;

use super::FieldError;

/// What is wrong with which field.
pub(super) fn fault(path: &Path, message: &str) -> FieldError {
    let mut field = path.to_string();
    let named = NAMING.iter().find_map(|prefix| message.strip_prefix(prefix));
    if let Some(name) = named.and_then(|rest| rest.split('`').next()) {
        field = parent_of(&field, name);
    }
    FieldError { field: if field == "." { String::new() } else { field }, detail: plain(message) }
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

/// The parser's message without line numbers, and without the value that was sent, which may be a secret.
pub(super) fn plain(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    if let Some((_, wanted)) = PARSERS.iter().find(|(begin, _)| message.starts_with(begin)) {
        return format!("must be {wanted}");
    }
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
            let not = if quoted { ", not a string (without quotation marks)" } else { "" };
            format!("must be {expected}{not}")
        }
        Some((before, expected)) if before.starts_with("unknown variant") => {
            format!("must be {}", expected.replace('`', ""))
        }
        _ => message.to_owned(),
    }
}

/// How messages of the parsers of strings begin, and what they expect.
const PARSERS: [(&str, &str); 9] = [
    // Of one of several texts: anything else.
    ("expected value", "one of the strings that /openapi.json lists"),
    ("UUID parsing failed", ID),
    ("invalid digit found in string", WHOLE),
    ("cannot parse integer from empty string", WHOLE),
    ("number too large to fit", WHOLE),
    ("number too small to fit", WHOLE),
    ("invalid float literal", "a number"),
    ("cannot parse float from empty string", "a number"),
    ("provided string was not `true` or `false`", "true or false"),
];
const ID: &str = "an id such as 0190c7f2-8b1e-7c3a-9f00-1234567890ab";
const WHOLE: &str = "a whole number within its range";

/// What a parser expected, by the name that it has in the code.
pub(super) fn described(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative, within its range",
        "i8" | "i16" | "i32" | "i64" | "isize" => WHOLE,
        "f32" | "f64" => "a number",
        "bool" | "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.contains("UUID") => ID,
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}

/// Where a text is not JSON, and what is expected there.
pub(super) fn syntax(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let known = SYNTAX.iter().find(|(begin, _)| message.starts_with(begin));
    let expected = known.map_or(ESCAPE, |(_, expected)| expected);
    format!(
        "The body is not JSON: at line {}, column {}, {expected}.",
        error.line(),
        error.column()
    )
}

/// How messages of the parser of JSON begin, and what is expected instead.
const SYNTAX: [(&str, &str); 16] = [
    ("EOF while parsing a list", "it ends within a list, which ends with ]"),
    ("EOF while parsing an object", "it ends within an object, which ends with }"),
    ("EOF while parsing a string", "it ends within a string, which ends with a quotation mark"),
    ("EOF", "it ends where a value is expected"),
    ("expected `:`", "a colon is expected after the name of a field"),
    ("expected `,` or `]`", "a comma or the end of the list, ], is expected"),
    ("expected `,` or `}`", "a comma or the end of the object, }, is expected"),
    ("expected ident", "true, false or null is expected"),
    ("expected value", VALUE),
    ("key must be a string", "the name of a field is expected, in double quotation marks"),
    ("trailing comma", "after a comma, another field or value is expected"),
    ("trailing characters", "the end is expected after the first value"),
    (
        "control character",
        "line breaks and other control characters are written as in \"\\n\" within a string",
    ),
    ("invalid number", "a number such as 12 or 12.50 is expected"),
    ("number out of range", "a smaller number is expected"),
    ("recursion limit exceeded", "lists and objects may be nested 127 deep at most"),
];
const VALUE: &str = "a value is expected: an object, a list, a string in double quotation marks, a number, true, false or null";
/// For all others, which are about escapes.
const ESCAPE: &str = "after \\, one of \" \\ / b f n r t or u and four hex digits is expected";

#[cfg(test)]
mod tests {
    use super::*;

    fn said<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> String {
        plain(&text.parse::<T>().err().expect("wrong").to_string())
    }

    #[test]
    fn what_parsers_say_of_texts_is_plain_english_and_repeats_nothing() {
        for text in ["", "x", "-1", "99999999999999999999"] {
            assert_eq!(said::<u64>(text), format!("must be {WHOLE}"));
        }
        assert_eq!(said::<i8>("-1000"), format!("must be {WHOLE}"));
        assert_eq!(said::<bool>("yes"), "must be true or false");
        assert_eq!(said::<f64>("x"), "must be a number");
        assert_eq!(plain("must have 1 to 64 characters"), "must have 1 to 64 characters");
    }

    #[test]
    fn what_parsers_of_json_say_is_plain_english() {
        let said = |json: &str, error: Option<serde_json::Error>| {
            plain(&error.unwrap_or_else(|| panic!("{json} is taken")).to_string())
        };
        let id = |json| said(json, serde_json::from_str::<uuid::Uuid>(json).err());
        for json in ["\"\"", "\"x\"", "\"0190c7f2-8b1e\"", "7", "[]"] {
            assert_eq!(id(json), format!("must be {ID}"), "{json}");
        }
        let list = said("7", serde_json::from_str::<Vec<u8>>("7").err());
        assert_eq!(list, "must be a list");
        let flag = said("7", serde_json::from_str::<bool>("7").err());
        assert_eq!(flag, "must be true or false");
    }

    #[test]
    fn a_text_that_is_not_json_is_refused_with_its_place_and_what_is_expected_there() {
        let deep = "[".repeat(200);
        for (text, says) in [
            ("", "line 1, column 0, it ends where a value is expected"),
            ("{", "line 1, column 1, it ends within an object, which ends with }"),
            ("[1,\n2", "line 2, column 1, it ends within a list, which ends with ]"),
            ("\"a", "line 1, column 2, it ends within a string, which ends with a quotation mark"),
            ("{\"a\" 1}", "line 1, column 6, a colon is expected after the name of a field"),
            ("[1 2]", "line 1, column 4, a comma or the end of the list, ], is expected"),
            ("{\"a\":1 \"b\":2}", "column 8, a comma or the end of the object, }, is expected"),
            ("nonsense", "line 1, column 2, true, false or null is expected"),
            ("{\"a\": x}", "line 1, column 7, a value is expected: an object, a list"),
            ("{a:1}", "column 2, the name of a field is expected, in double quotation marks"),
            ("[1,]", "line 1, column 4, after a comma, another field or value is expected"),
            ("{} x", "line 1, column 4, the end is expected after the first value"),
            ("\"a\nb\"", "line breaks and other control characters are written as in \"\\n\""),
            ("[-]", "line 1, column 3, a number such as 12 or 12.50 is expected"),
            ("1e400", "a smaller number is expected"),
            ("\"\\x\"", "line 1, column 3, after \\, one of"),
            ("\"\\ud800\"", "after \\, one of"),
            (deep.as_str(), "line 1, column 128, lists and objects may be nested 127 deep at most"),
        ] {
            let error = serde_json::from_str::<serde_json::Value>(text).expect_err("no JSON");
            let said = syntax(&error);
            assert!(said.contains(says), "{text:.20}: {said}, where {error}");
        }
    }
}
