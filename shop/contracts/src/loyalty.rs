//! What loyalty records: streams `loyalty-CUSTOMER`.

use kernel::{StreamId, events};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The category of the streams.
pub const CATEGORY: &str = "loyalty";

/// The stream of a customer's account.
#[must_use]
pub fn stream(customer: Uuid) -> StreamId {
    StreamId::new(CATEGORY, customer).expect("a UUID is a stream's id")
}

events! {
    /// The events of a customer's account.
    LoyaltyEvent {
        PointsEarned(PointsEarned) = "loyalty.points-earned" @ 1,
        RewardGranted(RewardGranted) = "loyalty.reward-granted" @ 1,
        PointsRedeemed(PointsRedeemed) = "loyalty.points-redeemed" @ 1,
    }
}

/// A finalized order was worth so many points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointsEarned {
    pub order: Uuid,
    pub points: u64,
}

/// With that order another hundred points was reached, or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RewardGranted {
    pub order: Uuid,
    pub rewards: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointsRedeemed {
    pub points: u64,
    /// What can still be redeemed.
    pub left: u64,
}
