//! Logging in (managers only) and out.

use askama::Template;
use axum::{
    extract::Query,
    response::{IntoResponse, Response},
};
use contracts::rest::customer::{LoggedOut, Role, Session};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use site::{Failure, Form, Frame, Login, Page, Visit, local_path, logged_in, see_other};

#[derive(Deserialize)]
pub(crate) struct Asked {
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
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials<'a> {
    user_name: &'a str,
    password: &'a str,
}

pub(crate) async fn login(visit: Visit, Query(asked): Query<Asked>) -> Response {
    if visit.require_manager().is_ok() {
        return see_other(local_path(&asked.next).unwrap_or("/"));
    }
    login_page(&visit, Form::filled([("next", asked.next)]))
}

pub(crate) async fn log_in(visit: Visit, mut form: Form) -> Result<Response, Failure> {
    let user_name = form.value("UserName").to_lowercase();
    let credentials = Credentials { user_name: &user_name, password: form.raw("Password") };
    match visit.post::<Session>("/customer/login-user", &credentials).await {
        Ok(session) => {
            let manager = session.role == Role::Manager;
            let Session { token, expires_at, user_name, .. } = session;
            visit.log_in(Login { token, user_name, manager, expires_at });
            if manager {
                return Ok(logged_in(&visit, &form));
            }
            end(&visit).await;
            form.alert("The back office is for product managers. This account is a customer's.");
        }
        Err(Failure::NotLoggedIn) => {
            form.alert("There is no such user, or the password is wrong.");
        }
        Err(failure) => form.refuse(failure)?,
    }
    Ok(refused(login_page(&visit, form)))
}

/// Ends the session: at the shop, and here even if the shop cannot be reached.
pub(crate) async fn log_out(visit: Visit, _: Form) -> Response {
    if visit.user().is_some() {
        end(&visit).await;
        visit.say("You are logged out.");
    }
    see_other("/login")
}

async fn end(visit: &Visit) {
    let Some(user) = visit.user() else { return };
    let body = serde_json::json!({ "UserName": user.name });
    if let Err(failure) = visit.post::<LoggedOut>("/customer/logout-user", &body).await {
        tracing::info!(?failure, "a log-out could not be sent to the gateway");
    }
    visit.log_out();
}

/// A page that shows a form again, with what is wrong.
pub(crate) fn refused(page: impl IntoResponse) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

fn login_page(visit: &Visit, form: Form) -> Response {
    let csrf = visit.csrf();
    Page(LoginPage { frame: visit.frame("Log in"), form, csrf }).into_response()
}
