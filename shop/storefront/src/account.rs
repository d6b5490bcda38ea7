//! Logging in and out, and registering.

use askama::Template;
use axum::{
    extract::Query,
    response::{IntoResponse, Response},
};
use contracts::rest::customer::{LoggedOut, Role, Session, User};
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

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    frame: Frame,
    form: Form,
    csrf: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Credentials<'a> {
    pub(crate) user_name: &'a str,
    pub(crate) password: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewUser<'a> {
    user_name: &'a str,
    password: &'a str,
    full_name: &'a str,
    email: &'a str,
}

pub(crate) async fn login(visit: Visit, Query(asked): Query<Asked>) -> Response {
    if visit.user().is_some() {
        return see_other(local_path(&asked.next).unwrap_or("/"));
    }
    login_page(&visit, Form::filled([("next", asked.next)]))
}

pub(crate) async fn log_in(visit: Visit, mut form: Form) -> Result<Response, Failure> {
    let user_name = form.value("UserName").to_lowercase();
    let credentials = Credentials { user_name: &user_name, password: form.raw("Password") };
    match begin(&visit, &credentials).await {
        Ok(()) => Ok(logged_in(&visit, &form)),
        Err(Failure::NotLoggedIn) => {
            form.alert("There is no such user, or the password is wrong.");
            Ok(refused(login_page(&visit, form)))
        }
        Err(failure) => {
            form.refuse(failure)?;
            Ok(refused(login_page(&visit, form)))
        }
    }
}

pub(crate) async fn register(visit: Visit, Query(asked): Query<Asked>) -> Response {
    if visit.user().is_some() {
        return see_other(local_path(&asked.next).unwrap_or("/"));
    }
    register_page(&visit, Form::filled([("next", asked.next)]))
}

pub(crate) async fn sign_up(visit: Visit, mut form: Form) -> Result<Response, Failure> {
    let user_name = form.value("UserName").to_lowercase();
    let user = NewUser {
        user_name: &user_name,
        password: form.raw("Password"),
        full_name: form.value("FullName"),
        email: form.value("Email"),
    };
    let registered = visit.post::<User>("/customer/add-user", &user).await;
    let Err(failure) = registered else {
        let credentials = Credentials { user_name: &user_name, password: form.raw("Password") };
        begin(&visit, &credentials).await?;
        visit.say(format!("Welcome, {}! Your account is ready.", form.value("FullName")));
        return Ok(see_other(local_path(form.value("next")).unwrap_or("/")));
    };
    if failure.refused(409).is_some() {
        form.reject("UserName", "This user name is taken; please choose another one");
    } else {
        form.refuse(failure)?;
    }
    Ok(refused(register_page(&visit, form)))
}

/// Ends the session: at the shop, and here even if the shop cannot be reached.
pub(crate) async fn log_out(visit: Visit, _: Form) -> Response {
    if let Some(user) = visit.user() {
        let body = serde_json::json!({ "UserName": user.name });
        let told = visit.post::<LoggedOut>("/customer/logout-user", &body).await;
        if let Err(failure) = told {
            tracing::info!(?failure, "a log-out could not be sent to the gateway");
        }
        visit.log_out();
        visit.say("You are logged out.");
    }
    see_other("/")
}

/// Begins a session with a token of the gateway's.
pub(crate) async fn begin(visit: &Visit, credentials: &Credentials<'_>) -> Result<(), Failure> {
    let session: Session = visit.post("/customer/login-user", credentials).await?;
    let Session { token, expires_at, user_name, role } = session;
    visit.log_in(Login { token, user_name, manager: role == Role::Manager, expires_at });
    Ok(())
}

/// A page that shows a form again, with what is wrong.
pub(crate) fn refused(page: Response) -> Response {
    (hyper::StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

fn login_page(visit: &Visit, form: Form) -> Response {
    let csrf = visit.csrf();
    Page(LoginPage { frame: visit.frame("Log in"), form, csrf }).into_response()
}

fn register_page(visit: &Visit, form: Form) -> Response {
    let csrf = visit.csrf();
    Page(RegisterPage { frame: visit.frame("Register"), form, csrf }).into_response()
}
