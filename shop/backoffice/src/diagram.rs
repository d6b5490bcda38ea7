//! A saga as a graph: every recorded event below what it followed from, the two answers joined where the order was decided, and what is
//! still awaited.

use contracts::{
    accounting::AccountingEvent,
    customer::CustomerEvent,
    order::{OrderEvent, lifecycle::Milestone},
    product::ProductEvent,
    rest::story::{Answer, Cause, SERVICES, Story},
};

use crate::{
    graph::{Drawn, Graph},
    numbers::Took,
    saga::Saga,
};

/// The diagram of an order's saga.
pub(crate) fn diagram(saga: &Saga) -> Graph {
    let story = &saga.story;
    let mut events: Vec<_> = (0..story.steps().len()).map(|index| recorded(saga, index)).collect();
    let awaited = saga.order.awaited();
    let next = saga.order.stage().milestones().into_iter().filter(|next| !next.is_done);
    for service in awaited {
        if let Some(next) = next.clone().find(|next| next.service == service) {
            events.push(to_come(story, &next));
        }
    }
    Graph::of(events, summary(saga))
}

fn recorded(saga: &Saga, index: usize) -> Drawn {
    let story = &saga.story;
    let Some(step) = story.steps().get(index) else { return Drawn::default() };
    let after = story.after(index);
    let origin = match story.cause(index) {
        Cause::Request => format!("requested by {}", saga.requester()),
        Cause::Deadline => "the deadline has passed".to_owned(),
        Cause::Elsewhere(cause) => format!("reacts to event {cause}"),
        Cause::Itself => format!("by {} itself", step.service),
        Cause::Step(_) => String::new(),
    };
    Drawn {
        position: Some(step.position.0),
        lane: lane(&step.service),
        service: step.service.clone(),
        name: short(&step.event).to_owned(),
        note: format!("+{}", Took(after)),
        tone: tone(&step.event),
        at: u64::try_from(after.as_micros()).unwrap_or(u64::MAX),
        from: story.followed_from(index),
        origin,
        is_here: false,
    }
}

/// What a service has yet to record, below what it will follow from.
fn to_come(story: &Story, next: &Milestone) -> Drawn {
    let place = |kind: &str| story.steps().iter().position(|step| step.event == kind);
    let answer = |answer| {
        let found = story.answer(answer)?;
        story.steps().iter().position(|step| step.position == found.position)
    };
    let from: Vec<usize> = match next.event {
        ProductEvent::STOCK_RESERVED | CustomerEvent::CREDIT_RESERVED => {
            place(OrderEvent::PLACED).into_iter().collect()
        }
        OrderEvent::APPROVED | OrderEvent::FINALIZED | OrderEvent::DENIED => {
            [Answer::Stock, Answer::Credit].into_iter().filter_map(answer).collect()
        }
        _ => place(OrderEvent::FINALIZED).or(place(OrderEvent::DENIED)).into_iter().collect(),
    };
    Drawn {
        lane: lane(next.service),
        service: next.service.to_owned(),
        name: short(next.event).to_owned(),
        note: "awaited".to_owned(),
        at: u64::try_from(story.total().as_micros()).unwrap_or(u64::MAX),
        from,
        ..Drawn::default()
    }
}

/// An event's type without its service.
fn short(event: &str) -> &str {
    event.split_once('.').map_or(event, |(_, name)| name)
}

/// The number of a service, for its colour.
pub(crate) fn lane(service: &str) -> usize {
    SERVICES.iter().position(|known| *known == service).unwrap_or(SERVICES.len())
}

/// Whether an event is good or bad news for its order.
pub(crate) fn tone(event: &str) -> &'static str {
    match event {
        OrderEvent::DENIED | ProductEvent::STOCK_DENIED | CustomerEvent::CREDIT_DENIED => "bad",
        ProductEvent::STOCK_RELEASED | CustomerEvent::CREDIT_RELEASED => "warn",
        OrderEvent::FINALIZED | AccountingEvent::INVOICE_ISSUED => "good",
        _ => "plain",
    }
}

fn summary(saga: &Saga) -> String {
    let steps = saga.story.steps().len();
    let end = if saga.order.has_ended() { "and has ended" } else { "and continues" };
    format!(
        "The order's saga: {steps} recorded events over {}, {end}. The table below says the same.",
        Took(saga.story.total())
    )
}

#[cfg(test)]
mod tests {
    use askama::Template as _;
    use contracts::order::lifecycle::{CreditStatus, Stage, StockStatus};

    use super::*;
    use crate::saga::tests::saga;

    /// The ends of all lines, and how many boxes there are.
    fn drawn(graph: &Graph) -> (Vec<(usize, usize)>, usize) {
        (graph.ends(), graph.len())
    }

    #[test]
    fn every_event_is_drawn_once_below_its_recorded_cause_and_what_is_awaited_below_that() {
        let stage = Stage { stock: StockStatus::Reserved, ..Stage::default() };
        let events = [OrderEvent::PLACED, ProductEvent::STOCK_RESERVED];
        let graph = diagram(&saga(stage, &events));
        assert_eq!(
            drawn(&graph),
            (vec![(0, 1), (0, 2)], 3),
            "the customer service has yet to answer"
        );
        let drawn = graph.render().expect("a graph");
        assert!(drawn.contains(">stock-reserved<") && drawn.contains(">awaited<"), "{drawn}");
        assert!(!drawn.contains("style="), "no inline style passes the policy");
    }

    #[test]
    fn a_decision_joins_both_answers() {
        let (stock, credit) = (StockStatus::Reserved, CreditStatus::Reserved);
        let stage = Stage { stock, credit, ..Stage::default() };
        let mut events = vec![OrderEvent::PLACED, ProductEvent::STOCK_RESERVED];
        events.push(CustomerEvent::CREDIT_RESERVED);
        // In the sample each event reacts to the one before it.
        assert_eq!(drawn(&diagram(&saga(stage, &events))).0, [(0, 1), (1, 2), (1, 3), (2, 3)]);
        events.push(OrderEvent::APPROVED);
        let graph = diagram(&saga(
            Stage { status: contracts::order::lifecycle::Status::Approved, ..stage },
            &events,
        ));
        assert!(graph.ends().starts_with(&[(0, 1), (1, 2), (1, 3), (2, 3)]), "{:?}", graph.ends());
    }

    #[test]
    fn what_another_service_did_for_the_order_is_drawn_below_its_cause() {
        let (stock, credit) = (StockStatus::Reserved, CreditStatus::Reserved);
        let stage = Stage { stock, credit, ..Stage::default() };
        let graph = diagram(&saga(stage, &[OrderEvent::PLACED, "loyalty.points-granted"]));
        assert!(graph.ends().contains(&(0, 1)), "{:?}", graph.ends());
    }
}
