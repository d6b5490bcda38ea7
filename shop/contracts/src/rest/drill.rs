//! Drills: prepared incidents of a sample shop, each described once, for the playground that prepares them, the command, the back office, the
//! book, and the tests.

mod list;

pub use list::DRILLS;
use serde::Serialize;

/// A prepared incident: what is wrong, what users say about it, and where the console shows the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Drill {
    /// What commands and addresses call it.
    pub name: &'static str,
    pub title: &'static str,
    #[serde(skip)]
    pub incident: Incident,
    /// What users report, in their words.
    pub report: &'static str,
    /// What is done to the running shop.
    pub prepared: &'static str,
    /// The cause, in a sentence.
    pub cause: &'static str,
    /// The links to follow from the dashboard, two at most.
    pub clicks: &'static [Click],
    /// What is said there of the cause: these words are on the page.
    pub says: &'static str,
    /// What an operator does about it.
    pub remedy: &'static str,
    /// What is to be learned from it.
    pub lesson: &'static str,
}

/// A link in the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Click {
    /// What it says, or which one it is.
    pub link: &'static str,
    /// How its address begins: the first link of the page with such an address is meant.
    pub href: &'static str,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Incident {
    StoppedReactor,
    PoisonEvent,
    LostBroker,
    SlowModel,
    WrongClock,
    FullDisk,
    StaleInstance,
    FloodedQueue,
    PriceChanged,
    MissingIndex,
    TwoWriters,
    ExpiredToken,
}

/// The drill of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Drill> {
    DRILLS.iter().find(|drill| drill.name == name)
}

impl Drill {
    /// The way from the dashboard, such as `Dashboard › See the system`.
    #[must_use]
    pub fn way(&self) -> String {
        let links = self.clicks.iter().map(|click| click.link);
        std::iter::once("Dashboard").chain(links).collect::<Vec<_>>().join(" › ")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_twelve_and_each_cause_is_within_two_clicks() {
        let names: BTreeSet<&str> = DRILLS.iter().map(|drill| drill.name).collect();
        let incidents: BTreeSet<Incident> = DRILLS.iter().map(|drill| drill.incident).collect();
        assert_eq!((names.len(), incidents.len()), (12, 12));
        for drill in &DRILLS {
            assert!(drill.clicks.len() <= 2, "{}", drill.name);
            assert!(named(drill.name).is_some_and(|found| found.incident == drill.incident));
        }
    }

    /// The page of the book, but for its introduction, is made of the list.
    #[test]
    fn the_book_says_what_the_list_says() {
        let page = include_str!("../../../../docs/drills.md");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for drill in &DRILLS {
            let section = drill.section();
            assert!(
                words(page).contains(&words(&section)),
                "docs/drills.md lacks this section, word for word:\n\n{section}"
            );
        }
        assert_eq!(
            page.matches("\n## ").count(),
            DRILLS.len() + 1,
            "and how to run one, and nothing else"
        );
    }

    impl Drill {
        /// Its section of the book.
        fn section(&self) -> String {
            let Self { name, title, report, prepared, cause, says, remedy, lesson, .. } = self;
            let way = self.way();
            let lines = [
                format!("## {title}"),
                format!("> “{report}”"),
                format!("```sh\nagora demo drill {name}\n```"),
                format!("**What is done.** {prepared}"),
                format!("**The cause.** {cause}"),
                format!("**Where the console shows it.** {way}: “{says}”."),
                format!("**What to do.** {remedy}"),
                format!("**What to learn.** {lesson}"),
            ];
            lines.join("\n\n")
        }
    }
}
