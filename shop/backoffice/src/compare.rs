//! A year's revenue against that of the year before.

use contracts::rest::accounting::Revenue;
use site::Count;

use crate::chart::month;

/// How much more, or less, the first `months` of a year brought in than those of the year before; none where these brought nothing.
pub(crate) fn change(revenue: &Revenue, before: &Revenue, months: i8) -> Option<String> {
    let sum = |revenue: &Revenue| {
        let months = revenue.by_month.iter().filter(|one| one.month <= months);
        months.map(|one| i128::from(one.revenue.0.minor())).sum::<i128>()
    };
    let (now, then) = (sum(revenue), sum(before));
    if then <= 0 {
        return None;
    }
    let percent = ((now - then) * 200 + then).div_euclid(2 * then);
    let sign = if percent < 0 { "−" } else { "+" };
    let of = match months {
        12 => String::new(),
        1 => ", in Jan".to_owned(),
        months => format!(", Jan to {}", month(months)),
    };
    Some(format!("{sign}{}% on {}{of}", Count(small(percent.abs())), before.year))
}

fn small(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use contracts::{money::Decimal, rest::accounting::MonthRevenue};
    use site::Money;

    use super::*;

    fn year(year: i16, sums: [i64; 12]) -> Revenue {
        let month = |(month, minor)| {
            let revenue = Decimal(Money::from_minor(minor));
            MonthRevenue { month, revenue, invoices: 1 }
        };
        let revenue = Decimal(Money::from_minor(sums.iter().sum()));
        let by_month = (1..).zip(sums).map(month).collect();
        Revenue { year, revenue, invoices: 12, by_month, by_product: Vec::new() }
    }

    #[test]
    fn a_year_is_compared_with_the_same_months_of_the_one_before() {
        let before = year(2025, [100; 12]);
        let mut sums = [112; 12];
        sums[11] = 0;
        let this = year(2026, sums);
        assert_eq!(change(&this, &before, 11).as_deref(), Some("+12% on 2025, Jan to Nov"));
        assert_eq!(change(&this, &before, 12).as_deref(), Some("+3% on 2025"));
        assert_eq!(change(&this, &before, 1).as_deref(), Some("+12% on 2025, in Jan"));
        assert_eq!(change(&year(2026, [50; 12]), &before, 12).as_deref(), Some("−50% on 2025"));
        assert_eq!(change(&this, &before, 0), None, "no month is over yet");
        assert_eq!(change(&this, &year(2025, [0; 12]), 12), None);
    }
}
