//! One keep-alive HTTP/1.1 connection, driven by the caller that waits for its answer.
//!
//! Usually a connection is a task of its own and each answer wakes two tasks. Driven in place it needs no task, wakes
//! no other task, and is closed by being dropped; a connection that the server closed meanwhile is detected at its next use.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Error, request::Address};

const CONNECT_LIMIT: Duration = Duration::from_secs(5);

pub(super) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: Driver,
}

/// The connection's own work: writing, reading, noticing its end.
struct Driver {
    connection: Pin<Box<http1::Connection<TokioIo<TcpStream>, Full<Bytes>>>>,
    ended: bool,
}

impl Connection {
    pub(super) async fn open(address: &Address) -> Result<Self, Error> {
        let connecting = TcpStream::connect((address.host.as_str(), address.port));
        let stream = match tokio::time::timeout(CONNECT_LIMIT, connecting).await {
            Ok(connected) => connected
                .map_err(|error| Error::Unreachable { address: address.to_string(), error })?,
            Err(_) => return Err(Error::TooSlow(CONNECT_LIMIT)),
        };
        // Without it a small request may wait for the acknowledgement of the one before.
        stream.set_nodelay(true).map_err(|error| Error::Lost(error.to_string()))?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| lost(&error))?;
        Ok(Self { sender, driver: Driver { connection: Box::pin(connection), ended: false } })
    }

    pub(super) async fn send(
        &mut self,
        request: hyper::Request<Full<Bytes>>,
    ) -> Result<hyper::Response<Incoming>, Error> {
        self.driver.while_waiting(self.sender.ready()).await?;
        self.driver.while_waiting(self.sender.send_request(request)).await
    }

    /// The whole body of an answer.
    pub(super) async fn collect(&mut self, body: Incoming) -> Result<Bytes, Error> {
        let collected = self.driver.while_waiting(body.collect()).await?;
        Ok(collected.to_bytes())
    }

    /// Appends the next piece of a body; false at its end.
    pub(super) async fn read(
        &mut self,
        body: &mut Incoming,
        into: &mut BytesMut,
    ) -> Result<bool, Error> {
        let frame = async { body.frame().await.transpose() };
        let Some(frame) = self.driver.while_waiting(frame).await? else {
            return Ok(false);
        };
        if let Some(data) = frame.data_ref() {
            into.extend_from_slice(data);
        }
        Ok(true)
    }
}

impl Driver {
    /// Drives the connection until `waited_for` is there, or cannot come any more.
    async fn while_waiting<T>(
        &mut self,
        waited_for: impl Future<Output = hyper::Result<T>>,
    ) -> Result<T, Error> {
        let mut waited_for = pin!(waited_for);
        poll_fn(|context| {
            // Asking hands the connection its work, driving does it, and asking again sees what came of it.
            if let Poll::Ready(outcome) = waited_for.as_mut().poll(context) {
                return Poll::Ready(outcome.map_err(|error| lost(&error)));
            }
            if !self.ended {
                self.ended = self.connection.as_mut().poll(context).is_ready();
            }
            match waited_for.as_mut().poll(context) {
                Poll::Ready(outcome) => Poll::Ready(outcome.map_err(|error| lost(&error))),
                Poll::Pending if self.ended => {
                    Poll::Ready(Err(Error::Lost("the connection was closed".to_owned())))
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

fn lost(error: &hyper::Error) -> Error {
    Error::Lost(error.to_string())
}
