//! What the engine promises, tested at its border.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod backup;
mod damage;
mod disk;
mod faults;
mod history;
mod indexes;
mod known;
mod large_batches;
mod lives;
mod power;
mod refusals;
mod released;
mod support;
mod verification;
