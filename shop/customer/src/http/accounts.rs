//! Accounts: changing and looking up.

use std::sync::Arc;

use axum::extract::State;
use contracts::{
    customer::{SessionEnd, session_end, stream},
    rest::customer::User,
};
use identity::{Caller, Manager};
use kernel::Position;
use runtime::Done;
use serde::Deserialize;
use store::Read;
use utoipa::ToSchema;
use uuid::Uuid;
use web::{
    After, At, Context, Count, FieldErrors, Json, KeyHeader, Keyed, Limit, Listing, Path, Problem,
    Query, Text,
};

use super::{
    Calls,
    fields::{self, check_email, check_password},
    no_customer,
    sessions::{Proof, owner},
    view,
};
use crate::{
    domain::{self, Command, Update},
    model::{self, Cursor, CustomerQuery},
    password::{NewPassword, Password},
    search,
};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateUser {
    #[schema(inline)]
    user_name: Text<1, 64>,
    #[schema(inline)]
    full_name: Option<Text<1, 200>>,
    #[schema(schema_with = fields::email_if_any)]
    email: Option<Text<3, 254>>,
    /// Ends all sessions of the user.
    #[schema(inline)]
    password: Option<NewPassword>,
    /// Required with a new password, unless a manager sets another user's.
    #[schema(inline)]
    current_password: Option<Password>,
    /// The version that the change rests on; refused if there is a newer one.
    #[schema(inline)]
    version: Option<Count>,
}

/// Changes what is given of an account.
#[utoipa::path(post, path = "/update-user", tag = "customer", request_body = UpdateUser, params(KeyHeader), security(("token" = [])), responses(
    (status = 200, body = User),
    (status = 404, description = "There is no such customer."),
    (status = 409, description = "The password was changed meanwhile, or the version is not the latest; `Current` is the customer now."),
    (status = 429, description = "Too many wrong passwords for this name or from this address."),
))]
pub(super) async fn update_user(
    State(calls): State<Arc<Calls>>,
    context: Context,
    caller: Caller,
    request: Keyed<UpdateUser>,
) -> Result<(At, Json<User>), Problem> {
    let idempotency = request.changes(caller.id(), "update-user");
    let idempotency = idempotency.map(|key| calls.secrets.blinded(&key));
    let request = request.value;
    caller.must_be(&request.user_name)?;
    let mut errors = FieldErrors::new();
    if let Some(email) = &request.email {
        check_email(&mut errors, email);
    }
    if let Some(password) = &request.password {
        check_password(&mut errors, password, &request.user_name);
    }
    errors.finish()?;
    let customer = calls.secrets.customer_id(&request.user_name);
    let password = calls.new_password(&context, &caller, customer, &request).await?;
    let ends_sessions = password.is_some();
    let update = Update {
        full_name: request.full_name.map(Text::into_string),
        email: request.email.map(Text::into_string),
        password,
        revision: request.version.map(Count::unsigned),
    };
    let metadata = context.metadata(caller.actor(), idempotency);
    let (done, at) = calls.change_customer(customer, Command::Update(update), metadata).await?;
    if ends_sessions {
        calls.end_sessions(customer, done).await;
    }
    Ok((at, Json(calls.shown(customer, done).await?)))
}

impl Calls {
    /// Voids the tokens that a new password voids, in this process at once; all processes learn of it from the log.
    async fn end_sessions(&self, customer: Uuid, done: Done) {
        let (Done::Recorded { version, .. } | Done::Repeated { version, .. }) = done else {
            return;
        };
        let read = Read::Stream { stream: stream(customer), from: version };
        let Ok(page) = self.deps.store().read_soon(read).await else { return };
        let ended = page.events.first().and_then(|event| session_end(event).ok()?);
        if let Some(SessionEnd::All { customer, revision }) = ended {
            self.auth.sessions().revoke_before(customer, revision);
        }
    }

