//! Events of accounts and of customers → changes of the read model. Pure.

use contracts::{
    customer::{self, CustomerEvent},
    loyalty::{self, LoyaltyEvent},
};
use kernel::Recorded;
use runtime::{Unfit, model::subject};

use crate::model::{Change, What};

/// What an event changes, if anything.
pub fn project(event: &Recorded) -> Result<Option<Change>, Unfit> {
    let what = match event.stream.category() {
        loyalty::CATEGORY => Some(match LoyaltyEvent::read(event)? {
            LoyaltyEvent::PointsEarned(earned) => What::Earned(earned.points),
            LoyaltyEvent::RewardGranted(granted) => What::Granted(granted.rewards),
            LoyaltyEvent::PointsRedeemed(redeemed) => What::Redeemed(redeemed.points),
        }),
        customer::CATEGORY => match CustomerEvent::read(event)? {
            CustomerEvent::Registered(registered) => {
                registered.personal.user.clone().map(What::Named)
            }
            _ => None,
        },
        _ => None,
    };
    let Some(what) = what else { return Ok(None) };
    Ok(Some(Change { customer: subject(event)?, what }))
}
