//! Limits the connections of a process, per client and in total. At the limit, one that waits for its client is closed.
//!
//! ```text
//!         request               body is here          client does not take the answer
//!  Idle ───────────▶ Receiving ──────────────▶ Working ◀────────────────────────────▶ Behind
//!    ▲                                            ├─── answer is an event stream ───▶ Stream
//!    └──────────────── answer is sent ────────────┘
//!
//!  Idle, Receiving and Behind wait for the client, and are given up when there is no room; Working and Stream are not
//! ```

mod open;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use kernel::sync;
use tokio_util::sync::CancellationToken;

use self::open::{Connection, Open, Phase, counted, is_outside};
use super::ClientAddress;
use runtime::descriptors;

/// An IPv6 site has room for as many addresses at their limit. Providers give a site up to a /48, so without this one subscriber of
/// theirs would be 65,536 clients; some give all their subscribers together one, so it has more than one address does.
const ADDRESSES_PER_SITE: usize = 4;

/// How many connections are served at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In total. Each costs a file descriptor and some 20 KiB with its buffers.
    pub total: usize,
    /// Of one client; of one IPv6 /48, four times as many. Trusted proxies, which speak for many, are not limited.
    pub per_address: usize,
}

/// The connections that are open. A cheap clone.
#[derive(Clone)]
pub(super) struct Connections {
    limits: ConnectionLimits,
    open: Arc<Mutex<Open>>,
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

    /// Lets a connection of `address` (none: of a trusted proxy) in, if need be in place of another that waits for its client.
    pub(super) fn admit(&self, address: Option<ClientAddress>) -> Result<Admitted, Full> {
        let mut open = self.lock();
        for key in counted(address) {
            let is_site = address != Some(key);
            let limit = self.limits.per_address.saturating_mul(if is_site {
                ADDRESSES_PER_SITE
            } else {
                1
            });
            if open.by_address.get(&key).is_some_and(|count| *count >= limit) {
                open.give_up_of(key)?;
            }
        }
        open.make_room(self.limits, is_outside(address))?;
        let id = open.tick();
        let given_up = CancellationToken::new();
        let connection =
            Connection { address, phase: Phase::Idle, since: id, given_up: given_up.clone() };
        open.insert(id, connection);
        Ok(Admitted { connections: self.clone(), id, given_up })
    }

    /// Gives one up because the process may open no more files; whether there was one that waits for its client.
    pub(super) fn give_one_up(&self) -> bool {
        let mut open = self.lock();
        open.give_one_up(true)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        sync::lock(&self.open)
    }
}

impl Admitted {
    /// Completes when the connection is to end, for another one.
    pub(super) async fn given_up(&self) {
        self.given_up.cancelled().await;
    }

    /// A request has begun; its body is still to come.
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        let mut open = self.connections.lock();
        let since = open.tick();
        open.step(self.id, &[Phase::Idle], Phase::Receiving, Some(since));
        UnderWay(Arc::clone(self))
    }

    /// The request's body is here, or no longer wanted.
    pub(super) fn received(&self) {
        self.step(&[Phase::Receiving], Phase::Working);
    }

    /// The client does not take what is written.
    pub(super) fn is_behind(&self) {
        self.step(&[Phase::Working], Phase::Behind);
    }

    /// The client takes what is written.
    pub(super) fn goes_on(&self) {
        self.step(&[Phase::Behind], Phase::Working);
    }

    pub(super) fn is_stream(&self) -> bool {
        let open = self.connections.lock();
        open.by_id.get(&self.id).is_some_and(|connection| connection.phase == Phase::Stream)
    }

    fn step(&self, from: &[Phase], phase: Phase) {
        self.connections.lock().step(self.id, from, phase, None);
    }
}

impl UnderWay {
    pub(super) fn connection(&self) -> Arc<Admitted> {
        Arc::clone(&self.0)
    }

    /// An endless response. At most half of all connections may be such.
    pub(super) fn streams(&self) -> Result<(), Full> {
        let connections = &self.0.connections;
        let mut open = connections.lock();
        if open.streams >= connections.limits.total.div_ceil(2) {
            return Err(Full);
        }
        let from = [Phase::Receiving, Phase::Working, Phase::Behind];
        open.step(self.0.id, &from, Phase::Stream, None);
        Ok(())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut open = self.0.connections.lock();
        let since = open.tick();
        let under_way = [Phase::Receiving, Phase::Working, Phase::Behind, Phase::Stream];
        open.step(self.0.id, &under_way, Phase::Idle, Some(since));
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
mod tests;
