//! Server-sent events, as they are read from the gateway.

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;

/// The longest event that is taken: a change of an order is some 2 KiB.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// Server-sent events of the gateway, one after the other.
#[derive(Debug)]
pub struct ServerEvents {
    body: BodyDataStream,
    read: Vec<u8>,
}

/// One event of the gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerEvent {
    pub id: String,
    pub kind: String,
    pub data: String,
}

impl ServerEvents {
    pub(crate) fn new(body: Body) -> Self {
        Self { body: body.into_data_stream(), read: Vec::new() }
    }

    /// The next event; none at the end of the stream, or when it breaks.
    pub async fn next(&mut self) -> Option<ServerEvent> {
        loop {
            while let Some(block) = self.block() {
                if let Some(event) = ServerEvent::parse(&block) {
                    return Some(event);
                }
            }
            let bytes = self.body.next().await?.ok()?;
            self.read.extend_from_slice(&bytes);
            if self.read.len() > EVENT_BYTES_MAX {
                return None;
            }
        }
    }

    /// The first whole block of what was read.
    fn block(&mut self) -> Option<String> {
        let end = self.read.windows(2).position(|pair| pair == b"\n\n")?;
        let block: Vec<u8> = self.read.drain(..end + 2).collect();
        Some(String::from_utf8_lossy(&block).into_owned())
    }
}

impl ServerEvent {
    /// The event of a block; none for a comment.
    fn parse(block: &str) -> Option<Self> {
        let mut event = Self::default();
        for line in block.lines() {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "id" => value.clone_into(&mut event.id),
                "event" => value.clone_into(&mut event.kind),
                "data" if event.data.is_empty() => value.clone_into(&mut event.data),
                "data" => event.data.extend(["\n", value]),
                _ => {}
            }
        }
        (!event.data.is_empty()).then_some(event)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[tokio::test]
    async fn events_are_read_across_any_boundary() {
        let wire =
            ": alive\n\nid: 7\nevent: change\ndata: {\"a\":\ndata: 1}\n\ndata: two\n\ndata: cut";
        for size in 1..wire.len() {
            let chunks: Vec<Result<Vec<u8>, Infallible>> =
                wire.as_bytes().chunks(size).map(|chunk| Ok(chunk.to_vec())).collect();
            let mut events =
                ServerEvents::new(Body::from_stream(futures_util::stream::iter(chunks)));
            let first = events.next().await.expect("the first event");
            let expected =
                ServerEvent { id: "7".into(), kind: "change".into(), data: "{\"a\":\n1}".into() };
            assert_eq!(first, expected);
            assert_eq!(events.next().await.expect("the second event").data, "two");
            assert_eq!(events.next().await, None);
        }
    }
}
