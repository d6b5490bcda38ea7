//! Clients that place orders and come back at once, whatever they are answered; counted by their answers.

use std::{cell::Cell, rc::Rc};

use futures_util::future::join_all;
use serde_json::json;

use crate::shop::{Answer, Person, eventually};

/// Clients that place orders until they are stopped. Clones are the same clients.
#[derive(Clone, Default)]
pub(crate) struct Flood(Rc<Counts>);

#[derive(Default)]
struct Counts {
    accepted: Cell<usize>,
    refused: Cell<usize>,
    /// Neither: whether these were recorded is not known.
    unanswered: Cell<usize>,
    is_over: Cell<bool>,
}

impl Flood {
    /// This many clients of one customer place orders of a product, each one after the other.
    pub(crate) async fn rage(&self, clients: usize, customer: &Person, product: &str) {
        let client = |_| async {
            while !self.0.is_over.get() {
                self.place(customer, product).await;
            }
        };
        join_all((0..clients).map(client)).await;
    }

    /// One order; whether it was accepted.
    pub(crate) async fn place(&self, customer: &Person, product: &str) -> bool {
        let order = json!({ "ProductId": product });
        let answer = customer.try_post("/order/place-order", order).await;
        let count = match &answer {
            Ok(answer) if answer.status == 202 => &self.0.accepted,
            Ok(answer) if is_busy(answer) => &self.0.refused,
            Ok(answer) if answer.status < 500 => panic!("{answer:?}"),
            _ => &self.0.unanswered,
        };
        count.set(count.get() + 1);
        matches!(answer, Ok(answer) if answer.status == 202)
    }

    pub(crate) fn end(&self) {
        self.0.is_over.set(true);
    }

    pub(crate) fn accepted(&self) -> usize {
        self.0.accepted.get()
    }

    pub(crate) fn refused(&self) -> usize {
        self.0.refused.get()
    }

    pub(crate) fn unanswered(&self) -> usize {
        self.0.unanswered.get()
    }

    /// Waits until so many more orders were accepted.
    pub(crate) async fn more_accepted(&self, count: usize) {
        let before = self.accepted();
        let has = async || (self.accepted() >= before + count).then_some(());
        eventually("orders are accepted", has).await;
    }

    /// Waits until so many more orders were refused.
    pub(crate) async fn more_refused(&self, count: usize) {
        let before = self.refused();
        let has = async || (self.refused() >= before + count).then_some(());
        eventually("orders are refused", has).await;
    }
}

/// Whether it is the refusal of a busy shop: it says so, and when to come back.
fn is_busy(answer: &Answer) -> bool {
    let is_busy = answer.body["type"] == "/problems/orders-busy";
    assert!(!is_busy || (answer.status, answer.retry_after > Some(0)) == (503, true), "{answer:?}");
    is_busy
}
