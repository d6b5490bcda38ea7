//! The service's calls: points are shown and redeemed; they are earned by what happens to orders.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::State};
use contracts::loyalty::{LoyaltyEvent, PointsRedeemed};
use identity::Caller;
use kernel::Position;
use runtime::{Aggregates, ExecuteError, Progress, Request};
use serde::{Deserialize, Serialize};
use store::Read;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use web::{
    At, Context, Deps, Json, KeyHeader, Keyed, POSITION_TIMEOUT, Problem, Query, Text, Whole,
    inspection,
};

use crate::{
    Model, NAME,
    domain::{Account, Command, Rejection},
};

/// What every call works with.
pub(crate) struct Desk {
    pub(crate) deps: Deps,
    pub(crate) model: Arc<Model>,
    pub(crate) progress: Progress,
    pub(crate) accounts: Aggregates<Account>,
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

pub(crate) fn router(desk: &Arc<Desk>, followers: Vec<Progress>) -> Router {
    let api = OpenApiRouter::new()
        .routes(routes!(get_points))
        .routes(routes!(redeem))
        .with_state(Arc::clone(desk));
    let deps = &desk.deps;
    web::Api::new(NAME, env!("CARGO_PKG_VERSION"), deps.http.clone())
        .reads(desk.progress.clone())
        .follows(followers)
        .metrics(deps.metrics.http())
        .finish(api.merge(inspection(&desk.model)))
}

/// A customer's points and rewards.
#[utoipa::path(
    get, path = "/get-points", tag = "loyalty", params(GetPoints), security(("token" = [])),
    responses((status = 200, body = Points), (status = 404, description = "There is no such customer."))
)]
async fn get_points(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Query(query): Query<GetPoints>,
) -> Result<Json<Points>, Problem> {
    let user = query.user_name.as_deref().unwrap_or(caller.user());
    caller.must_be(user)?;
    let own = (user == caller.user()).then(|| caller.id());
    let customer = match own {
        Some(own) => Some(own),
        None => desk.model.customer(user)?,
    };
    let customer = customer.ok_or_else(|| Problem::not_found("There is no such customer."))?;
    let points = desk.model.points(customer)?;
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
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    context: Context,
    request: Keyed<Redeem>,
) -> Result<(At, Json<Redeemed>), Problem> {
    let metadata = context.metadata(caller.actor(), request.changes(caller.id(), "redeem"));
    let points = u64::try_from(request.value.points.get()).unwrap_or_default();
    let command = Command::Redeem { points };
    let stream = contracts::loyalty::stream(caller.id());
    let done = desk.accounts.execute(stream, Request { command, metadata }).await;
    let recorded = done.map_err(refusal)?.position();
    let position = recorded.ok_or_else(|| Problem::internal("redeeming recorded nothing"))?;
    desk.settled(position).await;
    let PointsRedeemed { points, left } = desk.redemption(position, caller.id()).await?;
    let user_name = caller.user().to_owned();
    Ok((At(position), Json(Redeemed { user_name, redeemed: points, points: left })))
}

impl Desk {
    /// Waits until the model shows what was recorded; goes on after 2 s all the same, since it *is* recorded.
    async fn settled(&self, position: Position) {
        if let Err(behind) = self.progress.wait_for(position, POSITION_TIMEOUT).await {
            tracing::warn!(behind, %position, "a command is answered before the model shows it");
        }
    }

    /// What was redeemed there, be it by this request or by the first of its key.
    async fn redemption(
        &self,
        position: Position,
        customer: Uuid,
    ) -> Result<PointsRedeemed, Problem> {
        let stream = contracts::loyalty::stream(customer);
        let read = Read::All { from: position, categories: vec![stream.category().into()] };
        let page = self.deps.store().read_soon(read).await.map_err(|_| unavailable())?;
        let event = page.events.first().filter(|event| event.position == position);
        match event.and_then(|event| LoyaltyEvent::of(event)) {
            Some(LoyaltyEvent::PointsRedeemed(redeemed)) => Ok(redeemed),
            _ => Err(Problem::internal("what was redeemed is not in the log")),
        }
    }
}

fn refusal(error: ExecuteError<Rejection>) -> Problem {
    match error {
        ExecuteError::Rejected(Rejection::NotEnough { points }) => {
            let detail = format!("There are only {points} points.");
            Problem::conflict("/problems/not-enough-points", detail).member("Points", points)
        }
        ExecuteError::KeyReused => {
            Problem::field("Idempotency-Key", "was used for another request")
        }
        ExecuteError::Unavailable => unavailable(),
        ExecuteError::Refused(reason) => Problem::internal(reason),
    }
}

fn unavailable() -> Problem {
    Problem::unavailable(Duration::from_secs(1), "The event store does not answer.")
}
