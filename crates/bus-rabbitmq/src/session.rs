//! One connection: declares the topology, then runs all consumers and publishers concurrently until the first failure.

use std::time::Duration;

use lapin::{Connection, ConnectionState, Error, ErrorKind};
use tokio::time::{sleep, timeout};

use super::{
    QueueKind, State,
    consuming::Consumption,
    outgoing::Outgoing,
    publishing, rpc_client,
    rpc_server::RpcServer,
    shared::{Shared, count},
    topology,
};
use store::Topic;

/// A broker that does not declare our queues within this time is stuck.
const OPEN_PATIENCE: Duration = Duration::from_secs(10);
/// How often the connection itself is checked, in case none of its users is notified.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Lives on `connection`: until an error, or in good order once the transport is dropped.
pub(super) async fn live(
    connection: &Connection,
    queues: QueueKind,
    shared: &Shared,
    outgoing: &mut Outgoing,
) -> Result<(), Error> {
    let mut log = Consumption::new(shared, Topic::Log);
    let mut services = Consumption::new(shared, Topic::Services);
    let opening = async {
        topology::declare(connection, &shared.names, queues).await?;
        for consuming in [&mut log, &mut services] {
            consuming.open_if_wanted(connection).await?;
        }
        rpc_client::open(connection, &shared.names).await
    };
    let rpc_client = timeout(OPEN_PATIENCE, opening).await.map_err(|_| stuck())??;
    let appends = RpcServer::new(connection, shared, &shared.names.append, &shared.appends);
    let reads = RpcServer::new(connection, shared, &shared.names.read, &shared.reads);
    count(&shared.counts.connections);
    tracing::info!("connected to RabbitMQ");
    shared.state.send_replace(State::Connected);
    tokio::select! {
        biased;
        ended = watch(connection) => ended,
        ended = rpc_client.run(&mut outgoing.questions, &shared.pending) => ended,
        ended = Box::pin(appends.run()) => ended,
        ended = Box::pin(reads.run()) => ended,
        ended = publishing::run(connection, &mut outgoing.broadcasts) => ended,
        ended = log.run(connection) => ended,
        ended = services.run(connection) => ended,
    }
}

async fn watch(connection: &Connection) -> Result<(), Error> {
    while connection.status().connected() {
        sleep(LOOK_EVERY).await;
    }
    Err(ErrorKind::InvalidConnectionState(ConnectionState::Closed).into())
}

fn stuck() -> Error {
    std::io::Error::other("the broker did not declare our queues in time").into()
}
