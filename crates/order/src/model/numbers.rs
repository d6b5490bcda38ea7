//! Numbers of the words in a row, the same in every engine. Pure.

use contracts::{
    order::Reason,
    rest::order::{CreditStatus, Durations, Status, StockStatus},
};

pub(super) fn status_number(status: Status) -> u8 {
    match status {
        Status::Pending => 0,
        Status::Canceled => 1,
        Status::Approved => 2,
        Status::Finalized => 3,
    }
}

pub(super) fn status(number: u8) -> Status {
    match number {
        0 => Status::Pending,
        1 => Status::Canceled,
        2 => Status::Approved,
        _ => Status::Finalized,
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

pub(super) fn stock(number: u8) -> StockStatus {
    match number {
        0 => StockStatus::Pending,
        1 => StockStatus::Reserved,
        2 => StockStatus::Denied,
        3 => StockStatus::Released,
        _ => StockStatus::Committed,
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

pub(super) fn credit(number: u8) -> CreditStatus {
    match number {
        0 => CreditStatus::Pending,
        1 => CreditStatus::Reserved,
        2 => CreditStatus::Denied,
        3 => CreditStatus::Released,
        _ => CreditStatus::Debited,
    }
}

/// One bit for each reason, by its place among all.
pub(super) fn reasons_number(reasons: &[Reason]) -> u8 {
    let bits = Reason::ALL.iter().enumerate();
    bits.filter(|(_, reason)| reasons.contains(reason)).map(|(at, _)| 1 << at).sum()
}

pub(super) fn reasons(number: u8) -> Vec<Reason> {
    let all = Reason::ALL.into_iter().enumerate();
    all.filter(|(at, _)| number & (1 << at) != 0).map(|(_, reason)| reason).collect()
}

/// Percentiles (µs) of durations as they are shown.
pub(super) fn durations([p50, p90, p99, max]: [i64; 4]) -> Durations {
    #[expect(clippy::cast_precision_loss, reason = "durations are far below 2^52 µs")]
    let ms = |us: i64| us as f64 / 1000.0;
    Durations { p50_ms: ms(p50), p90_ms: ms(p90), p99_ms: ms(p99), max_ms: ms(max) }
}
