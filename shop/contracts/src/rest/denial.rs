//! Why an order was denied, and what would have let it through: from recorded events alone. Pure.

use std::time::Duration;

use kernel::{Event as _, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    events::RecordedEvent,
    order::Step,
    story::{Answer, Story},
};
use crate::{
    money::{Decimal, Money},
    order::{self, OrderEvent, Reason},
    product::{Changed, ProductEvent},
};

/// A denied order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The position of `order.denied`.
    pub at: u64,
    /// Everything that was in its way.
    pub lacks: Vec<Lack>,
}

/// What was in an order's way, each with the position of the event that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    Stock {
        at: u64,
        available: i64,
        needed: u32,
    },
    Credit {
        at: u64,
        available: Money,
        needed: Money,
    },
    /// The price was another one than the customer saw: which one, and since which event, where that is known.
    Price {
        at: u64,
        seen: Money,
        changed: Option<(u64, Money)>,
    },
    /// The product was not in the catalogue: since which event, if it ever was.
    Product {
        at: u64,
        deleted: Option<u64>,
    },
    Customer {
        at: u64,
    },
    /// It was recorded when its time was up already.
    Late {
        at: u64,
        after: Duration,
    },
    /// A service had not recorded its part when the time was up, and did so later at `late`, if at all.
    Answer {
        service: &'static str,
        began: u64,
        waited: Duration,
        late: Option<u64>,
    },
}

/// What the steps of an order tell in their details.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Telling {
    quantity: u32,
    price: Decimal<true>,
    units_left: i64,
    credit_left: Decimal<true>,
    deadline: Option<Timestamp>,
    reason: Option<Reason>,
    reasons: Vec<Reason>,
}

impl Telling {
    fn of(details: &Map<String, Value>) -> Self {
        Self::deserialize(details).unwrap_or_default()
    }
}

impl Denial {
    /// The denial in an order's story, if there is one. `past` is what happened to the product before it was asked for, as far back as it is
    /// known; only a changed price or a missing product is looked for there.
    #[must_use]
    pub fn of(story: &Story, past: &[RecordedEvent]) -> Option<Self> {
        let denied = story.steps().iter().find(|step| step.event == OrderEvent::DENIED)?;
        let placed = story.steps().iter().find(|step| step.event == OrderEvent::PLACED)?;
        let reasons = Telling::of(&denied.details).reasons;
        let asked = Telling::of(&placed.details);
        let answers = [Answer::Stock, Answer::Credit].map(|answer| (answer, story.answer(answer)));
        let late = |step: &Step| step.position > denied.position;
        let mut lacks = Vec::new();
        for (answer, step) in answers {
            if step.is_none_or(late) && reasons.contains(&Reason::Deadline) {
                let (began, late) = (placed.position.0, step.map(|step| step.position.0));
                let (service, waited) = (answer.service(), denied.at.since(placed.at));
                lacks.push(Lack::Answer { service, began, waited, late });
            }
        }
        if lacks.is_empty() && reasons.contains(&Reason::Deadline) {
            lacks.extend(too_late(placed, &asked, &answers));
        }
        if lacks.is_empty() && reasons.contains(&Reason::Deadline) {
            // Both had answered: it was the order service that had not taken in an answer.
            let (began, waited) = (placed.position.0, denied.at.since(placed.at));
            lacks.push(Lack::Answer { service: order::CATEGORY, began, waited, late: None });
        }
        lacks.extend(answers.iter().filter_map(|(_, step)| lack((*step)?, &asked, past)));
        if lacks.is_empty() {
            return None;
        }
        Some(Self { at: denied.position.0, lacks })
    }

    /// In one sentence; `money` writes a sum, and `took` how long something takes.
    pub fn words(
        &self,
        money: impl Fn(Money) -> String,
        took: impl Fn(Duration) -> String,
    ) -> String {
        let what: Vec<_> = self.lacks.iter().map(|lack| lack.what(&money, &took)).collect();
        let remedies: Vec<_> = self.lacks.iter().map(|lack| lack.remedy(&money)).collect();
        let (what, remedies) = (what.join("; "), remedies.join(" and "));
        format!("Denied at event {}: {what}; {remedies} would have let it through.", self.at)
    }
}

/// What came when an order's time was up, as those say who answered: the order itself, or else their word of it.
fn too_late(placed: &Step, asked: &Telling, answers: &[(Answer, Option<&Step>)]) -> Vec<Lack> {
    let began = placed.position.0;
    if let Some(deadline) = asked.deadline.filter(|deadline| placed.at > *deadline) {
        return vec![Lack::Late { at: began, after: placed.at.since(deadline) }];
    }
    let said = answers.iter().filter_map(|(answer, step)| Some((answer, (*step)?)));
    let late = said.filter(|(_, step)| Telling::of(&step.details).reason == Some(Reason::Deadline));
    late.map(|(answer, step)| Lack::Answer {
        service: answer.service(),
        began,
        waited: step.at.since(placed.at),
        late: Some(step.position.0),
    })
    .collect()
}

