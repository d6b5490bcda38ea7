//! SQL that more than one engine understands: statements with numbered parameters, and the values they take and give.

use kernel::Timestamp;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::Id;

/// A value of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// A whole number of 64 bits; also true (1) and false (0).
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// A text.
    Text(String),
}

/// What a projection changes: statements, carried out in order in the transaction that also moves the checkpoint.
#[derive(Debug, Default)]
pub struct Changes(pub(super) Vec<(&'static str, Vec<Value>)>);

impl Changes {
    /// Adds a statement with the values of its parameters `?1`, `?2` and so on: a tuple, or a list of one kind.
    pub fn execute(&mut self, sql: &'static str, values: impl Values) {
        self.0.push((sql, values.into_values()));
    }
}

/// The values of a statement's parameters, in order.
pub trait Values {
    /// The values, in the order of the parameters.
    fn into_values(self) -> Vec<Value>;
}

/// A type whose values can be parameters.
pub trait IntoValue {
    /// As a value of SQL.
    fn into_value(self) -> Value;
}

impl Value {
    pub(super) fn json(self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Integer(number) => number.into(),
            Self::Real(number) => number.into(),
            Self::Text(text) => text.into(),
        }
    }
}

macro_rules! values {
    ($convert:expr => $($type:ty),+) => { $(
        impl IntoValue for $type {
            fn into_value(self) -> Value {
                let convert: fn(Self) -> Value = $convert;
                convert(self)
            }
        }
    )+ };
}

values!(Value::Integer => i64);
values!(|number| Value::Integer(number.into()) => i32, i16, u32, u16, u8, bool);
values!(Value::Text => String);
values!(|text| Value::Text(text.to_owned()) => &str);
values!(|text| Value::Text(text.clone()) => &String);
values!(|id| Value::Text(id.to_string()) => Id, &Id, Uuid, &Uuid);
values!(Value::Real => f64);
// Microseconds since 1970.
values!(|time| Value::Integer(time.micros()) => Timestamp);

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::Null, IntoValue::into_value)
    }
}

impl Values for () {
    fn into_values(self) -> Vec<Value> {
        Vec::new()
    }
}

impl<T: IntoValue, const N: usize> Values for [T; N] {
    fn into_values(self) -> Vec<Value> {
        self.into_iter().map(IntoValue::into_value).collect()
    }
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<$($name: IntoValue),+> Values for ($($name,)+) {
            #[expect(non_snake_case, reason = "each value is named like its type")]
            fn into_values(self) -> Vec<Value> {
                let ($($name,)+) = self;
                vec![$($name.into_value()),+]
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);

/// The statement with PostgreSQL's parameters, `$1` for `?1`; what is in quotes stays as it is.
#[cfg(feature = "postgres")]
pub(super) fn dollars(sql: &str) -> String {
    let (mut text, mut quote) = (String::with_capacity(sql.len()), None);
    for char in sql.chars() {
        match quote {
            Some(end) if end == char => quote = None,
            None if char == '\'' || char == '"' => quote = Some(char),
            _ => {}
        }
        text.push(if char == '?' && quote.is_none() { '$' } else { char });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_in_the_order_of_their_parameters() {
        let values = ("ada", 7_i64, Some(true), None::<f64>).into_values();
        assert_eq!(
            values,
            [Value::Text("ada".to_owned()), Value::Integer(7), Value::Integer(1), Value::Null]
        );
        assert_eq!(["a", "b"].into_values().len(), 2);
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn parameters_are_translated_outside_of_quotes_only() {
        let sql = "UPDATE \"a?1\" SET b = ?1, c = 'it''s ?2' WHERE d = ?12";
        assert_eq!(dollars(sql), "UPDATE \"a?1\" SET b = $1, c = 'it''s ?2' WHERE d = $12");
    }
}
