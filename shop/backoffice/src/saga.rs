//! The saga of an order as it was recorded: each step with its actor, cause and duration.

use std::time::Duration;

use contracts::rest::order::{CreditStatus, Order, Status, Step, StockStatus};

/// An order with every step of it, in the order of the log, which is the order of cause and effect.
pub(crate) struct Saga {
    pub(crate) order: Order,
    pub(crate) steps: Vec<Step>,
}

/// What a step followed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A request.
    Request,
    /// The step of this index.
    Step(usize),
    /// Time ran out.
    Deadline,
}

impl Saga {
    pub(crate) fn new(order: Order, mut steps: Vec<Step>) -> Self {
        steps.sort_by_key(|step| step.position);
        Self { order, steps }
    }

    /// Whether nothing more will happen.
    pub(crate) fn is_settled(&self) -> bool {
        self.order.has_ended()
    }

    /// The services that have yet to record something.
    pub(crate) fn awaited(&self) -> Vec<&'static str> {
        let Order { status, stock_status, credit_status, invoice_number, .. } = &self.order;
        let (product, customer) = match status {
            Status::Pending => {
                (*stock_status == StockStatus::Pending, *credit_status == CreditStatus::Pending)
            }
            Status::Approved => (false, false),
            // Also services that have not answered yet: a late reservation is recorded, then released.
            Status::Canceled => (
                matches!(stock_status, StockStatus::Pending | StockStatus::Reserved),
                matches!(credit_status, CreditStatus::Pending | CreditStatus::Reserved),
            ),
            Status::Finalized => {
                (*stock_status != StockStatus::Committed, *credit_status != CreditStatus::Debited)
            }
        };
        let order = match status {
            Status::Pending => !product && !customer,
            Status::Approved => true,
            Status::Canceled | Status::Finalized => false,
        };
        let accounting = *status == Status::Finalized && invoice_number.is_none();
        let all = [
            ("order", order),
            ("product", product),
            ("customer", customer),
            ("accounting", accounting),
        ];
        all.into_iter().filter(|(_, awaited)| *awaited).map(|(service, _)| service).collect()
    }

    /// Who asked for it all: their name, without the role.
    pub(crate) fn requester(&self) -> &str {
        let actor = self.steps.first().map_or("", |step| step.actor.as_str());
        actor.split_once(':').map_or(actor, |(_, name)| name)
    }

    /// What the step of this index followed from, as the saga has it: the latest earlier step that can have led to it.
    pub(crate) fn cause(&self, index: usize) -> Cause {
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
    pub(crate) fn after(&self, index: usize) -> Duration {
        match (self.steps.first(), self.steps.get(index)) {
            (Some(first), Some(step)) => step.at.since(first.at),
            _ => Duration::ZERO,
        }
    }

    /// How long a step took after what it followed from.
    pub(crate) fn took(&self, index: usize) -> Option<Duration> {
        match self.cause(index) {
            Cause::Step(cause) => Some(self.steps.get(index)?.at.since(self.steps.get(cause)?.at)),
            Cause::Request | Cause::Deadline => None,
        }
    }

    pub(crate) fn total(&self) -> Duration {
        self.after(self.steps.len().saturating_sub(1))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use contracts::money::{Decimal, Money};
    use kernel::{Position, Timestamp};
    use serde_json::Map;
    use uuid::Uuid;

    use super::*;

    /// A saga of `events`, a millisecond apart, of an order that stands as given.
    pub(crate) fn saga(
        standing: (Status, StockStatus, CreditStatus, Option<u64>),
        events: &[&str],
    ) -> Saga {
        let (status, stock_status, credit_status, invoice_number) = standing;
        let amount = Decimal(Money::from_minor(100));
        let order = Order {
            order_id: Uuid::nil(),
            user_name: "ann".to_owned(),
            product_id: Uuid::nil(),
            product_name: "Tea".to_owned(),
            quantity: 1,
            price: amount,
            total: amount,
            currency: "EUR".to_owned(),
            status,
            stock_status,
            credit_status,
            reasons: Vec::new(),
            invoice_number,
            placed_at: Timestamp::from_micros(0),
            updated_at: Timestamp::from_micros(0),
        };
        let step = |(index, event): (u32, &&str)| Step {
            event: (*event).to_owned(),
            service: event.split('.').next().unwrap_or_default().to_owned(),
            actor: "customer:ann".to_owned(),
            at: Timestamp::from_micros(i64::from(index) * 1000),
            position: Position(u64::from(index) + 1),
            details: Map::new(),
        };
        Saga::new(order, (0..).zip(events).map(step).collect())
    }

    #[test]
    fn every_step_follows_from_what_the_saga_says() {
        let standing = (Status::Pending, StockStatus::Pending, CreditStatus::Reserved, None);
        let saga = saga(
            standing,
            &[
                "order.placed",
                "customer.credit-reserved",
                "order.denied",
                "customer.credit-released",
            ],
        );
        let causes: Vec<_> = (0..4).map(|index| saga.cause(index)).collect();
        assert_eq!(causes, [Cause::Request, Cause::Step(0), Cause::Deadline, Cause::Step(2)]);
        assert_eq!(saga.took(3), Some(Duration::from_millis(1)));
        assert_eq!(saga.total(), Duration::from_millis(3));
        assert_eq!(saga.requester(), "ann");
    }

    #[test]
    fn an_order_is_settled_when_nobody_has_anything_left_to_record() {
        let awaited = |status, stock, credit, invoice| {
            saga((status, stock, credit, invoice), &["order.placed"]).awaited()
        };
        let pending = awaited(Status::Pending, StockStatus::Reserved, CreditStatus::Pending, None);
        assert_eq!(pending, ["customer"]);
        let decided = awaited(Status::Pending, StockStatus::Denied, CreditStatus::Reserved, None);
        assert_eq!(decided, ["order"]);
        let denied = awaited(Status::Canceled, StockStatus::Denied, CreditStatus::Reserved, None);
        assert_eq!(denied, ["customer"]);
        let late = awaited(Status::Canceled, StockStatus::Pending, CreditStatus::Released, None);
        assert_eq!(late, ["product"], "it may have reserved something, and then releases it");
        let finalized =
            awaited(Status::Finalized, StockStatus::Committed, CreditStatus::Debited, None);
        assert_eq!(finalized, ["accounting"]);
        let done =
            awaited(Status::Finalized, StockStatus::Committed, CreditStatus::Debited, Some(1));
        assert!(done.is_empty());
    }
}
