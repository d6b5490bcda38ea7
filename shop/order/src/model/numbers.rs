//! Numeric codes of the enums in a row, the same in every engine. Rows store them, so a code never changes its meaning.

use contracts::{
    order::{
        Channel, Reason,
        lifecycle::{CreditStatus, Status, StockStatus},
    },
    rest::order::Durations,
};
use kernel::Position;
use rusqlite::types::{FromSqlError, FromSqlResult, ValueRef};
use thiserror::Error;
#[cfg(feature = "servers")]
use tokio_postgres::types::{Type, accepts};

/// Whether an order has not ended, of its row; in the words of the index of such orders. The rule itself is that of
/// [`Stage::has_ended`](contracts::order::lifecycle::Stage::has_ended), to which the conformance suite compares it.
pub(super) const RUNNING: &str =
    "(status IN (0, 2) OR status = 3 AND (stock <> 4 OR credit <> 4 OR invoice IS NULL)
     OR status = 1 AND (stock NOT IN (2, 3) OR credit NOT IN (2, 3)))";

/// What a row keeps as a number.
pub(super) trait Numbered: Sized + 'static {
    /// What a number stands for, if anything.
    fn of(number: i64) -> Option<Self>;
}

/// A value in a column of numbers. An unknown number is an error, never some other value.
pub(super) struct Column<T>(pub(super) T);

/// A row holds a number that this version does not know.
#[derive(Debug, Error)]
#[error("a row holds the number {0}, which this version does not know")]
struct Unknown(i64);

pub(super) fn status_number(status: Status) -> u8 {
    match status {
        Status::Pending => 0,
        Status::Canceled => 1,
        Status::Approved => 2,
        Status::Finalized => 3,
    }
}

pub(super) fn stock_number(status: StockStatus) -> u8 {
    match status {
        StockStatus::Pending => 0,
        StockStatus::Reserved => 1,
        StockStatus::Denied => 2,
        StockStatus::Released => 3,
        StockStatus::Committed => 4,
    }
}

pub(super) fn credit_number(status: CreditStatus) -> u8 {
    match status {
        CreditStatus::Pending => 0,
        CreditStatus::Reserved => 1,
        CreditStatus::Denied => 2,
        CreditStatus::Released => 3,
        CreditStatus::Debited => 4,
    }
}

pub(super) fn channel_number(channel: Channel) -> u8 {
    match channel {
        Channel::Unknown => 0,
        Channel::Site => 1,
        Channel::App => 2,
        Channel::Api => 3,
    }
}

/// The sum of the reasons' bits.
pub(super) fn reasons_number(reasons: &[Reason]) -> u8 {
    reasons.iter().fold(0, |bits, reason| bits | bit(*reason))
}

fn bit(reason: Reason) -> u8 {
    match reason {
        Reason::OutOfStock => 1,
        Reason::LowCredit => 2,
        Reason::PriceChanged => 4,
        Reason::UnknownProduct => 8,
        Reason::UnknownCustomer => 16,
        Reason::Deadline => 32,
    }
}

fn known<T: Copy, const N: usize>(number: i64, all: [T; N], number_of: fn(T) -> u8) -> Option<T> {
    all.into_iter().find(|value| i64::from(number_of(*value)) == number)
}

impl Numbered for Status {
    fn of(number: i64) -> Option<Self> {
        known(
            number,
            [Self::Pending, Self::Canceled, Self::Approved, Self::Finalized],
            status_number,
        )
    }
}

impl Numbered for StockStatus {
    fn of(number: i64) -> Option<Self> {
        known(
            number,
            [Self::Pending, Self::Reserved, Self::Denied, Self::Released, Self::Committed],
            stock_number,
        )
    }
}

impl Numbered for CreditStatus {
    fn of(number: i64) -> Option<Self> {
        known(
            number,
            [Self::Pending, Self::Reserved, Self::Denied, Self::Released, Self::Debited],
            credit_number,
        )
    }
}

impl Numbered for Channel {
    fn of(number: i64) -> Option<Self> {
        known(number, Self::ALL, channel_number)
    }
}

impl Numbered for Vec<Reason> {
    fn of(number: i64) -> Option<Self> {
        let all = Reason::ALL.into_iter();
        let reasons: Self = all.filter(|reason| number & i64::from(bit(*reason)) != 0).collect();
        (i64::from(reasons_number(&reasons)) == number).then_some(reasons)
    }
}

impl Numbered for u64 {
    fn of(number: i64) -> Option<Self> {
        Self::try_from(number).ok()
    }
}

impl Numbered for u32 {
    fn of(number: i64) -> Option<Self> {
        Self::try_from(number).ok()
    }
}

impl Numbered for Position {
    fn of(number: i64) -> Option<Self> {
        u64::of(number).map(Self)
    }
}

impl<T: Numbered> rusqlite::types::FromSql for Column<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        T::of(number).map(Self).ok_or_else(|| FromSqlError::Other(Box::new(Unknown(number))))
    }
}

#[cfg(feature = "servers")]
impl<'a, T: Numbered> tokio_postgres::types::FromSql<'a> for Column<T> {
    fn from_sql(
        kind: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let number = match *kind {
            Type::INT2 => i64::from(i16::from_sql(kind, raw)?),
            _ => i64::from_sql(kind, raw)?,
        };
        Ok(Self(T::of(number).ok_or(Unknown(number))?))
    }

    accepts!(INT2, INT8);
}

/// Percentiles (µs) of durations as they are shown.
pub(super) fn durations([p50, p90, p99, max]: [i64; 4]) -> Durations {
    #[expect(clippy::cast_precision_loss, reason = "durations are far below 2^52 µs")]
    let ms = |us: i64| us as f64 / 1000.0;
    Durations { p50_ms: ms(p50), p90_ms: ms(p90), p99_ms: ms(p99), max_ms: ms(max) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_what_they_were() {
        // As 0.1.0 wrote them: by their places among all.
        for (at, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reasons_number(&[reason]), 1 << at);
        }
        assert_eq!(Vec::of(33), Some(vec![Reason::OutOfStock, Reason::Deadline]));
        assert_eq!(Status::of(3), Some(Status::Finalized));
        let channels = [Channel::Unknown, Channel::Site, Channel::App, Channel::Api];
        assert_eq!([0, 1, 2, 3].map(Channel::of), channels.map(Some));
    }

    #[test]
    fn a_number_that_stands_for_nothing_is_no_other_value() {
        for number in [-1, 4, 255] {
            assert_eq!((Status::of(number), Channel::of(number)), (None, None));
        }
        assert_eq!((StockStatus::of(5), CreditStatus::of(5)), (None, None));
        for number in [64, 65, -1] {
            assert_eq!(Vec::<Reason>::of(number), None);
        }
        assert_eq!((u64::of(-1), Position::of(-1)), (None, None));
        assert_eq!((u32::of(1 << 32), u32::of(7)), (None, Some(7)));
    }

    #[cfg(feature = "servers")]
    #[test]
    fn a_row_of_a_server_with_such_a_number_is_an_error() {
        use tokio_postgres::types::FromSql;
        let small = 4_i16.to_be_bytes();
        assert!(Column::<Status>::from_sql(&Type::INT2, &small).is_err());
        let large = [-1_i64, 5].map(i64::to_be_bytes);
        let read = large.each_ref().map(|raw| Column::<Position>::from_sql(&Type::INT8, raw).ok());
        assert_eq!(read.map(|read| read.map(|Column(at)| at)), [None, Some(Position(5))]);
    }
}
