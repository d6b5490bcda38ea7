//! All fields at fault of a JSON body, although a parser stops at the first one.
//!
//! For each field at fault a value is looked for that fits it; with that in its place, the parser gets to the next fault. No type has
//! to say more of itself for that than how it is parsed.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, value::MapDeserializer};
use serde_json::{Value, json};

use super::{FieldError, reject};

/// Bodies are parsed again and again, so longer ones are not examined further.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// Faults reported at once.
const FAULTS_MAX: usize = 32;

/// The faults of a body of type `T`, whose first one is known, in the order of its fields; what is missing comes last.
pub(super) fn all<T: DeserializeOwned>(text: &str, first: FieldError) -> Vec<FieldError> {
    let mut faults = vec![first];
    if text.len() > BODY_BYTES_MAX {
        return faults;
    }
    let Ok(mut members) = serde_json::from_str(text) else { return faults };
    while faults.len() < FAULTS_MAX
        && let Some(last) = faults.last().map(|fault| member_of(&fault.field))
    {
        mend::<T>(&mut members, &last);
        let Some(next) = fault::<T>(&members, &last) else { break };
        let is_known = |known: &FieldError| member_of(&known.field) == member_of(&next.field);
        if faults.iter().any(is_known) {
            break;
        }
        faults.push(next);
    }
    let place = |fault: &FieldError| text.find(&format!("\"{}\"", member_of(&fault.field)));
    faults.sort_by_key(|fault| place(fault).unwrap_or(usize::MAX));
    faults
}

/// Puts a value that fits in the place of the member; nothing if none does, as for one that is not known.
fn mend<T: DeserializeOwned>(members: &mut BTreeMap<String, Value>, name: &str) {
    for value in stand_ins() {
        members.insert(name.to_owned(), value);
        if fault::<T>(members, name).is_none_or(|fault| member_of(&fault.field) != name) {
            return;
        }
    }
    members.remove(name);
}

/// The first fault of a body whose member `first` is parsed before the others.
fn fault<T: DeserializeOwned>(
    members: &BTreeMap<String, Value>,
    first: &str,
) -> Option<FieldError> {
    let (own, others): (Vec<_>, Vec<_>) = members.iter().partition(|(name, _)| *name == first);
    let members = own.into_iter().chain(others);
    let members = members.map(|(name, value)| (name.clone(), value.clone()));
    let members = MapDeserializer::<_, serde_json::Error>::new(members);
    let parsed: Result<T, _> = serde_path_to_error::deserialize(members);
    parsed.err().map(|error| reject::fault(error.path(), &error.inner().to_string()))
}

/// `Items` of `Items[2].Name`.
fn member_of(field: &str) -> String {
    field.split(['.', '[']).next().unwrap_or_default().to_owned()
}

/// Values one of which fits nearly every field of a request.
fn stand_ins() -> [Value; 11] {
    [
        json!("abc"),
        json!("abcdefghijkl"),
        json!("abc@example.org"),
        json!(1),
        json!(0),
        json!("1.00"),
        json!(true),
        json!("0190c7f2-8b1e-7c3a-9f00-1234567890ab"),
        json!("2026-01-01T00:00:00Z"),
        json!([]),
        json!({}),
    ]
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::{Text, Whole, json};

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Offer {
        name: Text<3, 10>,
        price: Whole<1, 100>,
        id: uuid::Uuid,
        #[serde(default)]
        note: Option<Text<1, 5>>,
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Line {
        count: u8,
    }

    fn fields(body: &str) -> Vec<String> {
        let problem = json::parse::<Offer>(body.as_bytes()).expect_err("it is refused");
        problem.errors().iter().map(|error| error.field.clone()).collect()
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let body = r#"{"Name":"x","Price":0,"Id":"y","Note":"too long","Lines":[{"Count":1},{"Count":-1}],"Colour":1}"#;
        assert_eq!(fields(body), ["Name", "Price", "Id", "Note", "Lines[1].Count", "Colour"]);
    }

    #[test]
    fn what_is_missing_is_named_as_well() {
        assert_eq!(fields(r#"{"Price":0}"#), ["Price", "Name", "Id", "Lines"]);
        assert_eq!(fields("{}"), ["Name", "Price", "Id", "Lines"]);
    }

    #[test]
    fn one_fault_is_one_and_a_good_field_is_never_named() {
        let id = "0190c7f2-8b1e-7c3a-9f00-1234567890ab";
        let body = format!(r#"{{"Name":"abc","Price":5,"Id":"{id}","Lines":[],"Note":7}}"#);
        assert_eq!(fields(&body), ["Note"]);
        let twice = format!(r#"{{"Name":"abc","Name":"abc","Price":0,"Id":"{id}","Lines":[]}}"#);
        assert_eq!(fields(&twice), ["Name", "Price"]);
    }

    #[test]
    fn a_long_body_is_not_parsed_again() {
        let body = format!(r#"{{"Name":"x","Price":0,"Pad":"{}"}}"#, "x".repeat(BODY_BYTES_MAX));
        assert_eq!(fields(&body), ["Name"]);
    }
}
