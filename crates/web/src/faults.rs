//! All fields at fault of a JSON body or of a query string, although a parser stops at the first one.
//!
//! For each field at fault a value is looked for that fits it; with that in its place, the parser gets to the next fault. No type has
//! to say more of itself for that than how it is parsed.

use std::collections::BTreeMap;

use form_urlencoded::Serializer;
use serde::de::{DeserializeOwned, value::MapDeserializer};
use serde_json::{Value, json};

use super::{FieldError, Problem, reject};

/// Requests are parsed again and again, so longer ones are not examined further.
const BYTES_MAX: usize = 16 * 1024;
/// Faults reported at once.
const FAULTS_MAX: usize = 32;

/// The faults of a body of type `T`, whose first one is known, in the order of its fields; what is missing comes last.
pub(super) fn of_body<T: DeserializeOwned>(text: &str, first: FieldError) -> Vec<FieldError> {
    if text.len() > BYTES_MAX {
        return vec![first];
    }
    let members: Result<BTreeMap<String, Value>, _> = serde_json::from_str(text);
    let Ok(members) = members else { return vec![first] };
    let parser = Parser { stand_ins: &stand_ins(), fault: fault_of_members::<T> };
    let mut faults = parser.faults(members.into_iter().collect(), first);
    let place = |fault: &FieldError| text.find(&format!("\"{}\"", member_of(&fault.field)));
    faults.sort_by_key(|fault| place(fault).unwrap_or(usize::MAX));
    faults
}

/// The value of a well encoded query string, or the refusal that names all its parameters at fault, likewise.
pub(super) fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    value_of(query).map_err(|first| Problem::unprocessable(of_query::<T>(query, first)))
}

fn of_query<T: DeserializeOwned>(query: &str, first: FieldError) -> Vec<FieldError> {
    if query.len() > BYTES_MAX {
        return vec![first];
    }
    let pairs = || form_urlencoded::parse(query.as_bytes()).into_owned();
    let stand_ins = stand_ins().into_iter().map(|value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    });
    let stand_ins: Vec<String> = stand_ins.collect();
    let parser = Parser { stand_ins: &stand_ins, fault: fault_of_pairs::<T> };
    let mut faults = parser.faults(pairs().collect(), first);
    let place = |fault: &FieldError| pairs().position(|(name, _)| name == fault.field);
    faults.sort_by_key(|fault| place(fault).unwrap_or(usize::MAX));
    faults
}

/// What finds the first fault of a request's members, and values that may fit them.
struct Parser<'a, V> {
    stand_ins: &'a [V],
    fault: fn(&[(String, V)]) -> Option<FieldError>,
}

impl<V: Clone + From<String>> Parser<'_, V> {
    fn faults(&self, mut members: Vec<(String, V)>, first: FieldError) -> Vec<FieldError> {
        let mut faults = vec![first];
        while faults.len() < FAULTS_MAX
            && let Some(last) = faults.last()
        {
            self.mend(&mut members, last);
            let Some(next) = (self.fault)(&members) else { break };
            let is_known = |known: &FieldError| member_of(&known.field) == member_of(&next.field);
            if faults.iter().any(is_known) {
                break;
            }
            faults.push(next);
        }
        faults
    }

    /// Puts a value that fits in the place of the member at fault, before the others, so that its own faults would be found first;
    /// nothing if none fits, as for one that is not known.
    fn mend(&self, members: &mut Vec<(String, V)>, fault: &FieldError) {
        let name = member_of(&fault.field);
        members.retain(|(known, _)| known != name);
        let mut left: Vec<V> = self.stand_ins.iter().rev().cloned().collect();
        let mut is_first = true;
        while let Some(value) = left.pop() {
            members.insert(0, (name.to_owned(), value));
            let fault = (self.fault)(members).filter(|fault| member_of(&fault.field) == name);
            let Some(FieldError { detail, .. }) = fault else { return };
            members.remove(0);
            if std::mem::take(&mut is_first) {
                // Of a few texts, the last is the end of what is said to be wanted.
                left.extend(detail.rsplit(' ').next().map(|text| V::from(text.to_owned())));
            }
        }
    }
}

fn fault_of_members<T: DeserializeOwned>(members: &[(String, Value)]) -> Option<FieldError> {
    let members = MapDeserializer::<_, serde_json::Error>::new(members.iter().cloned());
    let parsed: Result<T, _> = serde_path_to_error::deserialize(members);
    parsed.err().map(|error| reject::fault(error.path(), &error.inner().to_string()))
}

fn fault_of_pairs<T: DeserializeOwned>(pairs: &[(String, String)]) -> Option<FieldError> {
    value_of::<T>(&Serializer::new(String::new()).extend_pairs(pairs).finish()).err()
}

fn value_of<T: DeserializeOwned>(query: &str) -> Result<T, FieldError> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs))
        .map_err(|error| reject::fault(error.path(), &error.inner().to_string()))
}

/// `Items` of `Items[2].Name`.
fn member_of(field: &str) -> &str {
    field.split(['.', '[']).next().unwrap_or_default()
}

/// Values one of which fits nearly every field of a request.
fn stand_ins() -> [Value; 12] {
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
        json!("2026-01-01"),
        json!([]),
        json!({}),
    ]
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::{Text, Whole, json, query};

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
    struct Asked {
        sort: Sort,
        least: u8,
        most: Option<u8>,
        id: Option<uuid::Uuid>,
        name: Text<1, 5>,
    }

    #[derive(Debug, Deserialize)]
    enum Sort {
        Up,
        Down,
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
        let body = format!(r#"{{"Name":"x","Price":0,"Pad":"{}"}}"#, "x".repeat(BYTES_MAX));
        assert_eq!(fields(&body), ["Name"]);
    }

    fn parameters(query: &str) -> Vec<String> {
        let problem = query::parse::<Asked>(query).expect_err("it is refused");
        problem.errors().iter().map(|error| error.field.clone()).collect()
    }

    #[test]
    fn every_parameter_at_fault_is_named() {
        assert_eq!(
            parameters("Most=x&Colour=red&Sort=Sideways&Id=7&Least=-1&Most=2&Name="),
            ["Most", "Colour", "Sort", "Id", "Least", "Name"]
        );
        assert_eq!(parameters("Most=many"), ["Most", "Sort", "Least", "Name"]);
        assert_eq!(parameters("Sort=Up&Least=1&Name=abc&Least=2"), ["Least"]);
        assert!(query::parse::<Asked>("Sort=Down&Least=1&Name=a%26b").is_ok());
    }

    #[test]
    fn a_good_parameter_is_never_named_and_a_long_query_is_not_parsed_again() {
        assert_eq!(parameters("Least=1&Sort=&Name=a%26b+c"), ["Sort"]);
        let long = format!("Least=x&Name={}", "x".repeat(BYTES_MAX));
        assert_eq!(parameters(&long), ["Least"]);
    }
}
