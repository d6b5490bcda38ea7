//! The open connections, and which of them to close at the limit.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use tokio_util::sync::CancellationToken;

use super::{ClientAddress, ConnectionLimits, Full};

/// The most that is kept for this machine and for trusted proxies; of small totals it is an eighth.
const RESERVE_MAX: usize = 64;

#[derive(Default)]
pub(super) struct Open {
    /// Counts everything that happens, so that what is older has a lower number.
    now: u64,
    pub(super) by_id: BTreeMap<u64, Connection>,
    /// Those that wait for their client: since when → which.
    pub(super) waiting: BTreeMap<Group, BTreeMap<u64, u64>>,
    /// The groups that have such; the last of them loses a connection first.
    ranks: BTreeSet<Rank>,
    /// By address and by site; without streams, which have limits of their own.
    pub(super) by_address: BTreeMap<ClientAddress, usize>,
    /// Those of neither this machine nor trusted proxies.
    outside: usize,
    pub(super) streams: usize,
}

/// The group that counts together when a connection must be closed: a site, or (none) all trusted proxies.
type Group = Option<ClientAddress>;

/// Those from outside go first, of them those of whom most wait, of equals the one that has waited longest.
type Rank = (bool, usize, Reverse<u64>, Group);

pub(super) struct Connection {
    /// None for a trusted proxy.
    pub(super) address: Option<ClientAddress>,
    pub(super) phase: Phase,
    /// When its request began, or its last one ended.
    pub(super) since: u64,
    pub(super) given_up: CancellationToken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    Receiving,
    Working,
    Behind,
    Stream,
}

/// What a connection counts for.
pub(super) fn counted(address: Option<ClientAddress>) -> impl Iterator<Item = ClientAddress> {
    let site = address.map(ClientAddress::site).filter(|site| Some(*site) != address);
    address.into_iter().chain(site)
}

/// Neither this machine's own nor a trusted proxy's.
pub(super) fn is_outside(address: Option<ClientAddress>) -> bool {
    address.is_some_and(|address| !address.is_loopback())
}

impl Phase {
    fn waits_for_client(self) -> bool {
        matches!(self, Self::Idle | Self::Receiving | Self::Behind)
    }
}

impl Open {
    pub(super) fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    /// Room for one more. For connections from outside the reserve is left alone; what is inside beyond it may be given up for them.
    pub(super) fn make_room(
        &mut self,
        limits: ConnectionLimits,
        is_outside: bool,
    ) -> Result<(), Full> {
        let all = self.by_id.len();
        let is_full = all >= limits.total;
        let reaches_reserve = is_outside && self.outside >= limits.total - limits.reserve();
        if !is_full && !reaches_reserve {
            return Ok(());
        }
        let inside_spared = is_outside && (!is_full || all - self.outside <= limits.reserve());
        if self.give_one_up(!inside_spared) { Ok(()) } else { Err(Full) }
    }

    /// Ends the connection that has waited longest of an address or a site.
    pub(super) fn give_up_of(&mut self, key: ClientAddress) -> Result<(), Full> {
        let is_meant = |id: &&u64| {
            let connection = self.by_id.get(id);
            connection.is_some_and(|connection| counted(connection.address).any(|of| of == key))
        };
        let waiting = self.waiting.get(&Some(key.site())).ok_or(Full)?;
        let longest = waiting.values().find(is_meant).copied().ok_or(Full)?;
        self.end(longest);
        Ok(())
    }

    /// Ends the connection that has waited longest of those of whom most wait; whether there was one.
    pub(super) fn give_one_up(&mut self, from_inside_too: bool) -> bool {
        let Some(&(is_outside, _, Reverse(since), group)) = self.ranks.last() else { return false };
        if !is_outside && !from_inside_too {
            return false;
        }
        let longest = self.waiting.get(&group).and_then(|waiting| waiting.get(&since)).copied();
        longest.is_some_and(|id| self.end(id))
    }

    fn end(&mut self, id: u64) -> bool {
        let ended = self.remove(id);
        ended.inspect(|connection| connection.given_up.cancel()).is_some()
    }

    pub(super) fn insert(&mut self, id: u64, connection: Connection) {
        self.outside += usize::from(is_outside(connection.address));
        self.count(&connection);
        self.by_id.insert(id, connection);
        self.count_waiting(id, true);
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Connection> {
        self.count_waiting(id, false);
        let connection = self.by_id.remove(&id)?;
        self.outside -= usize::from(is_outside(connection.address));
        self.discount(&connection);
        Some(connection)
    }

    /// Goes to `phase` if it is in one of `from`; `since` starts another request or pause.
    pub(super) fn step(&mut self, id: u64, from: &[Phase], phase: Phase, since: Option<u64>) {
        if !self.by_id.get(&id).is_some_and(|connection| from.contains(&connection.phase)) {
            return;
        }
        if let Some(mut connection) = self.remove(id) {
            connection.phase = phase;
            connection.since = since.unwrap_or(connection.since);
            self.insert(id, connection);
        }
    }

    fn count(&mut self, connection: &Connection) {
        if connection.phase == Phase::Stream {
            self.streams += 1;
            return;
        }
        for key in counted(connection.address) {
            *self.by_address.entry(key).or_default() += 1;
        }
    }

    fn discount(&mut self, connection: &Connection) {
        if connection.phase == Phase::Stream {
            self.streams -= 1;
            return;
        }
        for key in counted(connection.address) {
            let Some(count) = self.by_address.get_mut(&key) else { continue };
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&key);
            }
        }
    }

    /// Enters a connection among those that wait for their client, or takes it out.
    fn count_waiting(&mut self, id: u64, waits: bool) {
        let connection =
            self.by_id.get(&id).filter(|connection| connection.phase.waits_for_client());
        let Some(&Connection { address, since, .. }) = connection else { return };
        let group = address.map(ClientAddress::site);
        let waiting = self.waiting.entry(group).or_default();
        let before = rank(group, waiting);
        if waits {
            waiting.insert(since, id);
        } else {
            waiting.remove(&since);
        }
        let after = rank(group, waiting);
        if waiting.is_empty() {
            self.waiting.remove(&group);
        }
        before.map(|rank| self.ranks.remove(&rank));
        self.ranks.extend(after);
    }
}

fn rank(group: Group, waiting: &BTreeMap<u64, u64>) -> Option<Rank> {
    let longest = *waiting.first_key_value()?.0;
    Some((is_outside(group), waiting.len(), Reverse(longest), group))
}

impl ConnectionLimits {
    /// Kept for health checks, for the operator and for the proxies and websites in front.
    fn reserve(self) -> usize {
        (self.total / 8).min(RESERVE_MAX)
    }
}
