//! Values on their way to PostgreSQL's types and back.

use std::error::Error;

use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use uuid::Uuid;

use crate::model::sql::Value;

/// What a conversion fails with.
type Fault = Box<dyn Error + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        let unfit =
            || Fault::from(format!("{self:?} does not fit into a column of the type {kind}"));
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => match *kind {
                Type::INT8 => number.to_sql(kind, out),
                Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
                Type::INT2 => i16::try_from(*number)?.to_sql(kind, out),
                Type::BOOL => (*number != 0).to_sql(kind, out),
                Type::FLOAT8 => f64::from(i32::try_from(*number)?).to_sql(kind, out),
                _ => Err(unfit()),
            },
            Self::Real(number) if *kind == Type::FLOAT8 => number.to_sql(kind, out),
            Self::Text(text) => match *kind {
                Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => text.to_sql(kind, out),
                Type::UUID => Uuid::parse_str(text)?.to_sql(kind, out),
                _ => Err(unfit()),
            },
            Self::Real(_) => Err(unfit()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A column of a row, whatever its type.
pub(super) struct Column(pub(super) Value);

impl<'a> FromSql<'a> for Column {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
        Ok(Self(match *kind {
            Type::INT8 => Value::Integer(FromSql::from_sql(kind, raw)?),
            Type::INT4 => Value::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Value::Integer(i16::from_sql(kind, raw)?.into()),
            Type::BOOL => Value::Integer(bool::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Value::Real(FromSql::from_sql(kind, raw)?),
            Type::FLOAT4 => Value::Real(f32::from_sql(kind, raw)?.into()),
            Type::NUMERIC => {
                Value::Integer(whole(raw).ok_or("a sum is not a whole number of 64 bits")?)
            }
            Type::UUID => Value::Text(Uuid::from_sql(kind, raw)?.to_string()),
            _ => Value::Text(FromSql::from_sql(kind, raw)?),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Fault> {
        Ok(Self(Value::Null))
    }

    fn accepts(kind: &Type) -> bool {
        let known = [
            Type::INT8,
            Type::INT4,
            Type::INT2,
            Type::BOOL,
            Type::FLOAT8,
            Type::FLOAT4,
            Type::NUMERIC,
            Type::UUID,
        ];
        known.contains(kind) || <String as FromSql>::accepts(kind)
    }
}

/// A `NUMERIC`, which is what a sum of `BIGINT` is, as a whole number: digits to the base 10,000, the first of the given weight.
fn whole(raw: &[u8]) -> Option<i64> {
    const NEGATIVE: u16 = 0x4000;
    let mut words = raw.chunks_exact(2).map(|word| word.try_into().map(u16::from_be_bytes));
    let mut word = || words.next()?.ok();
    let (count, weight, sign, _scale) = (word()?, word()?.cast_signed(), word()?, word()?);
    if count > 0 && i32::from(weight) + 1 < i32::from(count) {
        return None;
    }
    let mut number = 0_i64;
    for at in 0..=weight.max(-1) {
        let digit = if i32::from(at) < i32::from(count) { word()? } else { 0 };
        let digit = i64::from(digit);
        let digit = if sign == NEGATIVE { -digit } else { digit };
        number = number.checked_mul(10_000)?.checked_add(digit)?;
    }
    (sign == 0 || sign == NEGATIVE).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(weight: i16, sign: u16, digits: &[u16]) -> Vec<u8> {
        let count = u16::try_from(digits.len()).expect("few");
        let head = [count, weight.cast_unsigned(), sign, 0];
        head.iter().chain(digits).flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn sums_are_read_as_whole_numbers() {
        for (raw, number) in [
            (numeric(0, 0, &[]), Some(0)),
            (numeric(0, 0, &[7]), Some(7)),
            (numeric(1, 0, &[12, 3456]), Some(123_456)),
            (numeric(1, 0x4000, &[1]), Some(-10_000)),
            (numeric(4, 0, &[922, 3372, 368, 5477, 5807]), Some(i64::MAX)),
            (numeric(4, 0, &[922, 3372, 368, 5477, 5808]), None),
            (numeric(0, 0, &[1, 5000]), None),
            (numeric(0, 0xC000, &[]), None),
        ] {
            assert_eq!(whole(&raw), number, "{raw:?}");
        }
    }
}
