//! Why an event happened: what led to it and what followed from it, as a graph and as a list.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::Path, response::Response};
use contracts::{
    accounting, customer, product,
    rest::{
        causation::{Because, Causation},
        events::RecordedEvent,
        order::Step,
    },
};
use site::{Count, Failure, Frame, Listing, Page, no_such_page, see_other};
use uuid::Uuid;

use crate::{
    diagram::{lane, tone},
    graph::{Drawn, Graph},
    history, log,
    manager::ManagerVisit,
    numbers::{Exact, Took},
};

/// The most events that are drawn and listed as having followed.
const FOLLOWED_MAX: &str = "100";

#[derive(Template)]
#[template(path = "why.html")]
pub(crate) struct WhyPage {
    frame: Frame,
    causation: Causation,
    graph: Graph,
    /// Who the people are that asked for something here.
    names: Names,
}

/// People by their actor.
pub(crate) type Names = BTreeMap<String, String>;

pub(crate) async fn why(
    manager: ManagerVisit,
    Path(position): Path<String>,
) -> Result<Page<WhyPage>, Failure> {
    let causation = read(&manager, "Position", &position, FOLLOWED_MAX).await?;
    let names = names(&manager, &causation).await?;
    let frame = manager.frame(format!("Why event {position} happened"));
    let graph = graph(&causation, &names);
    Ok(Page(WhyPage { frame, causation, graph, names }))
}

/// Leads to the event that made something what it is now: a product, a customer by name, an order, an invoice by number, or a request by
/// its correlation or trace.
pub(crate) async fn of_subject(
    manager: ManagerVisit,
    Path((kind, id)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let position = match kind.as_str() {
        product::CATEGORY => last_of(&manager, &format!("{kind}-{}", uuid(&id)?)).await?,
        customer::CATEGORY => {
            let id = history::customer_id(&manager, &id).await?.ok_or(Failure::NotFound)?;
            last_of(&manager, &format!("{kind}-{id}")).await?
        }
        contracts::order::CATEGORY => last_step(&manager, &id).await?,
        "invoice" => {
            let number: u64 = id.parse().map_err(|_| Failure::NotFound)?;
            let version = number.checked_sub(1).ok_or(Failure::NotFound)?;
            first_from(&manager, accounting::stream().as_str(), version).await?
        }
        "request" => of_request(&manager, &id, "1").await?.ok_or(Failure::NotFound)?.event.position,
        _ => return Err(Failure::NotFound),
    };
    Ok(see_other(&format!("/events/{position}/why")))
}

/// What a request did, by its correlation or the id of its trace, as lines of the log have them; none if it recorded nothing.
pub(crate) async fn of_request(
    manager: &ManagerVisit,
    id: &str,
    limit: &str,
) -> Result<Option<Causation>, Failure> {
    // An id is the same number however it is written.
    let Ok(id) = Uuid::parse_str(id.trim()) else { return Ok(None) };
    for (by, value) in [("Correlation", id.to_string()), ("Trace", id.simple().to_string())] {
        match read(manager, by, &value, limit).await {
            Err(Failure::NotFound) => {}
            found => return found.map(Some),
        }
    }
    Ok(None)
}

fn uuid(id: &str) -> Result<Uuid, Failure> {
    Uuid::parse_str(id).map_err(|_| Failure::NotFound)
}

async fn read(
    manager: &ManagerVisit,
    by: &str,
    value: &str,
    limit: &str,
) -> Result<Causation, Failure> {
    let query = [(by, value), ("Limit", limit)];
    manager.get("/events/read-causation", &query).await.map_err(no_such_page)
}

async fn last_of(manager: &ManagerVisit, stream: &str) -> Result<u64, Failure> {
    let last = log::last_version(manager, stream).await?.ok_or(Failure::NotFound)?;
    first_from(manager, stream, last).await
}

/// The position of a stream's event of this version.
async fn first_from(manager: &ManagerVisit, stream: &str, version: u64) -> Result<u64, Failure> {
    let found = log::of_stream(manager, stream, version, 1).await?;
    found.items.first().map(|event| event.position).ok_or(Failure::NotFound)
}

/// The position of the last step of an order, by whatever service.
async fn last_step(manager: &ManagerVisit, order: &str) -> Result<u64, Failure> {
    let query = [("OrderId", order), ("Limit", "500")];
    let steps: Listing<Step> =
        manager.get("/order/get-order-history", &query).await.map_err(no_such_page)?;
    steps.items.last().map(|step| step.position.0).ok_or(Failure::NotFound)
}

async fn names(manager: &ManagerVisit, causation: &Causation) -> Result<Names, Failure> {
    let mut names = Names::new();
    for event in causation.story().chain(&causation.same_request) {
        let Because::Asked { by } = causation.because(event) else { continue };
        let Some((kind, id)) = by.split_once(':').filter(|_| !names.contains_key(&by)) else {
            continue;
        };
        let name = match history::user_name(manager, id).await {
            Ok(name) => name,
            Err(Failure::NotFound) => id.to_owned(),
            Err(failure) => return Err(failure),
        };
        let name = format!("{kind} {name}");
        names.insert(by, name);
    }
    Ok(names)
}

fn named(names: &Names, actor: &str) -> String {
    names.get(actor).map_or_else(|| actor.to_owned(), String::clone)
}

/// The events that hang together by recorded causes, and by what a service did by itself for a request.
pub(crate) fn graph(causation: &Causation, names: &Names) -> Graph {
    let events: Vec<&RecordedEvent> = causation.story().collect();
    let first = events.first().map(|event| event.time);
    let drawn = events.iter().map(|event| {
        let (service, name) = event.r#type.split_once('.').unwrap_or(("", &event.r#type));
        let because = causation.because(event);
        let place = |position| events.binary_search_by_key(&position, |event| event.position).ok();
        let from: Vec<usize> = because.from().and_then(place).into_iter().collect();
        let after = first.map(|first| event.time.since(first)).unwrap_or_default();
        let origin = match &because {
            Because::Asked { by } => format!("requested by {}", named(names, by)),
            Because::Itself { by, .. } => format!("by {by} itself"),
            Because::Reaction { .. } => String::new(),
        };
        Drawn {
            position: Some(event.position),
            lane: lane(service),
            service: service.to_owned(),
            name: name.to_owned(),
            note: format!("+{}", Took(after)),
            tone: tone(&event.r#type),
            at: u64::try_from(after.as_micros()).unwrap_or(u64::MAX),
            origin: if from.is_empty() { origin } else { String::new() },
            from,
            is_here: event.position == causation.event.position,
        }
    });
    let label = format!("Event {}: what led to it and what followed", causation.event.position);
    Graph::of(drawn.collect(), label)
}

impl WhyPage {
    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn kind<'a>(&self, event: &'a RecordedEvent) -> &'a str {
        &event.r#type
    }

    /// Why the event asked about happened, as a sentence goes on.
    fn cause(&self) -> String {
        match self.causation.because(&self.causation.event) {
            Because::Reaction { to, by, after: Some(after) } => {
                format!("because of event {to}, {} later, by {by}", Took(after))
            }
            _ => self.because(&self.causation.event),
        }
    }

    fn because(&self, event: &RecordedEvent) -> String {
        let took = |time| Took(time).to_string();
        self.causation.because(event).words(took, |actor| named(&self.names, actor))
    }
}
