//! Products as rows of CSV files: what `agora import` and the page for it read, what an export writes, and what a row changes.
//!
//! A file is read strictly: what could be meant in two ways is refused with its line, and the other rows are kept.

mod parse;
mod product;
mod rows;

pub use product::{Changes, Current, NewProduct, ProductRow};
pub use rows::{BadRow, Fields, Numbered, Row, Rows, Unreadable};

#[cfg(test)]
mod tests;
