//! Logging in (managers only) and out.

use axum::{extract::Query, response::Response};
use site::{
    Entrance, Failure, Form, Visit, begin_session, end_session, logged_in, login_failed,
    login_page, refused, see_other,
};

/// What stands under the form.
const NOTE: &str =
    "The back office is for product managers. Customers have their account in the storefront.";

pub(crate) async fn login(visit: Visit, Query(entrance): Query<Entrance>) -> Response {
    if visit.require_manager().is_ok() {
        return see_other(entrance.next());
    }
    login_page(&visit, entrance.form(), NOTE)
}

pub(crate) async fn log_in(visit: Visit, mut form: Form) -> Result<Response, Failure> {
    let user_name = form.value("UserName").to_lowercase();
    match begin_session(&visit, &user_name, form.raw("Password")).await {
        Ok(true) => return Ok(logged_in(&visit, &form)),
        Ok(false) => {
            end_session(&visit).await;
            form.alert("The back office is for product managers. This account is a customer's.");
        }
        Err(failure) => login_failed(&mut form, failure)?,
    }
    Ok(refused(login_page(&visit, form, NOTE)))
}

pub(crate) async fn log_out(visit: Visit, _: Form) -> Response {
    if end_session(&visit).await {
        visit.say("You are logged out.");
    }
    see_other("/login")
}
