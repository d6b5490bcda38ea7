//! Who changed what, and when: what people did, the latest first, each with the person, the thing, and the event that records it.

use askama::Template;
use axum::extract::{Query, State};
use contracts::{
    customer::Role,
    rest::{
        customer::User,
        events::{Audit, RecordedEvent},
    },
};
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use site::{
    Choice, Count, Failure, Form, Frame, Listing, Moment, Page, Pager, Place, Shop, choices, given,
    known, no_such_page, segment,
};

use crate::{
    as_of::{self, Compared, Subject},
    deed::Deed,
    history, log,
    manager::{ManagerVisit, written},
    names::{Named, Names},
    status::soon,
};

/// Changes on one page, unless another number is chosen.
const PAGE: usize = 50;
/// So far back in the catalogue's stream it is looked for what was there before a change.
const EARLIER: u64 = 500;
/// Changes that are compared with what was before them at the same time.
const AT_ONCE: usize = 8;

const PEOPLE: [(&str, &str); 4] = [
    ("", "Everyone"),
    ("manager", "Managers"),
    ("customer", "Customers"),
    ("anonymous", "Not logged in"),
];

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    by: String,
    /// A user name.
    #[serde(default)]
    person: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    until: String,
    #[serde(flatten)]
    place: Place,
}

#[derive(Template)]
#[template(path = "audit.html")]
pub(crate) struct AuditPage {
    frame: Frame,
    filters: Form,
    people: Vec<Choice>,
    kinds: Vec<Choice>,
    narrowed: bool,
    tally: String,
    rows: Vec<Row>,
    pager: Pager,
}

/// One change.
struct Row {
    event: RecordedEvent,
    who: Named,
    what: String,
    details: String,
    thing: Named,
}

pub(crate) async fn audit(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Query(asked): Query<Asked>,
) -> Result<Page<AuditPage>, Failure> {
    let mut filters = Form::filled([
        ("person", asked.person.trim().to_lowercase()),
        ("since", asked.since.clone()),
        ("until", asked.until.clone()),
    ]);
    let kinds = Deed::kinds();
    let (by, kind) = (known(&PEOPLE, &asked.by), known(&kinds, &asked.kind));
    let kept = [
        ("by", by),
        ("person", &*asked.person),
        ("kind", kind),
        ("since", &*asked.since),
        ("until", &*asked.until),
    ];
    let size = asked.place.size(PAGE);
    let found = match person(&manager, &mut filters, by).await? {
        Some(by) => read(&manager, &asked, &by, kind, size).await?,
        None => Listing::none(),
    };
    let (tally, total) = (found.tally("change", "changes"), found.exact_total());
    let pager = Pager::new("/audit", &kept, &asked.place, found.next.as_deref());
    let names = Names::of(&manager, &found.items).await;
    let currency = shop.currency(&manager).await;
    let looker = Looker { manager: &manager, names: &names, currency: &currency };
    let rows = stream::iter(found.items).map(|event| looker.row(event)).buffered(AT_ONCE);
    let rows: Vec<Row> = rows.collect().await;
    Ok(Page(AuditPage {
        frame: manager.frame("Audit"),
        people: choices(&PEOPLE, by),
        kinds: choices(&kinds, kind),
        narrowed: kept.iter().any(|(_, value)| !value.is_empty()),
        filters,
        tally,
        pager: pager.sized(size).of(rows.len(), total),
        rows,
    }))
}

/// Whose changes are asked for, as the gateway calls them: those of a person, or of all people of a kind. None, and said at the
/// field, where something typed fits nothing.
async fn person(
    manager: &ManagerVisit,
    filters: &mut Form,
    by: &str,
) -> Result<Option<String>, Failure> {
    for name in ["since", "until"] {
        let typed = filters.value(name);
        if !typed.is_empty() && site::zone().minute(typed).is_none() {
            filters.reject(name, "is not a time such as 2026-11-23T14:05");
        }
    }
    let name = filters.value("person").to_owned();
    if name.is_empty() {
        return Ok((!filters.is_rejected()).then(|| by.to_owned()));
    }
    let path = format!("/customer/get-user/{}", segment(&name));
    let user: Option<User> = match manager.get(&path, &[("", ""); 0]).await {
        Err(failure) if failure.is_not_found() || failure.refused(422).is_some() => None,
        found => Some(found?),
    };
    let id = if user.is_some() { history::customer_id(manager, &name).await? } else { None };
    match (user, id) {
        (Some(user), Some(id)) if !filters.is_rejected() => {
            let is_manager = user.role == Role::Manager;
            Ok(Some(format!("{}:{id}", if is_manager { "manager" } else { "customer" })))
        }
        (Some(_), Some(_)) => Ok(None),
        _ => {
            filters.reject("person", "is not the user name of an account");
            Ok(None)
        }
    }
}

