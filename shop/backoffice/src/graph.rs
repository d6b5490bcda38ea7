//! Recorded events as a graph, drawn from top to bottom: each below what it followed from, with a line from there. Pure.
//!
//! ```text
//!            order.placed
//!        ┌────────┴────────┐
//!  stock-reserved   credit-reserved
//!        └━━━━━━━━┳━━━━━━━━┛            a join: both were needed
//!          order.approved
//! ```

use askama::{Template, filters::HtmlSafe};

/// The size of an event's box, and the room between two of them.
const BOX: (usize, usize) = (110, 54);
const ROOM: (usize, usize) = (10, 44);
/// Boxes side by side: as many as a phone shows.
const COLUMNS: usize = 3;
/// Room at the left for lines that pass whole rows.
const GUTTER: usize = 20;
/// Room above for who asked.
const TOP: usize = 26;
const WIDTH: usize = GUTTER + COLUMNS * BOX.0 + (COLUMNS - 1) * ROOM.0 + 2;
/// How far above its event a join is.
const JOIN: usize = 18;
/// How far above its event a line from a join turns to it.
const AFTER_JOIN: usize = 12;
/// Services with a colour of their own.
const LANES: usize = 5;
/// Letters that a box has room for.
const LETTERS_MAX: usize = 12;

/// An event to be drawn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drawn {
    /// None if it is still awaited.
    pub(crate) position: Option<u64>,
    pub(crate) service: String,
    /// The number of its service, for its colour.
    pub(crate) lane: usize,
    /// Its type without the service.
    pub(crate) name: String,
    pub(crate) note: String,
    pub(crate) tone: &'static str,
    /// When, in microseconds after the first.
    pub(crate) at: u64,
    /// The events before it that it followed from; of more than one, all were needed.
    pub(crate) from: Vec<usize>,
    /// Why it is there, if it followed from nothing drawn here.
    pub(crate) origin: String,
    /// Whether it is the one asked about.
    pub(crate) is_here: bool,
}

#[derive(Template)]
#[template(path = "graph.html")]
pub(crate) struct Graph {
    label: String,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    joins: Vec<Join>,
    width: usize,
    height: usize,
}

struct Node {
    event: Drawn,
    row: usize,
    /// The place in its row.
    place: usize,
    /// The middle of the box, and its top.
    x: usize,
    y: usize,
}

/// A line from an event to one that followed from it.
#[derive(Debug)]
struct Edge {
    #[cfg_attr(not(test), expect(dead_code, reason = "tests compare it with what was recorded"))]
    ends: (usize, usize),
    path: String,
    tip: String,
    at: u64,
}

/// Where lines of events that were all needed come together.
#[derive(Debug, PartialEq, Eq)]
struct Join {
    left: usize,
    right: usize,
    y: usize,
    at: u64,
}

impl Graph {
    /// The events in the order of the log.
    pub(crate) fn of(events: Vec<Drawn>, label: String) -> Self {
        let nodes = placed(events);
        let rows = nodes.iter().map(|node| node.row + 1).max().unwrap_or(0);
        let mut rails = 0;
        let mut edges = Vec::new();
        for (to, node) in nodes.iter().enumerate() {
            let join = join(&nodes, node);
            for from in &node.event.from {
                let Some(first) = nodes.get(*from) else { continue };
                rails += usize::from(node.row > first.row + 1);
                let (path, tip) = (path(first, node, join.as_ref(), rails), tip(node));
                edges.push(Edge { ends: (*from, to), path, tip, at: node.event.at });
            }
        }
        let joins = joins(&nodes);
        let height = TOP + rows * BOX.1 + rows.saturating_sub(1) * ROOM.1 + 8;
        Self { label, nodes, edges, joins, width: WIDTH, height }
    }