    /// The new password of a request, if there is one and the caller may set it.
    async fn new_password(
        &self,
        context: &Context,
        caller: &Caller,
        customer: Uuid,
        request: &UpdateUser,
    ) -> Result<Option<domain::PasswordChange>, Problem> {
        let Some(new) = &request.password else { return Ok(None) };
        let own = caller.id() == customer;
        let mut checked_against = None;
        if own || !caller.is_manager() {
            let wrong = |detail| Err(Problem::field("CurrentPassword", detail));
            let Some(password) = &request.current_password else {
                return wrong("is needed to set another password");
            };
            let known = self.model.credentials(customer).await?;
            let sealed = known.as_ref().map(|known| &*known.password);
            let proof = Proof { user: &request.user_name, sealed, password };
            if !self.prove(context, proof).await? {
                return wrong("is not the current password");
            }
            checked_against = known.map(|known| known.password);
        }
        let turn = self.passwords.turn(owner(context)).await?;
        let password = self.passwords.hash(&turn, customer, new).await;
        Ok(Some(domain::PasswordChange { password, checked_against, now: context.now() }))
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "PascalCase")]
#[into_params(parameter_in = Path)]
pub(super) struct UserName {
    #[serde(rename = "UserName")]
    #[param(inline)]
    user_name: Text<1, 64>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetUser {
    /// As it was after the event at this position; for managers.
    #[param(inline)]
    as_of: Option<Count>,
}

/// An account.
#[utoipa::path(get, path = "/get-user/{UserName}", tag = "customer", params(UserName, GetUser), security(("token" = [])), responses(
    (status = 200, body = User),
    (status = 404, description = "There is no such customer, or not at that position."),
))]
pub(super) async fn get_user(
    State(calls): State<Arc<Calls>>,
    caller: Caller,
    Path(UserName { user_name }): Path<UserName>,
    Query(GetUser { as_of }): Query<GetUser>,
) -> Result<Json<User>, Problem> {
    caller.must_be(&user_name)?;
    let id = calls.secrets.customer_id(&user_name);
    let user = match as_of {
        Some(position) => {
            caller.must_be_manager()?;
            let position = Position(position.unsigned());
            calls.must_be_recorded(position).await?;
            calls.customer_as_of(id, Some(position)).await?
        }
        None => calls.model.customer(id).await?.map(view::user),
    };
    user.map(Json).ok_or_else(no_customer)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetAllUsers {
    /// Part of a user name, a full name or an e-mail address. If there is none, words of them in any order, whatever their accents;
    /// if there are none, words that are meant, with about one letter in five wrong.
    #[param(inline)]
    search: Option<Text<0, 200>>,
    #[param(inline)]
    #[serde(default)]
    sort: Sort,
    #[param(inline)]
    #[serde(default)]
    limit: Limit,
    #[param(inline, value_type = Option<web::Cursor>)]
    after: Option<After<Cursor>>,
    /// Whether to count the accounts of all pages too, as Total.
    #[serde(default)]
    #[param(required = false)]
    count: bool,
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
enum Sort {
    #[default]
    UserName,
    Credit,
    #[serde(rename = "-Credit")]
    CreditDown,
    Newest,
}

/// All accounts, managers' too.
#[utoipa::path(get, path = "/get-all-users", tag = "customer", params(GetAllUsers), security(("token" = [])), responses(
    (status = 200, body = Listing<User>),
))]
pub(super) async fn get_all_users(
    State(calls): State<Arc<Calls>>,
    _: Manager,
    Query(query): Query<GetAllUsers>,
) -> Result<Json<Listing<User>>, Problem> {
    let sort = match query.sort {
        Sort::UserName => model::Sort::UserName,
        Sort::Credit => model::Sort::Credit,
        Sort::CreditDown => model::Sort::CreditDown,
        Sort::Newest => model::Sort::Newest,
    };
    let list = CustomerQuery {
        search: query.search.map(Text::into_string),
        sort,
        after: query.after.map(|After(cursor)| cursor),
        count: query.limit.and_one(),
    };
    let found = search::find(&*calls.model, list, query.count).await?;
    let page = Listing::page(found.customers, query.limit, |customer| sort.cursor(customer));
    let total = found.total.filter(|_| query.count);
    Ok(Json(Listing { total, ..page }.map(view::user)))
}
