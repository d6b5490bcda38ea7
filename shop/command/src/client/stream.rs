//! Server-sent events, resumed after every interruption from the last id that was seen.

use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use hyper::{
    HeaderMap, StatusCode,
    body::Incoming,
    header::{ACCEPT, HeaderValue},
};

use super::{Client, Error, Request, connection::Connection, retry::Patience};

/// A message that never ends would fill the memory; recorded events are far smaller.
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A shop sends a keep-alive every 15 s: after this long the connection is dead, even if the network has not noticed.
const SILENCE_LIMIT: Duration = Duration::from_mins(1);

/// Pause before reconnecting, unless the server asks for another: a server that hangs up at once is not hammered.
const PAUSE: Duration = Duration::from_millis(100);

/// A subscription that outlives its connections.
pub(crate) struct EventStream {
    client: Client,
    request: Request,
    last_id: Option<String>,
    connected: Option<(Connection, Incoming)>,
    buffer: Buffer,
    /// The pause before reconnecting that the server asked for.
    pause: Duration,
}

/// One server-sent event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: Option<String>,
    pub(crate) data: String,
}

impl EventStream {
    pub(super) async fn open(
        client: Client,
        path: &str,
        last_id: Option<String>,
    ) -> Result<Self, Error> {
        let request = Request::get(path);
        let mut stream = Self {
            client,
            request,
            last_id,
            connected: None,
            buffer: Buffer::default(),
            pause: PAUSE,
        };
        stream.connect().await?;
        Ok(stream)
    }

    /// The next event; an interruption is bridged, and only an end of patience is an error.
    ///
    /// Dropping the future loses nothing: what was read is kept here.
    pub(crate) async fn next(&mut self) -> Result<Message, Error> {
        loop {
            if let Some(message) = self.buffer.next(&mut self.pause)? {
                if message.id.is_some() {
                    self.last_id.clone_from(&message.id);
                }
                return Ok(message);
            }
            let Some((connection, body)) = &mut self.connected else {
                tokio::time::sleep(self.pause).await;
                self.connect().await?;
                continue;
            };
            let more = connection.read(body, &mut self.buffer.bytes);
            let more = tokio::time::timeout(SILENCE_LIMIT, more).await;
            if !matches!(more, Ok(Ok(true))) {
                // Half a message is of no use: it comes again, whole.
                self.connected = None;
                self.buffer = Buffer::default();
            }
        }
    }

    async fn connect(&mut self) -> Result<(), Error> {
        let mut patience = Patience::new(self.client.shared.patience);
        let mut renewed = false;
        loop {
            match self.subscribe().await {
                Ok(connected) => {
                    self.connected = Some(connected);
                    return Ok(());
                }
                Err(error)
                    if error.status() == Some(StatusCode::UNAUTHORIZED)
                        && !renewed
                        && self.client.may_renew() =>
                {
                    renewed = true;
                    let _session = self.client.renew_token().await?;
                }
                Err(error) => {
                    let shared = &self.client.shared;
                    patience.after(error, shared.reached.get(), &shared.chances).await?;
                }
            }
        }
    }

    async fn subscribe(&self) -> Result<(Connection, Incoming), Error> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(id) = &self.last_id {
            let id = HeaderValue::from_str(id).map_err(|_| {
                Error::Answer(format!("an event id {id:?} that is not valid in a header"))
            })?;
            headers.insert("last-event-id", id);
        }
        let (mut connection, response) = self.client.exchange(&self.request, &headers).await?;
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            return Ok((connection, body));
        }
        let body = connection.collect(body).await?;
        Err(Error::refused(head.status, &head.headers, &body))
    }
}

/// Bytes on their way to becoming messages.
#[derive(Default)]
struct Buffer {
    bytes: BytesMut,
    /// How far the buffer was searched without finding the end of an event.
    searched: usize,
    partial: Partial,
}

/// The lines since the last message, parsed.
#[derive(Default)]
struct Partial {
    id: Option<String>,
    data: Option<String>,
}

impl Buffer {
    /// The next whole message, as the HTML standard's "event stream interpretation" puts it together.
    fn next(&mut self, pause: &mut Duration) -> Result<Option<Message>, Error> {
        while let Some(length) = self.line_length() {
            let line = self.bytes.get(..length).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let ends = line.is_empty();
            // Checking first is much faster than repairing, and nothing ever needs repair.
            match str::from_utf8(line) {
                Ok(line) => self.partial.take(line, pause),
                Err(_) => self.partial.take(&String::from_utf8_lossy(line), pause),
            }
            self.bytes.advance(length + 1);
            self.searched = 0;
            if ends && let Some(data) = self.partial.data.take() {
                return Ok(Some(Message { id: self.partial.id.take(), data }));
            }
        }
        if self.bytes.len() > MESSAGE_BYTES_MAX {
            return Err(Error::Answer("an event of more than 4 MiB".to_owned()));
        }
        Ok(None)
    }

    fn line_length(&mut self) -> Option<usize> {
        let rest = self.bytes.get(self.searched..).unwrap_or_default();
        let found = rest.iter().position(|byte| *byte == b'\n');
        let length = found.map(|offset| self.searched + offset);
        self.searched = self.bytes.len();
        length
    }
}

impl Partial {
    fn take(&mut self, line: &str, pause: &mut Duration) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                none => *none = Some(value.to_owned()),
            },
            "id" => self.id = Some(value.to_owned()),
            "retry" => *pause = value.parse().map_or(*pause, Duration::from_millis),
            // "event" names what the data says as well; a line that begins with a colon only keeps the connection alive; an empty
            // one ends the message.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(chunks: &[&str]) -> Vec<Message> {
        let mut buffer = Buffer::default();
        let mut messages = Vec::new();
        for chunk in chunks {
            buffer.bytes.extend_from_slice(chunk.as_bytes());
            while let Some(message) =
                buffer.next(&mut Duration::ZERO.clone()).expect("a small message")
            {
                messages.push(message);
            }
        }
        messages
    }

    fn message(id: Option<&str>, data: &str) -> Message {
        Message { id: id.map(str::to_owned), data: data.to_owned() }
    }

    #[test]
    fn messages_are_the_same_wherever_the_chunks_are_cut() {
        let text =
            ": alive\r\nid: 7\nevent: order\ndata: {\"a\":\ndata: 1}\n\nretry: 5\n\ndata:x\n\n";
        let whole = messages(&[text]);
        assert_eq!(whole, [message(Some("7"), "{\"a\":\n1}"), message(None, "x")]);
        for cut in 1..text.len() {
            let (head, tail) = text.split_at(cut);
            assert_eq!(messages(&[head, tail]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_message_that_is_not_closed_is_not_delivered() {
        assert_eq!(messages(&["id: 1\ndata: half\n"]), []);
    }
}
