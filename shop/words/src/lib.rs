//! Words as people type them: how texts are split into them, and which word is meant by one with typos. What every search of the shop
//! rests on.

mod likeness;
mod split;

pub use likeness::{Fit, Glance, Likeness, Pattern};
pub use split::{code, head, is_number, words};
