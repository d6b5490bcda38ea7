//! The service's calls: all read-only, because invoices are issued in reaction to orders.

use std::{ops::Deref, sync::Arc};

use axum::extract::State;
use contracts::money::Decimal;
use contracts::rest::accounting::{
    DailyRevenue, DayRevenue, Invoice, MonthRevenue, ProductRevenue, Revenue, ShopTimeZone,
};
use identity::{Caller, Manager};
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use web::{After, Context, Json, Limit, Listing, Problem, Query, ServiceContext, Text};

use crate::{
    calendar::Calendar,
    model::{self, Invoices, Model, Sum},
};

/// Days of one answer: a leap year.
const DAYS_MAX: i32 = 366;

/// Shared by all calls.
pub(crate) struct Books {
    pub(crate) service: ServiceContext<dyn Model>,
    pub(crate) calendar: Calendar,
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GetRevenue {
    /// This year unless given; in the shop's time zone.
    #[param(minimum = 1970, maximum = 9999)]
    year: Option<i16>,
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GetDailyRevenue {
    /// The first day, such as `2026-11-01`, in the shop's time zone; from 1970 on.
    #[param(value_type = String, format = Date)]
    from: Day,
    /// The last day; at most 366 days with the first.
    #[param(value_type = String, format = Date)]
    to: Day,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Day(Date);

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let day = (text.len() == "2026-11-30".len()).then(|| text.parse().ok()).flatten();
        let day = day.filter(|day: &Date| (1970..=9999).contains(&day.year()));
        day.map(Self).ok_or("must be a day from 1970 on, such as 2026-11-30")
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GetInvoices {
    /// A user name; only managers may omit it, for the invoices of all customers.
    #[param(inline)]
    user_name: Option<Text<1, 64>>,
    #[serde(default)]
    #[param(inline, required = false)]
    limit: Limit,
    #[param(inline, value_type = Option<web::Cursor>)]
    after: Option<After<u64>>,
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GetInvoice {
    order_id: Uuid,
}

impl Deref for Books {
    type Target = ServiceContext<dyn Model>;

    fn deref(&self) -> &ServiceContext<dyn Model> {
        &self.service
    }
}

pub(crate) fn calls(books: &Arc<Books>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(get_revenue))
        .routes(routes!(get_daily_revenue))
        .routes(routes!(get_time_zone))
        .routes(routes!(get_invoices))
        .routes(routes!(get_invoice))
        .with_state(Arc::clone(books))
}

/// The revenue of a year, by month and by product.
#[utoipa::path(
    get, path = "/get-revenue", tag = "accounting", params(GetRevenue), security(("token" = [])),
    responses((status = 200, body = Revenue))
)]
async fn get_revenue(
    State(books): State<Arc<Books>>,
    Manager(_): Manager,
    context: Context,
    Query(query): Query<GetRevenue>,
) -> Result<Json<Revenue>, Problem> {
    let year = query.year.unwrap_or_else(|| books.calendar.day_of(context.now()).year());
    if !(1970..=9999).contains(&year) {
        return Err(Problem::field("Year", "must be from 1970 to 9999"));
    }
    let revenue = books.model.revenue(year).await?;
    Ok(Json(revenue_of(year, revenue)))
}

/// The revenue of some days, day by day.
#[utoipa::path(
    get, path = "/get-daily-revenue", tag = "accounting", params(GetDailyRevenue), security(("token" = [])),
    responses((status = 200, body = DailyRevenue))
)]
async fn get_daily_revenue(
    State(books): State<Arc<Books>>,
    Manager(_): Manager,
    Query(query): Query<GetDailyRevenue>,
) -> Result<Json<DailyRevenue>, Problem> {
    let (Day(first), Day(last)) = (query.from, query.to);
    if first > last {
        return Err(Problem::field("To", "must not be before From"));
    }
    if (last - first).get_days() >= DAYS_MAX {
        return Err(Problem::field("To", "must be less than 366 days after From"));
    }
    Ok(Json(daily(first, last, books.model.days(first, last).await?)))
}

/// The time zone in which years and months begin; public.
#[utoipa::path(
    get, path = "/get-time-zone", tag = "accounting", responses((status = 200, body = ShopTimeZone))
)]
async fn get_time_zone(State(books): State<Arc<Books>>) -> Json<ShopTimeZone> {
    Json(ShopTimeZone { time_zone: books.calendar.name() })
}

/// The invoices of a customer, or of all, newest first.
#[utoipa::path(
    get, path = "/get-invoices", tag = "accounting", params(GetInvoices), security(("token" = [])),
    responses((status = 200, body = Listing<Invoice>), (status = 404, description = "There is no such customer."))
)]
async fn get_invoices(
    State(books): State<Arc<Books>>,
    caller: Caller,
    Query(query): Query<GetInvoices>,
) -> Result<Json<Listing<Invoice>>, Problem> {
    let customer = if let Some(user) = query.user_name.as_deref() {
        Some(caller.customer(user, books.model.customer(user)).await?)
    } else {
        caller.must_be_manager()?;
        None
    };
    let after = query.after.map(|After(number)| number);
    let wanted = Invoices { customer, after, count: query.limit.and_one() };
    let found = books.model.invoices(wanted).await?;
    let page = Listing::page(found, query.limit, |invoice| invoice.issued.number);
    Ok(Json(page.map(invoice_of)))
}

/// The invoice of an order.
#[utoipa::path(
    get, path = "/get-invoice", tag = "accounting", params(GetInvoice), security(("token" = [])),
    responses((status = 200, body = Invoice), (status = 404, description = "The order has no invoice."))
)]
async fn get_invoice(
    State(books): State<Arc<Books>>,
    caller: Caller,
    Query(query): Query<GetInvoice>,
) -> Result<Json<Invoice>, Problem> {
    let found = books.model.invoice(query.order_id).await?;
    let invoice = found.ok_or_else(|| Problem::not_found("The order has no invoice."))?;
    caller.must_be_customer(invoice.issued.customer)?;
    Ok(Json(invoice_of(invoice)))
}

fn revenue_of(year: i16, revenue: model::Revenue) -> Revenue {
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
fn daily(first: Date, last: Date, found: Vec<(Date, Sum)>) -> DailyRevenue {
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

fn invoice_of(invoice: model::Invoice) -> Invoice {
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
