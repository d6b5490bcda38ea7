//! A customer's own account: its details, and forms to change them.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contracts::rest::customer::User;
use serde::Serialize;
use site::{
    Amount, Failure, Form, Frame, Page, Shop, UserVisit, begin_session, refused, see_other, segment,
};

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage {
    frame: Frame,
    user: User,
    currency: String,
    details: Form,
    password: Form,
    csrf: String,
}

/// What is to be changed; what is not given stays.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Update<'a> {
    user_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_password: Option<&'a str>,
}

pub(crate) async fn profile(
    visit: UserVisit,
    State(shop): State<Shop>,
) -> Result<Response, Failure> {
    show(&visit, &shop, None, Form::new()).await
}

pub(crate) async fn change_details(
    State(shop): State<Shop>,
    mut form: Form,
    visit: UserVisit,
) -> Result<Response, Failure> {
    let update = Update {
        user_name: &visit.user.name,
        full_name: Some(form.value("FullName")),
        email: Some(form.value("Email")),
        ..Update::default()
    };
    let Err(failure) = visit.post::<User>("/customer/update-user", &update).await else {
        visit.say("Your details are saved.");
        return Ok(see_other("/profile"));
    };
    keep_unreachable(failure, &mut form)?;
    Ok(refused(show(&visit, &shop, Some(form), Form::new()).await?))
}

pub(crate) async fn change_password(
    State(shop): State<Shop>,
    mut form: Form,
    visit: UserVisit,
) -> Result<Response, Failure> {
    if form.raw("Password") != form.raw("Again") {
        form.reject("Again", "This is not the same password");
        return Ok(refused(show(&visit, &shop, None, form).await?));
    }
    let update = Update {
        user_name: &visit.user.name,
        password: Some(form.raw("Password")),
        current_password: Some(form.raw("CurrentPassword")),
        ..Update::default()
    };
    let Err(failure) = visit.post::<User>("/customer/update-user", &update).await else {
        // A new password ends all sessions, including this one: log in again.
        begin_session(&visit, &visit.user.name, form.raw("Password")).await?;
        visit.say("Your password is changed. All other sessions have ended.");
        return Ok(see_other("/profile"));
    };
    keep_unreachable(failure, &mut form)?;
    Ok(refused(show(&visit, &shop, None, form).await?))
}

/// The page needs the shop: while that cannot be reached, the error page keeps what was typed.
fn keep_unreachable(failure: Failure, form: &mut Form) -> Result<(), Failure> {
    match failure {
        Failure::Unreachable { .. } => Err(failure),
        other => form.refuse(other),
    }
}

async fn show(
    visit: &UserVisit,
    shop: &Shop,
    details: Option<Form>,
    password: Form,
) -> Result<Response, Failure> {
    let path = format!("/customer/get-user/{}", segment(&visit.user.name));
    let user: User = visit.get(&path, &[("", ""); 0]).await?;
    let filled =
        || Form::filled([("FullName", user.full_name.clone()), ("Email", user.email.clone())]);
    let details = details.unwrap_or_else(filled);
    let currency = shop.currency(visit).await;
    let csrf = visit.csrf();
    Ok(Page(ProfilePage { frame: visit.frame("Profile"), user, currency, details, password, csrf })
        .into_response())
}

impl ProfilePage {
    fn credit(&self) -> Amount<'_> {
        Amount(self.user.credit.0, &self.currency)
    }

    fn reserved(&self) -> Amount<'_> {
        Amount(self.user.reserved.0, &self.currency)
    }

    fn available(&self) -> Amount<'_> {
        Amount(self.user.available.0, &self.currency)
    }

    /// How much of the credit is free, of 1000.
    fn free(&self) -> i64 {
        share(self.user.available.0.minor(), self.user.credit.0.minor())
    }

    /// How much of the credit is held, of 1000.
    fn held(&self) -> i64 {
        share(self.user.reserved.0.minor(), self.user.credit.0.minor())
    }
}

fn share(part: i64, whole: i64) -> i64 {
    let share = i128::from(part) * 1000 / i128::from(whole.max(1));
    i64::try_from(share.clamp(0, 1000)).unwrap_or(0)
}
