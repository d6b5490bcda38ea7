//! The service's calls: points are shown and redeemed; they are earned by what happens to orders.

use std::{ops::Deref, sync::Arc};

use axum::extract::State;
use contracts::loyalty::{LoyaltyEvent, PointsRedeemed};
use identity::Caller;
use kernel::Position;
use runtime::{Aggregates, CommandRequest};
use serde::{Deserialize, Serialize};
use store::Read;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use web::{
    At, Context, Json, KeyHeader, Keyed, Problem, Query, ServiceContext, Text, Whole, event_of,
};

use crate::{
    domain::{Account, Command, Rejection},
    model::{self, Model},
};

/// Shared by all calls.
pub(crate) struct Calls {
    pub(crate) service: ServiceContext<Model>,
    pub(crate) accounts: Aggregates<Account>,
}

impl Deref for Calls {
    type Target = ServiceContext<Model>;

    fn deref(&self) -> &ServiceContext<Model> {
        &self.service
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GetPoints {
    /// Whose points; the caller's unless given. Only managers may ask for those of others.
    #[param(inline)]
    user_name: Option<Text<1, 64>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Redeem {
    #[schema(inline)]
    points: Whole<1, 1_000_000>,
}

/// What a customer has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the REST API names its fields so")]
struct Points {
    user_name: String,
    /// What can be redeemed.
    points: u64,
    earned: u64,
    redeemed: u64,
    /// One for every 100 points earned.
    rewards: u64,
}

/// What was redeemed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the REST API names its fields so")]
struct Redeemed {
    user_name: String,
    redeemed: u64,
    /// What was left then.
    points: u64,
}

pub(crate) fn calls(calls: &Arc<Calls>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(get_points))
        .routes(routes!(redeem))
        .with_state(Arc::clone(calls))
}

/// A customer's points and rewards.
#[utoipa::path(
    get, path = "/get-points", tag = "loyalty", params(GetPoints), security(("token" = [])),
    responses((status = 200, body = Points), (status = 404, description = "There is no such customer."))
)]
async fn get_points(
    State(calls): State<Arc<Calls>>,
    caller: Caller,
    Query(query): Query<GetPoints>,
) -> Result<Json<Points>, Problem> {
    let user = query.user_name.as_deref().unwrap_or(caller.user());
    let find = async { model::customer(&calls.model, user) };
    let customer = caller.customer(user, find).await?;
    let points = model::points(&calls.model, customer)?;
    Ok(Json(Points {
        user_name: user.to_owned(),
        points: points.earned.saturating_sub(points.redeemed),
        earned: points.earned,
        redeemed: points.redeemed,
        rewards: points.rewards,
    }))
}

/// Redeems points of the caller.
#[utoipa::path(
    post, path = "/redeem", tag = "loyalty", request_body = Redeem, params(KeyHeader), security(("token" = [])),
    responses((status = 200, body = Redeemed), (status = 409, description = "There are fewer points."))
)]
async fn redeem(
    State(calls): State<Arc<Calls>>,
    caller: Caller,
    context: Context,
    request: Keyed<Redeem>,
) -> Result<(At, Json<Redeemed>), Problem> {
    let metadata = context.metadata(caller.actor(), request.changes(caller.id(), "redeem"));
    let points = u64::try_from(request.value.points.get()).unwrap_or_default();
    let command = Command::Redeem { points };
    let stream = contracts::loyalty::stream(caller.id());
    let request = CommandRequest { command, metadata };
    let done = calls.accounts.execute(stream, request).await?;
    let at = calls.at(done);
    let PointsRedeemed { points, left } = calls.redemption(at.0, caller.id()).await?;
    let user_name = caller.user().to_owned();
    Ok((at, Json(Redeemed { user_name, redeemed: points, points: left })))
}

impl Calls {
    /// What was redeemed there, be it by this request or by the first of its key.
    async fn redemption(
        &self,
        position: Position,
        customer: Uuid,
    ) -> Result<PointsRedeemed, Problem> {
        let stream = contracts::loyalty::stream(customer);
        let read = Read::All { from: position, categories: vec![stream.category().into()] };
        let page = self.store().read_soon(read).await?;
        let missing = || Problem::internal("what was redeemed is not in the log");
        let event = page.events.first().filter(|event| event.position == position);
        match event_of(event.ok_or_else(missing)?)? {
            Some(LoyaltyEvent::PointsRedeemed(redeemed)) => Ok(redeemed.clone()),
            _ => Err(missing()),
        }
    }
}

impl From<Rejection> for Problem {
    fn from(Rejection::NotEnough { points }: Rejection) -> Self {
        let detail = format!("There are only {points} points.");
        Self::conflict("/problems/not-enough-points", detail).member("Points", points)
    }
}
