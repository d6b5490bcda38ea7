//! Who changed what, and when: what people did, the latest first, each with the person, the thing, and the event that records it.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::{Query, State};
use contracts::{
    customer::Role,
    order,
    rest::{
        customer::User,
        events::{Audit, RecordedEvent},
        product::Product,
    },
};
use futures_util::future::{try_join, try_join_all};
use serde::Deserialize;
use site::{
    Choice, Count, Failure, Form, Frame, Moment, Page, Pager, Place, Shop, choices, given, known,
    no_such_page, segment,
};
use uuid::Uuid;

use crate::{
    deed::Deed,
    history,
    manager::{ManagerVisit, written},
};

/// Changes on one page, unless another number is chosen.
const PAGE: usize = 50;

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

/// What something is called, and its page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Named {
    name: String,
    address: Option<String>,
}

/// What people and products are called, by id; those that are gone are left out.
#[derive(Default)]
struct Names {
    people: BTreeMap<String, String>,
    products: BTreeMap<String, String>,
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
    let (events, next) = match person(&manager, &mut filters, by).await? {
        Some(by) => read(&manager, &asked, &by, kind, size).await?,
        None => (Vec::new(), None),
    };
    let pager = Pager::new("/audit", &kept, &asked.place, next.as_deref()).sized(size);
    let names = Names::of(&manager, &events).await?;
    let currency = shop.currency(&manager).await;
    let rows = events.into_iter().map(|event| Row::new(event, &names, &currency)).collect();
    Ok(Page(AuditPage {
        frame: manager.frame("Audit"),
        people: choices(&PEOPLE, by),
        kinds: choices(&kinds, kind),
        narrowed: kept.iter().any(|(_, value)| !value.is_empty()),
        filters,
        rows,
        pager,
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
) -> Result<(Vec<RecordedEvent>, Option<String>), Failure> {
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
    ]);
    let found: Audit = manager.get("/events/read-audit", &query).await.map_err(no_such_page)?;
    Ok((found.items, found.next))
}

impl Names {
    async fn of(manager: &ManagerVisit, events: &[RecordedEvent]) -> Result<Self, Failure> {
        let mut people = BTreeSet::new();
        let mut products = BTreeSet::new();
        for event in events {
            people.extend(event.actor.split_once(':').map(|(_, id)| id));
            match event.stream.split_once('-') {
                Some(("customer", id)) => drop(people.insert(id)),
                Some(("product", id)) => drop(products.insert(id)),
                _ => {}
            }
        }
        let person = async |id: &str| match history::user_name(manager, id).await {
            Err(failure) if failure.is_not_found() => Ok(None),
            name => Ok(Some((id.to_owned(), name?))),
        };
        let product = async |id: &str| {
            let query = [("ProductId", id)];
            match manager.get::<Product>("/product/get-product-details", &query).await {
                Err(failure) if failure.is_not_found() => Ok(None),
                product => Ok(Some((id.to_owned(), product?.name))),
            }
        };
        let people = try_join_all(people.into_iter().map(person));
        let products = try_join_all(products.into_iter().map(product));
        let (people, products): (Vec<Option<_>>, Vec<Option<_>>) =
            try_join(people, products).await?;
        Ok(Self {
            people: people.into_iter().flatten().collect(),
            products: products.into_iter().flatten().collect(),
        })
    }

    fn person(&self, id: &str) -> Named {
        match self.people.get(id) {
            Some(name) => Named::at(name, format!("/customers/{}", segment(name))),
            None => Named::only(id),
        }
    }

    fn who(&self, actor: &str) -> Named {
        match actor.split_once(':') {
            Some((_, id)) => self.person(id),
            None => Named::only("not logged in"),
        }
    }

    fn thing(&self, event: &RecordedEvent, deed: &Deed) -> Named {
        let Some((category, id)) = event.stream.split_once('-') else {
            return Named::only(&event.stream);
        };
        match category {
            "customer" => self.person(id),
            "product" => match self.products.get(id).map(String::as_str).or(deed.name()) {
                Some(name) => Named::at(name, format!("/products/{id}")),
                None => Named::at("A deleted product", format!("/history/product/{id}")),
            },
            "order" => {
                let number = Uuid::parse_str(id).map_or_else(|_| id.to_owned(), order::number);
                Named::at(&number, format!("/orders/{id}"))
            }
            "catalogue" => match deed.category() {
                Some(id) => Named::at(deed.name().unwrap_or(id), format!("/categories/{id}")),
                None => Named::only(&event.stream),
            },
            "inbox" => Named::at("Inbox", "/inbox".to_owned()),
            _ => Named::only(&event.stream),
        }
    }
}

impl Named {
    fn only(name: &str) -> Self {
        Self { name: name.to_owned(), address: None }
    }

    fn at(name: &str, address: String) -> Self {
        Self { name: name.to_owned(), address: Some(address) }
    }
}

impl Row {
    fn new(event: RecordedEvent, names: &Names, currency: &str) -> Self {
        let deed = Deed::of(&event);
        Self {
            who: names.who(&event.actor),
            what: deed.words(),
            details: deed.details(currency),
            thing: names.thing(&event, &deed),
            event,
        }
    }
}
