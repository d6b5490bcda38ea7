//! The categories' rules: names are unique.

use std::collections::BTreeMap;

use contracts::catalogue::{CatalogueEvent, CategoryAdded, CategoryDeleted, CategoryRenamed};
use kernel::Decider;
use uuid::Uuid;

/// Marks the rules of all categories together.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue;

/// All categories, by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub names: BTreeMap<Uuid, String>,
}

#[derive(Clone, Debug)]
pub enum Command {
    Add { category: Uuid, name: String },
    Rename { category: Uuid, name: String },
    Delete { category: Uuid },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
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
        }
    }
}

impl State {
    /// Names that differ only in case are one name to a shopper.
    fn check_free(&self, category: Uuid, name: &str) -> Result<(), Rejection> {
        let taken = |(id, other): (&Uuid, &String)| {
            *id != category && other.to_lowercase() == name.to_lowercase()
        };
        if self.names.iter().any(taken) { Err(Rejection::NameTaken) } else { Ok(()) }
    }
}
