//! What happens to accounts, in one readable line each.

use contracts::{loyalty::LoyaltyEvent, order};
use kernel::Recorded;

/// The line of an event, if it is one of this service's and worth it.
pub(crate) fn tell(event: &Recorded) -> Option<String> {
    Some(match LoyaltyEvent::of(event)? {
        LoyaltyEvent::PointsEarned(earned) => {
            format!("order {} earns {} points", order::number(earned.order), earned.points)
        }
        LoyaltyEvent::RewardGranted(granted) => {
            format!("order {} grants {} rewards", order::number(granted.order), granted.rewards)
        }
        LoyaltyEvent::PointsRedeemed(redeemed) => {
            format!("a customer redeems {} points and keeps {}", redeemed.points, redeemed.left)
        }
    })
}
