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
        loyalty::CATEGORY => Some(of_loyalty(LoyaltyEvent::read(event)?)),
        customer::CATEGORY => of_customer(CustomerEvent::read(event)?),
        _ => None,
    };
    let Some(what) = what else { return Ok(None) };
    Ok(Some(Change { customer: subject(event)?, what }))
}

fn of_loyalty(event: &LoyaltyEvent) -> What {
    match event {
        LoyaltyEvent::PointsEarned(earned) => What::Earned(earned.points),
        LoyaltyEvent::RewardGranted(granted) => What::Granted(granted.rewards),
        LoyaltyEvent::PointsRedeemed(redeemed) => What::Redeemed(redeemed.points),
    }
}

fn of_customer(event: &CustomerEvent) -> Option<What> {
    match event {
        CustomerEvent::Registered(registered) => registered.personal.user.clone().map(What::Named),
        _ => None,
    }
}