    /// The ends of its lines, to be compared with what was recorded.
    #[cfg(test)]
    pub(crate) fn ends(&self) -> Vec<(usize, usize)> {
        self.edges.iter().map(|edge| edge.ends).collect()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// When the last event was, after the first.
    fn end(&self) -> u64 {
        self.nodes.iter().map(|node| node.event.at).max().unwrap_or(0)
    }
}

/// The events in rows: each below all that it followed from, and one that followed from nothing below all before it.
fn placed(events: Vec<Drawn>) -> Vec<Node> {
    let mut layers: Vec<usize> = Vec::with_capacity(events.len());
    for event in &events {
        let above = event.from.iter().filter_map(|from| layers.get(*from)).max();
        let above = above.or_else(|| layers.iter().max());
        layers.push(above.map_or(0, |layer| layer + 1));
    }
    let mut counts = vec![0_usize; layers.iter().max().map_or(0, |last| last + 1)];
    let places: Vec<(usize, usize)> = layers
        .iter()
        .map(|layer| {
            let count = counts.get_mut(*layer).expect("counted for every layer");
            *count += 1;
            (*layer, *count - 1)
        })
        .collect();
    // A layer with more events than there are columns takes several rows.
    let rows_of = |count: &usize| count.div_ceil(COLUMNS);
    let first_row = |layer: usize| counts.iter().take(layer).map(rows_of).sum::<usize>();
    let node = |(event, (layer, number)): (Drawn, (usize, usize))| {
        let (count, place) = (counts.get(layer).copied().unwrap_or(1), number % COLUMNS);
        let row = first_row(layer) + number / COLUMNS;
        let in_row = (count - number / COLUMNS * COLUMNS).min(COLUMNS);
        let taken = in_row * BOX.0 + (in_row - 1) * ROOM.0;
        let left = GUTTER + (WIDTH - 2 - GUTTER - taken) / 2 + place * (BOX.0 + ROOM.0);
        Node { event, row, place, x: left + BOX.0 / 2, y: TOP + row * (BOX.1 + ROOM.1) }
    };
    events.into_iter().zip(places).map(node).collect()
}

impl Node {
    fn left(&self) -> usize {
        self.x - BOX.0 / 2
    }

    fn bottom(&self) -> usize {
        self.y + BOX.1
    }

    /// Where lines from it turn sideways: lines of neighbours do not cover each other.
    fn turn(&self) -> usize {
        self.bottom() + 8 + 6 * self.place
    }

    /// The room for the name of the service beside the position, if the name takes more.
    fn squeezed(&self) -> Option<usize> {
        let digits = self.event.position.map_or(0, |position| position.to_string().len());
        let room = 88_usize.saturating_sub(7 * digits);
        (6 * self.event.service.len() > room).then_some(room)
    }

    fn is_long(&self) -> bool {
        self.event.name.chars().count() > LETTERS_MAX
    }

    fn lane(&self) -> usize {
        self.event.lane.min(LANES - 1)
    }
}

/// The way of a line; one that passes whole rows takes the gutter. Lines to a join come together in its middle and go on from there.
fn path(from: &Node, to: &Node, join: Option<&Join>, rail: usize) -> String {
    let (x, bottom, end) = (from.x, from.bottom(), to.y - 6);
    let on = match join.map(Join::middle) {
        Some(middle) if middle != to.x => {
            format!("H{middle}V{}H{}V{end}", to.y - AFTER_JOIN, to.x)
        }
        _ => format!("H{}V{end}", to.x),
    };
    if to.row > from.row + 1 {
        let (rail, above) = (4 + 5 * (rail % 3), join.map_or(to.y - 22, |join| join.y));
        return format!("M{x} {bottom}V{}H{rail}V{above}{on}", from.turn());
    }
    match join {
        None if x == to.x => format!("M{x} {bottom}V{end}"),
        join => format!("M{x} {bottom}V{}{on}", join.map_or(from.turn(), |join| join.y)),
    }
}

/// The tip of a line, at the event.
fn tip(to: &Node) -> String {
    format!("M{} {}h10l-5 7z", to.x - 5, to.y - 8)
}

/// One join for events that were needed together, however many followed from them.
fn joins(nodes: &[Node]) -> Vec<Join> {
    let mut joins: Vec<Join> = Vec::new();
    for join in nodes.iter().filter_map(|node| join(nodes, node)) {
        if !joins.contains(&join) {
            joins.push(join);
        }
    }
    joins
}

/// The join above an event, if more than one was needed for it: as wide as those are apart.
fn join(nodes: &[Node], node: &Node) -> Option<Join> {
    let causes = node.event.from.iter().filter_map(|from| nodes.get(*from));
    let ends = || causes.clone().map(|cause| cause.x);
    let (left, right) = (ends().min()?, ends().max()?);
    (node.event.from.len() > 1).then(|| Join {
        left: left.saturating_sub(8),
        right: right + 8,
        y: node.y - JOIN,
        at: node.event.at,
    })
}

impl Join {
    fn middle(&self) -> usize {
        usize::midpoint(self.left, self.right)
    }
}

impl HtmlSafe for Graph {}

#[cfg(test)]
mod worlds;

#[cfg(test)]
mod tests {
    use super::*;

