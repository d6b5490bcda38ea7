//! What people, products and orders are called, where events only have their ids.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{
    order::number,
    rest::{events::RecordedEvent, product::Product},
};
use futures_util::future::{join, join_all};
use site::{Failure, segment};
use uuid::Uuid;

use crate::{history, manager::ManagerVisit, status::soon};

/// What something is called, and its page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) address: Option<String>,
}

/// What people and products are called, by id; no name is known of those that are gone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    people: BTreeMap<String, Option<String>>,
    products: BTreeMap<String, Option<String>>,
}

impl Names {
    /// Those that `events` are about, or by.
    pub(crate) async fn of(manager: &ManagerVisit, events: &[RecordedEvent]) -> Self {
        let mut names = Self::default();
        names.learn(manager, events).await;
        names
    }

    /// Asks for those that are not known yet. Pages are as useful without names, so no page fails or waits for long because of one.
    pub(crate) async fn learn<'a>(
        &mut self,
        manager: &ManagerVisit,
        events: impl IntoIterator<Item = &'a RecordedEvent>,
    ) {
        let mut people = BTreeSet::new();
        let mut products = BTreeSet::new();
        for event in events {
            people.extend(person_of(&event.actor));
            match event.stream.split_once('-') {
                Some(("customer", id)) => drop(people.insert(id)),
                Some(("product", id)) => drop(products.insert(id)),
                _ => {}
            }
        }
        people.retain(|id| !self.people.contains_key(*id));
        products.retain(|id| !self.products.contains_key(*id));
        let person = async |id: &str| answered(id, soon(history::user_name(manager, id)).await);
        let product = async |id: &str| {
            let query = [("ProductId", id)];
            let product = manager.get::<Product>("/product/get-product-details", &query);
            answered(id, soon(product).await.map(|product| product.name))
        };
        let (people, products) = join(
            join_all(people.into_iter().map(person)),
            join_all(products.into_iter().map(product)),
        )
        .await;
        self.people.extend(people.into_iter().flatten());
        self.products.extend(products.into_iter().flatten());
    }

    /// Who did something; none where that is no person.
    pub(crate) fn actor(&self, actor: &str) -> Option<Named> {
        person_of(actor).and_then(|id| self.person(id))
    }

    /// What a stream is about, where it has a name.
    pub(crate) fn stream(&self, stream: &str) -> Option<Named> {
        match stream.split_once('-')? {
            ("customer", id) => self.person(id),
            ("product", id) => {
                let name = self.products.get(id)?.as_ref()?;
                Some(Named::at(name, format!("/products/{id}")))
            }
            ("order", id) => {
                let id = Uuid::parse_str(id).ok()?;
                Some(Named::at(&number(id), format!("/orders/{id}")))
            }
            _ => None,
        }
    }

    /// Whether the product is known to be gone.
    pub(crate) fn is_gone(&self, product: &str) -> bool {
        self.products.get(product).is_some_and(Option::is_none)
    }

    pub(crate) fn person(&self, id: &str) -> Option<Named> {
        let name = self.people.get(id)?.as_ref()?;
        Some(Named::at(name, format!("/customers/{}", segment(name))))
    }
}

impl Named {
    pub(crate) fn only(name: &str) -> Self {
        Self { name: name.to_owned(), address: None }
    }

    pub(crate) fn at(name: &str, address: String) -> Self {
        Self { name: name.to_owned(), address: Some(address) }
    }
}

/// The id of the person that an actor is: parts of the shop have names, and no ids.
fn person_of(actor: &str) -> Option<&str> {
    let (_, id) = actor.split_once(':')?;
    Uuid::parse_str(id).is_ok().then_some(id)
}

/// The name, or that there is none; nothing where no part says so now.
fn answered(id: &str, name: Result<String, Failure>) -> Option<(String, Option<String>)> {
    match name {
        Ok(name) => Some((id.to_owned(), Some(name))),
        Err(failure) if failure.is_not_found() => Some((id.to_owned(), None)),
        Err(_) => None,
    }
}
