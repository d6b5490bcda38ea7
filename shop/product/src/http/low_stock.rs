//! Low-stock threshold endpoints: so many units of a product that can be ordered, or fewer.

use std::sync::Arc;

use axum::extract::State;
use contracts::rest::product::LowStock;
use identity::Manager;
use serde::Deserialize;
use utoipa::ToSchema;
use web::{At, Context, Json, KeyHeader, Keyed, Problem};

use super::{Calls, manage::OnHand};
use crate::catalogue::Command;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SetLowStock {
    /// So many units of a product that can be ordered, or fewer, are low.
    #[schema(inline)]
    units: OnHand,
}

/// What managers have set as low stock.
#[utoipa::path(get, path = "/get-low-stock", tag = "product", security(("token" = [])), responses((status = 200, body = LowStock)))]
pub(super) async fn get_low_stock(
    State(calls): State<Arc<Calls>>,
    _: Manager,
) -> Result<Json<LowStock>, Problem> {
    Ok(Json(LowStock { units: calls.model.low_stock().await? }))
}

/// Sets what is low stock, for every product.
#[utoipa::path(
    post, path = "/set-low-stock", tag = "product", request_body = SetLowStock, security(("token" = [])),
    params(KeyHeader),
    responses((status = 200, body = LowStock))
)]
pub(super) async fn set_low_stock(
    State(calls): State<Arc<Calls>>,
    Manager(manager): Manager,
    context: Context,
    body: Keyed<SetLowStock>,
) -> Result<(At, Json<LowStock>), Problem> {
    let known = body.changes(manager.id(), "set-low-stock");
    let units = body.value.units.get();
    let metadata = context.metadata(manager.actor(), known);
    let done = calls.change_catalogue(Command::SetLowStock { units }, metadata).await?;
    Ok((calls.at(done), Json(LowStock { units: Some(units) })))
}
