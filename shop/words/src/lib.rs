//! Words as people type them: how texts are split into them, and which word is meant by one with typos. What every search of the shop
//! rests on.

mod likeness;
mod split;

pub use likeness::{Fit, Likeness, Pattern, letters};
pub use split::{code, head, words};
