//! Charts, drawn on the server: columns of a period, and bars in the rows of a table.

use askama::{Template, filters::HtmlSafe};
use site::{Amount, Money};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const NAMES: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Room for the columns, upwards and sideways, and room for the sums before the first one.
const HEIGHT: i128 = 150;
const WIDTH: usize = 372;
const GUTTER: usize = 58;
/// Lines above the axis, at most.
const LINES_MAX: i128 = 4;

/// The columns of a period, with those of the period before behind them, and lines at round sums. The table with the same
/// figures belongs beside it.
#[derive(Template)]
#[template(path = "columns.html")]
pub(crate) struct Columns {
    title: String,
    shown: Vec<Column>,
    lines: Vec<Line>,
    /// How wide a column is, and one behind it.
    width: usize,
    before_width: usize,
}

/// A period's sums, in minor units, and those of the period before. There is a column for each label.
pub(crate) struct Series<'a> {
    pub(crate) labels: Vec<String>,
    pub(crate) values: Vec<i64>,
    pub(crate) before: Vec<i64>,
    pub(crate) currency: &'a str,
}

/// A line at a round sum.
struct Line {
    label: String,
    y: i64,
}

struct Column {
    label: String,
    x: usize,
    y: i64,
    height: i64,
    /// Of the period before.
    before_x: usize,
    before_y: i64,
    before_height: i64,
}

/// A bar as long as its part of the whole. Its figure beside it has the same information.
#[derive(Template)]
#[template(path = "bar.html")]
pub(crate) struct Bar {
    /// Of 1000.
    share: i64,
    tone: &'static str,
}

impl Columns {
    /// A column for each label, in order.
    pub(crate) fn of(title: String, series: &Series<'_>) -> Self {
        let all = series.values.iter().chain(&series.before).copied();
        let highest = i128::from(all.max().unwrap_or(0).max(0));
        let round = round_step(highest);
        let lines = highest.div_euclid(round) + i128::from(highest.rem_euclid(round) > 0);
        let top = round * lines.max(1);
        let height = |value: i64| {
            let height = i128::from(value.max(0)) * HEIGHT / top;
            // What is not nothing is seen.
            small(if value > 0 { height.max(2) } else { 0 })
        };
        let y = |height: i64| small(HEIGHT) + 12 - height;
        let step = WIDTH / series.labels.len().max(1);
        let (before_width, width) = (step - step / 6, step.div_ceil(2));
        let of = |values: &[i64], at: usize| height(values.get(at).copied().unwrap_or_default());
        let column = |(at, label): (usize, &String)| {
            let (height, before) = (of(&series.values, at), of(&series.before, at));
            let before_x = GUTTER + at * step;
            let x = before_x + (before_width - width) / 2;
            let (label, before_y) = (label.clone(), y(before));
            Column { label, x, y: y(height), height, before_x, before_y, before_height: before }
        };
        let shown = series.labels.iter().enumerate().map(column).collect();
        let line = |number: i128| {
            let sum = Money::from_minor(i64::try_from(round * number).unwrap_or(i64::MAX));
            let label = Amount(sum, series.currency).to_string();
            let label = label.strip_suffix(".00").unwrap_or(&label).to_owned();
            Line { label, y: y(small(HEIGHT * number / lines.max(1))) }
        };
        let lines = (1..=lines).map(line).collect();
        Self { title, shown, lines, width, before_width }
    }
}

/// The smallest round sum (1, 2 or 5 with zeros, in whole units) of which few enough make at least `highest`.
fn round_step(highest: i128) -> i128 {
    let steps = (2..20).flat_map(|zeros| [1, 2, 5].map(|digit| digit * 10_i128.pow(zeros)));
    let mut enough = steps.filter(|step| step * LINES_MAX >= highest);
    enough.next().unwrap_or(i128::MAX / LINES_MAX)
}

fn small(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(0)
}

impl Bar {
    /// The bar of `part`, where a full bar means `whole`.
    pub(crate) fn new(part: i64, whole: i64, tone: &'static str) -> Self {
        let share = i128::from(part.max(0)) * 1000 / i128::from(whole.max(1));
        Self { share: i64::try_from(share.min(1000)).unwrap_or(1000), tone }
    }
}

/// The month's short name; months begin with 1.
pub(crate) fn month(number: i8) -> &'static str {
    named(MONTHS, number)
}

pub(crate) fn month_name(number: i8) -> &'static str {
    named(NAMES, number)
}

fn named(names: [&'static str; 12], number: i8) -> &'static str {
    let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    place.and_then(|place| names.get(place)).copied().unwrap_or("–")
}

impl HtmlSafe for Columns {}
impl HtmlSafe for Bar {}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(count: usize, values: Vec<i64>, before: Vec<i64>) -> Columns {
        let labels = (1..=count).map(|number| number.to_string()).collect();
        Columns::of(String::new(), &Series { labels, values, before, currency: "EUR" })
    }

    #[test]
    fn columns_stand_before_round_lines_and_none_leaves_the_picture() {
        let Columns { shown: four, lines, .. } =
            columns(4, vec![0, 17_300, 1, 10_000], vec![5_000]);
        let labels: Vec<_> = lines.iter().map(|line| (&*line.label, line.y)).collect();
        assert_eq!(labels, [("€50", 125), ("€100", 87), ("€150", 50), ("€200", 12)]);
        let heights: Vec<_> = four.iter().map(|column| column.height).collect();
        assert_eq!(heights, [0, 129, 2, 75]);
        assert_eq!(four.iter().map(|one| one.before_height).collect::<Vec<_>>(), [37, 0, 0, 0]);
        assert!(four.iter().all(|column| column.y + column.height == 162));
        for value in [0, i64::MAX, -5] {
            let Columns { shown, lines, .. } = columns(12, vec![value; 12], Vec::new());
            assert!(shown.iter().all(|column| (0..=150).contains(&column.height)));
            assert!(shown.len() == 12 && lines.len() <= 4);
        }
    }

    #[test]
    fn a_period_of_any_length_has_room() {
        for count in [7, 12, 28, 31] {
            let Columns { shown, width, before_width, .. } =
                columns(count, vec![1; count], vec![1; 31]);
            assert_eq!(shown.len(), count);
            for pair in shown.windows(2) {
                assert!(pair[0].before_x + before_width < pair[1].before_x, "{count}");
                assert!(pair[0].x >= pair[0].before_x && width < before_width, "{count}");
            }
            let last = shown.last().map(|column| column.before_x + before_width);
            assert!(last.is_some_and(|end| end <= 432), "{count}: {last:?}");
        }
        assert!(columns(0, vec![1], vec![]).shown.is_empty());
    }

    #[test]
    fn a_bar_is_its_part_of_the_whole() {
        let share = |part, whole| Bar::new(part, whole, "").share;
        assert_eq!(
            [share(1, 4), share(4, 4), share(0, 0), share(9, 4), share(-1, 4)],
            [250, 1000, 0, 1000, 0]
        );
        assert_eq!([month(1), month(12), month(13)], ["Jan", "Dec", "–"]);
    }
}
