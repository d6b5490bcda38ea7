//! How a period went: its revenue column by column, and against the period before.

use contracts::rest::accounting::{DailyRevenue, Revenue};
use futures_util::future::join;
use jiff::civil::Date;
use site::{Amount, Count, Failure, Money, no_such_page};

use crate::{
    chart::{Columns, Series},
    manager::ManagerVisit,
    period::Period,
    status,
};

/// A period's sums, by month or by day.
pub(crate) struct Course {
    pub(crate) period: Period,
    sums: Vec<Sum>,
    /// Of the period before; none if nothing was sold in it.
    before: Option<Vec<Sum>>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Sum {
    pub(crate) invoices: u64,
    pub(crate) revenue: Money,
}

impl Course {
    /// Of the year, what it brought in by product; and how the period went. None while accounting does not answer.
    pub(crate) async fn read(
        manager: &ManagerVisit,
        period: Period,
    ) -> Result<(Option<Revenue>, Option<Self>), Failure> {
        let year = year(manager, period.year());
        let (year, sums, before) = if matches!(period, Period::Year(_)) {
            let (year, before) = join(year, sums(manager, period.before())).await;
            let year = year?;
            let sums = year.as_ref().map(by_month);
            (year, sums, before)
        } else {
            let both = join(sums(manager, Some(period)), sums(manager, period.before()));
            let (year, (sums, before)) = join(year, both).await;
            (year?, sums?, before)
        };
        // The first period of all has none before it.
        let before = before.ok().flatten();
        let before = before.filter(|before| before.iter().any(|sum| sum.invoices > 0));
        Ok((year, sums.map(|sums| Self { period, sums, before })))
    }

    /// All of it.
    pub(crate) fn total(&self) -> Sum {
        Sum {
            invoices: self.sums.iter().map(|sum| sum.invoices).sum(),
            revenue: self.sums.iter().map(|sum| sum.revenue).sum(),
        }
    }

    /// Its columns by name, for a table.
    pub(crate) fn rows(&self) -> Vec<(String, Sum)> {
        let rows = self.sums.iter().enumerate();
        rows.map(|(at, sum)| (self.period.row(at), *sum)).collect()
    }

    /// The name of the period before, if anything was sold in it.
    pub(crate) fn beside(&self) -> Option<String> {
        self.before.as_ref()?;
        self.period.before().map(Period::name)
    }

    pub(crate) fn columns(&self, currency: &str) -> Columns {
        let minor = |sums: &[Sum]| sums.iter().map(|sum| sum.revenue.minor()).collect::<Vec<_>>();
        let (unit, name) = (self.period.unit(), self.period.name());
        let total = Amount(self.total().revenue, currency);
        let best = self.sums.iter().enumerate().max_by_key(|(_, sum)| sum.revenue.minor());
        let best = best.map(|(at, _)| self.period.row(at)).unwrap_or_default();
        let title = format!("Revenue by {unit}, {name}: {total} in all, most in {best}.");
        let labels = (0..self.period.columns()).map(|at| self.period.label(at)).collect();
        let before = self.before.as_deref().map(minor).unwrap_or_default();
        Columns::of(title, &Series { labels, values: minor(&self.sums), before, currency })
    }

    /// How much more, or less, what is over of it brought in than the same part of the period before; none where that brought
    /// nothing.
    pub(crate) fn change(&self, today: Date) -> Option<String> {
        let (period, before) = (self.period, self.before.as_deref()?);
        let over = period.over(today);
        let is_over = over == period.columns();
        let part = |sums: &[Sum]| {
            let count = if is_over { sums.len() } else { over };
            sums.iter().take(count).map(|sum| i128::from(sum.revenue.minor())).sum::<i128>()
        };
        let (now, then) = (part(&self.sums), part(before));
        if then <= 0 {
            return None;
        }
        let percent = ((now - then) * 200 + then).div_euclid(2 * then);
        let sign = if percent < 0 { "−" } else { "+" };
        let of = if is_over { String::new() } else { format!(", {}", period.part(over)) };
        let name = period.before()?.name();
        let percent = i64::try_from(percent.abs()).unwrap_or(i64::MAX);
        Some(format!("{sign}{}% on {name}{of}", Count(percent)))
    }
}

async fn year(manager: &ManagerVisit, year: i16) -> Result<Option<Revenue>, Failure> {
    let year = year.to_string();
    let asked = [("Year", &*year)];
    status::if_answered(manager.get("/accounting/get-revenue", &asked).await.map_err(no_such_page))
}

async fn sums(manager: &ManagerVisit, period: Option<Period>) -> Result<Option<Vec<Sum>>, Failure> {
    let Some(period) = period else { return Ok(None) };
    if let Period::Year(number) = period {
        return Ok(year(manager, number).await?.as_ref().map(by_month));
    }
    let [from, to] = [period.first(), period.last()];
    let Some((from, to)) = from.zip(to).map(|(from, to)| (from.to_string(), to.to_string())) else {
        return Ok(None);
    };
    let asked = [("From", &*from), ("To", &*to)];
    let days = manager.get("/accounting/get-daily-revenue", &asked).await.map_err(no_such_page);
    let days: Option<DailyRevenue> = status::if_answered(days)?;
    let sum = |days: DailyRevenue| {
        let days = days.by_day.into_iter();
        days.map(|day| Sum { invoices: day.invoices, revenue: day.revenue.0 }).collect()
    };
    Ok(days.map(sum))
}

fn by_month(year: &Revenue) -> Vec<Sum> {
    let months = year.by_month.iter();
    months.map(|month| Sum { invoices: month.invoices, revenue: month.revenue.0 }).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn course(period: Period, sums: &[i64], before: &[i64]) -> Course {
        let sum = |minor: &i64| Sum { invoices: 1, revenue: Money::from_minor(*minor) };
        let [sums, before] = [sums, before].map(|minor| minor.iter().map(sum).collect());
        Course { period, sums, before: Some(before) }
    }

    #[test]
    fn a_period_is_compared_with_the_same_part_of_the_one_before() {
        let mut sums = [112; 12];
        sums[11] = 0;
        let year = course(Period::Year(2026), &sums, &[100; 12]);
        let on = |day| year.change(day);
        assert_eq!(on(date(2026, 12, 24)).as_deref(), Some("+12% on 2025, Jan to Nov"));
        assert_eq!(on(date(2027, 1, 1)).as_deref(), Some("+3% on 2025"));
        assert_eq!(on(date(2026, 2, 1)).as_deref(), Some("+12% on 2025, in Jan"));
        assert_eq!(on(date(2026, 1, 31)), None, "no month is over yet");
        let nothing = course(Period::Year(2026), &sums, &[0; 12]);
        assert_eq!(nothing.change(date(2027, 1, 1)), None);
        let march = course(Period::Month(date(2026, 3, 1)), &[50; 31], &[100; 28]);
        assert_eq!(march.change(date(2026, 4, 1)).as_deref(), Some("−45% on February 2026"));
        assert_eq!(
            march.change(date(2026, 3, 13)).as_deref(),
            Some("−50% on February 2026, days 1 to 12")
        );
        let week = course(Period::Week(date(2026, 11, 30)), &[100; 7], &[100; 7]);
        assert_eq!(
            week.change(date(2026, 12, 2)).as_deref(),
            Some("+0% on 23–29 Nov 2026, Mon to Tue")
        );
    }
}
