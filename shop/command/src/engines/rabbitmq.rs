//! The bus over RabbitMQ.

use std::sync::Arc;

use ::store::Transport;
use bus_rabbitmq::{Names, Options, QueueKind, RabbitMq, State};
use contracts::names::PREFIX;
use kernel::Ids;
use runtime::Tasks;

use super::Queues;
use crate::patience::{REMINDER, with_reminders};

/// A broker, and who we are there.
pub(crate) struct Broker<'a> {
    pub(crate) url: &'a str,
    /// What an operator sees there.
    pub(crate) name: String,
    pub(crate) queues: Queues,
    pub(crate) ids: Arc<Ids>,
}

/// Connects to the broker and waits until it accepts; the connection is kept up until `tasks` stop.
pub(crate) async fn connect(
    Broker { url, name, queues, ids }: Broker<'_>,
    tasks: &Tasks,
) -> Result<Arc<dyn Transport>, String> {
    let queues = match queues {
        Queues::Classic => QueueKind::Classic,
        Queues::Quorum => QueueKind::Quorum,
    };
    let names = Names::new(PREFIX).map_err(|error| error.to_string())?;
    let (bus, driver) = RabbitMq::new(url, Options { names, name, queues, ids })
        .map_err(|error| error.to_string())?;
    let stopping = tasks.clone();
    tasks.spawn("bus", async move { driver.run(stopping.stopped()).await });
    let remind = || {
        let State::Unreachable(why) = bus.state() else {
            return tracing::warn!("still waiting for the broker");
        };
        tracing::warn!("{why}; still waiting for the broker");
    };
    let connected = with_reminders(REMINDER, remind, bus.connected()).await;
    connected.map_err(|error| error.to_string())?;
    Ok(Arc::new(bus))
}
