//! Where the book has more about a step of the tour.

use super::steps::STEPS;

/// A page of the book.
pub(crate) struct Chapter {
    pub(crate) title: &'static str,
    /// Its file in the book, without an extension.
    pub(crate) page: &'static str,
}

const fn of(title: &'static str, page: &'static str) -> Chapter {
    Chapter { title, page }
}

/// One for each step.
const CHAPTERS: [Chapter; STEPS.len()] = [
    of("Event sourcing", "patterns/event-sourcing"),
    of("The event store: what it is and is not", "the-store"),
    of("CQRS and read models", "patterns/cqrs"),
    of("Event sourcing", "patterns/event-sourcing"),
    of("Choreography, and its alternatives", "patterns/choreography"),
    of("Catch-up subscriptions", "patterns/subscriptions"),
    of("Exactly-once effects", "patterns/exactly-once"),
    of("The event store: what it is and is not", "the-store"),
    of("Read your writes", "patterns/read-your-writes"),
    of("CQRS and read models", "patterns/cqrs"),
];

/// What to read after a step, which is numbered from 1.
pub(crate) fn chapter(number: usize) -> Option<&'static Chapter> {
    CHAPTERS.get(number.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn every_chapter_is_in_the_book_under_its_title() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let contents = fs::read_to_string(docs.join("SUMMARY.md")).expect("the book's contents");
        for Chapter { title, page } in &CHAPTERS {
            assert!(contents.contains(&format!("- [{title}]({page}.md)")), "{title}: {page}");
        }
    }
}
