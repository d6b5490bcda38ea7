//! Charts, drawn on the server: columns of a year, and bars in the rows of a table.

use askama::{Template, filters::HtmlSafe};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Room for the columns, and each column's place in it.
const HEIGHT: i128 = 150;
const STEP: i64 = 32;

/// The twelve columns of a year. The table with the same figures belongs beside it.
#[derive(Template)]
#[template(path = "columns.html")]
pub(crate) struct Columns {
    title: String,
    columns: Vec<Column>,
}

struct Column {
    label: &'static str,
    x: i64,
    y: i64,
    height: i64,
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
    /// A column for each month's value, in order.
    pub(crate) fn of_year(title: String, values: &[i64]) -> Self {
        let top = i128::from(values.iter().copied().max().unwrap_or(0).max(1));
        let column = |((at, value), label): ((i64, i64), &'static str)| {
            let height = i128::from(value.max(0)) * HEIGHT / top;
            // What is not nothing is seen.
            let height = if value > 0 { height.max(2) } else { 0 };
            let height = i64::try_from(height).unwrap_or(0);
            let y = i64::try_from(HEIGHT).unwrap_or(0) + 12 - height;
            Column { label, x: 8 + at * STEP, y, height }
        };
        let columns = (0..).zip(values.iter().copied()).zip(MONTHS).map(column).collect();
        Self { title, columns }
    }
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
    fn the_highest_column_is_whole_and_none_leaves_the_picture() {
        let columns = Columns::of_year(String::new(), &[0, i64::MAX, 1, i64::MAX / 2]).columns;
        let heights: Vec<_> = columns.iter().map(|column| column.height).collect();
        assert_eq!(heights, [0, 150, 2, 74]);
        assert!(columns.iter().all(|column| column.y + column.height == 162));
        assert_eq!(Columns::of_year(String::new(), &[0; 12]).columns.len(), 12);
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