    /// Events that followed from these.
    fn graph(from: &[&[usize]]) -> Graph {
        let event = |(at, from): (u64, &&[usize])| Drawn {
            position: Some(at + 1),
            at,
            from: from.to_vec(),
            ..Drawn::default()
        };
        Graph::of((0..).zip(from).map(event).collect(), String::new())
    }

    fn rows(graph: &Graph) -> Vec<usize> {
        graph.nodes.iter().map(|node| node.row).collect()
    }

    #[test]
    fn an_event_is_below_all_that_it_followed_from() {
        let order: &[&[usize]] = &[&[], &[0], &[0], &[1, 2], &[1, 2], &[4], &[4], &[4]];
        let graph = graph(order);
        assert_eq!(rows(&graph), [0, 1, 1, 2, 2, 3, 3, 3]);
        let ends: Vec<_> = graph.edges.iter().map(|edge| edge.ends).collect();
        let recorded: Vec<_> = (0..)
            .zip(order)
            .flat_map(|(to, from)| from.iter().map(move |from| (*from, to)))
            .collect();
        assert_eq!(ends, recorded);
        assert_eq!(graph.joins.len(), 2, "of two events that were needed: {:?}", graph.joins);
    }

    #[test]
    fn lines_to_a_join_end_there_and_go_on_from_its_middle() {
        let graph = graph(&[&[], &[0], &[0], &[1, 2], &[1, 2]]);
        let middle = graph.joins[0].middle();
        assert_eq!(middle, usize::midpoint(graph.nodes[1].x, graph.nodes[2].x));
        for edge in graph.edges.iter().filter(|edge| edge.ends.1 >= 3) {
            let at_bar = format!("V{}H{middle}V", graph.joins[0].y);
            assert!(edge.path.contains(&at_bar), "{edge:?}");
        }
    }

    #[test]
    fn boxes_never_overlap_and_all_are_on_the_paper() {
        let wide: Vec<&[usize]> = std::iter::once(&[][..])
            .chain([&[0_usize][..]; 7])
            .chain([&[1][..], &[], &[9]])
            .collect();
        let graph = graph(&wide);
        assert_eq!(rows(&graph), [0, 1, 1, 1, 2, 2, 2, 3, 4, 5, 6]);
        for (index, node) in graph.nodes.iter().enumerate() {
            assert!(GUTTER <= node.left() && node.left() + BOX.0 <= graph.width);
            assert!(node.bottom() <= graph.height);
            let apart = |other: &Node| node.row != other.row || node.x.abs_diff(other.x) >= BOX.0;
            assert!(graph.nodes.iter().skip(index + 1).all(apart), "box {index}");
        }
    }

    #[test]
    fn a_graph_of_nothing_is_drawn() {
        let drawn = graph(&[]).render().expect("a graph");
        assert!(drawn.contains("<svg") && !drawn.contains("style="), "{drawn}");
    }
}
