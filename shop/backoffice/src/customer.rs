//! One customer: profile, credit and orders.
//!
//! Of the credit, only the difference that the manager typed is sent, so that orders placed in the meantime still count.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use contracts::money::Decimal;
use contracts::rest::{
    customer::{Role, User},
    order::Order,
};
use futures_util::future::try_join;
use serde::Serialize;
use site::{
    Amount, Badge, Count, Day, Failure, Form, Frame, Listing, Money, Page, Shop, no_such_page,
    refused, see_other, segment,
};

use crate::manager::{ManagerVisit, renamed};

/// Orders shown here; there is a page of them all.
const ORDERS: &str = "10";

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    frame: Frame,
    user: User,
    currency: String,
    found: Vec<Order>,
    form: Form,
    csrf: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SetCredit<'a> {
    user_name: &'a str,
    change: Decimal<true>,
    version: Option<u64>,
}

pub(crate) async fn customer(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let user = read(&manager, &name).await?;
    let form = opened(&user, manager.idempotency_key());
    Ok(show(&manager, &shop, user, form).await?.into_response())
}

pub(crate) async fn set_credit(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Path(name): Path<String>,
    mut form: Form,
) -> Result<Response, Failure> {
    let change = match difference(&form) {
        Ok(change) => change,
        Err(why) => {
            form.reject("Credit", why);
            let user = read(&manager, &name).await?;
            return Ok(refused(show(&manager, &shop, user, form).await?));
        }
    };
    let there = format!("/customers/{}", segment(&name));
    if change == Money::default() {
        manager.say("Nothing was changed.");
        return Ok(see_other(&there));
    }
    let version = form.value("Version").parse().ok();
    let request = SetCredit { user_name: &name, change: Decimal(change), version };
    match manager.post_once::<User>("/customer/set-credit", &request, form.value("Key")).await {
        Ok(user) => {
            let currency = shop.currency(&manager).await;
            let credit = Amount(user.credit.0, &currency);
            manager.say(format!("The credit of {} is {credit} now.", user.user_name));
            Ok(see_other(&there))
        }
        Err(failure) => {
            let current = failure.refused(409).and_then(|no| no.members.get("Current")).cloned();
            match current.and_then(|current| serde_json::from_value(current).ok()) {
                Some(user) => rebase(&mut form, &user, change),
                None => form.refuse(renamed(failure, "Change", "Credit"))?,
            }
            form.set("Key", manager.idempotency_key());
            let user = read(&manager, &name).await?;
            Ok(refused(show(&manager, &shop, user, form).await?))
        }
    }
}

/// A form opened on `user`.
fn opened(user: &User, key: String) -> Form {
    Form::filled([
        ("Credit", user.credit.0.to_string()),
        ("was.Credit", user.credit.0.to_string()),
        ("Version", user.version.to_string()),
        ("Key", key),
    ])
}

/// By how much the manager changed the credit.
fn difference(form: &Form) -> Result<Money, String> {
    let credit = Money::parse(form.value("Credit")).map_err(|error| error.to_string())?;
    let was = Money::parse(form.value("was.Credit")).unwrap_or(credit);
    Ok(credit - was)
}

/// The credit was changed by another request in the meantime: shows both versions and keeps what was typed, applied to the new one.
fn rebase(form: &mut Form, current: &User, change: Money) {
    let (was, typed) = (form.value("was.Credit").to_owned(), form.value("Credit").to_owned());
    let now = current.credit.0;
    form.alert(format!(
        "This customer was changed in the meantime. When you opened the page the credit was {was}, and you typed {typed}. It is \
         {now} now. The field holds your change on top of that: save it, or type another sum"
    ));
    form.set("Credit", (now + change).to_string());
    form.set("was.Credit", now.to_string());
    form.set("Version", current.version.to_string());
}

async fn read(manager: &ManagerVisit, name: &str) -> Result<User, Failure> {
    let path = format!("/customer/get-user/{}", segment(name));
    manager.get(&path, &[("", ""); 0]).await.map_err(no_such_page)
}

async fn show(
    manager: &ManagerVisit,
    shop: &Shop,
    user: User,
    form: Form,
) -> Result<Page<CustomerPage>, Failure> {
    let query = [("Type", "Customer"), ("Id", &*user.user_name), ("Limit", ORDERS)];
    let found = manager.get("/order/get-orders", &query);
    let currency = async { Ok(shop.currency(manager).await) };
    let (found, currency): (Listing<Order>, String) = try_join(found, currency).await?;
    let frame = manager.frame(&user.user_name);
    let csrf = manager.csrf();
    Ok(Page(CustomerPage { frame, user, currency, found: found.items, form, csrf }))
}

#[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
impl CustomerPage {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand on references")]
    fn amount(&self, money: &Money) -> Amount<'_> {
        Amount(*money, &self.currency)
    }

    fn is_manager(&self) -> bool {
        self.user.role == Role::Manager
    }

    fn badge(&self, order: &Order) -> Badge {
        Badge::of_order(order.status)
    }

    fn total<'a>(&self, order: &'a Order) -> Amount<'a> {
        Amount(order.total.0, &order.currency)
    }
}
