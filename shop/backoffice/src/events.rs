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
};

/// Events on one page.
const PAGE: usize = 50;

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
}

/// Events as lines of a table.
#[derive(Template)]
#[template(path = "event-rows.html")]
pub(crate) struct Rows {
    pub(crate) events: Vec<RecordedEvent>,
}

/// Events of a page, and the cursor of the next one.
type Found = (Vec<RecordedEvent>, Option<String>);

pub(crate) async fn events(
    manager: ManagerVisit,
    Query(asked): Query<Asked>,
) -> Result<Page<Events>, Failure> {
    let mut filters = Form::filled([
        ("stream", asked.stream.trim().to_owned()),
        ("type", asked.r#type.trim().to_owned()),
        ("since", asked.since.clone()),
        ("until", asked.until.clone()),
    ]);
    let zone = site::zone();
    for (name, value) in [("since", &asked.since), ("until", &asked.until)] {
        if !value.is_empty() && zone.minute(value).is_none() {
            filters.reject(name, "is not a time such as 2026-11-23T14:05");
        }
    }
    let head = log::head(&manager).await?;
    let timed = !asked.since.is_empty() || !asked.until.is_empty();
    let oldest = asked.order == "oldest" || timed;
    let (events, next) = match (filters.is_rejected(), filters.value("stream")) {
        (true, _) => (Vec::new(), None),
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
    let order = if oldest { "oldest" } else { "" };
    let categories = categories();
    let category = known(&categories, &asked.category);
    let kept = [
        ("stream", filters.value("stream")),
        ("category", category),
        ("type", filters.value("type")),
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
        rows: Rows { events },
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
