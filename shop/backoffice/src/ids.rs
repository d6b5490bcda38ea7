//! Ids as lists show them: short on the screen, and whole where they are copied.

use std::fmt;

use askama::filters::{Html, HtmlSafe, escape};
use uuid::Uuid;

/// What a UUID written with hyphens takes.
const LENGTH: usize = 36;
/// Where its last eight digits begin: ids that sort by time differ there, and an order's number has the same ones.
const LAST: usize = 28;

/// A name that ends with a UUID, such as a stream's: only what is before the id and its last digits are in sight. What is between them is
/// clipped, so that it is copied along, and read aloud.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short<'a>(pub(crate) &'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = escape(self.0, Html).map_err(|_| fmt::Error)?;
        match split(self.0) {
            Some((head, between, last)) => {
                let head = escape(head, Html).map_err(|_| fmt::Error)?;
                write!(
                    f,
                    "<code class=\"short\" title=\"{whole}\">{head}<span class=\"between\">{between}</span>{last}</code>"
                )
            }
            None => write!(f, "<code>{whole}</code>"),
        }
    }
}

/// What is before the id, its first digits and its last ones; none where the name ends with no id.
fn split(name: &str) -> Option<(&str, &str, &str)> {
    let (head, id) = name.split_at_checked(name.len().checked_sub(LENGTH)?)?;
    Uuid::parse_str(id).ok()?;
    let (between, last) = id.split_at_checked(LAST)?;
    Some((head, between, last))
}

impl HtmlSafe for Short<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190c7f2-8b1e-7c3a-9f00-12345e7b2954";

    #[test]
    fn a_name_shows_its_last_digits_and_is_whole_to_a_copy() {
        let shown = Short(&format!("order-{ID}")).to_string();
        let between = "<span class=\"between\">0190c7f2-8b1e-7c3a-9f00-1234</span>";
        let title = format!("title=\"order-{ID}\"");
        assert!(shown.contains(&title) && shown.contains(between), "{shown}");
        assert!(shown.ends_with("</span>5e7b2954</code>"), "{shown}");
    }

    #[test]
    fn what_ends_with_no_id_is_shown_as_it_is() {
        for name in ["catalogue-categories", "reactor:product", "", "größe-0190c7f2-8b1e-7c3a-9f00"]
        {
            assert_eq!(Short(name).to_string(), format!("<code>{name}</code>"));
        }
        assert_eq!(Short("<b>").to_string(), "<code>&#60;b&#62;</code>");
    }
}
