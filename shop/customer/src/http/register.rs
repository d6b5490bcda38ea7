//! Registering: customers by themselves or by a manager, managers by a manager only.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contracts::{
    customer::{Personal, Registered, Role},
    money::Money,
    rest::customer::User,
};
use identity::{Caller, Manager};
use kernel::Actor;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use web::{At, Context, FieldErrors, Json, KeyHeader, Keyed, Problem, Text};

use super::{
    Calls,
    fields::{self, check_email, check_password, check_user_name},
    name_taken,
    sessions::owner,
};
use crate::{domain::Command, password::NewPassword, turns::Owner};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AddUser {
    #[schema(schema_with = fields::user_name)]
    user_name: Text<3, 64>,
    #[schema(inline)]
    password: NewPassword,
    #[schema(inline)]
    full_name: Text<1, 200>,
    #[schema(schema_with = fields::email)]
    email: Text<3, 254>,
}

/// What someone is registered as, by whom, and through which call.
struct Registration<'a> {
    role: Role,
    credit: Money,
    caller: Option<&'a Caller>,
    call: &'static str,
}

/// Registers a customer, who gets the welcome credit.
#[utoipa::path(post, path = "/add-user", tag = "customer", request_body = AddUser, params(KeyHeader), responses(
    (status = 201, body = User),
    (status = 401, description = "The request carried an invalid token; it needs none."),
    (status = 409, description = "The user name is taken."),
    (status = 429, description = "Too many registrations from this address."),
))]
pub(super) async fn add_user(
    State(calls): State<Arc<Calls>>,
    context: Context,
    caller: Option<Caller>,
    request: Keyed<AddUser>,
) -> Result<(StatusCode, At, Json<User>), Problem> {
    let credit = calls.welcome_credit;
    let caller = caller.as_ref();
    let registration = Registration { role: Role::Customer, credit, caller, call: "add-user" };
    calls.register(&context, registration, request).await
}

/// Adds a manager, who may do everything that the caller may. Managers get no credit of their own.
#[utoipa::path(post, path = "/add-manager", tag = "customer", request_body = AddUser, params(KeyHeader), security(("token" = [])), responses(
    (status = 201, body = User),
    (status = 409, description = "The user name is taken."),
))]
pub(super) async fn add_manager(
    State(calls): State<Arc<Calls>>,
    context: Context,
    Manager(caller): Manager,
    request: Keyed<AddUser>,
) -> Result<(StatusCode, At, Json<User>), Problem> {
    let (role, credit, caller) = (Role::Manager, Money::ZERO, Some(&caller));
    let registration = Registration { role, credit, caller, call: "add-manager" };
    calls.register(&context, registration, request).await
}

impl Calls {
    async fn register(
        &self,
        context: &Context,
        registration: Registration<'_>,
        request: Keyed<AddUser>,
    ) -> Result<(StatusCode, At, Json<User>), Problem> {
        let Registration { role, credit, caller, call } = registration;
        let by = caller.map_or(Uuid::nil(), Caller::id);
        let idempotency = request.creates(by, call).map(|key| self.secrets.blinded(&key));
        let request = request.value;
        let mut errors = FieldErrors::new();
        check_user_name(&mut errors, &request.user_name);
        check_email(&mut errors, &request.email);
        check_password(&mut errors, &request.password, &request.user_name);
        errors.finish()?;
        self.must_be_open()?;
        let by_manager = caller.is_some_and(Caller::is_manager);
        if !by_manager {
            self.limiters.register(context.client().into())?;
        }
        let customer = self.secrets.customer_id(&request.user_name);
        // A request with a key may be a retry of the registration of that name: check its events.
        let known = self.model.credentials(customer).await?;
        if idempotency.is_none() && known.is_some() {
            return Err(name_taken());
        }
        let owner = if by_manager { Owner::Shop } else { owner(context) };
        let turn = self.passwords.turn(owner).await?;
        let password = self.passwords.hash(&turn, customer, &request.password).await;
        let user_name = request.user_name.into_string();
        let personal = Personal {
            user: Some(user_name.clone()),
            full_name: Some(request.full_name.into_string()),
            email: Some(request.email.into_string()),
        };
        let registered = Registered { customer, personal, password, role, credit };
        let metadata =
            context.metadata(caller.map_or(Actor::anonymous(), Caller::actor), idempotency);
        let (done, at) =
            self.change_customer(customer, Command::Register(registered), metadata).await?;
        if !by_manager {
            self.limiters.registered(&user_name, context.client().into());
        }
        let user = self.shown(customer, done).await?;
        Ok((StatusCode::CREATED, at, Json(user)))
    }
}
