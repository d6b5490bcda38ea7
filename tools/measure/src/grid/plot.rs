//! A grid as a picture: orders per second over the number of products, a line for each number of orders in flight and of
//! recorded events. Both axes grow tenfold from one line to the next.

use std::{collections::BTreeMap, fmt::Write as _};

use super::table::Cell;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 60.0;
/// Room for the names of the lines.
const RIGHT: f64 = 200.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 50.0;
/// Readable on a light and on a dark page.
const COLOURS: &[&str] = &["#3b82f6", "#ef4444", "#10b981", "#f59e0b", "#8b5cf6", "#6b7280"];
/// How a line is broken for each length of the history.
const DASHES: &[&str] = &["none", "6 4", "2 3"];

/// An axis in powers of ten.
#[derive(Clone, Copy)]
struct Axis {
    from: f64,
    to: f64,
    drawn: Drawn,
}

/// Where the ends of an axis are in the picture.
#[derive(Clone, Copy)]
struct Drawn {
    first: f64,
    last: f64,
}

impl Axis {
    /// From the power of ten below the least value to the one above the greatest.
    fn over(values: impl Iterator<Item = f64>, drawn: Drawn) -> Self {
        let (mut from, mut to) = (f64::INFINITY, f64::NEG_INFINITY);
        for power in values.filter(|value| *value > 0.0).map(f64::log10) {
            (from, to) = (from.min(power.floor()), to.max(power.ceil()));
        }
        if from > to {
            (from, to) = (0.0, 1.0);
        }
        Self { from, to: to.max(from + 1.0), drawn }
    }

    fn place(&self, value: f64) -> f64 {
        let share = (value.max(f64::MIN_POSITIVE).log10() - self.from) / (self.to - self.from);
        self.drawn.first + share.clamp(0.0, 1.0) * (self.drawn.last - self.drawn.first)
    }

    fn marks(&self) -> impl Iterator<Item = f64> {
        let Self { from, to, .. } = *self;
        std::iter::successors(Some(from), |power| Some(power + 1.0))
            .take_while(move |power| *power <= to)
            .map(|power| 10_f64.powf(power))
    }
}

pub(super) fn svg(cells: &[Cell]) -> String {
    let x = Axis::over(
        cells.iter().map(|cell| cell.products.into()),
        Drawn { first: LEFT, last: WIDTH - RIGHT },
    );
    let rates = cells.iter().map(|cell| cell.measured.orders_per_s);
    let y = Axis::over(rates, Drawn { first: HEIGHT - BOTTOM, last: TOP });
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#6b7280\">\n"
    );
    axes(&mut svg, x, y);
    lines(&mut svg, cells, x, y);
    svg.push_str("</svg>\n");
    svg
}

fn axes(svg: &mut String, x: Axis, y: Axis) {
    let mut add = |line: String| {
        svg.push_str(&line);
        svg.push('\n');
    };
    for value in x.marks() {
        let at = x.place(value);
        add(format!(
            "<path d=\"M{at:.1} {TOP}V{:.1}\" stroke=\"#9ca3af\" stroke-opacity=\"0.4\"/><text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{value:.0}</text>",
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + 18.0
        ));
    }
    for value in y.marks() {
        let at = y.place(value);
        add(format!(
            "<path d=\"M{LEFT} {at:.1}H{:.1}\" stroke=\"#9ca3af\" stroke-opacity=\"0.4\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value:.0}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0
        ));
    }
    let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
    add(format!(
        "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">products</text>",
        HEIGHT - 12.0
    ));
    add(format!("<text x=\"{:.1}\" y=\"{:.1}\">orders per second</text>", LEFT + 6.0, TOP + 14.0));
}

fn lines(svg: &mut String, cells: &[Cell], x: Axis, y: Axis) {
    let mut series: BTreeMap<(u32, u32), Vec<&Cell>> = BTreeMap::new();
    for cell in cells {
        series.entry((cell.in_flight, magnitude(cell.events))).or_default().push(cell);
    }
    let (mut flights, mut magnitudes) = (Vec::new(), Vec::new());
    for ((in_flight, magnitude), cells) in &series {
        let colour = COLOURS.get(index_of(&mut flights, *in_flight)).unwrap_or(&"#6b7280");
        let dash = DASHES.get(index_of(&mut magnitudes, *magnitude)).unwrap_or(&"none");
        let points: Vec<String> = cells
            .iter()
            .map(|cell| {
                let (x, y) = (x.place(cell.products.into()), y.place(cell.measured.orders_per_s));
                format!("{x:.1},{y:.1}")
            })
            .collect();
        let Some(last) = cells.last() else { continue };
        let (end, height) = (x.place(last.products.into()), y.place(last.measured.orders_per_s));
        // Writing to a text cannot fail.
        _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{in_flight} in flight, 10^{magnitude} events</text>",
            points.join(" "),
            end + 6.0,
            height + 4.0
        );
    }
}

/// Which power of ten a number is at or above.
fn magnitude(events: u64) -> u32 {
    events.checked_ilog10().unwrap_or(0)
}

/// The place of a value among those seen so far, of which it then is one.
fn index_of(seen: &mut Vec<u32>, value: u32) -> usize {
    seen.iter().position(|other| *other == value).unwrap_or_else(|| {
        seen.push(value);
        seen.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::table::tests::cell;

    #[test]
    fn an_axis_goes_from_one_power_of_ten_to_another() {
        let axis = Axis::over([150.0, 9000.0].into_iter(), Drawn { first: 0.0, last: 200.0 });
        assert_eq!(axis.marks().map(f64::round).collect::<Vec<_>>(), [100.0, 1000.0, 10_000.0]);
        assert!((axis.place(1000.0) - 100.0).abs() < 1e-9);
        assert!((axis.place(1.0) - 0.0).abs() < 1e-9, "nothing is drawn outside");
    }

    #[test]
    fn a_line_for_each_number_in_flight_and_each_history() {
        let mut cells = vec![cell(100, 1, 300.0), cell(100, 64, 2500.0), cell(1000, 64, 2400.0)];
        cells.push(Cell { events: 1_000_100, ..cell(100, 64, 2300.0) });
        let svg = svg(&cells);
        assert_eq!(svg.matches("<polyline").count(), 3);
        assert!(svg.contains("64 in flight, 10^6 events"));
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn an_empty_grid_is_an_empty_picture() {
        assert_eq!(svg(&[]).matches("<polyline").count(), 0);
    }
}
