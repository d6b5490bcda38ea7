//! The event store: everything ever recorded, by stream, category, type and time.

use askama::{Template, filters::HtmlSafe};
use axum::extract::Query;
use contracts::{FAMILIES, rest::events::RecordedEvent};
use serde::Deserialize;
use site::{
    Choice, Count, Failure, Form, Frame, Listing, Page, Pager, Place, choices, given, known,
    no_such_page,
};

use crate::{
    log::{self, Filter, Newest},
    manager::{ManagerVisit, written},
    numbers::Exact,
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
    categories: Vec<Choice>,
    orders: Vec<Choice>,
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
}

impl Asked {
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

/// Events of a page, and the cursor of the next one.
type Found = (Vec<RecordedEvent>, Option<String>);

pub(crate) async fn events(
    manager: ManagerVisit,
    Query(asked): Query<Asked>,
) -> Result<Page<Events>, Failure> {
    let mut filters = asked.filters();
    let head = log::head(&manager).await?;
    let timed = !asked.since.is_empty() || !asked.until.is_empty();
    let oldest = asked.order == "oldest" || timed;
    let (events, next) = match (filters.is_rejected(), filters.value("stream")) {
        (true, _) => (Vec::new(), None),
        (false, _) if !filters.value("request").is_empty() => {
            let found = of_request(&manager, filters.value("request"), &asked).await?;
            if found.is_none() {
                filters.reject("request", "is not the correlation or trace of a recorded event");
            }
            (found.unwrap_or_default(), None)
        }
        (false, "") if oldest => forwards(&manager, &asked).await?,
        (false, "") => backwards(&manager, &asked, head).await?,
        (false, stream) => match stream_page(&manager, stream, &asked, oldest).await {
            Err(failure) if failure.is_not_found() => {
                filters.reject("stream", "is not a stream such as product-ID");
                (Vec::new(), None)
            }
            found => found?,
        },
    };
    let rows = Rows { events };
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
    let pager = Pager::new("/events", &kept, &asked.place, next.as_deref());
    Ok(Page(Events {
        frame: manager.frame("Event store"),
        head,
        categories: choices(&categories, category),
        orders: choices(&ORDERS, order),
        follow: follow(&asked, "/events/follow"),
        filters,
        graph,
        rows,
        pager,
    }))
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
    let Listing { items, next, .. } = page;
    Ok((items, next))
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
    Ok((events, before.map(|before| before.to_string())))
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
    if oldest {
        let from = at.unwrap_or(0);
        let Listing { items, next, .. } = log::of_stream(manager, stream, from, page).await?;
        return Ok((items, next.map(|_| (from + page).to_string())));
    }
    let end = match at {
        Some(end) => end,
        None => log::last_version(manager, stream).await?.map_or(0, |last| last + 1),
    };
    if end == 0 {
        return Ok((Vec::new(), None));
    }
    let from = end.saturating_sub(page);
    let Listing { mut items, .. } = log::of_stream(manager, stream, from, end - from).await?;
    items.reverse();
    Ok((items, Some(from).filter(|from| *from > 0).map(|from| from.to_string())))
}

#[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
impl Rows {
    fn kind<'a>(&self, event: &'a RecordedEvent) -> &'a str {
        &event.r#type
    }
}

impl HtmlSafe for Rows {}
