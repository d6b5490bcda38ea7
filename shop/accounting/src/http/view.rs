//! Invoices and revenue as responses.

use contracts::money::Decimal;
use contracts::rest::accounting::{
    DailyRevenue, DayRevenue, Invoice, MonthRevenue, ProductRevenue, Revenue,
};
use jiff::civil::Date;

use crate::model::{self, Sum};

pub(super) fn revenue(year: i16, revenue: model::Revenue) -> Revenue {
    let Sum { invoices, revenue: total } = revenue.total();
    let months = (1..).zip(revenue.months);
    let by_month = months.map(|(month, sum)| MonthRevenue {
        month,
        revenue: Decimal(sum.revenue),
        invoices: sum.invoices,
    });
    let by_product = revenue.products.into_iter().map(|sum| ProductRevenue {
        product_id: sum.product,
        product_name: sum.name,
        quantity: sum.quantity,
        revenue: Decimal(sum.revenue),
    });
    Revenue {
        year,
        revenue: Decimal(total),
        invoices,
        by_month: by_month.collect(),
        by_product: by_product.collect(),
    }
}

/// All days from the first to the last, of which `found` are those with revenue, in order.
pub(super) fn daily_revenue(first: Date, last: Date, found: Vec<(Date, Sum)>) -> DailyRevenue {
    let invoices = found.iter().map(|(_, sum)| sum.invoices).sum();
    let revenue = Decimal(found.iter().map(|(_, sum)| sum.revenue).sum());
    let mut found = found.into_iter().peekable();
    let days = std::iter::successors(Some(first), |day| day.tomorrow().ok());
    let by_day = days.take_while(|day| *day <= last).map(|day| {
        let sum = found.next_if(|(of, _)| *of == day).map(|(_, sum)| sum).unwrap_or_default();
        let revenue = Decimal(sum.revenue);
        DayRevenue { day: day.to_string(), revenue, invoices: sum.invoices }
    });
    DailyRevenue { by_day: by_day.collect(), revenue, invoices }
}

pub(super) fn invoice(invoice: model::Invoice) -> Invoice {
    let model::Invoice { issued, at, user, full_name } = invoice;
    Invoice {
        invoice_number: issued.number,
        order_id: issued.order,
        user_name: user.unwrap_or_default(),
        full_name: full_name.unwrap_or_default(),
        product_id: issued.product,
        product_name: issued.product_name,
        quantity: issued.quantity,
        unit_price: Decimal(issued.unit_price),
        total: Decimal(issued.total),
        currency: issued.currency,
        issued_at: at,
    }
}
