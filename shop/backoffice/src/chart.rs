//! Charts, drawn on the server: columns of a year, and bars in the rows of a table.

use askama::{Template, filters::HtmlSafe};
use site::{Amount, Money};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Room for the columns, each column's place in it, and room for the sums before the first one.
const HEIGHT: i128 = 150;
const STEP: i64 = 31;
const GUTTER: i64 = 58;
/// Lines above the axis, at most.
const LINES_MAX: i128 = 4;

/// The twelve columns of a year, with those of the year before behind them, and lines at round sums. The table with the same
/// figures belongs beside it.
#[derive(Template)]
#[template(path = "columns.html")]
pub(crate) struct Columns {
    title: String,
    months: Vec<Column>,
    lines: Vec<Line>,
}

/// A year's sums by month, in minor units, and those of the year before.
pub(crate) struct Year<'a> {
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
    label: &'static str,
    x: i64,
    y: i64,
    height: i64,
    /// Of the year before.
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
    /// A column for each month, in order.
    pub(crate) fn of_year(title: String, year: &Year<'_>) -> Self {
        let all = year.values.iter().chain(&year.before).copied();
        let highest = i128::from(all.max().unwrap_or(0).max(0));
        let step = round_step(highest);
        let lines = highest.div_euclid(step) + i128::from(highest.rem_euclid(step) > 0);
        let top = step * lines.max(1);
        let height = |value: i64| {
            let height = i128::from(value.max(0)) * HEIGHT / top;
            // What is not nothing is seen.
            small(if value > 0 { height.max(2) } else { 0 })
        };
        let y = |height: i64| small(HEIGHT) + 12 - height;
        let column = |((at, value), label): ((usize, i64), &'static str)| {
            let (height, before) =
                (height(value), height(year.before.get(at).copied().unwrap_or_default()));
            let x = GUTTER + i64::try_from(at).unwrap_or_default() * STEP;
            Column { label, x, y: y(height), height, before_y: y(before), before_height: before }
        };
        let months = year.values.iter().copied().enumerate().zip(MONTHS).map(column).collect();
        let line = |number: i128| {
            let sum = Money::from_minor(i64::try_from(step * number).unwrap_or(i64::MAX));
            let label = Amount(sum, year.currency).to_string();
            let label = label.strip_suffix(".00").unwrap_or(&label).to_owned();
            Line { label, y: y(small(HEIGHT * number / lines.max(1))) }
        };
        let lines = (1..=lines).map(line).collect();
        Self { title, months, lines }
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

/// The month's name; months begin with 1.
pub(crate) fn month(number: i8) -> &'static str {
    let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    place.and_then(|place| MONTHS.get(place)).copied().unwrap_or("–")
}

impl HtmlSafe for Columns {}
impl HtmlSafe for Bar {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_before_round_lines_and_none_leaves_the_picture() {
        let year =
            Year { values: vec![0, 17_300, 1, 10_000], before: vec![5_000], currency: "EUR" };
        let Columns { months: columns, lines, .. } = Columns::of_year(String::new(), &year);
        let labels: Vec<_> = lines.iter().map(|line| (&*line.label, line.y)).collect();
        assert_eq!(labels, [("€50", 125), ("€100", 87), ("€150", 50), ("€200", 12)]);
        let heights: Vec<_> = columns.iter().map(|column| column.height).collect();
        assert_eq!(heights, [0, 129, 2, 75]);
        assert_eq!(columns.iter().map(|one| one.before_height).collect::<Vec<_>>(), [37, 0, 0, 0]);
        assert!(columns.iter().all(|column| column.y + column.height == 162));
        for values in [vec![0; 12], vec![i64::MAX; 12], vec![-5; 12]] {
            let year = Year { values, before: Vec::new(), currency: "" };
            let Columns { months: columns, lines, .. } = Columns::of_year(String::new(), &year);
            assert!(columns.iter().all(|column| (0..=150).contains(&column.height)));
            assert!(columns.len() == 12 && lines.len() <= 4);
        }
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
