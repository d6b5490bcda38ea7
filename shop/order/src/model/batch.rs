//! Combines the effects of several steps on one order before it is written. Pure.

use contracts::order::lifecycle::Status;
use kernel::Position;

use super::{
    Change, Effect,
    numbers::{credit_number, reasons_number, stock_number},
};

/// What a batch changes about one order; what is `None` stays.
#[derive(Default)]
pub(super) struct Changed {
    pub(super) status: Option<Status>,
    pub(super) stock: Option<u8>,
    pub(super) credit: Option<u8>,
    pub(super) reasons: Option<u8>,
    pub(super) invoice: Option<u64>,
    pub(super) updated: Position,
    pub(super) updated_at: i64,
    pub(super) ended_at: Option<i64>,
}

impl Changed {
    /// Takes in one more step. An order ends once: what a forger adds later changes neither its status nor its reasons.
    pub(super) fn take(&mut self, change: &Change, effect: &Effect) {
        let at = change.at.micros();
        (self.updated, self.updated_at) = (change.position, at);
        match effect {
            Effect::Placed | Effect::Nothing => {}
            Effect::Stock(status) => self.stock = Some(stock_number(*status)),
            Effect::Credit(status) => self.credit = Some(credit_number(*status)),
            Effect::Approved | Effect::Finalized | Effect::Denied(_) if self.ended_at.is_some() => {
            }
            Effect::Approved => self.status = Some(Status::Approved),
            Effect::Finalized => (self.status, self.ended_at) = (Some(Status::Finalized), Some(at)),
            Effect::Denied(reasons) => {
                (self.status, self.ended_at) = (Some(Status::Canceled), Some(at));
                self.reasons = Some(reasons_number(reasons));
            }
            Effect::Invoiced(number) => self.invoice = Some(*number),
        }
    }
}
