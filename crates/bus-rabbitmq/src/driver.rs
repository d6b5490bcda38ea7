//! The driver: connects, runs one session after the other, and pauses between reconnects.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use lapin::{Connection, ConnectionProperties, Error};
use tokio::time::{Instant, sleep, timeout};

use super::{
    Options, State,
    address::{Address, Failure},
    outgoing::Outgoing,
    session,
    shared::Shared,
};

/// How long connecting to the broker may take, handshake included.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// The pause after the first failure; doubled up to [`PAUSE_MAX`], each cut by chance to between a half and all of it.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// The longest pause after a refusal, which lasts until an operator changes the broker's users: long enough that the broker does not mind.
const REFUSED_PAUSE_MAX: Duration = Duration::from_secs(10);
/// The same failure is logged again after this long.
const TELL_AGAIN_AFTER: Duration = Duration::from_mins(5);
/// A session that lasted this long was a good one: the next pause is short again.
const GOOD_SESSION: Duration = Duration::from_secs(5);
/// How long the last words may take.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(1);

/// What does the work of a [`RabbitMq`](super::RabbitMq). Dropped, the transport is closed: subscriptions and servers end.
#[derive(Debug)]
pub struct Driver {
    address: Address,
    options: Options,
    shared: Arc<Shared>,
    outgoing: Outgoing,
    /// Failures since the last good session.
    failures: u32,
    /// What was logged last, and when.
    told: Option<(State, Instant)>,
}

impl Driver {
    pub(super) fn new(
        address: Address,
        options: Options,
        shared: Arc<Shared>,
        outgoing: Outgoing,
    ) -> Self {
        Self { address, options, shared, outgoing, failures: 0, told: None }
    }

    /// Works until `stop` ends or the transport is dropped; then closes the connection cleanly.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = pin!(stop);
        loop {
            let began = Instant::now();
            let Some(failure) = self.connect_and_live(stop.as_mut()).await else { return };
            let refused = matches!(failure, Failure::Refused(_));
            // One that was refused something was never good: what is refused comes again.
            if began.elapsed() >= GOOD_SESSION && !refused {
                (self.failures, self.told) = (0, None);
            }
            self.tell(failure);
            let pause = sleep(self.pause(if refused { REFUSED_PAUSE_MAX } else { PAUSE_MAX }));
            self.failures = self.failures.saturating_add(1);
            if self.outgoing.meanwhile(&self.shared, stop.as_mut(), pause).await.is_none() {
                return;
            }
        }
    }

    /// One connection from its beginning to its end; nothing if it ended because that was wanted.
    async fn connect_and_live<S: Future<Output = ()>>(
        &mut self,
        mut stop: Pin<&mut S>,
    ) -> Option<Failure> {
        let connecting = connect(&self.address, &self.options);
        let connected = self.outgoing.meanwhile(&self.shared, stop.as_mut(), connecting).await?;
        let connection = match connected {
            Ok(connection) => connection,
            Err(failure) => return Some(failure),
        };
        let kind = self.options.queues;
        let ended = tokio::select! {
            biased;
            () = stop => Ok(()),
            ended = session::live(&connection, kind, &self.shared, &mut self.outgoing) => ended,
        };
        if let Err(error) = ended {
            return Some(self.address.failure(&error));
        }
        let goodbye = connection.close(200, "bye".into());
        let _in_vain = timeout(GOODBYE_PATIENCE, goodbye).await;
        None
    }

    /// Says once per outage what is wrong, and again when something else is, or when it lasts.
    fn tell(&mut self, failure: Failure) {
        let state = match failure {
            Failure::Unreachable(why) => State::Unreachable(why),
            Failure::Refused(why) => State::Refused(why),
        };
        let again = self
            .told
            .as_ref()
            .is_some_and(|(told, at)| *told == state && at.elapsed() < TELL_AGAIN_AFTER);
        if !again {
            match &state {
                State::Unreachable(why) => tracing::warn!("{why}; retrying"),
                State::Refused(why) => tracing::error!("{why}; retrying"),
                State::Connecting | State::Connected | State::Closed => {}
            }
            self.told = Some((state.clone(), Instant::now()));
        }
        self.shared.disconnected(state);
    }

    fn pause(&self, longest: Duration) -> Duration {
        let pause = PAUSE.saturating_mul(1 << self.failures.min(10)).min(longest);
        let [chance] = self.options.ids.bytes();
        pause / 2 + pause / 2 * u32::from(chance) / u32::from(u8::MAX)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.close();
    }
}

async fn connect(address: &Address, options: &Options) -> Result<Connection, Failure> {
    let properties =
        ConnectionProperties::default().with_connection_name(options.name.as_str().into());
    let connecting = Connection::connect_uri(address.uri.clone(), properties);
    let connected = timeout(CONNECT_PATIENCE, connecting).await.map_err(|_| {
        let why = format!("RabbitMQ at {address} did not respond within {CONNECT_PATIENCE:?}");
        Failure::Unreachable(why)
    })?;
    connected.map_err(|error: Error| address.failure(&error))
}
