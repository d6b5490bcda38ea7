//! The current state of the shop: the promises, the orders, the messages and the parts.

use askama::{Template, filters::HtmlSafe};
use contracts::rest::drill::named;
use contracts::rest::playground::{
    About, MessageFault, Messages, Part, PartState, Playground, Preset, Promise,
};
use kernel::Timestamp;
use site::{Amount, Badge, Count, Failure, Money, Shop, TimeOfDay, Tone};

use super::{HERE, PRESETS, RATES, run::Run};
use crate::{manager::ManagerVisit, numbers::Took, status::label};

#[derive(Template)]
#[template(path = "playing.html")]
pub(super) struct Now {
    playground: Playground,
    currency: String,
    at: Timestamp,
}

/// A preset under way: what it does at the moment, how long it still lasts, and the link to it.
struct Played {
    name: &'static str,
    doing: String,
    left: Took,
    link: String,
}

pub(super) async fn look(manager: &ManagerVisit, shop: &Shop) -> Result<Now, Failure> {
    let playground = manager.get("/playground/get-playground", &[("", ""); 0]).await?;
    Ok(Now { playground, currency: shop.currency(manager).await, at: manager.now() })
}

impl Now {
    pub(super) fn playground(&self) -> &Playground {
        &self.playground
    }

    /// The preset under way.
    fn playing(&self) -> Option<Played> {
        let playing = self.playground.playing?;
        let (_, key, name, what) = PRESETS.iter().find(|(preset, ..)| *preset == playing.preset)?;
        let link = format!("{HERE}?preset={key}&seed={}", self.playground.seed);
        let doing = match (playing.preset, playing.power_goes_at) {
            (Preset::PowerCut, Some(at)) => format!(
                "Many people shop now. The power goes in {}, in the middle of a write.",
                Took(at.since(self.at))
            ),
            (Preset::PowerCut, None) => {
                "The power went. Everything starts again by itself, from what was written, while people go on shopping.".to_owned()
            }
            _ => (*what).to_owned(),
        };
        Some(Played { name, doing, left: Took(playing.until.since(self.at)), link })
    }

    /// The link to what goes on.
    fn run(&self) -> String {
        Run::now(&self.playground).address()
    }

    /// Which faults are on, each in a few words.
    fn faults(&self) -> String {
        let Playground { rates, parts, .. } = &self.playground;
        let mut rates = *rates;
        let of_bus = RATES.iter().filter_map(|(_, name, rate)| {
            let rate = *rate(&mut rates);
            (rate > 0).then(|| format!("{name}: {} of 1,000", Count(u64::from(rate))))
        });
        let mut faults: Vec<String> = of_bus.collect();
        faults.extend(parts.iter().filter_map(|part| {
            let how = match (part.state, part.ailing.as_ref()) {
                (PartState::Up, _) if part.slow_ms > 0 => "slow",
                (PartState::Up, Some(_)) => "ailing",
                (PartState::Up, None) => return None,
                (PartState::Frozen, _) => "frozen",
                (PartState::Stopped, _) => "stopped",
                (PartState::Killed, _) => "killed",
            };
            Some(format!("{} {how}", label(&part.name)))
        }));
        faults.join("; ")
    }

    /// The drill that is on, and what users report.
    fn drill(&self) -> Option<(&'static str, &'static str)> {
        let drill = named(self.playground.drill.as_deref()?)?;
        Some((drill.title, drill.report))
    }

    /// Whether anything is made to fail now.
    fn is_calm(&self) -> bool {
        let Playground { rates, parts, playing, .. } = &self.playground;
        let is_well =
            |part: &Part| part.state == PartState::Up && part.slow_ms == 0 && part.ailing.is_none();
        playing.is_none() && rates.each().iter().all(|rate| *rate == 0) && parts.iter().all(is_well)
    }

    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn about(&self, promise: &Promise) -> (&'static str, &'static str, &'static str) {
        match promise.about {
            About::Money => ("Money", "credit granted", "left and spent"),
            About::Stock => ("Stock", "units received", "on hand and sold"),
            About::Log => ("Log", "events", "position of the last"),
            About::Orders => ("Invoices", "orders finalized", "invoiced and to come"),
        }
    }

