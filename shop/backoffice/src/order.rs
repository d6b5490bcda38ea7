//! One order: what was ordered, and its saga, updated live.

use std::time::Duration;

use askama::{Template, filters::HtmlSafe};
use axum::{
    extract::Path,
    response::{Response, sse::Event},
};
use contracts::{
    order::Reason,
    rest::{
        denial::Denial,
        order::{Change, Order, Step},
        story::{Answer, Cause},
    },
};
use futures_util::{StreamExt, future::try_join, stream};
use kernel::Timestamp;
use serde_json::Value;
use site::{
    Amount, Badge, Count, Failure, Frame, Listing, Markup, Moment, Money, Page, ServerEvents,
    no_such_page,
};

use crate::{
    diagram::diagram,
    graph::Graph,
    log,
    manager::ManagerVisit,
    numbers::{Exact, Took},
    orders,
    saga::Saga,
    sagas::awaited_since,
};

/// Without scripts, the page of an order under way reloads itself after this time.
const REFRESH_SECONDS: u32 = 2;
/// While nothing happens to an order under way, its page shows this often how long it has waited.
const TICK: Duration = Duration::from_secs(1);

#[derive(Template)]
#[template(path = "order.html")]
pub(crate) struct OrderPage {
    frame: Frame,
    order: Order,
    story: Story,
}

/// What changes while the order runs: its state, its diagram, and everything recorded of it.
#[derive(Template)]
#[template(path = "story.html")]
struct Story {
    saga: Saga,
    diagram: Graph,
    /// Why it was denied, and what would have let it through, if it was.
    denial: Option<String>,
    at: Timestamp,
}

pub(crate) async fn order(
    manager: ManagerVisit,
    Path(id): Path<String>,
) -> Result<Page<OrderPage>, Failure> {
    let story = read(&manager, &id).await?;
    let order = story.saga.order.clone();
    let frame = manager.frame(format!("Order {}", order.number()));
    let settled = story.saga.order.has_ended();
    let frame = if settled { frame } else { frame.refreshing(REFRESH_SECONDS) };
    Ok(Page(OrderPage { frame, order, story }))
}

/// The part of the page that changes, until nothing more will happen.
pub(crate) async fn live(
    manager: ManagerVisit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let user = read(&manager, &id).await?.saga.order.user_name;
    // Listened to before it is looked at again, so that nothing falls between.
    let changes = manager.events("/order/order-events", &[("UserName", &user)], None).await?;
    let follower = Follower { manager: manager.clone(), id, changes, story: None };
    let events = stream::unfold(follower, async |mut follower| {
        let events = follower.next().await?;
        Some((stream::iter(events), follower))
    });
    site::live(&manager, events.flatten())
}

/// Follows one order for one open page.
struct Follower {
    manager: ManagerVisit,
    id: String,
    changes: ServerEvents,
    /// What the browser shows.
    story: Option<Story>,
}

impl Follower {
    /// What to tell the browser next; none when there is nothing more to tell, or when the gateway is gone: it comes back then.
    async fn next(&mut self) -> Option<Vec<Event>> {
        if let Some(mut story) = self.story.take() {
            if story.saga.order.has_ended() {
                return None;
            }
            let Ok(change) = tokio::time::timeout(TICK, self.change()).await else {
                story.at = self.manager.now();
                let waits = Event::default().event("wait").data(story.so_far());
                self.story = Some(story);
                return Some(vec![waits]);
            };
            change?;
        }
        let story = read(&self.manager, &self.id).await.ok()?;
        let part = Event::default().event("part").data(Markup::of(&story).as_str());
        let said = Event::default().event("say").data(story.headline());
        let done = story.saga.order.has_ended();
        let done = done.then(|| Event::default().event("done").data("settled"));
        self.story = Some(story);
        Some([part, said].into_iter().chain(done).collect())
    }

    /// Waits until something happens to the order.
    async fn change(&mut self) -> Option<()> {
        loop {
            let event = self.changes.next().await?;
            let change: Change = serde_json::from_str(&event.data).ok()?;
            if change.order.order_id.to_string() == self.id {
                return Some(());
            }
        }
    }
}

async fn read(manager: &ManagerVisit, id: &str) -> Result<Story, Failure> {
    let order = [("Type", "Single"), ("Id", id)];
    let order = manager.get::<Listing<Order>>("/order/get-orders", &order);
    let history = [("OrderId", id), ("Limit", "500")];
    let history = manager.get::<Listing<Step>>("/order/get-order-history", &history);
    let (order, history) = try_join(order, history).await.map_err(no_such_page)?;
    let order = order.items.into_iter().next().ok_or(Failure::NotFound)?;
    let saga = Saga::new(order, history.items);
    let denial = denial(manager, &saga).await?;
    Ok(Story { diagram: diagram(&saga), saga, denial, at: manager.now() })
}

