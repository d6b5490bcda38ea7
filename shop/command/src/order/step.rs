//! The steps of a saga, and the cause of each.

use std::time::Duration;

use kernel::Timestamp;
use serde::Deserialize;

/// One recorded event of an order's history.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Step {
    pub(crate) event: String,
    pub(crate) service: String,
    #[serde(default)]
    pub(crate) actor: String,
    pub(crate) at: Timestamp,
    #[serde(default)]
    pub(crate) position: u64,
}

/// An order's history in the order of the log, which is the order of cause and effect.
pub(super) struct Saga {
    pub(crate) steps: Vec<Step>,
}

/// What a step followed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A request.
    Request,
    /// The step of this index.
    Step(usize),
    /// Time ran out.
    Deadline,
}

impl Saga {
    pub(super) fn of(mut steps: Vec<Step>) -> Self {
        steps.sort_by_key(|step| step.position);
        Self { steps }
    }

    /// Who asked for it all: the part of the actor before its id.
    pub(super) fn requester(&self) -> &str {
        let actor = self.steps.first().map_or("", |step| step.actor.as_str());
        let role = actor.split([':', ' ']).next().unwrap_or_default();
        if role.is_empty() { "someone" } else { role }
    }

    /// What the step of this index followed from, as the saga has it: the latest earlier step that can have led to it.
    pub(super) fn cause(&self, index: usize) -> Cause {
        let Some(step) = self.steps.get(index) else { return Cause::Request };
        let earlier = self.steps.get(..index).unwrap_or_default();
        let latest = |leads: &dyn Fn(&str) -> bool| {
            earlier.iter().rposition(|step| leads(&step.event)).map(Cause::Step)
        };
        let cause = match step.event.as_str() {
            "order.placed" => None,
            "product.stock-reserved"
            | "product.stock-denied"
            | "customer.credit-reserved"
            | "customer.credit-denied" => latest(&|event| event == "order.placed"),
            "order.approved" => latest(&|event| event.ends_with("-reserved")),
            "order.finalized" => latest(&|event| event == "order.approved"),
            "order.denied" => {
                return latest(&|event| event.ends_with("-denied")).unwrap_or(Cause::Deadline);
            }
            // What came too late was released because of the answer itself, else because of the denial.
            "product.stock-released" | "customer.credit-released" => {
                latest(&|event| event == "order.denied")
            }
            "product.stock-committed" | "customer.credit-debited" | "accounting.invoice-issued" => {
                latest(&|event| event == "order.finalized")
            }
            // What a later version of the shop records beside these followed from something before it.
            _ => index.checked_sub(1).map(Cause::Step),
        };
        cause.unwrap_or(Cause::Request)
    }

    /// From the first step to the one of this index.
    pub(super) fn after(&self, index: usize) -> Duration {
        match (self.steps.first(), self.steps.get(index)) {
            (Some(first), Some(step)) => step.at.since(first.at),
            _ => Duration::ZERO,
        }
    }

    /// How long a step took after what it followed from.
    pub(super) fn took(&self, index: usize) -> Option<Duration> {
        match self.cause(index) {
            Cause::Step(cause) => Some(self.steps.get(index)?.at.since(self.steps.get(cause)?.at)),
            Cause::Request | Cause::Deadline => None,
        }
    }

    pub(super) fn total(&self) -> Duration {
        self.after(self.steps.len().saturating_sub(1))
    }
}
