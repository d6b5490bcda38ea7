//! Logging in and out, and registering.

use askama::Template;
use axum::{
    extract::Query,
    response::{IntoResponse, Response},
};
use contracts::rest::customer::User;
use serde::Serialize;
use site::{
    Entrance, Failure, Form, Frame, Page, Visit, begin_session, end_session, local_path, logged_in,
    login_failed, login_page, refused, see_other,
};

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    frame: Frame,
    form: Form,
    csrf: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewUser<'a> {
    user_name: &'a str,
    password: &'a str,
    full_name: &'a str,
    email: &'a str,
}

pub(crate) async fn login(visit: Visit, Query(entrance): Query<Entrance>) -> Response {
    if visit.user().is_some() {
        return see_other(entrance.next());
    }
    login_page(&visit, entrance.form(), "")
}

pub(crate) async fn log_in(visit: Visit, mut form: Form) -> Result<Response, Failure> {
    let user_name = form.value("UserName").to_lowercase();
    match begin_session(&visit, &user_name, form.raw("Password")).await {
        Ok(_) => Ok(logged_in(&visit, &form)),
        Err(failure) => {
            login_failed(&mut form, failure)?;
            Ok(refused(login_page(&visit, form, "")))
        }
    }
}

pub(crate) async fn register(visit: Visit, Query(entrance): Query<Entrance>) -> Response {
    if visit.user().is_some() {
        return see_other(entrance.next());
    }
    register_page(&visit, entrance.form())
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
        begin_session(&visit, &user_name, form.raw("Password")).await?;
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

pub(crate) async fn log_out(visit: Visit, _: Form) -> Response {
    if end_session(&visit).await {
        visit.say("You are logged out.");
    }
    see_other("/")
}

fn register_page(visit: &Visit, form: Form) -> Response {
    let csrf = visit.csrf();
    Page(RegisterPage { frame: visit.frame("Register"), form, csrf }).into_response()
}
