//! Orders as streams: their category, and when one is over. They are too short to need snapshots.

use contracts::order;
use runtime::Aggregate;

use crate::domain::{Order, State};

impl Aggregate for Order {
    const CATEGORY: &'static str = order::CATEGORY;

    fn is_over(state: &State) -> bool {
        matches!(state, State::Finalized | State::Denied)
    }
}
