//! The rules of the catalogue beside its products: names of categories are unique.

use std::collections::BTreeMap;

use contracts::catalogue::{
    CatalogueEvent, CategoryAdded, CategoryDeleted, CategoryRenamed, LowStockSet,
};
use kernel::{Decider, text::caseless};
use uuid::Uuid;

/// Marks the rules of all categories together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Catalogue;

/// All categories, by id; and what counts as low stock, once that was set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) names: BTreeMap<Uuid, String>,
    pub(crate) low_stock: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) enum Command {
    Add { category: Uuid, name: String },
    Rename { category: Uuid, name: String },
    Delete { category: Uuid },
    SetLowStock { units: i64 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    Unknown,
    /// Another category has the name.
    NameTaken,
}

impl Decider for Catalogue {
    type State = State;
    type Command = Command;
    type Event = CatalogueEvent;
    type Rejection = Rejection;

    fn decide(state: &State, command: &Command) -> Result<Vec<CatalogueEvent>, Rejection> {
        match command {
            // Ids are drawn, or derived from the request: it is the same one, sent again.
            Command::Add { category, .. } if state.names.contains_key(category) => Ok(Vec::new()),
            Command::Add { category, name } => {
                state.check_free(*category, name)?;
                Ok(vec![CategoryAdded { category: *category, name: name.clone() }.into()])
            }
            Command::Rename { category, name } => match state.names.get(category) {
                None => Err(Rejection::Unknown),
                Some(current) if current == name => Ok(Vec::new()),
                Some(_) => {
                    state.check_free(*category, name)?;
                    Ok(vec![CategoryRenamed { category: *category, name: name.clone() }.into()])
                }
            },
            Command::Delete { category } => match state.names.get(category) {
                None => Err(Rejection::Unknown),
                Some(_) => Ok(vec![CategoryDeleted { category: *category }.into()]),
            },
            Command::SetLowStock { units } if state.low_stock == Some(*units) => Ok(Vec::new()),
            Command::SetLowStock { units } => Ok(vec![LowStockSet { units: *units }.into()]),
        }
    }

    fn evolve(state: &mut State, event: &CatalogueEvent) {
        match event {
            CatalogueEvent::CategoryAdded(CategoryAdded { category, name })
            | CatalogueEvent::CategoryRenamed(CategoryRenamed { category, name }) => {
                state.names.insert(*category, name.clone());
            }
            CatalogueEvent::CategoryDeleted(CategoryDeleted { category }) => {
                state.names.remove(category);
            }
            CatalogueEvent::LowStockSet(LowStockSet { units }) => state.low_stock = Some(*units),
        }
    }
}

impl State {
    /// Names that differ only in case or Unicode form are one name to a shopper.
    fn check_free(&self, category: Uuid, name: &str) -> Result<(), Rejection> {
        let name = caseless(name);
        let taken = |(id, other): (&Uuid, &String)| *id != category && caseless(other) == name;
        if self.names.iter().any(taken) { Err(Rejection::NameTaken) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEA: Uuid = Uuid::from_u128(1);
    const SOAP: Uuid = Uuid::from_u128(2);

    /// The events and the state after these commands.
    fn given(commands: &[Command]) -> State {
        let mut state = State::default();
        for command in commands {
            for event in Catalogue::decide(&state, command).expect("the rules allow it") {
                Catalogue::evolve(&mut state, &event);
            }
        }
        state
    }

    fn add(category: Uuid, name: &str) -> Command {
        Command::Add { category, name: name.to_owned() }
    }

    fn rename(category: Uuid, name: &str) -> Command {
        Command::Rename { category, name: name.to_owned() }
    }

    #[test]
    fn a_name_is_taken_once_whatever_its_case() {
        let state = given(&[add(TEA, "Tea"), add(SOAP, "Seife Ö")]);
        for command in
            [add(Uuid::from_u128(3), "TEA"), rename(TEA, "SEIFE ö"), rename(TEA, "seife o\u{308}")]
        {
            assert_eq!(Catalogue::decide(&state, &command), Err(Rejection::NameTaken));
        }
    }

    #[test]
    fn a_category_may_change_the_case_of_its_own_name() {
        let state = given(&[add(TEA, "Tea"), rename(TEA, "TEA")]);
        assert_eq!(state.names.get(&TEA).map(String::as_str), Some("TEA"));
    }

    #[test]
    fn a_name_is_free_again_once_its_category_is_renamed_or_gone() {
        let state = given(&[
            add(TEA, "Tea"),
            rename(TEA, "Infusions"),
            add(SOAP, "tea"),
            Command::Delete { category: SOAP },
        ]);
        assert!(Catalogue::decide(&state, &add(SOAP, "Tea")).is_ok());
    }

    #[test]
    fn what_is_not_there_is_neither_renamed_nor_deleted() {
        let state = given(&[add(TEA, "Tea"), Command::Delete { category: TEA }]);
        for command in [rename(TEA, "x"), Command::Delete { category: TEA }] {
            assert_eq!(Catalogue::decide(&state, &command), Err(Rejection::Unknown));
        }
    }

    #[test]
    fn what_counts_as_low_stock_is_what_was_set_last() {
        let low = |units| Command::SetLowStock { units };
        assert_eq!(given(&[]).low_stock, None);
        assert_eq!(given(&[low(7), low(0)]).low_stock, Some(0));
    }

    #[test]
    fn what_changes_nothing_records_nothing() {
        let low = Command::SetLowStock { units: 7 };
        let state = given(&[add(TEA, "Tea"), low.clone()]);
        for command in [add(TEA, "Tea"), rename(TEA, "Tea"), low] {
            assert_eq!(Catalogue::decide(&state, &command), Ok(Vec::new()));
        }
    }
}
