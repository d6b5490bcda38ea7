//! Fair limit on concurrency: one permit at a time for each owner, round-robin among owners. With two permits, an owner with a
//! thousand requests does not delay a second owner at all; a third one waits for one permit.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use kernel::sync;
use tokio::sync::oneshot;
use web::ClientAddress;

/// The waiting owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The shop and its managers.
    Shop,
    Address(ClientAddress),
}

/// Gives turns. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Turns(Arc<Mutex<Queue>>);

/// The right to work now: given on when dropped.
pub(crate) struct Turn {
    turns: Turns,
    owner: Owner,
}

/// There are more waiting than can be served soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

struct Queue {
    at_once: usize,
    /// Owners of the turns that are out.
    working: Vec<Owner>,
    /// Owners with waiting requests; the one in front is next.
    owners: VecDeque<Waiting>,
    limits: Limits,
}

struct Waiting {
    owner: Owner,
    turns: VecDeque<oneshot::Sender<Turn>>,
}

/// How many may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) of_an_address: usize,
    pub(crate) of_all: usize,
}

impl Turns {
    pub(crate) fn new(at_once: usize, limits: Limits) -> Self {
        let working = Vec::with_capacity(at_once);
        Self(Arc::new(Mutex::new(Queue { at_once, working, owners: VecDeque::new(), limits })))
    }

    /// Waits for a turn.
    pub(crate) async fn turn(&self, owner: Owner) -> Result<Turn, Busy> {
        let turn = {
            let mut queue = self.queue();
            if queue.may_work(owner) {
                queue.working.push(owner);
                return Ok(Turn { turns: self.clone(), owner });
            }
            queue.wait(owner)?
        };
        // Turned away later in favour of an owner with fewer waiting.
        turn.await.map_err(|_| Busy)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        sync::lock(&self.0)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = self.turns.queue().ended(self.owner);
        if let Some((owner, next)) = next {
            // One that has given up drops the turn, which goes to the next one after that.
            drop(next.send(Self { turns: self.turns.clone(), owner }));
        }
    }
}

impl Queue {
    fn may_work(&self, owner: Owner) -> bool {
        self.working.len() < self.at_once && !self.working.contains(&owner)
    }

    /// Takes a turn back; whose turn it is then. At most one can begin for one that ended.
    fn ended(&mut self, owner: Owner) -> Option<(Owner, oneshot::Sender<Turn>)> {
        if let Some(at) = self.working.iter().position(|working| *working == owner) {
            self.working.swap_remove(at);
        }
        let (owner, next) = self.next()?;
        self.working.push(owner);
        Some((owner, next))
    }

    fn wait(&mut self, owner: Owner) -> Result<oneshot::Receiver<Turn>, Busy> {
        self.forget_gone();
        let of_owner = self.owners.iter().find(|waiting| waiting.owner == owner);
        let of_owner = of_owner.map_or(0, |waiting| waiting.turns.len());
        if owner != Owner::Shop && of_owner >= self.limits.of_an_address {
            return Err(Busy);
        }
        let all: usize = self.owners.iter().map(|waiting| waiting.turns.len()).sum();
        if all >= self.limits.of_all {
            self.turn_one_away(of_owner)?;
        }
        let (sender, receiver) = oneshot::channel();
        match self.owners.iter_mut().find(|waiting| waiting.owner == owner) {
            Some(waiting) => waiting.turns.push_back(sender),
            None => self.owners.push_back(Waiting { owner, turns: [sender].into() }),
        }
        Ok(receiver)
    }

    /// Makes room for an owner with `of_owner` waiting, at the cost of one with more than that and one.
    fn turn_one_away(&mut self, of_owner: usize) -> Result<(), Busy> {
        let most = self.owners.iter_mut().max_by_key(|waiting| waiting.turns.len());
        let most = most.filter(|most| most.turns.len() > of_owner + 1).ok_or(Busy)?;
        most.turns.pop_back();
        Ok(())
    }

