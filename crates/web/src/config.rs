//! What the HTTP side of a service needs from outside.

use std::sync::Arc;

use kernel::{Clock, Ids};
use runtime::trace::Traces;
use tokio_util::sync::CancellationToken;

use super::{Authenticate, HttpNames, Streams, TrustedProxies};

/// The default limit on request bodies.
const BODY_LIMIT_BYTES: usize = 64 * 1024;
/// The longest file that any call takes as its body; each such call has a limit of its own, below this one.
pub(super) const FILE_BYTES_MAX: usize = 256 * 1024;

/// What the HTTP side of a service needs from outside. Cheap to clone.
#[derive(Clone)]
pub struct HttpConfig {
    /// Dates requests.
    pub clock: Arc<dyn Clock>,
    /// Draws request ids and the ids of what is created.
    pub ids: Arc<Ids>,
    /// What the system calls its own.
    pub names: HttpNames,
    /// Authentication; without it every client may do everything, but operate the system only from this machine.
    pub auth: Option<Arc<dyn Authenticate>>,
    /// Proxies that are trusted to name their client.
    pub proxies: Arc<TrustedProxies>,
    /// Limits the event streams that a client may have open.
    pub streams: Streams,
    /// The limit on request bodies.
    pub body_limit_bytes: usize,
    /// Ends event streams at shutdown.
    pub shutdown: CancellationToken,
    /// Where work is traced.
    pub traces: Traces,
}

impl HttpConfig {
    /// The usual limits, trusting only this machine's proxies.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<Ids>) -> Self {
        Self {
            clock,
            ids,
            names: HttpNames::default(),
            auth: None,
            proxies: Arc::default(),
            streams: Streams::default(),
            body_limit_bytes: BODY_LIMIT_BYTES,
            shutdown: CancellationToken::new(),
            traces: Traces::default(),
        }
    }

    /// The same with the dependencies of a service: event streams end when its tasks stop.
    #[must_use]
    pub fn of(deps: &runtime::Deps) -> Self {
        Self {
            traces: deps.traces.clone(),
            shutdown: deps.tasks.stop_token(),
            ..Self::new(Arc::clone(&deps.clock), Arc::clone(&deps.ids))
        }
    }

    /// The same, with `auth` for authentication.
    #[must_use]
    pub fn authenticated_by(self, auth: impl Authenticate) -> Self {
        Self { auth: Some(Arc::new(auth)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::{Deps, Tasks, clock::SystemClock};

    #[test]
    fn event_streams_end_with_the_tasks_of_their_service() {
        let deps = Deps {
            clock: Arc::new(SystemClock),
            ids: Arc::new(Ids::from_seed([1; 32])),
            transport: Arc::new(store::Memory::new()),
            tasks: Tasks::inline(),
            traces: Traces::default(),
            budget: runtime::Budget::default(),
            schemas: runtime::Schemas::default(),
        };
        let of_service = crate::ServiceDeps::new(deps.clone()).http;
        assert!(!of_service.shutdown.is_cancelled());
        deps.tasks.stop();
        assert!(of_service.shutdown.is_cancelled());
    }
}
