//! What is done on the playground: each form becomes one call.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use contracts::rest::playground::{Playground, Rates};
use serde_json::{Value, json};
use site::{Failure, Form, Shop, refused, see_other};

use super::{
    Asked, HERE, PRESETS, RATES,
    now::look,
    parts,
    run::{Run, slow_ms},
    show,
};
use crate::manager::ManagerVisit;

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
    act(&manager, &shop, form, Act { at: "messages", ..Act::of("set-messages", body, done) }).await
}

pub(super) async fn part(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    form: Form,
) -> Result<Response, Failure> {
    let (name, deed) = (form.value("Name").to_owned(), form.value("Do").to_owned());
    let body = json!({ "Name": name, "Do": deed, "SlowMs": slow_ms(&name) });
    let done = match &*deed {
        "Stop" => "has finished what it had begun, and is stopped",
        "Kill" => "is killed",
        "Freeze" => "is frozen",
        "Slow" => "is slow",
        "Rebuild" => "has lost its read model, and builds it again from the log",
        _ => "works as it should",
    };
    let subject = match &*name {
        "events" => "The event store".to_owned(),
        service => format!("The {service} service"),
    };
    let done = format!("{subject} {done}.");
    let run = |playground: &Playground| match &*deed {
        "Rebuild" => Run::now(playground).with_deed(&name, &deed),
        _ => Run::now(playground),
    };
    let act = Act { at: "fail", to: To::Run(&run), ..Act::of("set-part", body, &done) };
    self::act(&manager, &shop, form, act).await
}

pub(super) async fn power(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    form: Form,
) -> Result<Response, Failure> {
    let body = json!({ "Seed": seed(&form) });
    let done =
        "The power goes with the next write. Everything starts again by itself, from what is left.";
    let run = |playground: &Playground| Run::now(playground).with_power_cut();
    let act = Act { at: "disk", to: To::Run(&run), ..Act::of("cut-power", body, done) };
    self::act(&manager, &shop, form, act).await
}

pub(super) async fn traffic(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    form: Form,
) -> Result<Response, Failure> {
    let visits = form.given("Visits").map(number);
    let body = json!({ "Visits": visits, "Seed": seed(&form) });
    let done = "Sample customers come at this rate from now on.";
    act(&manager, &shop, form, Act { at: "traffic", ..Act::of("set-traffic", body, done) }).await
}

pub(super) async fn sale(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    form: Form,
) -> Result<Response, Failure> {
    let (shoppers, units) = (number(form.value("Shoppers")), number(form.value("Units")));
    let body = json!({ "Shoppers": shoppers, "Units": units, "Seed": seed(&form) });
    let done = "The flash sale is over.";
    let run = |playground: &Playground| Run::now(playground).with_sale(shoppers, units);
    let act = Act { at: "traffic", to: To::Run(&run), ..Act::of("hold-sale", body, done) };
    self::act(&manager, &shop, form, act).await
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
    let act = Act { at: "now", to: To::Address(&to), ..Act::of("play", body, &done) };
    self::act(&manager, &shop, form, act).await
}

pub(super) async fn heal(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    form: Form,
) -> Result<Response, Failure> {
    let done = "All faults have ended. What they left open ends by itself.";
    let act = Act { to: To::Address(HERE), ..Act::of("heal", json!({}), done) };
    self::act(&manager, &shop, form, act).await
}

/// Does all that an address names.
pub(super) async fn repeat(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    form: Form,
) -> Result<Response, Failure> {
    let now = look(&manager, &shop).await?;
    let parts = parts(&now);
    let run = Run::named(|name| form.given(name), &parts);
    let done = "The run has begun. The address of this page is a link to it.";
    let address = run.address();
    let act = Act { calls: run.calls(), done, to: To::Address(&address), at: "now" };
    self::act(&manager, &shop, form, act).await
}

/// Calls to be made one after the other, the notice after they are done, and where the form leads: to a page, and to a part of it.
struct Act<'a> {
    calls: Vec<(&'static str, Value)>,
    done: &'a str,
    to: To<'a>,
    /// Empty for the top of the page.
    at: &'static str,
}

/// Where a form leads.
enum To<'a> {
    Address(&'a str),
    /// To the address of the run that goes on then.
    Run(&'a (dyn Fn(&Playground) -> Run + Sync)),
}

impl<'a> Act<'a> {
    /// One call, after which the address names all that goes on.
    fn of(call: &'static str, body: Value, done: &'a str) -> Self {
        Self { calls: vec![(call, body)], done, to: To::Run(&Run::now), at: "" }
    }
}

async fn act(
    manager: &ManagerVisit,
    shop: &Shop,
    mut form: Form,
    Act { calls, done, to, at }: Act<'_>,
) -> Result<Response, Failure> {
    let mut address = HERE.to_owned();
    for (call, body) in calls {
        match manager.post::<Playground>(&format!("/playground/{call}"), &body).await {
            Ok(playground) => {
                address = match to {
                    To::Address(address) => address.to_owned(),
                    To::Run(run) => run(&playground).address(),
                };
            }
            Err(failure) => {
                form.refuse(failure)?;
                let asked = Asked::typed(&form);
                let now = look(manager, shop).await?;
                return Ok(refused(site::Page(show(manager, now, &asked, form))).into_response());
            }
        }
    }
    manager.say(done);
    let at = if at.is_empty() { String::new() } else { format!("#{at}") };
    Ok(see_other(&format!("{address}{at}")))
}

fn seed(form: &Form) -> u64 {
    number(form.value("Seed"))
}

/// What is not a number is refused by its range.
fn number(text: &str) -> u64 {
    text.parse().unwrap_or(u64::MAX >> 1)
}
