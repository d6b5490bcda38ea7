//! The entries of the model's inbox as the hash keeps them.

use kernel::{Position, StreamId, Version};
use runtime::{ModelError, SetAside};
use serde::{Deserialize, Serialize};

use super::read::other;

/// An entry without its position, which is its key.
#[derive(Serialize, Deserialize)]
struct Entry {
    stream: String,
    version: u64,
    reason: String,
}

pub(super) fn encode(event: &SetAside) -> String {
    let SetAside { stream, version, reason, .. } = event;
    let (stream, reason) = (stream.as_str().to_owned(), reason.clone());
    let entry = Entry { stream, version: version.0, reason };
    serde_json::to_string(&entry).expect("an entry is plain data")
}

pub(super) fn decode(position: Position, text: &str) -> Result<SetAside, ModelError> {
    let entry: Entry = serde_json::from_str(text).map_err(|error| other(&error))?;
    let stream = StreamId::parse(&entry.stream).map_err(|error| other(&error))?;
    Ok(SetAside { position, stream, version: Version(entry.version), reason: entry.reason })
}
