//! Sends broadcasts, confirmed in bulk.

use std::pin::Pin;

use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use lapin::{
    BasicProperties, Channel, Connection, Error,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use tokio::sync::mpsc;

use super::shared::Broadcast;

/// Broadcasts sent and not confirmed yet: enough that no publisher waits for a single confirmation.
const UNCONFIRMED_MAX: usize = 4096;

type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Sends broadcasts until the last handle of the transport is dropped.
pub(super) async fn run(
    connection: &Connection,
    broadcasts: &mut mpsc::Receiver<Broadcast>,
) -> Result<(), Error> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut unconfirmed: FuturesUnordered<Sending<'_>> = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some(confirmed) = unconfirmed.next() => confirmed?,
            broadcast = broadcasts.recv(), if unconfirmed.len() < UNCONFIRMED_MAX => {
                let Some(broadcast) = broadcast else { return Ok(()) };
                let mut sending: Sending<'_> = Box::pin(send(&channel, broadcast));
                // The first step puts it in line, so that what is sent stays in order.
                match (&mut sending).now_or_never() {
                    Some(sent) => sent?,
                    None => unconfirmed.push(sending),
                }
            }
        }
    }
}

async fn send(channel: &Channel, broadcast: Broadcast) -> Result<(), Error> {
    let Broadcast { exchange, routing_key, content_type, body, room } = broadcast;
    let properties = BasicProperties::default().with_content_type(content_type.into());
    let options = BasicPublishOptions::default();
    let sent =
        channel.basic_publish((&*exchange).into(), routing_key.into(), options, &body, properties);
    // A broadcast that the broker refuses is lost, as the bus may.
    let _confirmation = sent.await?.await?;
    drop(room);
    Ok(())
}
