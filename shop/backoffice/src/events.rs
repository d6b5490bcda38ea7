//! The event store: everything ever recorded, by stream, category, type and time.

use askama::{Template, filters::HtmlSafe};
use axum::extract::Query;
use contracts::{FAMILIES, rest::events::RecordedEvent};
use futures_util::future::join;
use serde::Deserialize;
use site::{
    Choice, Count, Failure, Form, Frame, Listing, Page, Pager, Place, choices, given, known,
    no_such_page,
};

use crate::{
    event_types::Types,
    ids::Short,
    log::{self, Filter, Newest},
    manager::{ManagerVisit, written},
    names::Names,
    numbers::ToSecond,
    why,
};

/// Events on one page.
const PAGE: usize = 50;
/// Of one request, as many as are answered at once.
const REQUEST_MAX: &str = "500";

/// The categories to choose from: those of every family of events.
pub(crate) fn categories() -> Vec<(&'static str, &'static str)> {
    let families = FAMILIES.iter().map(|family| (family.category, family.category));
    std::iter::once(("", "All categories")).chain(families).collect()
}

const ORDERS: [(&str, &str); 2] = [("", "Newest first"), ("oldest", "Oldest first")];

#[derive(Clone, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    pub(crate) stream: String,
    #[serde(default)]
    pub(crate) category: String,
    #[serde(default)]
    pub(crate) r#type: String,
    /// A correlation or a trace, as a line of the log has it.
    #[serde(default)]
    request: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    order: String,
    #[serde(flatten)]
    place: Place,
}

#[derive(Template)]
#[template(path = "events.html")]
pub(crate) struct Events {
    frame: Frame,
    head: u64,
    /// The filters as typed, and what is wrong with them.
    filters: Form,
    narrowed: bool,
    categories: Vec<Choice>,
    types: Vec<(String, String)>,
    orders: Vec<Choice>,
    /// Where there is no such type as is asked for: those that may be meant.
    meant: Vec<String>,
    /// How many events fit, where that is known, and not all of them do.
    total: Option<u64>,
    rows: Rows,
    pager: Pager,
    /// Where the same is followed live.
    follow: String,
    /// Where the request that is asked for is drawn.
    graph: Option<String>,
}

/// Events as lines of a table.
#[derive(Template)]
#[template(path = "event-rows.html")]
pub(crate) struct Rows {
    pub(crate) events: Vec<RecordedEvent>,
    pub(crate) names: Names,
}

impl Asked {
    /// Whether only events of some time are asked for.
    fn is_timed(&self) -> bool {
        !self.since.is_empty() || !self.until.is_empty()
    }

