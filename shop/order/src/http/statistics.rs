//! Statistics of orders.

use std::sync::Arc;

use axum::extract::State;
use contracts::{
    order::Reason,
    rest::order::{Statistics, Status},
};
use identity::Manager;
use kernel::Timestamp;
use serde::Deserialize;
use web::{Json, Problem, Query};

use super::Calls;
use crate::model::{self, Within};

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetOrderStatistics {
    /// Placed at or after this time.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Placed before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

/// The number of orders, their outcomes, and how long they took.
#[utoipa::path(get, path = "/get-order-statistics", tag = "order", params(GetOrderStatistics), security(("token" = [])), responses(
    (status = 200, body = Statistics),
))]
pub(super) async fn get_order_statistics(
    State(calls): State<Arc<Calls>>,
    _: Manager,
    Query(GetOrderStatistics { from, to }): Query<GetOrderStatistics>,
) -> Result<Json<Statistics>, Problem> {
    let found = calls.model.statistics(Within { from, to }).await?;
    Ok(Json(shown(&found)))
}

/// Contains every status and every reason, also those that did not occur.
fn shown(found: &model::Statistics) -> Statistics {
    let statuses = [Status::Pending, Status::Canceled, Status::Approved, Status::Finalized];
    let of = |holds: &dyn Fn(Status, &[Reason]) -> bool| -> u64 {
        let counts = found.counts.iter().filter(|(status, reasons, _)| holds(*status, reasons));
        counts.map(|(_, _, count)| count).sum()
    };
    let by_status = statuses.map(|status| (format!("{status:?}"), of(&|other, _| other == status)));
    let by_reason =
        Reason::ALL.map(|reason| (reason.to_string(), of(&|_, reasons| reasons.contains(&reason))));
    Statistics {
        total: of(&|_, _| true),
        open: of(&|status, _| matches!(status, Status::Pending | Status::Approved)),
        by_status: by_status.into(),
        by_reason: by_reason.into(),
        durations: found.durations,
    }
}
