//! The order saga as a pure function: answers so far × event → next action.
//!
//! An order's own stream only holds what is certain (placed, then finalized or denied). The answers of product and customer
//! are in *their* streams; the order service receives them in the order of the log and keeps them for open orders.

use contracts::order::Reason;

/// An answer of product or customer to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Reserved,
    Denied(Reason),
}

/// The answers to an open order so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) stock: Option<Answer>,
    pub(crate) credit: Option<Answer>,
}

/// An event about an open order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Stock(Answer),
    Credit(Answer),
    /// Its time is up.
    Deadline,
}

/// The next action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing yet.
    Wait,
    /// Stock and credit are reserved.
    Finalize,
    Deny(Vec<Reason>),
}

// ANCHOR: step
/// One step of the saga. Each of product and customer answers an order once; an answer to what is answered is a broken promise
/// of theirs and changes nothing here, since whatever they hold is released by the outcome.
#[must_use]
pub(crate) fn step(heard: Heard, answered: Answered) -> (Heard, Next) {
    let heard = match (answered, heard) {
        (Answered::Stock(answer), Heard { stock: None, credit }) => {
            Heard { stock: Some(answer), credit }
        }
        (Answered::Credit(answer), Heard { credit: None, stock }) => {
            Heard { stock, credit: Some(answer) }
        }
        (Answered::Stock(_), Heard { stock: Some(_), .. })
        | (Answered::Credit(_), Heard { credit: Some(_), .. }) => {
            return (heard, Next::Wait);
        }
        (Answered::Deadline, heard) => {
            return (heard, Next::Deny(reasons(heard, Some(Reason::Deadline))));
        }
    };
    let next = match (heard.stock, heard.credit) {
        (None, _) | (_, None) => Next::Wait,
        (Some(Answer::Reserved), Some(Answer::Reserved)) => Next::Finalize,
        (Some(Answer::Denied(_)), Some(_)) | (Some(_), Some(Answer::Denied(_))) => {
            Next::Deny(reasons(heard, None))
        }
    };
    (heard, next)
}
// ANCHOR_END: step

fn reasons(heard: Heard, further: Option<Reason>) -> Vec<Reason> {
    let denied = |answer: Option<Answer>| match answer {
        Some(Answer::Denied(reason)) => Some(reason),
        Some(Answer::Reserved) | None => None,
    };
    let mut reasons: Vec<Reason> =
        [denied(heard.stock), denied(heard.credit), further].into_iter().flatten().collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOCK: Answered = Answered::Stock(Answer::Reserved);
    const CREDIT: Answered = Answered::Credit(Answer::Reserved);
    const NO_STOCK: Answered = Answered::Stock(Answer::Denied(Reason::OutOfStock));
    const NO_CREDIT: Answered = Answered::Credit(Answer::Denied(Reason::LowCredit));

    fn after(story: &[Answered]) -> Next {
        let run = story
            .iter()
            .fold((Heard::default(), Next::Wait), |(heard, _), answered| step(heard, *answered));
        run.1
    }

    #[test]
    fn an_order_is_finalized_when_both_have_reserved_in_either_order() {
        assert_eq!(after(&[STOCK]), Next::Wait);
        assert_eq!(after(&[STOCK, CREDIT]), Next::Finalize);
        assert_eq!(after(&[CREDIT, STOCK]), Next::Finalize);
    }

    #[test]
    fn an_order_is_denied_with_all_reasons() {
        assert_eq!(after(&[NO_STOCK]), Next::Wait);
        assert_eq!(after(&[NO_STOCK, CREDIT]), Next::Deny(vec![Reason::OutOfStock]));
        assert_eq!(after(&[STOCK, NO_CREDIT]), Next::Deny(vec![Reason::LowCredit]));
        assert_eq!(
            after(&[NO_CREDIT, NO_STOCK]),
            Next::Deny(vec![Reason::OutOfStock, Reason::LowCredit])
        );
    }

    #[test]
    fn at_the_deadline_an_order_is_denied_with_what_is_known() {
        assert_eq!(after(&[Answered::Deadline]), Next::Deny(vec![Reason::Deadline]));
        assert_eq!(after(&[STOCK, Answered::Deadline]), Next::Deny(vec![Reason::Deadline]));
        assert_eq!(
            after(&[NO_CREDIT, Answered::Deadline]),
            Next::Deny(vec![Reason::LowCredit, Reason::Deadline])
        );
    }

    #[test]
    fn a_second_answer_of_the_same_service_changes_nothing() {
        assert_eq!(after(&[STOCK, STOCK]), Next::Wait);
        assert_eq!(after(&[NO_STOCK, STOCK, CREDIT]), Next::Deny(vec![Reason::OutOfStock]));
    }
}
