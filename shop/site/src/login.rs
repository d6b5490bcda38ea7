//! Logging in and out, the same on both websites.

use askama::Template;
use axum::response::{IntoResponse, Response};
use contracts::rest::customer::{LoggedOut, Role, Session};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use crate::{Failure, Form, Frame, Login, Page, Visit, local_path};

/// The query of a page to log in or to register.
#[derive(Debug, Deserialize)]
pub struct Entrance {
    /// The page to go on to.
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    form: Form,
    csrf: String,
    note: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials<'a> {
    user_name: &'a str,
    password: &'a str,
}

impl Entrance {
    /// The page to go on to, if it is one of this site; else the first one.
    #[must_use]
    pub fn next(&self) -> &str {
        local_path(&self.next).unwrap_or("/")
    }

    /// A form that is sent from there.
    #[must_use]
    pub fn form(self) -> Form {
        Form::filled([("next", self.next)])
    }
}

/// The page to log in. Under its form is the way to register, or, where visitors cannot, `note`.
pub fn login_page(visit: &Visit, form: Form, note: &'static str) -> Response {
    let csrf = visit.csrf();
    Page(LoginPage { frame: visit.frame("Log in"), form, csrf, note }).into_response()
}

/// Begins a session with a token of the gateway's; whether it is a manager's.
pub async fn begin_session(
    visit: &Visit,
    user_name: &str,
    password: &str,
) -> Result<bool, Failure> {
    let credentials = Credentials { user_name, password };
    let session: Session = visit.post("/customer/login-user", &credentials).await?;
    let Session { token, expires_at, user_name, role } = session;
    if expires_at <= visit.now() {
        // The part that issued it is behind; every other part would refuse it.
        return Err(Failure::OutOfTime);
    }
    let manager = role == Role::Manager;
    visit.log_in(Login { token, user_name, manager, expires_at });
    Ok(manager)
}

/// Says in the form why no session began; an error if that has nothing to do with what was typed.
pub fn login_failed(form: &mut Form, failure: Failure) -> Result<(), Failure> {
    if matches!(failure, Failure::NotLoggedIn) {
        form.alert("There is no such user, or the password is wrong.");
        return Ok(());
    }
    form.refuse(failure)
}

/// Ends the session, if there is one: at the shop, and here even if the shop cannot be reached.
pub async fn end_session(visit: &Visit) -> bool {
    let Some(user) = visit.user() else { return false };
    let body = serde_json::json!({ "UserName": user.name });
    if let Err(failure) = visit.post::<LoggedOut>("/customer/logout-user", &body).await {
        tracing::info!(?failure, "a log-out could not be sent to the gateway");
    }
    visit.log_out();
    true
}

/// A page that shows a form again, with what is wrong.
pub fn refused(page: impl IntoResponse) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}
