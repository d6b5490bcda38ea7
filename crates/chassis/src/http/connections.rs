//! The connections of a process: so many per client and in total. When there are too many, the one longest idle is given up.
//!
//! ```text
//!            request               answer is an event stream
//!  Idle ───────────────▶ Busy ─────────────────────────────▶ Stream
//!    ▲                    │
//!    └── answer is sent ──┘        only what is idle is given up
//! ```

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use super::ClientAddress;
use crate::descriptors;

/// How many connections are served at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In total. Each costs a file descriptor and some 20 KiB with its buffers.
    pub total: usize,
    /// Of one client. Trusted proxies, which speak for many, are not limited.
    pub per_address: usize,
}

/// The connections that are open. A cheap clone.
#[derive(Clone)]
pub(super) struct Connections {
    limits: ConnectionLimits,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    /// Counts everything that happens, so that what is older has a lower number.
    now: u64,
    by_id: BTreeMap<u64, Connection>,
    /// Since when → which.
    idle: BTreeMap<u64, u64>,
    by_address: BTreeMap<ClientAddress, usize>,
    streams: usize,
}

struct Connection {
    /// None for a trusted proxy.
    address: Option<ClientAddress>,
    state: State,
    given_up: CancellationToken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle { since: u64 },
    Busy,
    Stream,
}

/// One connection that was let in; its place is free again when dropped.
pub(super) struct Admitted {
    connections: Connections,
    id: u64,
    given_up: CancellationToken,
}

/// A request under way on a connection, until its answer has been sent.
pub(super) struct UnderWay(Arc<Admitted>);

/// Why a connection or a stream is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Default for ConnectionLimits {
    /// More than any browser or load test of ours opens from one address, and few enough for 1,024 files.
    fn default() -> Self {
        Self { total: 4096, per_address: 256 }
    }
}

impl ConnectionLimits {
    /// These limits, with no more in total than the files that the process may still open, less a reserve. To be asked after the
    /// log and the databases are opened.
    #[must_use]
    pub fn within_files(self) -> Self {
        Self { total: self.total.min(descriptors::connections_max()), ..self }
    }
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        Self { limits, open: Arc::default() }
    }

    /// Lets a connection of `address` (none: of a trusted proxy) in, if need be in place of the one longest idle.
    pub(super) fn admit(&self, address: Option<ClientAddress>) -> Result<Admitted, Full> {
        let mut open = self.lock();
        let of_address = address.and_then(|address| open.by_address.get(&address).copied());
        if of_address.is_some_and(|count| count >= self.limits.per_address) {
            open.give_up(|connection| connection.address == address)?;
        } else if open.by_id.len() >= self.limits.total {
            open.give_up(|_| true)?;
        }
        let id = open.tick();
        let given_up = CancellationToken::new();
        let state = State::Idle { since: id };
        open.idle.insert(id, id);
        open.by_id.insert(id, Connection { address, state, given_up: given_up.clone() });
        if let Some(address) = address {
            *open.by_address.entry(address).or_default() += 1;
        }
        Ok(Admitted { connections: self.clone(), id, given_up })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    /// Ends the connection longest idle of those that are `meant`.
    fn give_up(&mut self, meant: impl Fn(&Connection) -> bool) -> Result<(), Full> {
        let is_meant = |id: &&u64| self.by_id.get(id).is_some_and(&meant);
        let oldest = self.idle.values().find(is_meant).copied().ok_or(Full)?;
        if let Some(connection) = self.remove(oldest) {
            connection.given_up.cancel();
        }
        Ok(())
    }

    fn remove(&mut self, id: u64) -> Option<Connection> {
        let connection = self.by_id.remove(&id)?;
        match connection.state {
            State::Idle { since } => {
                self.idle.remove(&since);
            }
            State::Busy => {}
            State::Stream => self.streams -= 1,
        }
        if connection.state != State::Stream {
            self.leave(connection.address);
        }
        Some(connection)
    }

    /// Streams are not counted among an address's connections: they have limits of their own.
    fn leave(&mut self, address: Option<ClientAddress>) {
        let Some(address) = address else { return };
        let Some(count) = self.by_address.get_mut(&address) else { return };
        *count -= 1;
        if *count == 0 {
            self.by_address.remove(&address);
        }
    }

    fn set(&mut self, id: u64, state: State) {
        let Some(connection) = self.by_id.get_mut(&id) else { return };
        let before = std::mem::replace(&mut connection.state, state);
        let address = connection.address;
        if let State::Idle { since } = before {
            self.idle.remove(&since);
        }
        if let State::Idle { since } = state {
            self.idle.insert(since, id);
        }
        match (before == State::Stream, state == State::Stream) {
            (false, true) => {
                self.streams += 1;
                self.leave(address);
            }
            (true, false) => {
                self.streams -= 1;
                if let Some(address) = address {
                    *self.by_address.entry(address).or_default() += 1;
                }
            }
            _ => {}
        }
    }
}

