//! An account's rules: points come from orders, every hundred earned grant a reward, and no more is redeemed than there is.

use contracts::{
    loyalty::{LoyaltyEvent, PointsEarned, PointsRedeemed, RewardGranted},
    order::Terms,
};
use kernel::Decider;
use uuid::Uuid;

/// Minor units that earn one point.
const UNIT: i64 = 100;

/// Points earned for one reward.
pub const POINTS_PER_REWARD: u64 = 100;

/// Marks the rules of one customer's account.
#[derive(Clone, Copy, Debug)]
pub struct Account;

/// Points, from the first order on. That each order earns once is ensured by the cause mark: see `runtime::reactor`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub earned: u64,
    pub redeemed: u64,
}

#[derive(Clone, Debug)]
pub enum Command {
    /// An order is final that is worth so many points.
    Earn {
        order: Uuid,
        points: u64,
    },
    Redeem {
        points: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// There are only so many points.
    NotEnough { points: u64 },
}

impl Decider for Account {
    type State = State;
    type Command = Command;
    type Event = LoyaltyEvent;
    type Rejection = Rejection;

    fn decide(state: &State, command: &Command) -> Result<Vec<LoyaltyEvent>, Rejection> {
        match *command {
            Command::Earn { order, points } => {
                let rewards = rewards(state.earned + points) - rewards(state.earned);
                let mut events = vec![PointsEarned { order, points }.into()];
                // One event, however many rewards: a reaction never records two events of one type.
                if rewards > 0 {
                    events.push(RewardGranted { order, rewards }.into());
                }
                Ok(events)
            }
            Command::Redeem { points } => match state.balance().checked_sub(points) {
                Some(left) => Ok(vec![PointsRedeemed { points, left }.into()]),
                None => Err(Rejection::NotEnough { points: state.balance() }),
            },
        }
    }

    fn evolve(state: &mut State, event: &LoyaltyEvent) {
        match event {
            LoyaltyEvent::PointsEarned(earned) => state.earned += earned.points,
            LoyaltyEvent::RewardGranted(_) => {}
            LoyaltyEvent::PointsRedeemed(redeemed) => state.redeemed += redeemed.points,
        }
    }
}

impl State {
    /// The points that can be redeemed.
    #[must_use]
    pub fn balance(&self) -> u64 {
        self.earned.saturating_sub(self.redeemed)
    }
}

/// The rewards granted for so many points.
#[must_use]
pub fn rewards(earned: u64) -> u64 {
    earned / POINTS_PER_REWARD
}

/// The points of an order: one per whole currency unit, if it costs as much.
#[must_use]
pub fn earned(terms: &Terms) -> Option<u64> {
    u64::try_from(terms.total().minor() / UNIT).ok().filter(|points| *points > 0)
}