async fn read(
    manager: &ManagerVisit,
    asked: &Asked,
    by: &str,
    kind: &str,
    size: usize,
) -> Result<Listing<RecordedEvent>, Failure> {
    let zone = site::zone();
    let (since, until) = (written(zone.minute(&asked.since)), written(zone.minute(&asked.until)));
    let limit = size.to_string();
    let query = given([
        ("By", by),
        ("Type", kind),
        ("Since", &since),
        ("Until", &until),
        ("Limit", &limit),
        ("After", &asked.place.after),
        ("Count", "true"),
    ]);
    let found: Audit = manager.get("/events/read-audit", &query).await.map_err(no_such_page)?;
    Ok(Listing { items: found.items, next: found.next, total: found.total })
}

/// What a row is made with.
struct Looker<'a> {
    manager: &'a ManagerVisit,
    names: &'a Names,
    currency: &'a str,
}

impl Looker<'_> {
    async fn row(&self, event: RecordedEvent) -> Row {
        let deed = Deed::of(&event);
        let compared = self.compared(&event, &deed).await;
        Row {
            who: self.who(&event.actor),
            what: deed.words(),
            details: deed.details(self.currency, compared.as_ref()),
            thing: self.thing(&event, &deed),
            event,
        }
    }

    /// What a change changed, each field as it was and as it is since; none where it replaced nothing, or no part says so now.
    async fn compared(&self, event: &RecordedEvent, deed: &Deed) -> Option<Compared> {
        let subject = match event.stream.split_once('-')? {
            _ if !deed.replaces() => return None,
            ("product", id) => Subject::Product(id.to_owned()),
            ("customer", id) => Subject::Customer(self.names.person(id)?.name),
            ("catalogue", _) => return self.since_earlier(event, deed).await,
            _ => return None,
        };
        let at = |position| soon(subject.at(self.manager, position, self.currency));
        let before = at(event.position.checked_sub(1)?).await.ok()??;
        let since = at(event.position).await.ok()??;
        Some(as_of::compared(since, Some(&before)))
    }

    /// The same of what is in the catalogue's one stream.
    async fn since_earlier(&self, event: &RecordedEvent, deed: &Deed) -> Option<Compared> {
        let count = event.version.min(EARLIER);
        if count == 0 {
            return None;
        }
        let earlier = log::of_stream(self.manager, &event.stream, event.version - count, count);
        let earlier = soon(earlier).await.ok()?.items;
        earlier.iter().rev().find_map(|earlier| deed.since(&Deed::of(earlier)))
    }

    fn who(&self, actor: &str) -> Named {
        if !actor.contains(':') {
            return Named::only("not logged in");
        }
        self.names.actor(actor).unwrap_or_else(|| Named::only(actor))
    }

    fn thing(&self, event: &RecordedEvent, deed: &Deed) -> Named {
        if let Some(named) = self.names.stream(&event.stream) {
            return named;
        }
        let (category, id) = event.stream.split_once('-').unwrap_or_default();
        match (category, deed.category(), deed.name()) {
            ("product", _, Some(name)) => Named::at(name, format!("/history/product/{id}")),
            ("product", ..) if self.names.is_gone(id) => {
                Named::at("A deleted product", format!("/history/product/{id}"))
            }
            ("catalogue", Some(id), name) => {
                Named::at(name.unwrap_or(id), format!("/categories/{id}"))
            }
            ("catalogue", None, _) => Named::at("Low stock", "/products/low".to_owned()),
            ("inbox", ..) => Named::at("Inbox", "/inbox".to_owned()),
            _ => Named::at(&event.stream, format!("/events?stream={}", segment(&event.stream))),
        }
    }
}
