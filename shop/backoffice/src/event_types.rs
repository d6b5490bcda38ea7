//! The types of events to choose from: those that are recorded, each with how many there are.

use std::collections::BTreeMap;

use contracts::{
    alike,
    rest::events::{RecordedType, RecordedTypes},
};
use site::Count;

use crate::{log::Filter, manager::ManagerVisit, status::soon};

/// Types by name. While the event store cannot say which are recorded, those that the shop knows.
pub(crate) enum Types {
    /// With how many events there are.
    Recorded(BTreeMap<String, u64>),
    Known,
}

impl Types {
    pub(crate) async fn read(manager: &ManagerVisit) -> Self {
        let call = manager.get::<RecordedTypes>("/events/read-types", &[("", ""); 0]);
        match soon(call).await {
            Ok(RecordedTypes { items, .. }) => {
                let pair = |RecordedType { r#type, events }| (r#type, events);
                Self::Recorded(items.into_iter().map(pair).collect())
            }
            Err(_) => Self::Known,
        }
    }

    /// The types of a category, or all, as values and labels; among them the one that is asked for, if there is such a type.
    pub(crate) fn choices(&self, category: &str, asked: &str) -> Vec<(String, String)> {
        let any = (String::new(), "Any type".to_owned());
        let is_shown = |kind: &str| kind == asked || is_of(kind, category);
        let label = |kind: &str, events: u64| format!("{kind} ({})", Count(events));
        let mut choices: Vec<_> = match self {
            Self::Recorded(types) => {
                let recorded =
                    types.iter().map(|(kind, events)| (kind.clone(), label(kind, *events)));
                let unrecorded = is_known(asked) && !types.contains_key(asked);
                let unrecorded = unrecorded.then(|| (asked.to_owned(), label(asked, 0)));
                recorded.chain(unrecorded).filter(|(kind, _)| is_shown(kind)).collect()
            }
            Self::Known => {
                let known = contracts::types().map(|(kind, _)| kind).filter(|kind| is_shown(kind));
                known.map(|kind| (kind.to_owned(), kind.to_owned())).collect()
            }
        };
        choices.sort();
        std::iter::once(any).chain(choices).collect()
    }

    /// Where there is no type of that name: those that may be meant, else all there are. None where there is one, or none can tell.
    pub(crate) fn instead_of(&self, asked: &str) -> Option<Vec<String>> {
        let Self::Recorded(types) = self else { return None };
        if asked.is_empty() || types.contains_key(asked) || is_known(asked) {
            return None;
        }
        let all: Vec<&str> = types.keys().map(String::as_str).collect();
        let alike = alike(asked, all.iter().copied());
        let instead = if alike.is_empty() { all } else { alike };
        Some(instead.into_iter().map(str::to_owned).collect())
    }

    /// How many events of all streams `filter` takes, in a log that ends at `head`.
    pub(crate) fn total(&self, filter: &Filter, head: u64) -> Option<u64> {
        let Filter { category, kind } = filter;
        if category.is_empty() && kind.is_empty() {
            return Some(head);
        }
        let Self::Recorded(types) = self else { return None };
        let fits = |of: &str| (kind.is_empty() || of == kind) && is_of(of, category);
        Some(types.iter().filter(|(of, _)| fits(of)).map(|(_, events)| events).sum())
    }
}

/// Whether events of the type are in streams of the category, with which its name begins.
fn is_of(kind: &str, category: &str) -> bool {
    category.is_empty() || kind.split('.').next() == Some(category)
}

fn is_known(kind: &str) -> bool {
    contracts::types().any(|(known, _)| known == kind)
}

#[cfg(test)]
mod tests {
    use contracts::{order::OrderEvent, product::ProductEvent};

    use super::*;

    const PLACED: &str = OrderEvent::PLACED;
    const DENIED: &str = OrderEvent::DENIED;

    fn recorded() -> Types {
        let types = [(PLACED, 1_200), ("parcel.sent", 3), (ProductEvent::ADDED, 7)];
        Types::Recorded(types.map(|(kind, events)| (kind.to_owned(), events)).into())
    }

    fn labels(types: &Types, category: &str, asked: &str) -> Vec<String> {
        types.choices(category, asked).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn types_are_offered_with_their_numbers() {
        let any = "Any type".to_owned();
        let all = ["order.placed (1,200)", "parcel.sent (3)", "product.added (7)"];
        assert_eq!(labels(&recorded(), "", "")[1..], all);
        assert_eq!(labels(&recorded(), "order", ""), [any, all[0].to_owned()]);
        let with = labels(&recorded(), "order", DENIED);
        assert_eq!(
            with[1..],
            ["order.denied (0)", "order.placed (1,200)"],
            "it may be recorded yet"
        );
        assert_eq!(labels(&recorded(), "", "denied").len(), 4, "what is no type is not offered");
        assert!(labels(&Types::Known, "order", "").contains(&DENIED.to_owned()));
    }

    #[test]
    fn a_type_that_there_is_not_is_answered_with_those_that_there_are() {
        let instead = |asked: &str| recorded().instead_of(asked).map(|types| types.join(" "));
        assert_eq!(instead("placed").as_deref(), Some(PLACED));
        assert_eq!(instead("denied").as_deref(), Some("order.placed parcel.sent product.added"));
        for fine in ["", "parcel.sent", DENIED] {
            assert_eq!(instead(fine), None, "{fine}");
        }
        assert_eq!(Types::Known.instead_of("denied"), None);
    }

    #[test]
    fn events_are_counted_by_category_and_type() {
        let total = |types: &Types, category: &str, kind: &str| {
            let filter = Filter { category: category.to_owned(), kind: kind.to_owned() };
            types.total(&filter, 1_300)
        };
        assert_eq!(
            total(&recorded(), "", ""),
            Some(1_300),
            "also those that are not in the index yet"
        );
        assert_eq!(total(&recorded(), "order", ""), Some(1_200));
        assert_eq!(total(&recorded(), "", "parcel.sent"), Some(3));
        assert_eq!(total(&recorded(), "order", "parcel.sent"), Some(0));
        assert_eq!(total(&Types::Known, "order", ""), None);
    }
}
