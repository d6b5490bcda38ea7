//! The calls about credit.

use std::sync::Arc;

use axum::extract::State;
use contracts::money::{AmountIn, ChangeIn, Decimal};
use contracts::rest::customer::{Credit, User};
use identity::{Caller, Manager};
use serde::Deserialize;
use utoipa::ToSchema;
use web::{At, Context, Count, Json, KeyHeader, Keyed, Problem, Query, Text};

use super::{Calls, no_customer, view};
use crate::domain::{self, Command, CreditChange};

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetCredit {
    /// The caller unless given.
    #[param(inline)]
    user_name: Option<Text<1, 64>>,
}

/// A customer's credit.
#[utoipa::path(get, path = "/get-credit", tag = "customer", params(GetCredit), security(("token" = [])), responses(
    (status = 200, body = Credit),
    (status = 404, description = "There is no such customer."),
))]
pub(super) async fn get_credit(
    State(calls): State<Arc<Calls>>,
    caller: Caller,
    Query(query): Query<GetCredit>,
) -> Result<Json<Credit>, Problem> {
    let user = query.user_name.as_deref().unwrap_or(caller.user());
    caller.must_be(user)?;
    let id = calls.secrets.customer_id(user);
    let customer = calls.model.customer(id).await?;
    customer.map(|customer| Json(view::credit(customer))).ok_or_else(no_customer)
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SetCredit {
    #[schema(inline)]
    user_name: Text<1, 64>,
    /// The new credit; instead of `Change`.
    #[schema(value_type = Option<AmountIn>, inline)]
    credit: Option<Decimal>,
    /// The amount to add, or subtract if negative; instead of `Credit`.
    #[schema(value_type = Option<ChangeIn>, inline)]
    change: Option<Decimal<true>>,
    /// The version that the change rests on; refused if there is a newer one.
    #[schema(inline)]
    version: Option<Count>,
}

/// Sets or changes a customer's credit, not below what is reserved for open orders.
#[utoipa::path(post, path = "/set-credit", tag = "customer", request_body = SetCredit, params(KeyHeader), security(("token" = [])), responses(
    (status = 200, body = User),
    (status = 404, description = "There is no such customer."),
    (status = 409, description = "The version is not the latest; `Current` is the customer now."),
))]
pub(super) async fn set_credit(
    State(calls): State<Arc<Calls>>,
    context: Context,
    Manager(caller): Manager,
    request: Keyed<SetCredit>,
) -> Result<(At, Json<User>), Problem> {
    let idempotency = request.changes(caller.id(), "set-credit");
    let SetCredit { user_name, credit, change, version } = request.value;
    let credit = match (credit, change) {
        (Some(Decimal(credit)), None) => CreditChange::To(credit),
        (None, Some(Decimal(change))) => CreditChange::By(change),
        _ => return Err(Problem::field("Credit", "either Credit or Change must be given")),
    };
    let customer = calls.secrets.customer_id(&user_name);
    let set = domain::SetCredit { credit, revision: version.map(Count::unsigned) };
    let metadata = context.metadata(caller.actor(), idempotency);
    let (done, at) = calls.change_customer(customer, Command::SetCredit(set), metadata).await?;
    Ok((at, Json(calls.shown(customer, done).await?)))
}
