//! Who gets in: adding managers and customers, and setting their passwords.
//!
//! A password is suggested in plain sight, because it has to be handed over: it is in no notice and no cookie, only in the form.

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use contracts::rest::customer::User;
use serde::Serialize;
use site::{Failure, Form, Frame, Page, no_such_page, refused, see_other, segment};

use crate::manager::ManagerVisit;

/// What an account can be for; the first is chosen until another one is.
const ROLES: [(&str, &str); 2] =
    [("customer", "Customer: shops with a credit"), ("manager", "Manager: may do everything here")];

#[derive(Template)]
#[template(path = "account-new.html")]
struct NewAccount {
    frame: Frame,
    roles: Vec<(String, String)>,
    form: Form,
    csrf: String,
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    frame: Frame,
    user_name: String,
    /// Whether it is the manager's own.
    own: bool,
    form: Form,
    csrf: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Account<'a> {
    user_name: &'a str,
    full_name: &'a str,
    email: &'a str,
    password: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SetPassword<'a> {
    user_name: &'a str,
    password: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_password: Option<&'a str>,
}

pub(crate) async fn fresh(manager: ManagerVisit) -> Response {
    let (password, key) = (manager.suggested_password(), manager.idempotency_key());
    let form = Form::filled([("Password", password), ("Key", key)]);
    account_page(&manager, form).into_response()
}

pub(crate) async fn add(manager: ManagerVisit, mut form: Form) -> Result<Response, Failure> {
    let role = form.value("Role").to_owned();
    let (call, what) = match &*role {
        "customer" => ("/customer/add-user", "a customer"),
        "manager" => ("/customer/add-manager", "a manager"),
        _ => {
            form.reject("Role", "must be one of the two");
            return Ok(refused(account_page(&manager, form)));
        }
    };
    let user_name = form.value("UserName").to_lowercase();
    let account = Account {
        user_name: &user_name,
        full_name: form.value("FullName"),
        email: form.value("Email"),
        password: form.raw("Password"),
    };
    match manager.post_once::<User>(call, &account, form.value("Key")).await {
        Ok(user) => {
            manager.say(format!(
                "{} is added as {what}, with the password that you gave.",
                user.user_name
            ));
            Ok(see_other(&format!("/customers/{}", segment(&user.user_name))))
        }
        Err(failure) => {
            if !matches!(failure, Failure::Unreachable { .. }) {
                form.set("Key", manager.idempotency_key());
            }
            if failure.refused(409).is_some() {
                form.reject("UserName", "is taken");
            } else {
                form.refuse(failure)?;
            }
            Ok(refused(account_page(&manager, form)))
        }
    }
}

pub(crate) async fn password(
    manager: ManagerVisit,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let user = read(&manager, &name).await?;
    let password =
        if is_own(&manager, &user) { String::new() } else { manager.suggested_password() };
    let form = Form::filled([("Password", password), ("Key", manager.idempotency_key())]);
    Ok(password_page(&manager, user, form).into_response())
}

pub(crate) async fn set_password(
    manager: ManagerVisit,
    Path(name): Path<String>,
    mut form: Form,
) -> Result<Response, Failure> {
    let user = read(&manager, &name).await?;
    let own = is_own(&manager, &user);
    let request = SetPassword {
        user_name: &user.user_name,
        password: form.raw("Password"),
        current_password: own.then(|| form.raw("CurrentPassword")),
    };
    match manager.post_once::<User>("/customer/update-user", &request, form.value("Key")).await {
        Ok(_) if own => {
            manager.log_out();
            manager.say(
                "Your password is changed, and your sessions have ended. Log in with the new one.",
            );
            Ok(see_other("/login"))
        }
        Ok(user) => {
            let name = user.user_name;
            manager.say(format!(
                "{name} has the password that you gave. All sessions of {name} have ended."
            ));
            Ok(see_other(&format!("/customers/{}", segment(&name))))
        }
        Err(failure) => {
            if !matches!(failure, Failure::Unreachable { .. }) {
                form.set("Key", manager.idempotency_key());
            }
            form.refuse(failure)?;
            Ok(refused(password_page(&manager, user, form)))
        }
    }
}

fn is_own(manager: &ManagerVisit, user: &User) -> bool {
    manager.user().is_some_and(|visitor| visitor.name == user.user_name)
}

async fn read(manager: &ManagerVisit, name: &str) -> Result<User, Failure> {
    let path = format!("/customer/get-user/{}", segment(name));
    manager.get(&path, &[("", ""); 0]).await.map_err(no_such_page)
}

fn account_page(manager: &ManagerVisit, form: Form) -> Page<NewAccount> {
    let roles = ROLES.map(|(value, label)| (value.to_owned(), label.to_owned())).to_vec();
    let frame = manager.frame("Add an account");
    Page(NewAccount { frame, roles, form, csrf: manager.csrf() })
}

fn password_page(manager: &ManagerVisit, user: User, form: Form) -> Page<PasswordPage> {
    let own = is_own(manager, &user);
    let frame = manager.frame(format!("Set the password of {}", user.user_name));
    Page(PasswordPage { frame, user_name: user.user_name, own, form, csrf: manager.csrf() })
}