/// Events of a product before the order in which a changed price or a deletion is looked for.
const PAST: u64 = 500;

/// The sentence of a denied order.
async fn denial(manager: &ManagerVisit, saga: &Saga) -> Result<Option<String>, Failure> {
    let Saga { order, story } = saga;
    let looks_back = [Reason::PriceChanged, Reason::UnknownProduct]
        .iter()
        .any(|one| order.reasons.contains(one));
    let past = match story.answer(Answer::Stock).filter(|_| looks_back) {
        Some(answer) => {
            let answer = log::at(manager, answer.position.0).await?;
            let from = answer.version.saturating_sub(PAST);
            log::of_stream(manager, &answer.stream, from, answer.version - from).await?.items
        }
        None => Vec::new(),
    };
    let money = |money| Amount(money, &order.currency).to_string();
    let took = |time| Took(time).to_string();
    Ok(Denial::of(story, &past).map(|denial| denial.words(money, took)))
}

/// What matters of an event, in words: `Price €3.12 · Units left 4`.
fn details(step: &Step, currency: &str) -> String {
    let spaced = |name: &str| {
        name.chars().enumerate().fold(String::new(), |mut text, (at, letter)| {
            if at > 0 && letter.is_uppercase() {
                text.push(' ');
                text.extend(letter.to_lowercase());
            } else {
                text.push(letter);
            }
            text
        })
    };
    let value = |value: &Value| match value {
        Value::String(text) => match text.parse::<Timestamp>() {
            Ok(time) => site::zone().local(time).strftime("%-d %b %Y, %H:%M:%S").to_string(),
            Err(_) => text.clone(),
        },
        Value::Array(items) => {
            let items = items.iter().map(|item| item.as_str().unwrap_or_default());
            items.collect::<Vec<_>>().join(", ")
        }
        // Sums alone have been through floating point: two decimals are all they had.
        Value::Number(number) if number.is_f64() => {
            let sum = number.as_f64().map(|number| Money::parse(&format!("{number:.2}")));
            let sum = sum.and_then(Result::ok);
            sum.map_or_else(String::new, |sum| Amount(sum, currency).to_string())
        }
        other => other.to_string(),
    };
    let details = step.details.iter().map(|(name, one)| format!("{} {}", spaced(name), value(one)));
    details.collect::<Vec<_>>().join(" · ")
}

impl Story {
    fn headline(&self) -> String {
        let order = &self.saga.order;
        let steps = self.saga.story.steps().len();
        format!(
            "{:?}, stock {:?}, credit {:?}: {steps} events recorded.",
            order.status, order.stock_status, order.credit_status
        )
    }

    fn badge(&self) -> Badge {
        Badge::of_order(self.saga.order.status)
    }

    fn reasons(&self) -> String {
        orders::reasons(&self.saga.order)
    }

    /// How long it has taken by now, and which service it has waited for how long.
    fn so_far(&self) -> String {
        let Saga { order, story } = &self.saga;
        let since = |since| Took(self.at.since(since));
        let waits = order.awaited().into_iter().map(|service| {
            format!("{service} for {}", since(awaited_since(order, story.steps(), service)))
        });
        let waits: Vec<String> = waits.collect();
        format!("{} so far; waiting for {}", since(order.placed_at), waits.join(" and "))
    }

    fn total(&self) -> Took {
        Took(self.saga.story.total())
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand on references")]
    fn after(&self, index: &usize) -> Took {
        Took(self.saga.story.after(*index))
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand on references")]
    fn took(&self, index: &usize) -> String {
        match (self.saga.story.cause(*index), self.saga.story.took(*index)) {
            (Cause::Deadline, _) => "deadline".to_owned(),
            (_, Some(took)) => Took(took).to_string(),
            (_, None) => "–".to_owned(),
        }
    }

    fn details(&self, step: &Step) -> String {
        details(step, &self.saga.order.currency)
    }
}

impl OrderPage {
    fn channel(&self) -> &'static str {
        orders::channel(self.order.channel)
    }

    fn price(&self) -> Amount<'_> {
        Amount(self.order.price.0, &self.order.currency)
    }

    fn total(&self) -> Amount<'_> {
        Amount(self.order.total.0, &self.order.currency)
    }
}

impl HtmlSafe for Story {}