    fn next(&mut self) -> Option<(Owner, oneshot::Sender<Turn>)> {
        self.forget_gone();
        let may = self.owners.iter().position(|waiting| self.may_work(waiting.owner))?;
        let mut waiting = self.owners.remove(may)?;
        let (owner, next) = (waiting.owner, waiting.turns.pop_front());
        if !waiting.turns.is_empty() {
            self.owners.push_back(waiting);
        }
        next.map(|next| (owner, next))
    }

    fn forget_gone(&mut self) {
        for waiting in &mut self.owners {
            waiting.turns.retain(|turn| !turn.is_closed());
        }
        self.owners.retain(|waiting| !waiting.turns.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    const LIMITS: Limits = Limits { of_an_address: 2, of_all: 4 };

    fn address(last: u8) -> Owner {
        Owner::Address(std::net::IpAddr::from([192, 0, 2, last]).into())
    }

    #[tokio::test]
    async fn owners_take_turns_however_many_wait_for_one_of_them() {
        let turns = Turns::new(1, LIMITS);
        let running = turns.turn(address(1)).await.expect("is free");
        let mut first = Box::pin(turns.turn(address(1)));
        let mut second = Box::pin(turns.turn(address(1)));
        let mut other = Box::pin(turns.turn(address(2)));
        for waits in [&mut first, &mut second, &mut other] {
            assert!(poll!(waits).is_pending());
        }
        assert_eq!(turns.turn(address(1)).await.err(), Some(Busy), "two of an address wait");
        drop(running);
        let running = first.await.expect("came first");
        drop(running);
        assert!(poll!(&mut second).is_pending(), "it is the other's turn");
        drop(other.await.expect("its turn comes"));
        drop(second.await.expect("at last"));
        turns.turn(address(3)).await.expect("all are given back");
    }

    #[tokio::test]
    async fn an_owner_with_many_requests_leaves_a_place_to_another() {
        let turns = Turns::new(2, LIMITS);
        let running = turns.turn(address(1)).await.expect("is free");
        let mut second = Box::pin(turns.turn(address(1)));
        assert!(poll!(&mut second).is_pending(), "one turn at a time for each");
        let other = turns.turn(address(2)).await.expect("does not wait");
        let mut third = Box::pin(turns.turn(address(3)));
        assert!(poll!(&mut third).is_pending(), "two work already");
        drop(other);
        drop(third.await.expect("next, since the first owner still works"));
        assert!(poll!(&mut second).is_pending());
        drop(running);
        drop(second.await.expect("its turn comes"));
        turns.turn(address(1)).await.expect("all are given back");
    }

    #[tokio::test]
    async fn one_who_gives_up_holds_nobody_up() {
        let turns = Turns::new(1, LIMITS);
        let running = turns.turn(address(1)).await.expect("is free");
        let mut gone = Box::pin(turns.turn(address(2)));
        let mut other = Box::pin(turns.turn(address(3)));
        assert!(poll!(&mut gone).is_pending() && poll!(&mut other).is_pending());
        drop(gone);
        drop(running);
        drop(other.await.expect("its turn comes"));
        let running = turns.turn(address(1)).await.expect("is free");
        let mut given_unseen = Box::pin(turns.turn(address(2)));
        assert!(poll!(&mut given_unseen).is_pending());
        drop(running);
        drop(given_unseen);
        turns.turn(address(1)).await.expect("a turn that was given and never seen is given back");
    }

    #[tokio::test]
    async fn where_all_places_are_taken_an_address_with_more_gives_one_up() {
        let turns = Turns::new(1, LIMITS);
        let _running = turns.turn(address(1)).await.expect("is free");
        let mut waiting = Vec::new();
        for last in [1, 1, 2, 2] {
            let mut turn = Box::pin(turns.turn(address(last)));
            assert!(poll!(&mut turn).is_pending());
            waiting.push(turn);
        }
        let mut third = Box::pin(turns.turn(address(3)));
        assert!(poll!(&mut third).is_pending(), "a place was made");
        let mut turned_away = 0;
        for turn in &mut waiting {
            turned_away += usize::from(poll!(turn).is_ready());
        }
        assert_eq!(turned_away, 1);
    }
}