/// What an answer shows to have been in the way, if it denied.
fn lack(answer: &Step, asked: &Telling, past: &[RecordedEvent]) -> Option<Lack> {
    let (at, told) = (answer.position.0, Telling::of(&answer.details));
    Some(match told.reason? {
        Reason::OutOfStock => {
            Lack::Stock { at, available: told.units_left, needed: asked.quantity }
        }
        Reason::LowCredit => Lack::Credit {
            at,
            available: told.credit_left.0,
            needed: asked.price.0.times(asked.quantity),
        },
        Reason::PriceChanged => {
            Lack::Price { at, seen: asked.price.0, changed: price_before(past, at) }
        }
        Reason::UnknownProduct => {
            let deleted = before(past, at).find(|event| event.r#type == ProductEvent::DELETED);
            Lack::Product { at, deleted: deleted.map(|event| event.position) }
        }
        Reason::UnknownCustomer => Lack::Customer { at },
        Reason::Deadline => return None,
    })
}

/// The product's events before a position, the last one first.
fn before(past: &[RecordedEvent], at: u64) -> impl Iterator<Item = &RecordedEvent> {
    past.iter().rev().filter(move |event| event.position < at)
}

/// The price at a position and the event that set it, as the product service sees it: it takes no notice of a forged event that adds
/// a product which is there, or changes one which is not.
fn price_before(past: &[RecordedEvent], at: u64) -> Option<(u64, Money)> {
    let (mut found, mut is_deleted) = (None, false);
    for event in past.iter().filter(|event| event.position < at) {
        match ProductEvent::decode(&event.r#type, event.schema, &event.data) {
            Ok(ProductEvent::Added(added)) if found.is_none() => {
                (found, is_deleted) = (Some((event.position, added.price)), false);
            }
            Ok(ProductEvent::Changed(Changed { price: Some(price), .. })) if !is_deleted => {
                found = Some((event.position, price));
            }
            Ok(ProductEvent::Deleted(_)) => (found, is_deleted) = (None, true),
            _ => {}
        }
    }
    found
}

impl Lack {
    fn what(&self, money: impl Fn(Money) -> String, took: impl Fn(Duration) -> String) -> String {
        match *self {
            Self::Stock { at, available, needed } => {
                format!("{available} in stock at event {at}, and the order needs {needed}")
            }
            Self::Credit { at, available, needed } => format!(
                "the customer's credit was {} at event {at}, and the order needs {}",
                money(available),
                money(needed)
            ),
            Self::Price { at, seen, changed: Some((since, price)) } => format!(
                "at event {at} the price was {} since event {since}, and the order was placed at {}",
                money(price),
                money(seen)
            ),
            Self::Price { at, seen, changed: None } => {
                format!("at event {at} the price was no longer {}", money(seen))
            }
            Self::Product { at, deleted: Some(since) } => {
                format!("at event {at} the product had been deleted by event {since}")
            }
            Self::Product { at, deleted: None } => {
                format!("at event {at} there was no such product")
            }
            Self::Customer { at } => format!("at event {at} there was no such customer"),
            Self::Late { at, after } => {
                format!("the order was recorded at event {at}, {} after its deadline", took(after))
            }
            Self::Answer { service: order::CATEGORY, began, waited, .. } => {
                format!("the order service had not decided {} after event {began}", took(waited))
            }
            Self::Answer { service, began, waited, late } => {
                let late =
                    late.map_or_else(String::new, |late| format!(", and did at event {late}"));
                format!("{service} had not answered {} after event {began}{late}", took(waited))
            }
        }
    }

    /// What would have let the order through.
    fn remedy(&self, money: impl Fn(Money) -> String) -> String {
        match *self {
            Self::Stock { available, needed, .. } => {
                let missing = i64::from(needed) - available;
                format!("{missing} more in stock")
            }
            Self::Credit { available, needed, .. } => {
                format!("{} more credit", money(needed - available))
            }
            Self::Price { changed: Some((_, price)), .. } => {
                format!("an order at {}", money(price))
            }
            Self::Price { changed: None, .. } => "an order at the new price".to_owned(),
            Self::Product { .. } => "a product in the catalogue".to_owned(),
            Self::Customer { .. } => "a registered customer".to_owned(),
            Self::Late { .. } => "an event store that records it in time".to_owned(),
            Self::Answer { service: order::CATEGORY, .. } => "a decision in time".to_owned(),
            Self::Answer { service, .. } => format!("an answer from {service} in time"),
        }
    }
}
