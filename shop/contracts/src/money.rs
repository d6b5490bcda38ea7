//! Money as whole minor units: exact, never floating point.

use std::{fmt, iter::Sum, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use thiserror::Error;

pub use schema::{AmountIn, ChangeIn};

mod schema;

/// An amount in whole minor units (cents) of the shop's one currency. May be negative as a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Money(i64);

/// An ISO 4217 code of a currency with two decimals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(String);

/// Why a text is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MoneyError {
    #[error("is not a decimal number such as 19.99")]
    NotANumber,
    #[error("has more than two decimals")]
    TooPrecise,
    #[error("is negative")]
    Negative,
    #[error("is over 1,000,000,000.00")]
    TooLarge,
    #[error("is not a currency code of three capital letters")]
    NoCurrency,
}

impl Money {
    pub const ZERO: Self = Self(0);
    /// The largest amount taken from outside: 1,000,000,000.00.
    pub const LIMIT: Self = Self(100_000_000_000);

    #[must_use]
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor)
    }

    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }

    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Parses an amount from outside: not negative, at most two decimals, at most [`Money::LIMIT`].
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let amount = Self::parse_signed(text)?;
        if amount.is_negative() || text.starts_with('-') {
            Err(MoneyError::Negative)
        } else {
            Ok(amount)
        }
    }

    /// Parses a difference from outside: like [`Money::parse`], but may be negative.
    pub fn parse_signed(text: &str) -> Result<Self, MoneyError> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, decimals) = match digits.split_once('.') {
            Some((_, "")) => return Err(MoneyError::NotANumber),
            Some((whole, decimals)) => (whole, decimals),
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(decimals) {
            return Err(MoneyError::NotANumber);
        }
        let significant = decimals.trim_end_matches('0');
        if significant.len() > 2 {
            return Err(MoneyError::TooPrecise);
        }
        // An overlong run of digits cannot be an amount within the limit, whatever its value.
        let whole = whole.trim_start_matches('0');
        if whole.len() > 10 {
            return Err(MoneyError::TooLarge);
        }
        let minor: i64 =
            format!("{whole}{significant:0<2}").parse().map_err(|_| MoneyError::NotANumber)?;
        if minor > Self::LIMIT.0 { Err(MoneyError::TooLarge) } else { Ok(Self(sign * minor)) }
    }

    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The price of `quantity` pieces.
    ///
    /// # Panics
    /// If the result does not fit into an `i64`, which amounts and quantities within their limits cannot reach.
    #[must_use]
    pub fn times(self, quantity: u32) -> Self {
        Self(
            self.0
                .checked_mul(i64::from(quantity))
                .expect("amounts and quantities are limited where they are parsed"),
        )
    }
}

impl std::ops::Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::ops::AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::ops::SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |total, amount| total + amount)
    }
}

impl fmt::Display for Money {
    /// Always two decimals: `19.90`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let minor = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", minor / 100, minor % 100)
    }
}

impl FromStr for Money {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        Self::parse(text)
    }
}

/// In events, money is the number of minor units: an integer, exact in every language.
impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self)
    }
}

impl Currency {
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        let valid = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if valid { Ok(Self(code.to_owned())) } else { Err(MoneyError::NoCurrency) }
    }

    #[must_use]
    pub fn code(&self) -> &str {
        &self.0
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(code: &str) -> Result<Self, MoneyError> {
        Self::parse(code)
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(code: String) -> Result<Self, MoneyError> {
        Self::parse(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An amount as the REST API writes it: a JSON number with at most two decimals, read from a number or a decimal string.
///
/// The digits of a number are read as they were written, never through floating point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal<const SIGNED: bool = false>(pub Money);

impl<const SIGNED: bool> Serialize for Decimal<SIGNED> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.0.to_string()).expect("a decimal is JSON");
        raw.serialize(serializer)
    }
}

impl<'de, const SIGNED: bool> Deserialize<'de> for Decimal<SIGNED> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <Box<RawValue>>::deserialize(deserializer)?;
        let unquoted = raw.get().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let text = unquoted.unwrap_or(raw.get());
        let parsed = if SIGNED { Money::parse_signed(text) } else { Money::parse(text) };
        parsed.map(Self).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_parsed_exactly_or_refused() {
        assert_eq!(Money::parse("19.99"), Ok(Money(1999)));
        assert_eq!(Money::parse("19.9"), Ok(Money(1990)));
        assert_eq!(Money::parse("0.070"), Ok(Money(7)));
        assert_eq!(Money::parse("1000000000.00"), Ok(Money::LIMIT));
        assert_eq!(Money::parse("1000000000.01"), Err(MoneyError::TooLarge));
        assert_eq!(Money::parse("99999999999999999999999"), Err(MoneyError::TooLarge));
        assert_eq!(Money::parse("1.999"), Err(MoneyError::TooPrecise));
        assert_eq!(Money::parse("-1"), Err(MoneyError::Negative));
        assert_eq!(Money::parse("-0"), Err(MoneyError::Negative));
        assert_eq!(Money::parse_signed("-1.5"), Ok(Money(-150)));
        for bad in ["", ".", "1.", ".5", "1e3", "0x1", "1,0", " 1", "+1", "--1", "NaN", "１"] {
            assert_eq!(Money::parse(bad), Err(MoneyError::NotANumber), "{bad:?}");
        }
    }

    #[test]
    fn at_the_border_a_number_or_a_string_is_read_and_a_number_written() {
        for json in ["19.99", "\"19.99\""] {
            assert_eq!(
                serde_json::from_str::<Decimal>(json).expect("an amount"),
                Decimal(Money(1999))
            );
        }
        assert_eq!(serde_json::to_string(&Decimal::<false>(Money(5))).expect("serialises"), "0.05");
        for bad in ["null", "true", "[]", "{}", "1e2", "-1", "\"\\u0031\""] {
            assert!(serde_json::from_str::<Decimal>(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed_back(minor in 0..=Money::LIMIT.0) {
            prop_assert_eq!(Money::parse(&Money(minor).to_string()), Ok(Money(minor)));
            prop_assert_eq!(Money::parse_signed(&Money(-minor).to_string()), Ok(Money(-minor)));
        }
    }
}
