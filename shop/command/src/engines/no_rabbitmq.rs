//! Replaces the bus over RabbitMQ in builds without it.

use std::sync::Arc;

use ::store::Transport;
use kernel::Ids;
use runtime::Tasks;

use super::Queues;

/// A broker, and who we are there.
#[expect(dead_code, reason = "there is none to connect to")]
pub(crate) struct Broker<'a> {
    pub(crate) url: &'a str,
    pub(crate) name: String,
    pub(crate) queues: Queues,
    pub(crate) ids: Arc<Ids>,
}

pub(crate) async fn connect(_: Broker<'_>, _: &Tasks) -> Result<Arc<dyn Transport>, String> {
    Err(super::left_out("RabbitMQ", "rabbitmq"))
}