    fn sum(&self, promise: &Promise, sum: i64) -> String {
        if promise.money {
            Amount(Money::from_minor(sum), &self.currency).to_string()
        } else {
            Count(sum).to_string()
        }
    }

    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn verdict(&self, promise: &Promise) -> Badge {
        if promise.holds {
            Badge::new("Exact", Tone::Good)
        } else {
            Badge::new("Broken", Tone::Bad)
        }
    }

    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn part(&self, part: &Part) -> Badge {
        match (part.state, part.slow_ms) {
            (PartState::Up, 0) => Badge::new("Works", Tone::Good),
            (PartState::Up, slow) => Badge::new(format!("Slow: {slow} ms an event"), Tone::Warn),
            (PartState::Frozen, _) => Badge::new("Frozen", Tone::Warn),
            (PartState::Stopped, _) => Badge::new("Stopped", Tone::Bad),
            (PartState::Killed, _) => Badge::new("Killed", Tone::Bad),
        }
    }

    /// What went wrong, and the outcome: what is claimed here is in the figures beside it.
    fn became(&self, messages: &Messages) -> (String, String) {
        let (missing, open) = (self.playground.missing, messages.open);
        let twice = || "Recognised; nothing happened twice.".to_owned();
        let answered = |done: &str| match open {
            0 => format!("{done} Every append among them has its answer."),
            1 => format!(
                "{done} One append among them has no answer yet: it is sent again, unless its sender was killed."
            ),
            _ => format!(
                "{done} {} appends among them have no answer yet: they are sent again, unless their sender was killed.",
                Count(open)
            ),
        };
        let (done, became) = match messages.fault {
            MessageFault::BroadcastLost => ("lost", read_since(messages.times, missing)),
            MessageFault::BroadcastRepeated => ("duplicated", twice()),
            MessageFault::BroadcastDelayed => {
                let came = if messages.times == 1 { "it came" } else { "they came" };
                ("delayed", format!("Read from the log before {came}."))
            }
            MessageFault::BroadcastReordered => {
                ("reordered", "Taken in the order of the positions.".to_owned())
            }
            MessageFault::RequestLost => ("lost", answered("Sent again.")),
            MessageFault::RequestRepeated => ("duplicated", repeated(messages)),
            MessageFault::RequestDelayed => ("delayed", answered("Waited for, or sent again.")),
            MessageFault::ReplyLost => ("lost", answered("Asked again.")),
        };
        (format!("{} {done}", noun(messages)), became)
    }

    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    pub(super) fn label<'a>(&self, part: &'a str) -> &'a str {
        label(part)
    }

    /// How long the oldest open order has waited.
    fn oldest(&self) -> Option<Took> {
        self.playground.orders.oldest.map(|placed| Took(self.at.since(placed)))
    }
}

/// What went wrong, in its number.
fn noun(messages: &Messages) -> &'static str {
    let (one, several) = match messages.fault {
        MessageFault::BroadcastLost
        | MessageFault::BroadcastRepeated
        | MessageFault::BroadcastDelayed => ("event", "events"),
        MessageFault::BroadcastReordered => ("group", "groups"),
        MessageFault::RequestLost | MessageFault::RequestDelayed => ("request", "requests"),
        MessageFault::RequestRepeated => ("append", "appends"),
        MessageFault::ReplyLost => ("reply", "replies"),
    };
    if messages.times == 1 { one } else { several }
}

/// The outcome of so many events that were lost, of which some are missing.
fn read_since(times: u64, missing: u64) -> String {
    match (times, missing) {
        (1, 0) => "It was read from the log since.".to_owned(),
        (_, 0) => "All were read from the log since.".to_owned(),
        (_, 1) => "One is still to be read from the log.".to_owned(),
        _ => format!("{} are still to be read from the log.", Count(missing)),
    }
}

/// The outcome of appends that came twice, by the two answers that each of them got.
fn repeated(messages: &Messages) -> String {
    let Messages { open, twice, .. } = messages;
    let outcome = match twice {
        0 => "Recognised; nothing happened twice.".to_owned(),
        1 => "One was recorded twice.".to_owned(),
        _ => format!("{} were recorded twice.", Count(*twice)),
    };
    match open {
        0 => outcome,
        _ => format!("{outcome} Of {}, one answer is still to come.", Count(*open)),
    }
}

impl HtmlSafe for Now {}