    /// The filters as typed, and what is wrong with the times among them.
    fn filters(&self) -> Form {
        let mut filters = Form::filled([
            ("stream", self.stream.trim().to_owned()),
            ("type", self.r#type.trim().to_owned()),
            ("request", self.request.trim().to_owned()),
            ("since", self.since.clone()),
            ("until", self.until.clone()),
        ]);
        let zone = site::zone();
        for (name, value) in [("since", &self.since), ("until", &self.until)] {
            if !value.is_empty() && zone.minute(value).is_none() {
                filters.reject(name, "is not a time such as 2026-11-23T14:05");
            }
        }
        filters
    }
}

/// Events of a page, the cursor of the next one, and how many events all pages have, where that is known.
#[derive(Default)]
struct Found {
    events: Vec<RecordedEvent>,
    next: Option<String>,
    total: Option<u64>,
}

pub(crate) async fn events(
    manager: ManagerVisit,
    Query(asked): Query<Asked>,
) -> Result<Page<Events>, Failure> {
    let mut filters = asked.filters();
    let (head, types) = join(log::head(&manager), Types::read(&manager)).await;
    let head = head?;
    let meant = types.instead_of(filters.value("type")).unwrap_or_default();
    if !meant.is_empty() {
        let unknown = format!("There is no type “{}”", filters.value("type"));
        filters.reject("type", unknown);
    }
    let oldest = asked.order == "oldest" || asked.is_timed();
    let Found { events, next, total } = if filters.is_rejected() {
        Found::default()
    } else {
        found(&manager, &asked, &mut filters, head).await?
    };
    let of_all = || types.total(&filter(&asked), head).filter(|_| !asked.is_timed());
    let total = total.or_else(of_all).filter(|_| !filters.is_rejected());
    let names = Names::of(&manager, &events).await;
    let rows = Rows { events, names };
    let order = if oldest { "oldest" } else { "" };
    let categories = categories();
    let category = known(&categories, &asked.category);
    let request = Some(filters.value("request")).filter(|request| !request.is_empty());
    let graph = request.filter(|_| !rows.events.is_empty());
    let graph = graph.map(|request| format!("/why/request/{}", site::segment(request)));
    let kept = [
        ("stream", filters.value("stream")),
        ("category", category),
        ("type", filters.value("type")),
        ("request", filters.value("request")),
        ("since", &*asked.since),
        ("until", &*asked.until),
        ("order", order),
    ];
    let narrowed = kept.iter().any(|(name, value)| *name != "order" && !value.is_empty());
    let pager = Pager::new("/events", &kept, &asked.place, next.as_deref());
    Ok(Page(Events {
        frame: manager.frame("Event store"),
        head,
        narrowed,
        categories: choices(&categories, category),
        types: types.choices(category, filters.value("type")),
        orders: choices(&ORDERS, order),
        meant,
        total: total.filter(|_| narrowed),
        follow: follow(&asked, "/events/follow"),
        filters,
        graph,
        rows,
        pager,
    }))
}

/// The page that is asked for; what fits nothing is said at its field.
async fn found(
    manager: &ManagerVisit,
    asked: &Asked,
    filters: &mut Form,
    head: u64,
) -> Result<Found, Failure> {
    let oldest = asked.order == "oldest" || asked.is_timed();
    let request = filters.value("request");
    if !request.is_empty() {
        let events = of_request(manager, request, asked).await?;
        if events.is_none() {
            filters.reject("request", "is not the correlation or trace of a recorded event");
        }
        let events = events.unwrap_or_default();
        return Ok(Found { total: Some(events.len() as u64), events, next: None });
    }
    match filters.value("stream") {
        "" if oldest => forwards(manager, asked).await,
        "" => backwards(manager, asked, head).await,
        stream => match stream_page(manager, stream, asked, oldest).await {
            Err(failure) if failure.is_not_found() => {
                filters.reject("stream", "is not a stream such as product-ID");
                Ok(Found::default())
            }
            found => found,
        },
    }
}

/// The address at `path` of the same stream, category and type.
pub(crate) fn follow(asked: &Asked, path: &str) -> String {
    let kept = [("stream", &asked.stream), ("category", &asked.category), ("type", &asked.r#type)];
    let kept: Vec<String> = kept
        .iter()
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(name, value)| format!("{name}={}", site::segment(value.trim())))
        .collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// What is asked for of all streams.
pub(crate) fn filter(asked: &Asked) -> Filter {
    let category = known(&categories(), &asked.category).to_owned();
    Filter { category, kind: asked.r#type.trim().to_owned() }
}

async fn forwards(manager: &ManagerVisit, asked: &Asked) -> Result<Found, Failure> {
    let zone = site::zone();
    let (since, until) = (written(zone.minute(&asked.since)), written(zone.minute(&asked.until)));
    let (filter, limit) = (filter(asked), PAGE.to_string());
    let query = given([
        ("Category", &filter.category),
        ("Type", &filter.kind),
        ("Since", &since),
        ("Until", &until),
        ("Limit", &limit),
        ("After", &asked.place.after),
    ]);
    let page = manager.get("/events/read-all", &query).await.map_err(no_such_page)?;
    let Listing { items: events, next, .. } = page;
    Ok(Found { events, next, total: None })
}

/// What a request recorded, and what followed from it, as far as the other filters take it; none if it recorded nothing.
async fn of_request(
    manager: &ManagerVisit,
    request: &str,
    asked: &Asked,
) -> Result<Option<Vec<RecordedEvent>>, Failure> {
    let Some(found) = why::of_request(manager, request, REQUEST_MAX).await? else {
        return Ok(None);
    };
    let filter = filter(asked);
    let all = found.story().chain(&found.same_request);
    let mut events: Vec<RecordedEvent> = all.filter(|event| filter.takes(event)).cloned().collect();
    events.sort_by_key(|event| event.position);
    if asked.order != "oldest" {
        events.reverse();
    }
    Ok(Some(events))
}

async fn backwards(manager: &ManagerVisit, asked: &Asked, head: u64) -> Result<Found, Failure> {
    let before = asked.place.after.parse().unwrap_or(head + 1).min(head + 1);
    let Newest { events, before } = log::newest(manager, before, &filter(asked), PAGE).await?;
    Ok(Found { events, next: before.map(|before| before.to_string()), total: None })
}

/// A page of one stream, by versions.
async fn stream_page(
    manager: &ManagerVisit,
    stream: &str,
    asked: &Asked,
    oldest: bool,
) -> Result<Found, Failure> {
    let page = PAGE as u64;
    let at = asked.place.after.parse::<u64>().ok();
    let all = log::last_version(manager, stream).await?.map_or(0, |last| last + 1);
    let total = Some(all);
    if oldest {
        let from = at.unwrap_or(0);
        let Listing { items: events, next, .. } =
            log::of_stream(manager, stream, from, page).await?;
        return Ok(Found { events, next: next.map(|_| (from + page).to_string()), total });
    }
    let end = at.unwrap_or(all).min(all);
    if end == 0 {
        return Ok(Found { total, ..Found::default() });
    }
    let from = end.saturating_sub(page);
    let Listing { items: mut events, .. } =
        log::of_stream(manager, stream, from, end - from).await?;
    events.reverse();
    let next = Some(from).filter(|from| *from > 0).map(|from| from.to_string());
    Ok(Found { events, next, total })
}

#[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
impl Rows {
    fn kind<'a>(&self, event: &'a RecordedEvent) -> &'a str {
        &event.r#type
    }

    /// What its actor is: a manager, a customer.
    fn kind_of<'a>(&self, event: &'a RecordedEvent) -> &'a str {
        event.actor.split(':').next().unwrap_or_default()
    }
}

impl HtmlSafe for Rows {}
