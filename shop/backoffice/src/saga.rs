//! The saga of an order as it was recorded: how the order stands, and the story of how it got there.

use contracts::rest::{
    order::{Order, Step},
    story::Story,
};

/// An order with every step of it.
pub(crate) struct Saga {
    pub(crate) order: Order,
    pub(crate) story: Story,
}

impl Saga {
    pub(crate) fn new(order: Order, steps: Vec<Step>) -> Self {
        Self { order, story: Story::new(steps) }
    }

    /// Who asked for it all: their name, without the role.
    pub(crate) fn requester(&self) -> &str {
        let actor = self.story.requester();
        actor.split_once(':').map_or(actor, |(_, name)| name)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use contracts::{
        money::{Decimal, Money},
        order::{Channel, lifecycle::Stage},
    };
    use kernel::{Position, Timestamp};
    use serde_json::Map;
    use uuid::Uuid;

    use super::*;

    /// A saga of `events`, a millisecond apart and each a reaction to the one before it, of an order that is so far.
    pub(crate) fn saga(stage: Stage, events: &[&str]) -> Saga {
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
            status: stage.status,
            stock_status: stage.stock,
            credit_status: stage.credit,
            reasons: Vec::new(),
            invoice_number: stage.invoiced.then_some(1),
            channel: Channel::Site,
            placed_at: Timestamp::from_micros(0),
            updated_at: Timestamp::from_micros(0),
        };
        let step = |(index, event): (u32, &&str)| Step {
            event: (*event).to_owned(),
            service: event.split('.').next().unwrap_or_default().to_owned(),
            actor: "customer:ann".to_owned(),
            at: Timestamp::from_micros(i64::from(index) * 1000),
            position: Position(u64::from(index) + 1),
            cause: (index > 0).then_some(Position(u64::from(index))),
            details: Map::new(),
        };
        Saga::new(order, (0..).zip(events).map(step).collect())
    }

    #[test]
    fn a_saga_is_asked_for_by_a_person_with_a_name() {
        assert_eq!(
            saga(Stage::default(), &[contracts::order::OrderEvent::PLACED]).requester(),
            "ann"
        );
    }
}
