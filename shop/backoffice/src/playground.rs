//! The playground of a sample shop: faults at the press of a button, and beside them how the shop copes.

mod acts;
mod now;
mod run;

use std::{collections::BTreeMap, time::Duration};

use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    response::{IntoResponse as _, Response, sse::Event},
    routing::{get, post},
};
use contracts::rest::playground::{Playground, Preset, Rates};
use futures_util::stream;
use serde::Deserialize;
use site::{Failure, Form, Frame, Markup, Page, Shop};

use crate::manager::ManagerVisit;
use now::{Now, look};
use run::{DEEDS, Run, impossible};

/// Where it is.
pub(crate) const HERE: &str = "/playground";
/// How often the state of the shop is read.
const LOOK: Duration = Duration::from_secs(1);

/// Every preset with its name in addresses, and in words.
const PRESETS: &[(Preset, &str, &str, &str)] = &[
    (
        Preset::AccountingAway,
        "AccountingAway",
        "Accounting away for a minute",
        "The accounting service is killed, and started again a minute later. Orders continue; their invoices come when it is back.",
    ),
    (
        Preset::EverythingTwice,
        "EverythingTwice",
        "Everything twice",
        "Every message arrives twice, for a minute. Nothing may be sold, paid or invoiced twice.",
    ),
    (
        Preset::PowerCut,
        "PowerCut",
        "Power cut under load",
        "While many people shop, the power goes in the middle of a write. Nothing that was confirmed may be missing afterwards.",
    ),
    (
        Preset::LastUnit,
        "LastUnit",
        "Two shoppers, one unit",
        "Two shoppers order the last unit of a product at the same moment. One gets it.",
    ),
];

/// One of the rates.
type Rate = fn(&mut Rates) -> &mut u16;

/// The rates of faults of the bus, each with its field and its name.
const RATES: &[(&str, &str, Rate)] = &[
    ("BroadcastLost", "Events lost", |rates| &mut rates.broadcast_lost),
    ("BroadcastRepeated", "Events duplicated", |rates| &mut rates.broadcast_repeated),
    ("BroadcastDelayed", "Events delayed", |rates| &mut rates.broadcast_delayed),
    ("BroadcastReordered", "Groups reordered", |rates| &mut rates.broadcast_reordered),
    ("RequestLost", "Requests lost", |rates| &mut rates.request_lost),
    ("RequestRepeated", "Appends duplicated", |rates| &mut rates.request_repeated),
    ("RequestDelayed", "Requests delayed", |rates| &mut rates.request_delayed),
    ("ReplyLost", "Replies lost", |rates| &mut rates.reply_lost),
];

/// A run as an address names it: the forms are filled in with it, and nothing happens before one is sent.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Asked(BTreeMap<String, String>);

impl Asked {
    /// The run of a form that was refused.
    fn typed(form: &Form) -> Self {
        let named = [("seed", "Seed"), ("preset", "Preset")].into_iter();
        let numbers = ["Visits", "Shoppers", "Units"].map(|field| (field, field));
        let rates = RATES.iter().map(|(field, ..)| (*field, *field));
        let fields = named.chain(rates).chain(numbers);
        let given =
            |(name, field): (&str, &str)| Some((name.to_owned(), form.given(field)?.to_owned()));
        Self(fields.filter_map(given).collect())
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn seed(&self) -> Option<u64> {
        self.text("seed").parse().ok()
    }

    /// The rates, if any are named; those that are not are 0.
    fn rates(&self) -> Option<Rates> {
        let mut rates = Rates::default();
        let mut any = false;
        for (field, _, rate) in RATES {
            if let Ok(named) = self.text(field).parse() {
                (*rate(&mut rates), any) = (named, true);
            }
        }
        any.then_some(rates)
    }
}

#[derive(Template)]
#[template(path = "playground.html")]
struct Show {
    frame: Frame,
    /// What was done; it stays in sight wherever the page is scrolled to.
    notice: Option<String>,
    csrf: String,
    form: Form,
    seed: u64,
    /// The preset that the address names.
    preset: String,
    rates: Rates,
    /// The parts that can fail.
    parts: Vec<String>,
    /// What the address names, to be done again.
    run: Run,
    /// What it names that cannot be done; then it is no run.
    impossible: Vec<String>,
    now: Now,
}

pub(crate) fn routes() -> Router<Shop> {
    Router::new()
        .route(HERE, get(playground))
        .route("/playground/live", get(live))
        .route("/playground/messages", post(acts::messages))
        .route("/playground/part", post(acts::part))
        .route("/playground/power", post(acts::power))
        .route("/playground/traffic", post(acts::traffic))
        .route("/playground/sale", post(acts::sale))
        .route("/playground/play", post(acts::play))
        .route("/playground/repeat", post(acts::repeat))
        .route("/playground/heal", post(acts::heal))
}

async fn playground(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let now = look(&manager, &shop).await?;
    let impossible = impossible(&asked.0, &parts(&now));
    let asked = if impossible.is_empty() { asked } else { Asked::default() };
    let page = show(&manager, now, &asked, Form::default());
    Ok(Page(Show { impossible, ..page }).into_response())
}

/// The state of the shop, again every second.
async fn live(manager: ManagerVisit, State(shop): State<Shop>) -> Result<Response, Failure> {
    let looks = (manager.clone(), shop, true);
    let parts = stream::unfold(looks, async |(manager, shop, first)| {
        if !first {
            tokio::time::sleep(LOOK).await;
        }
        let now = look(&manager, &shop).await.ok()?;
        let part = Event::default().event("part").data(Markup::of(&now).as_str());
        Some((part, (manager, shop, false)))
    });
    site::live(&manager, parts)
}

/// The parts that can be made to fail.
fn parts(now: &Now) -> Vec<String> {
    now.playground().parts.iter().map(|part| part.name.clone()).collect()
}

fn show(manager: &ManagerVisit, now: Now, asked: &Asked, form: Form) -> Show {
    let Playground { seed, rates, .. } = now.playground();
    let parts = parts(&now);
    let mut frame = manager.frame("Playground");
    Show {
        notice: frame.notice.take(),
        frame,
        csrf: manager.csrf(),
        form,
        seed: asked.seed().unwrap_or(*seed),
        preset: asked.text("preset").to_owned(),
        rates: asked.rates().unwrap_or(*rates),
        run: Run::named(|name| asked.0.get(name).map(String::as_str), &parts),
        parts,
        impossible: Vec::new(),
        now,
    }
}

impl Show {
    /// Field, name and number of each rate.
    fn rates(&self) -> Vec<(&'static str, &'static str, u16)> {
        let mut rates = self.rates;
        RATES.iter().map(|(field, name, rate)| (*field, *name, *rate(&mut rates))).collect()
    }

    /// What the address says of a number, else this.
    fn number(&self, field: &str, else_this: &str) -> String {
        let named = self.run.fields().iter().find(|(name, _)| name == field);
        named.map_or_else(|| else_this.to_owned(), |(_, number)| number.clone())
    }

    fn visits(&self) -> String {
        let set = self.now.playground().traffic.map(|visits| visits.to_string());
        self.number("Visits", &set.unwrap_or_default())
    }
}
