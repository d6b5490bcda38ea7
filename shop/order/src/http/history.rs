//! The steps of an order.

use std::sync::Arc;

use axum::extract::State;
use contracts::rest::order::Step;
use identity::Caller;
use kernel::Position;
use serde::Deserialize;
use uuid::Uuid;
use web::{After, Cursor, Json, Limit, Listing, Problem, Query};

use super::Calls;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetOrderHistory {
    order_id: Uuid,
    #[param(inline)]
    #[serde(default)]
    limit: Limit,
    #[param(inline, value_type = Option<Cursor>)]
    after: Option<After<Position>>,
}

/// Every step of an order by all services, in the order in which they were recorded.
#[utoipa::path(get, path = "/get-order-history", tag = "order", params(GetOrderHistory), security(("token" = [])), responses(
    (status = 200, body = Listing<Step>),
    (status = 404, description = "There is no such order."),
))]
pub(super) async fn get_order_history(
    State(calls): State<Arc<Calls>>,
    caller: Caller,
    Query(query): Query<GetOrderHistory>,
) -> Result<Json<Listing<Step>>, Problem> {
    let order = calls.visible(&caller, query.order_id).await?;
    let after = query.after.map_or(Position::START, |After(position)| position);
    let found = calls.model.history(order.id, after, query.limit.and_one()).await?;
    let Listing { items, next, total } = Listing::page(found, query.limit, |step| step.position);
    let mut steps = Vec::with_capacity(items.len());
    for step in items {
        steps.push(calls.step(step).await?);
    }
    Ok(Json(Listing { items: steps, next, total }))
}
