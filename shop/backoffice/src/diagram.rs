//! A saga as a sequence diagram: a lifeline for each participant, an arrow for each recorded event.
//!
//! ```text
//!          ann      order    product   customer   accounting
//!   0 ms    ├────────▶●          │          │          │      order.placed
//!   1.4 ms  │         ├─────────▶●          │          │      product.stock-reserved
//! ```

use askama::{Template, filters::HtmlSafe};

use crate::{
    numbers::Took,
    saga::{Cause, Saga},
};

/// The services, in the order in which an order usually comes to them.
const SERVICES: [&str; 4] = ["order", "product", "customer", "accounting"];

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
        let names = participants(saga);
        let x = |service: &str| {
            let place = names.iter().skip(1).position(|name| name == service);
            FIRST + place.map_or(0, |place| place + 1) * GAP
        };
        let of_step = |index: usize| saga.steps.get(index).map_or(FIRST, |step| x(&step.service));
        let arrow = |index: usize| {
            let cause = saga.cause(index);
            let to = of_step(index);
            let from = match cause {
                Cause::Request => FIRST,
                Cause::Step(cause) => of_step(cause),
                Cause::Deadline => to,
            };
            let event = saga.steps.get(index).map_or("", |step| step.event.as_str());
            Arrow {
                after: Took(saga.after(index)).to_string(),
                event: event.to_owned(),
                note: note(saga, index, cause),
                from,
                to,
                y: TOP + ROW * index,
                tone: tone(event),
            }
        };
        let arrows: Vec<_> = (0..saga.steps.len()).map(arrow).collect();
        let awaited: Vec<_> = saga.awaited().into_iter().map(x).collect();
        let rows = arrows.len() + usize::from(!awaited.is_empty());
        let width = FIRST + GAP * names.len().saturating_sub(1) + 110;
        let participant = |(place, name): (usize, &String)| Participant {
            name: name.clone(),
            x: FIRST + place * GAP,
        };
        Self {
            participants: names.iter().enumerate().map(participant).collect(),
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

/// The requester, the services, and any other actor that recorded something.
fn participants(saga: &Saga) -> Vec<String> {
    let mut names = vec![saga.requester().to_owned()];
    names.extend(SERVICES.map(str::to_owned));
    for step in &saga.steps {
        if !names.iter().skip(1).any(|known| *known == step.service) {
            names.push(step.service.clone());
        }
    }
    names
}

fn note(saga: &Saga, index: usize, cause: Cause) -> String {
    match (cause, saga.took(index)) {
        (Cause::Deadline, _) => "the deadline has passed".to_owned(),
        (_, Some(took)) if took.is_zero() => "in the same append".to_owned(),
        (_, Some(took)) => format!("took {}", Took(took)),
        (_, None) => String::new(),
    }
}

fn tone(event: &str) -> &'static str {
    if event.ends_with("denied") {
        "bad"
    } else if event.ends_with("released") {
        "warn"
    } else if event == "order.finalized" || event.ends_with("-issued") {
        "good"
    } else {
        "plain"
    }
}

fn summary(saga: &Saga) -> String {
    let steps = saga.steps.len();
    let end = if saga.is_settled() { "and has ended" } else { "and goes on" };
    format!(
        "{steps} recorded events over {}, {end}. The table below says the same.",
        Took(saga.total())
    )
}

impl HtmlSafe for Diagram {}

#[cfg(test)]
mod tests {
    use contracts::rest::order::{CreditStatus, Status, StockStatus};

    use super::*;
    use crate::saga::tests::saga;

    #[test]
    fn every_event_has_its_arrow_from_cause_to_service() {
        let standing = (Status::Pending, StockStatus::Reserved, CreditStatus::Pending, None);
        let diagram = Diagram::of(&saga(standing, &["order.placed", "product.stock-reserved"]));
        let places: Vec<_> = diagram.arrows.iter().map(|arrow| (arrow.from, arrow.to)).collect();
        assert_eq!(places, [(FIRST, FIRST + GAP), (FIRST + GAP, FIRST + 2 * GAP)]);
        assert_eq!(diagram.awaited, [FIRST + 3 * GAP], "the customer service has yet to answer");
        let drawn = diagram.render().expect("a diagram");
        assert!(drawn.contains("product.stock-reserved"), "{drawn}");
        assert!(!drawn.contains("style="), "no inline style passes the policy");
    }

    #[test]
    fn a_service_that_is_not_known_yet_has_a_lifeline_too() {
        let standing = (Status::Approved, StockStatus::Reserved, CreditStatus::Reserved, None);
        let diagram = Diagram::of(&saga(standing, &["order.placed", "loyalty.points-granted"]));
        let names: Vec<_> = diagram.participants.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["ann", "order", "product", "customer", "accounting", "loyalty"]);
    }
}
