//! The current state of the shop: the promises, the orders, the messages and the parts.

use askama::{Template, filters::HtmlSafe};
use contracts::rest::drill::named;
use contracts::rest::playground::{
    About, MessageFault, Messages, Part, PartState, Playground, Preset, Promise,
};
use kernel::Timestamp;
use site::{Amount, Badge, Count, Failure, Money, Shop, TimeOfDay, Tone};

use super::{HERE, PRESETS, run::Run};
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
    fn became(&self, messages: &Messages) -> (&'static str, String) {
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
        match messages.fault {
            MessageFault::BroadcastLost if missing == 0 => {
                ("events lost", "All were read from the log since.".to_owned())
            }
            MessageFault::BroadcastLost => {
                ("events lost", format!("{} are still to be read from the log.", Count(missing)))
            }
            MessageFault::BroadcastRepeated => ("events duplicated", twice()),
            MessageFault::BroadcastDelayed => {
                ("events delayed", "Read from the log before they came.".to_owned())
            }
            MessageFault::BroadcastReordered => {
                ("groups reordered", "Taken in the order of their positions.".to_owned())
            }
            MessageFault::RequestLost => ("requests lost", answered("Sent again.")),
            MessageFault::RequestRepeated => ("appends duplicated", repeated(messages)),
            MessageFault::RequestDelayed => {
                ("requests delayed", answered("Waited for, or sent again."))
            }
            MessageFault::ReplyLost => ("replies lost", answered("Asked again.")),
        }
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

/// The outcome of appends that came twice, by the two answers that each of them got.
fn repeated(messages: &Messages) -> String {
    let Messages { open, twice, .. } = messages;
    let outcome = match twice {
        0 => "Recognised; nothing happened twice.".to_owned(),
        _ => format!("{} were recorded twice.", Count(*twice)),
    };
    match open {
        0 => outcome,
        _ => format!("{outcome} Of {}, one answer is still to come.", Count(*open)),
    }
}

impl HtmlSafe for Now {}
