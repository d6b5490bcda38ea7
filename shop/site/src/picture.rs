//! Pictures of products: the one that a manager gave it, or one drawn from its category and name.
//!
//! The address of a given picture names the drawn one too, which is shown where the other cannot be had at the moment.

mod drawn;
mod motif;
mod palette;
mod serve;

use std::fmt;

use askama::filters::HtmlSafe;
use contracts::{picture::Hash, rest::product::Product};

use drawn::Drawn;
pub(crate) use serve::routes;

/// The picture of a product, as an `<img>` beside a text that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    drawn: Drawn,
    given: Option<Given>,
    lazy: bool,
}

/// A picture that a manager gave, with its size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Given {
    hash: Hash,
    width: u16,
    height: u16,
}

impl Picture {
    /// One drawn for what is in no product.
    #[must_use]
    pub fn drawn(category: &str, name: &str) -> Self {
        Self { drawn: Drawn::of(category, name), given: None, lazy: true }
    }

    /// The picture of a product.
    #[must_use]
    pub fn of(product: &Product) -> Self {
        let given = product.picture.as_ref();
        let given = given.map(|picture| Given {
            hash: picture.hash,
            width: picture.width,
            height: picture.height,
        });
        Self { given, ..Self::drawn(&product.category_name, &product.name) }
    }

    /// For the one picture that the page is about: loaded at once.
    #[must_use]
    pub fn at_once(mut self) -> Self {
        self.lazy = false;
        self
    }

    /// Whether both show the same kind of thing.
    #[must_use]
    pub fn is_like(self, other: Self) -> bool {
        match (self.given, other.given) {
            (None, None) => self.drawn.motif == other.drawn.motif,
            (mine, others) => mine == others,
        }
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { drawn, given, lazy } = self;
        match given {
            Some(Given { hash, width, height }) => write!(
                f,
                "<img class=\"photo\" src=\"/pictures/{hash}/{drawn}\" alt=\"\" width=\"{width}\" height=\"{height}\""
            ),
            None => {
                write!(f, "<img src=\"/pictures/{drawn}\" alt=\"\" width=\"400\" height=\"400\"")
            }
        }?;
        f.write_str(if *lazy {
            " loading=\"lazy\" decoding=\"async\">"
        } else {
            " decoding=\"async\">"
        })
    }
}

impl HtmlSafe for Picture {}