impl Admitted {
    /// Completes when the connection is to end, for another one.
    pub(super) async fn given_up(&self) {
        self.given_up.cancelled().await;
    }

    /// A request has begun.
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.connections.lock().set(self.id, State::Busy);
        UnderWay(Arc::clone(self))
    }
}

impl UnderWay {
    /// The answer goes on and on. At most half of all connections may be such.
    pub(super) fn streams(&self) -> Result<(), Full> {
        let connections = &self.0.connections;
        let mut open = connections.lock();
        if open.streams >= connections.limits.total.div_ceil(2) {
            return Err(Full);
        }
        open.set(self.0.id, State::Stream);
        Ok(())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut open = self.0.connections.lock();
        let since = open.tick();
        open.set(self.0.id, State::Idle { since });
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.lock().remove(self.id);
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connections({} of {:?})", self.lock().by_id.len(), self.limits)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn connections(total: usize, per_address: usize) -> Connections {
        Connections::new(ConnectionLimits { total, per_address })
    }

    fn from(address: &str) -> ClientAddress {
        address.parse::<IpAddr>().expect("an address").into()
    }

    fn admit(connections: &Connections, address: &str) -> Arc<Admitted> {
        Arc::new(connections.admit(Some(from(address))).expect("is let in"))
    }

    #[test]
    fn an_address_that_has_too_many_loses_its_own_longest_idle() {
        let connections = connections(10, 2);
        let other = admit(&connections, "192.0.2.9");
        let first = admit(&connections, "192.0.2.1");
        let second = admit(&connections, "192.0.2.1");
        drop(first.begin());
        let third = admit(&connections, "192.0.2.1");
        assert!(second.given_up.is_cancelled(), "the first was used after it");
        assert!(![&first, &third, &other].iter().any(|kept| kept.given_up.is_cancelled()));
        let _under_way = (first.begin(), third.begin());
        assert!(connections.admit(Some(from("192.0.2.1"))).is_err(), "nothing is idle");
        drop(second);
        drop(third);
        assert!(
            connections.admit(Some(from("192.0.2.1"))).is_err(),
            "its request is still under way"
        );
    }

    #[test]
    fn one_network_of_ipv6_is_one_address_and_proxies_are_none() {
        let connections = connections(100, 1);
        let one = admit(&connections, "2001:db8::1");
        let _same = admit(&connections, "2001:db8::ffff:1");
        assert!(one.given_up.is_cancelled());
        let _other = admit(&connections, "2001:db8:0:1::1");
        let proxies: Vec<_> =
            (0..90).map(|_| connections.admit(None).expect("is not limited")).collect();
        assert!(!proxies.iter().any(|proxy| proxy.given_up.is_cancelled()));
    }

    #[test]
    fn when_all_are_taken_the_longest_idle_of_anybody_goes() {
        let connections = connections(2, 2);
        let first = admit(&connections, "192.0.2.1");
        let _second = admit(&connections, "192.0.2.2");
        let _third = admit(&connections, "192.0.2.3");
        assert!(first.given_up.is_cancelled());
        assert_eq!(connections.lock().by_id.len(), 2);
    }

    #[test]
    fn streams_are_counted_apart_and_leave_room_for_requests() {
        let connections = connections(4, 1);
        let held: Vec<_> = (0..2)
            .map(|_| {
                let under_way = admit(&connections, "192.0.2.1").begin();
                under_way.streams().expect("has room");
                under_way
            })
            .collect();
        let third = admit(&connections, "192.0.2.1").begin();
        assert_eq!(third.streams(), Err(Full), "half of all");
        drop((held, third));
        let open = connections.lock();
        assert_eq!((open.by_id.len(), open.idle.len(), open.streams), (0, 0, 0));
        assert!(open.by_address.is_empty());
    }
}
