//! The period that the dashboard is about: a year by month, or a month or a week by day.

use jiff::{
    ToSpan as _,
    civil::{Date, Weekday},
};
use kernel::Timestamp;
use serde::Deserialize;
use site::Zone;

use crate::chart::{month, month_name};

/// What an address names; this year if nothing.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    year: String,
    /// Such as `2026-11`.
    #[serde(default)]
    month: String,
    /// Any day of the week.
    #[serde(default)]
    week: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    Year(i16),
    /// Its first day.
    Month(Date),
    /// Its Monday.
    Week(Date),
}

/// The years that can be asked for.
fn is_known(year: i16) -> bool {
    (1970..=9999).contains(&year)
}

impl Asked {
    /// None if the address names no period.
    pub(crate) fn period(&self, today: Date) -> Option<Period> {
        let [year, month, week] = [&self.year, &self.month, &self.week].map(|given| given.trim());
        let period = match (year, month, week) {
            ("", "", "") => Period::Year(today.year()),
            (year, "", "") => Period::Year(year.parse().ok()?),
            ("", month, "") if month.len() == "2026-11".len() => {
                Period::Month(format!("{month}-01").parse().ok()?)
            }
            ("", "", day) if day.len() == "2026-11-30".len() => Period::week(day.parse().ok()?)?,
            _ => return None,
        };
        period.is_known().then_some(period)
    }
}

impl Period {
    fn week(day: Date) -> Option<Self> {
        let since = day.weekday().since(Weekday::Monday);
        day.checked_sub(i64::from(since).days()).ok().map(Self::Week)
    }

    fn is_known(self) -> bool {
        let year = match self {
            Self::Year(year) => year,
            Self::Month(first) | Self::Week(first) => first.year(),
        };
        // A week of the last year may end in one that is not known.
        is_known(year) && self.last().is_some_and(|last| is_known(last.year()))
    }

    /// The year of its first day.
    pub(crate) fn year(self) -> i16 {
        match self {
            Self::Year(year) => year,
            Self::Month(first) | Self::Week(first) => first.year(),
        }
    }

    pub(crate) fn first(self) -> Option<Date> {
        match self {
            Self::Year(year) => Date::new(year, 1, 1).ok(),
            Self::Month(first) | Self::Week(first) => Some(first),
        }
    }

    pub(crate) fn last(self) -> Option<Date> {
        match self {
            Self::Year(year) => Date::new(year, 12, 31).ok(),
            Self::Month(first) => Some(first.last_of_month()),
            Self::Week(first) => first.checked_add(6.days()).ok(),
        }
    }

    /// When it begins and ends.
    pub(crate) fn times(self, zone: &Zone) -> [Option<Timestamp>; 2] {
        let [first, last] = [self.first(), self.last()].map(|day| day.map(|day| day.to_string()));
        [first.and_then(|day| zone.day_begin(&day)), last.and_then(|day| zone.day_end(&day))]
    }

    pub(crate) fn before(self) -> Option<Self> {
        self.moved(-1)
    }

    pub(crate) fn after(self) -> Option<Self> {
        self.moved(1)
    }

    fn moved(self, by: i16) -> Option<Self> {
        let moved = match self {
            Self::Year(year) => Self::Year(year + by),
            Self::Month(first) => Self::Month(first.checked_add(i64::from(by).months()).ok()?),
            Self::Week(first) => Self::Week(first.checked_add(i64::from(by).weeks()).ok()?),
        };
        moved.is_known().then_some(moved)
    }

    /// What an address says to name it.
    pub(crate) fn query(self) -> String {
        match self {
            Self::Year(year) => format!("year={year}"),
            Self::Month(first) => format!("month={:04}-{:02}", first.year(), first.month()),
            Self::Week(first) => format!("week={first}"),
        }
    }

