//! What the `events!` macro rests on: data written and read as one JSON object, and older schemas upcast.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{
    Serialize,
    de::{self, DeserializeOwned, Visitor},
};
pub use serde_json::value::RawValue;
use serde_json::{Error, value::to_raw_value};

use crate::{DecodeError, Event, Recorded, Version};

/// The members of an event's data, as an upcaster changes them.
pub type Fields = serde_json::Map<String, serde_json::Value>;

/// A step between a schema number of an event's data and the next one.
pub struct Step {
    way: Way,
    /// The lower one of the two numbers.
    number: u32,
    apply: fn(&mut Fields),
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    From,
    To,
}

impl Step {
    /// From that number to the next one: how data that was recorded once is read today.
    pub const fn from(number: u32, apply: fn(&mut Fields)) -> Self {
        Self { way: Way::From, number, apply }
    }

    /// From the next number back to that one: how data is written for readers that do not know the next one yet.
    pub const fn to(number: u32, apply: fn(&mut Fields)) -> Self {
        Self { way: Way::To, number, apply }
    }

    fn find(steps: &[Self], way: Way, number: u32) -> Option<&Self> {
        steps.iter().find(|step| step.way == way && step.number == number)
    }
}

/// Fails the build if a step is not between numbers up to the current one, or if two of one direction are for the same number.
pub const fn check_steps(steps: &[Step], current: u32) {
    let (mut from, mut to) = (0, 0);
    let mut rest = steps;
    while let [step, others @ ..] = rest {
        assert!(
            step.number >= 1 && step.number < current,
            "a step is between two schema numbers, the lower of which is older than the current one"
        );
        let last = match step.way {
            Way::From => &mut from,
            Way::To => &mut to,
        };
        assert!(step.number > *last, "the steps of an event are listed in order, each number once");
        *last = step.number;
        rest = others;
    }
}

/// The event in a record, if its type may occur at that place in a stream; parsed on first use.
pub fn read<'a, E: Event>(
    recorded: &'a Recorded,
    places: &[(&str, &str)],
) -> Result<&'a E, DecodeError> {
    let kind = recorded.kind.as_str();
    if recorded.version > Version(0) && places.contains(&(kind, "first")) {
        return Err(DecodeError::NotFirst(kind.to_owned()));
    }
    recorded.data.parsed(|json| E::decode(kind, recorded.schema, json))
}

/// The data as of the current schema. Number 0 counts as 1, the first one.
pub fn renewed<'a>(
    kind: &str,
    schema: u32,
    current: u32,
    steps: &[Step],
    data: &'a RawValue,
) -> Result<Cow<'a, str>, DecodeError> {
    let schema = schema.max(1);
    if schema == current {
        return Ok(Cow::Borrowed(data.get()));
    }
    if schema > current {
        return Err(DecodeError::UnknownSchema { kind: kind.to_owned(), schema });
    }
    let malformed = |source| DecodeError::Malformed { kind: kind.to_owned(), source };
    let mut fields: Fields = serde_json::from_str(data.get()).map_err(malformed)?;
    for number in schema..current {
        let step = Step::find(steps, Way::From, number);
        let step =
            step.ok_or_else(|| DecodeError::NoUpcaster { kind: kind.to_owned(), schema: number })?;
        (step.apply)(&mut fields);
    }
    serde_json::to_string(&fields).map(Cow::Owned).map_err(malformed)
}

/// Data of the current schema as readers of `newest` read it, with its schema number; none without a step back that far.
pub fn stepped_back(
    data: Box<RawValue>,
    current: u32,
    newest: u32,
    steps: &[Step],
) -> Option<(u32, Box<RawValue>)> {
    let newest = newest.max(1);
    if newest >= current {
        return Some((current, data));
    }
    let mut fields: Fields = serde_json::from_str(data.get()).ok()?;
    for number in (newest..current).rev() {
        (Step::find(steps, Way::To, number)?.apply)(&mut fields);
    }
    Some((newest, to_raw_value(&fields).ok()?))
}

/// A struct as an event's data.
#[must_use]
pub fn write(data: &impl Serialize) -> Box<RawValue> {
    to_raw_value(data).expect("events are plain data with string keys")
}

/// The struct in an event's data.
pub fn parse<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    serde_json::from_str(json)
}

/// Inline fields on their way to an event's data, in the order in which they are declared.
#[derive(Default)]
pub struct Members(String);

impl Members {
    /// Appends one field.
    #[must_use]
    pub fn with(mut self, name: &str, value: &impl Serialize) -> Self {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        // A field's name is an identifier, which needs no escapes.
        for part in ["\"", name, "\":", write(value).get()] {
            self.0.push_str(part);
        }
        self
    }

    /// The whole object.
    #[must_use]
    pub fn finish(self) -> Box<RawValue> {
        let json = if self.0.is_empty() { "{}".to_owned() } else { self.0 + "}" };
        RawValue::from_string(json).expect("members that are JSON make an object")
    }
}

/// The members of an object by their names.
pub fn members(json: &str) -> Result<BTreeMap<Cow<'_, str>, &RawValue>, Error> {
    serde_json::from_str(json)
}

/// One member as a field; a missing one is an error, unless the field may be nothing.
pub fn member<T: DeserializeOwned>(
    members: &BTreeMap<Cow<'_, str>, &RawValue>,
    name: &'static str,
) -> Result<T, Error> {
    match members.get(name) {
        Some(value) => serde_json::from_str(value.get()),
        None => T::deserialize(Missing(name)),
    }
}

/// What is read in place of a member that is not there: nothing.
struct Missing(&'static str);

impl<'de> de::Deserializer<'de> for Missing {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(de::Error::missing_field(self.0))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
