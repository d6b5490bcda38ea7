//! The calls about revenue, and the time zone of its days.

use std::sync::Arc;

use axum::extract::State;
use contracts::rest::accounting::{DailyRevenue, Revenue, ShopTimeZone};
use identity::Manager;
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::IntoParams;
use web::{Context, Json, Problem, Query};

use super::{Calls, view};

/// Days of one answer: a leap year.
const DAYS_MAX: i32 = 366;

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetRevenue {
    /// This year unless given; in the shop's time zone.
    #[param(minimum = 1970, maximum = 9999)]
    year: Option<i16>,
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetDailyRevenue {
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

/// The revenue of a year, by month and by product.
#[utoipa::path(
    get, path = "/get-revenue", tag = "accounting", params(GetRevenue), security(("token" = [])),
    responses((status = 200, body = Revenue))
)]
pub(super) async fn get_revenue(
    State(calls): State<Arc<Calls>>,
    Manager(_): Manager,
    context: Context,
    Query(query): Query<GetRevenue>,
) -> Result<Json<Revenue>, Problem> {
    let year = query.year.unwrap_or_else(|| calls.calendar.day_of(context.now()).year());
    if !(1970..=9999).contains(&year) {
        return Err(Problem::field("Year", "must be from 1970 to 9999"));
    }
    let revenue = calls.model.revenue(year).await?;
    Ok(Json(view::revenue(year, revenue)))
}

/// The revenue of some days, day by day.
#[utoipa::path(
    get, path = "/get-daily-revenue", tag = "accounting", params(GetDailyRevenue), security(("token" = [])),
    responses((status = 200, body = DailyRevenue))
)]
pub(super) async fn get_daily_revenue(
    State(calls): State<Arc<Calls>>,
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
    Ok(Json(view::daily_revenue(first, last, calls.model.days(first, last).await?)))
}

/// The time zone in which years and months begin; public.
#[utoipa::path(
    get, path = "/get-time-zone", tag = "accounting", responses((status = 200, body = ShopTimeZone))
)]
pub(super) async fn get_time_zone(State(calls): State<Arc<Calls>>) -> Json<ShopTimeZone> {
    Json(ShopTimeZone { time_zone: calls.calendar.name() })
}
