//! What is done on the playground: each form becomes one call.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use contracts::rest::playground::{Playground, Rates};
use serde_json::{Value, json};
use site::{Failure, Form, Shop, refused, see_other};

use super::{Asked, HERE, PRESETS, RATES, address, now::look, show};
use crate::manager::ManagerVisit;

/// Over each event, for a part that is made slow.
const SLOW_MS: u64 = 50;

pub(super) async fn messages(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    form: Form,
) -> Result<Response, Failure> {
    let mut rates = Rates::default();
    for (field, _, rate) in RATES {
        let typed = form.value(field);
        // What no rate can be is refused by its range.
        let typed = if typed.is_empty() { 0 } else { number(typed) };
        *rate(&mut rates) = u16::try_from(typed).unwrap_or(u16::MAX);
    }
    let seed = seed(&form);
    let body = json!({ "Seed": seed, "Rates": rates });
    let done = "The bus fails at these rates from now on.";
    act(&manager, &shop, form, Act { call: "set-messages", body, done, to: &address(seed, rates) })
        .await
}

pub(super) async fn part(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    form: Form,
) -> Result<Response, Failure> {
    let (name, deed) = (form.value("Name").to_owned(), form.value("Do").to_owned());
    let body = json!({ "Name": name, "Do": deed, "SlowMs": SLOW_MS });
    let done = match &*deed {
        "Stop" => "has finished what it had begun, and is stopped",
        "Kill" => "is killed",
        "Freeze" => "stands still",
        "Slow" => "is slow",
        "Rebuild" => "has lost its read model, and builds it again from the log",
        _ => "works as it should",
    };
    let subject = match &*name {
        "events" => "The event store".to_owned(),
        service => format!("The {service} service"),
    };
    let done = format!("{subject} {done}.");
    act(&manager, &shop, form, Act { call: "set-part", body, done: &done, to: HERE }).await
}

pub(super) async fn power(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    form: Form,
) -> Result<Response, Failure> {
    let body = json!({ "Seed": seed(&form) });
    let done =
        "The power goes with the next write. Everything starts again by itself, from what is left.";
    act(&manager, &shop, form, Act { call: "cut-power", body, done, to: HERE }).await
}

pub(super) async fn traffic(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    form: Form,
) -> Result<Response, Failure> {
    let visits = form.given("Visits").map(number);
    let body = json!({ "Visits": visits, "Seed": seed(&form) });
    let done = "Sample customers come at this rate from now on.";
    act(&manager, &shop, form, Act { call: "set-traffic", body, done, to: HERE }).await
}

pub(super) async fn sale(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    form: Form,
) -> Result<Response, Failure> {
    let (shoppers, units) = (number(form.value("Shoppers")), number(form.value("Units")));
    let body = json!({ "Shoppers": shoppers, "Units": units, "Seed": seed(&form) });
    let done = "The flash sale is over.";
    act(&manager, &shop, form, Act { call: "hold-sale", body, done, to: HERE }).await
}

pub(super) async fn play(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    form: Form,
) -> Result<Response, Failure> {
    let (seed, preset) = (seed(&form), form.value("Preset").to_owned());
    let name =
        PRESETS.iter().find(|(_, key, ..)| *key == preset).map_or("", |(_, _, name, _)| name);
    let body = json!({ "Preset": preset, "Seed": seed });
    let done = format!("{name}: it has begun. The address of this page is a link to this run.");
    let to = format!("{HERE}?preset={}&seed={seed}", site::segment(&preset));
    act(&manager, &shop, form, Act { call: "play", body, done: &done, to: &to }).await
}

pub(super) async fn heal(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    form: Form,
) -> Result<Response, Failure> {
    let done = "All faults have ended. What they left open ends by itself.";
    let body = json!({});
    act(&manager, &shop, form, Act { call: "heal", body, done, to: HERE }).await
}

/// A call, what is said once it is done, and where its form leads.
struct Act<'a> {
    call: &'a str,
    body: Value,
    done: &'a str,
    to: &'a str,
}

async fn act(
    manager: &ManagerVisit,
    shop: &Shop,
    mut form: Form,
    act: Act<'_>,
) -> Result<Response, Failure> {
    let Act { call, body, done, to } = act;
    match manager.post::<Playground>(&format!("/playground/{call}"), &body).await {
        Ok(_) => {
            manager.say(done);
            Ok(see_other(to))
        }
        Err(failure) => {
            form.refuse(failure)?;
            let asked = Asked::typed(&form);
            let now = look(manager, shop).await?;
            Ok(refused(site::Page(show(manager, now, &asked, form))).into_response())
        }
    }
}

fn seed(form: &Form) -> u64 {
    number(form.value("Seed"))
}

/// What is no number is refused by its range.
fn number(text: &str) -> u64 {
    text.parse().unwrap_or(u64::MAX >> 1)
}