    /// What the address of the orders says to list those of its days.
    pub(crate) fn days(self) -> String {
        match self.first().zip(self.last()) {
            Some((first, last)) => format!("from={first}&to={last}"),
            None => String::new(),
        }
    }

    /// In words.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Year(year) => year.to_string(),
            Self::Month(first) => format!("{} {}", month_name(first.month()), first.year()),
            Self::Week(first) => {
                let Some(last) = self.last() else { return String::new() };
                let end = format!("{} {} {}", last.day(), month(last.month()), last.year());
                match (first.year() == last.year(), first.month() == last.month()) {
                    (true, true) => format!("{}–{end}", first.day()),
                    (true, false) => format!("{} {} – {end}", first.day(), month(first.month())),
                    (false, _) => {
                        format!("{} {} {} – {end}", first.day(), month(first.month()), first.year())
                    }
                }
            }
        }
    }

    /// Its first columns, in words.
    pub(crate) fn part(self, columns: usize) -> String {
        let last = columns.saturating_sub(1);
        match (self, columns) {
            (Self::Year(_), 1) => "in Jan".to_owned(),
            (Self::Month(_), 1) => "day 1".to_owned(),
            (Self::Month(_), days) => format!("days 1 to {days}"),
            (_, 1) => self.label(0),
            _ => format!("{} to {}", self.label(0), self.label(last)),
        }
    }

    /// What its columns are.
    pub(crate) fn unit(self) -> &'static str {
        if matches!(self, Self::Year(_)) { "month" } else { "day" }
    }

    /// How many columns it has.
    pub(crate) fn columns(self) -> usize {
        match self {
            Self::Year(_) => 12,
            Self::Month(first) => usize::try_from(first.days_in_month()).unwrap_or_default(),
            Self::Week(_) => 7,
        }
    }

    /// How many of its columns are over.
    pub(crate) fn over(self, today: Date) -> usize {
        let Some((first, last)) = self.first().zip(self.last()) else { return 0 };
        if today > last {
            return self.columns();
        }
        if today < first {
            return 0;
        }
        let over = match self {
            Self::Year(_) => i32::from(today.month()) - 1,
            Self::Month(_) | Self::Week(_) => (today - first).get_days(),
        };
        usize::try_from(over).unwrap_or_default()
    }

    /// What is under a column, if there is room for it.
    pub(crate) fn label(self, at: usize) -> String {
        let number = at + 1;
        match self {
            Self::Year(_) => self.row(at),
            Self::Month(_) if number == 1 || number.is_multiple_of(5) => number.to_string(),
            Self::Month(_) => String::new(),
            Self::Week(_) => self.row(at).split(',').next().unwrap_or_default().to_owned(),
        }
    }

    /// What a column is of, in a table.
    pub(crate) fn row(self, at: usize) -> String {
        let days = i64::try_from(at).unwrap_or_default();
        match self {
            Self::Year(_) => month(i8::try_from(at + 1).unwrap_or_default()).to_owned(),
            Self::Month(first) | Self::Week(first) => {
                let Ok(day) = first.checked_add(days.days()) else { return String::new() };
                format!("{}, {} {}", weekday(day.weekday()), day.day(), month(day.month()))
            }
        }
    }

    /// The same time at other lengths, this period among them: of today if it is in it, else of its last day.
    pub(crate) fn lengths(self, today: Date) -> [(&'static str, Option<Self>); 3] {
        let within =
            self.first().zip(self.last()).filter(|(first, last)| (*first..=*last).contains(&today));
        let day = if within.is_some() { today } else { self.last().unwrap_or(today) };
        let all = [
            ("Year", Some(Self::Year(day.year()))),
            ("Month", Some(Self::Month(day.first_of_month()))),
            ("Week", Self::week(day)),
        ];
        all.map(|(name, other)| {
            let is_this = other.is_some_and(|other| {
                std::mem::discriminant(&other) == std::mem::discriminant(&self)
            });
            (name, if is_this { Some(self) } else { other.filter(|other| other.is_known()) })
        })
    }
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 30);

    fn asked(year: &str, month: &str, week: &str) -> Option<Period> {
        let [year, month, week] = [year, month, week].map(str::to_owned);
        Asked { year, month, week }.period(TODAY)
    }

    #[test]
    fn an_address_names_a_year_a_month_or_a_week_by_any_of_its_days() {
        assert_eq!(asked("", "", ""), Some(Period::Year(2026)));
        assert_eq!(asked("2024", "", ""), Some(Period::Year(2024)));
        assert_eq!(asked("", "2024-02", ""), Some(Period::Month(date(2024, 2, 1))));
        let week = Some(Period::Week(date(2025, 12, 29)));
        assert_eq!(asked("", "", "2026-01-01"), week);
        assert_eq!(asked("", "", "2025-12-29"), week);
        for (year, month, week) in [
            ("1969", "", ""),
            ("10000", "", ""),
            ("x", "", ""),
            ("", "2026-13", ""),
            ("", "2026-1", ""),
            ("", "1969-12", ""),
            ("", "", "2026-02-30"),
            ("", "", "1970-01-01"),
            ("", "", "9999-12-31"),
            ("", "", "2026-11-30T10:00"),
            ("2026", "2026-11", ""),
        ] {
            assert_eq!(asked(year, month, week), None, "{year} {month} {week}");
        }
    }

    #[test]
    fn periods_follow_one_another_to_the_ends_of_time() {
        let week = Period::week(TODAY).expect("a week");
        assert_eq!(week.name(), "30 Nov – 6 Dec 2026");
        assert_eq!(week.before().map(Period::name).as_deref(), Some("23–29 Nov 2026"));
        assert_eq!(
            Period::week(date(2026, 1, 1)).map(Period::name).as_deref(),
            Some("29 Dec 2025 – 4 Jan 2026")
        );
        let month = Period::Month(date(2026, 12, 1));
        assert_eq!(month.after(), Some(Period::Month(date(2027, 1, 1))));
        assert_eq!(month.name(), "December 2026");
        assert_eq!(Period::Year(1970).before(), None);
        assert_eq!(Period::Month(date(9999, 12, 1)).after(), None);
        assert_eq!(Period::Week(date(1970, 1, 5)).before(), None, "it begins in 1969");
        assert_eq!(week.days(), "from=2026-11-30&to=2026-12-06");
        assert_eq!([month, week].map(Period::query), ["month=2026-12", "week=2026-11-30"]);
    }

    #[test]
    fn columns_are_counted_named_and_over_by_the_day() {
        let february = Period::Month(date(2024, 2, 1));
        assert_eq!((february.columns(), february.over(TODAY)), (29, 29));
        assert_eq!(february.row(28), "Thu, 29 Feb");
        assert_eq!([0, 1, 4, 29].map(|at| february.label(at)), ["1", "", "5", "30"]);
        let week = Period::week(TODAY).expect("a week");
        assert_eq!((week.over(TODAY), week.over(date(2026, 12, 2))), (0, 2));
        assert_eq!((week.label(6), week.row(6)), ("Sun".to_owned(), "Sun, 6 Dec".to_owned()));
        assert_eq!((Period::Year(2026).over(TODAY), Period::Year(2027).over(TODAY)), (10, 0));
    }

    #[test]
    fn other_lengths_lead_to_today_or_to_the_end() {
        let to = |period: Period| {
            period.lengths(TODAY).map(|(_, to)| to.map(Period::query).unwrap_or_default())
        };
        assert_eq!(to(Period::Year(2026)), ["year=2026", "month=2026-11", "week=2026-11-30"]);
        assert_eq!(
            to(Period::Month(date(2026, 3, 1))),
            ["year=2026", "month=2026-03", "week=2026-03-30"]
        );
        assert_eq!(to(Period::Year(9999)), ["year=9999", "month=9999-12", ""]);
    }
}
