//! Reads and their pages.

use std::{borrow::Cow, sync::Arc};

use kernel::{Position, Version};
use serde::{Deserialize, Serialize};

use crate::Names;

use super::{
    Malformed, Wire,
    event::{self, CloudEvent},
    from_json, to_json,
};
use store::{Page, Read};

/// What is asked for: `stream` with `version` or `last`, or `position` with `categories`.
#[derive(Default, Serialize, Deserialize)]
struct Request<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    stream: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Version>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    last: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    categories: Cow<'a, [String]>,
}

#[derive(Serialize)]
struct Leaving<'a> {
    result: &'static str,
    events: Vec<CloudEvent<'a>>,
    head: Position,
    next: Position,
    end: bool,
}

#[derive(Deserialize)]
struct Arrived<'a> {
    #[serde(borrow)]
    events: Vec<event::Arrived<'a>>,
    head: Position,
    next: Position,
    end: bool,
}

#[derive(Deserialize)]
struct Refusal {
    result: String,
    reason: String,
}

impl Wire for Read {
    fn encode(&self, _: &Names) -> Vec<u8> {
        let named = |stream: &'_ kernel::StreamId| Some(Cow::Owned(stream.as_str().to_owned()));
        to_json(&match self {
            Self::Stream { stream, from } => {
                Request { stream: named(stream), version: Some(*from), ..Request::default() }
            }
            Self::Last { stream } => {
                Request { stream: named(stream), last: true, ..Request::default() }
            }
            Self::All { from, categories } => Request {
                position: Some(*from),
                categories: Cow::Borrowed(categories),
                ..Request::default()
            },
        })
    }

    fn decode(bytes: &[u8], _: &Names) -> Result<Self, Malformed> {
        let Request { stream, version, last, position, categories } = from_json(bytes)?;
        match (stream, position) {
            (Some(_), None) if last && version.is_some() => {
                Err(Malformed("a read is either of the last event or from a version".to_owned()))
            }
            (Some(stream), None) if last => Ok(Self::Last { stream: event::stream(&stream)? }),
            (Some(stream), None) => Ok(Self::Stream {
                stream: event::stream(&stream)?,
                from: version.unwrap_or_default(),
            }),
            (None, Some(from)) => Ok(Self::All { from, categories: categories.into_owned() }),
            (Some(_), Some(_)) | (None, None) => {
                Err(Malformed("a read is either of a stream or from a position".to_owned()))
            }
        }
    }
}

impl Wire for Page {
    fn encode(&self, names: &Names) -> Vec<u8> {
        to_json(&Leaving {
            result: "page",
            events: self.events.iter().map(|event| CloudEvent::of(event, names)).collect(),
            head: self.head,
            next: self.next,
            end: self.end,
        })
    }

    fn decode(bytes: &[u8], names: &Names) -> Result<Self, Malformed> {
        let Arrived { events, head, next, end } =
            from_json(bytes).map_err(|malformed| refusal(bytes).unwrap_or(malformed))?;
        let events: Result<Vec<_>, Malformed> =
            events.into_iter().map(|event| event.recorded(names).map(Arc::new)).collect();
        Ok(Self { events: events?, head, next, end })
    }
}

/// The reason, where what should be a page is a refusal.
fn refusal(bytes: &[u8]) -> Option<Malformed> {
    let Refusal { result, reason } = from_json(bytes).ok()?;
    (result == "refused").then(|| Malformed(format!("the read was refused: {reason}")))
}
