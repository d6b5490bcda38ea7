//! A saga as a sequence diagram: a lifeline for each participant, an arrow for each recorded event.
//!
//! ```text
//!          ann      order    product   customer   accounting
//!   0 ms    ├────────▶●          │          │          │      order.placed
//!   1.4 ms  │         ├─────────▶●          │          │      product.stock-reserved
//! ```

use askama::{Template, filters::HtmlSafe};
use contracts::{
    accounting::AccountingEvent,
    customer::CustomerEvent,
    order::OrderEvent,
    product::ProductEvent,
    rest::story::{Cause, SERVICES, Story},
};

use crate::{numbers::Took, saga::Saga};

/// Where the first lifeline is: behind the times.
const FIRST: usize = 150;
/// Between two lifelines: the longest event's name has room between two.
const GAP: usize = 190;
/// Where the first event is: below the participants.
const TOP: usize = 96;
/// Between two events.
const ROW: usize = 58;

#[derive(Template)]
#[template(path = "diagram.html")]
pub(crate) struct Diagram {
    participants: Vec<Participant>,
    arrows: Vec<Arrow>,
    /// What has yet to happen, as the tips of arrows that are not there yet.
    awaited: Vec<usize>,
    width: usize,
    height: usize,
    summary: String,
}

struct Participant {
    name: String,
    x: usize,
}

struct Arrow {
    after: String,
    event: String,
    /// How long it took, and why it came.
    note: String,
    from: usize,
    to: usize,
    y: usize,
    tone: &'static str,
}

impl Diagram {
    pub(crate) fn of(saga: &Saga) -> Self {
        let story = &saga.story;
        let services = story.services();
        let x = |service: usize| FIRST + (service + 1) * GAP;
        let arrow = |index: usize| {
            let (from, to) = story.arrow(index);
            let event = story.steps().get(index).map_or("", |step| step.event.as_str());
            Arrow {
                after: Took(story.after(index)).to_string(),
                event: event.to_owned(),
                note: note(story, index),
                from: from.map_or(FIRST, x),
                to: x(to),
                y: TOP + ROW * index,
                tone: tone(event),
            }
        };
        let arrows: Vec<_> = (0..story.steps().len()).map(arrow).collect();
        let awaited = saga.order.awaited();
        let place = |service: &&str| services.iter().position(|known| known == service);
        let awaited: Vec<_> = awaited.iter().filter_map(place).map(x).collect();
        let rows = arrows.len() + usize::from(!awaited.is_empty());
        let width = FIRST + GAP * services.len() + 110;
        let names = std::iter::once(saga.requester()).chain(services.iter().map(String::as_str));
        let participant = |(place, name): (usize, &str)| Participant {
            name: name.to_owned(),
            x: FIRST + place * GAP,
        };
        Self {
            participants: names.enumerate().map(participant).collect(),
            height: TOP + ROW * rows,
            summary: summary(saga),
            arrows,
            awaited,
            width,
        }
    }

    /// Where the awaited row is.
    fn awaited_y(&self) -> usize {
        TOP + ROW * self.arrows.len()
    }
}

impl Arrow {
    fn is_own(&self) -> bool {
        self.from == self.to
    }

    /// The line to the event: straight from what it followed from, or a loop where that is the same participant.
    fn path(&self) -> String {
        let Self { from, to, y, .. } = *self;
        if self.is_own() {
            return format!("M{} {}h26v20h-18", from + 6, y - 20);
        }
        if from < to {
            format!("M{from} {y}H{}", to - 8)
        } else {
            format!("M{from} {y}H{}", to + 8)
        }
    }

    /// The tip of the arrow.
    fn tip(&self) -> String {
        let Self { from, to, y, .. } = *self;
        if from < to {
            format!("M{} {}l9 5-9 5z", to - 16, y - 5)
        } else {
            format!("M{} {}l-9 5 9 5z", to + 16, y - 5)
        }
    }

    /// Where its words are: over the line.
    fn label_x(&self) -> usize {
        if self.is_own() { self.from + 40 } else { usize::midpoint(self.from, self.to) }
    }
}

/// How long it took, or why it came.
fn note(story: &Story, index: usize) -> String {
    match (story.cause(index), story.took(index)) {
        (Cause::Deadline, _) => "the deadline has passed".to_owned(),
        (Cause::Elsewhere(cause), _) => format!("reacts to event {cause}"),
        (_, Some(took)) => format!("took {}", Took(took)),
        (_, None) => String::new(),
    }
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
    let end = if saga.order.has_ended() { "and has ended" } else { "and goes on" };
    format!(
        "{steps} recorded events over {}, {end}. The table below says the same.",
        Took(saga.story.total())
    )
}

impl HtmlSafe for Diagram {}

#[cfg(test)]
mod tests {
    use contracts::order::lifecycle::{CreditStatus, Stage, StockStatus};

    use super::*;
    use crate::saga::tests::saga;

    #[test]
    fn every_event_has_its_arrow_from_cause_to_service() {
        let stage = Stage { stock: StockStatus::Reserved, ..Stage::default() };
        let events = [OrderEvent::PLACED, ProductEvent::STOCK_RESERVED];
        let diagram = Diagram::of(&saga(stage, &events));
        let places: Vec<_> = diagram.arrows.iter().map(|arrow| (arrow.from, arrow.to)).collect();
        assert_eq!(places, [(FIRST, FIRST + GAP), (FIRST + GAP, FIRST + 2 * GAP)]);
        assert_eq!(diagram.awaited, [FIRST + 3 * GAP], "the customer service has yet to answer");
        let drawn = diagram.render().expect("a diagram");
        assert!(drawn.contains(ProductEvent::STOCK_RESERVED), "{drawn}");
        assert!(!drawn.contains("style="), "no inline style passes the policy");
    }

    #[test]
    fn what_another_service_did_for_the_order_is_drawn_from_its_cause() {
        let (stock, credit) = (StockStatus::Reserved, CreditStatus::Reserved);
        let stage = Stage { stock, credit, ..Stage::default() };
        let diagram = Diagram::of(&saga(stage, &[OrderEvent::PLACED, "loyalty.points-granted"]));
        let names: Vec<_> = diagram.participants.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["ann", "order", "product", "customer", "accounting", "loyalty"]);
        let granted = diagram.arrows.last().expect("an arrow");
        assert_eq!((granted.from, granted.to), (FIRST + GAP, FIRST + 5 * GAP));
        assert_eq!(granted.note, "took 1.0 ms");
    }
}
