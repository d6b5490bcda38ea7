//! What is drawn of the orders of whole worlds, read from the drawing itself and held against what the worlds recorded.

use std::collections::BTreeSet;

use contracts::{
    customer::CustomerEvent,
    order::{
        OrderEvent,
        lifecycle::{Effect, OrderState},
    },
    product::ProductEvent,
    rest::{
        causation::Causation,
        events::RecordedEvent,
        order::{Order, Step},
    },
};
use worlds::{Recordings, Scenario, recordings};

use super::{Graph, JOIN, Node};
use crate::{
    diagram::diagram,
    saga::{Saga, tests::saga},
    why::{self, Names},
};

/// A line from one event to another, by their positions.
type Lines = BTreeSet<(u64, u64)>;

impl Graph {
    /// Where the lines begin and end on the paper.
    fn lines(&self) -> Lines {
        let line = |path: &str| {
            let (begin, end) = ends(path);
            let from = self.nodes.iter().find(|node| (node.x, node.bottom()) == begin);
            let to = self.nodes.iter().find(|node| (node.x, node.y - 6) == end);
            let position = |node: Option<&Node>| node.and_then(|node| node.event.position);
            let both = position(from).zip(position(to));
            both.unwrap_or_else(|| panic!("a line from nothing or to nothing: {path}"))
        };
        let lines: Vec<_> = self.edges.iter().map(|edge| line(&edge.path)).collect();
        let distinct: Lines = lines.iter().copied().collect();
        assert_eq!(distinct.len(), lines.len(), "no line is drawn twice");
        distinct
    }

    /// The events that have a join above them.
    fn joined(&self) -> BTreeSet<u64> {
        let is_below = |node: &&Node| {
            self.joins
                .iter()
                .any(|join| join.y + JOIN == node.y && join.left < node.x && node.x < join.right)
        };
        self.nodes.iter().filter(is_below).filter_map(|node| node.event.position).collect()
    }
}

/// The first and the last point of a path of `M`, `V` and `H`.
fn ends(path: &str) -> ((usize, usize), (usize, usize)) {
    let numbers = |text: &str| -> Vec<usize> {
        text.split(' ').filter_map(|number| number.parse().ok()).collect()
    };
    let (begin, rest) = path[1..].split_once(['V', 'H']).expect("a path goes somewhere");
    let begin = numbers(begin);
    let begin = (begin[0], begin[1]);
    let mut end = begin;
    let mut turn = path.as_bytes()[path.len() - rest.len() - 1];
    for part in rest.split_inclusive(['V', 'H']) {
        let number = part.trim_end_matches(['V', 'H']).parse().expect("a number");
        if turn == b'V' {
            end.1 = number;
        } else {
            end.0 = number;
        }
        turn = part.as_bytes()[part.len() - 1];
    }
    (begin, end)
}

/// The order as it is after its steps.
fn ended(steps: &[Step]) -> Saga {
    let mut state = OrderState::placed(steps[0].at);
    for step in steps {
        let details = serde_json::to_string(&step.details).expect("JSON");
        state.take(&Effect::of_step(&step.service, &step.event, &details), step.at);
    }
    let order = Order {
        status: state.status,
        stock_status: state.stock,
        credit_status: state.credit,
        invoice_number: state.invoice,
        ..saga(contracts::order::lifecycle::Stage::default(), &[]).order
    };
    Saga::new(order, steps.to_vec())
}

/// Each step from its recorded cause; and where an order was decided by an answer, from the other one as well.
fn recorded(steps: &[Step]) -> Lines {
    let is_drawn = |cause: u64| steps.iter().any(|step| step.position.0 == cause);
    let mut lines = Lines::new();
    for step in steps {
        let Some(cause) = step.cause.filter(|cause| is_drawn(cause.0)) else { continue };
        lines.insert((cause.0, step.position.0));
        let decides = [OrderEvent::APPROVED, OrderEvent::FINALIZED, OrderEvent::DENIED];
        if decides.contains(&&*step.event) {
            let before = steps.iter().filter(|other| other.position < step.position);
            let answers = before.filter(|other| is_answer(&other.event));
            lines.extend(answers.map(|answer| (answer.position.0, step.position.0)));
        }
    }
    lines
}

fn is_answer(event: &str) -> bool {
    let of_stock = [ProductEvent::STOCK_RESERVED, ProductEvent::STOCK_DENIED].contains(&event);
    of_stock || [CustomerEvent::CREDIT_RESERVED, CustomerEvent::CREDIT_DENIED].contains(&event)
}

/// The events that more than one line leads to.
fn needed_more_than_one(lines: &Lines) -> BTreeSet<u64> {
    let to = |to: u64| lines.iter().filter(|line| line.1 == to).count();
    lines.iter().map(|line| line.1).filter(|end| to(*end) > 1).collect()
}

/// What led to an event and what followed from it, as the event store would tell.
fn causation(events: &[RecordedEvent], event: &RecordedEvent) -> Causation {
    let at = |position| events.iter().find(|event| event.position == position);
    let mut causes: Vec<RecordedEvent> = Vec::new();
    let mut first = event.cause.and_then(at);
    while let Some(cause) = first {
        causes.insert(0, cause.clone());
        first = cause.cause.and_then(at);
    }
    let mut known = BTreeSet::from([event.position]);
    let mut followed = Vec::new();
    for later in events {
        if later.cause.is_some_and(|cause| known.contains(&cause)) {
            known.insert(later.position);
            followed.push(later.clone());
        }
    }
    Causation {
        event: event.clone(),
        causes,
        followed,
        same_request: Vec::new(),
        more: false,
        indexed_to: 0,
    }
}

#[test]
fn every_line_that_is_drawn_of_a_world_is_a_recorded_cause_and_every_recorded_cause_is_drawn() {
    let mut joins = 0;
    for seed in 1..=3 {
        let scenario = Scenario { seed, orders: 40, bug: None, guest: None };
        let Recordings { events, orders } = recordings(scenario);
        assert!(!orders.is_empty());
        for (order, steps) in &orders {
            let graph = diagram(&ended(steps));
            let expected = recorded(steps);
            assert_eq!(graph.lines(), expected, "order {order} of world {seed}");
            let joined = needed_more_than_one(&expected);
            joins += joined.len();
            assert_eq!(graph.joined(), joined, "order {order} of world {seed}");
        }
        let ours = events.iter().filter(|event| event.stream.starts_with("order-"));
        for event in ours {
            let causation = causation(&events, event);
            let story: BTreeSet<u64> = causation.story().map(|event| event.position).collect();
            let own = causation.story().filter_map(|event| Some((event.cause?, event.position)));
            let expected: Lines = own.filter(|line| story.contains(&line.0)).collect();
            let graph = why::graph(&causation, &Names::new());
            assert_eq!(graph.lines(), expected, "event {} of world {seed}", event.position);
            assert_eq!(graph.joined(), BTreeSet::new());
        }
    }
    assert!(joins > 40, "worlds in which hardly an order is decided show nothing: {joins}");
}
