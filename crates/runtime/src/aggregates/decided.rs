//! The decisions on a run of commands, each over the state that the ones before it lead to.

use std::sync::Arc;

use kernel::{Event, Metadata, NewEvent, Version};
use serde_json::value::RawValue;
use store::Append;

use super::{
    Aggregate, CommandRequest,
    loaded::{Loaded, Seen},
};
use crate::Schemas;

/// The size of an append at which no further command is taken in, well below what the store takes.
const APPEND_BYTES: usize = Append::BYTES_MAX / 4;
/// The same in events.
const APPEND_EVENTS: usize = Append::EVENTS_MAX / 2;

/// The result of one command, to be returned once it is recorded.
pub(super) enum Verdict<R> {
    /// Its events are among those to append; how many of them, up to and with its own.
    Events(usize),
    Nothing,
    AlreadyReacted,
    Repeated(Version),
    KeyReused,
    /// The stream has an event that only a newer version of the program reads.
    Newer(Arc<str>),
    /// It leads to an event of a schema that is not recorded yet.
    Held(Arc<str>),
    Rejected(R),
}

/// An event as it is recorded.
pub(super) struct Written {
    pub(super) kind: &'static str,
    pub(super) schema: u32,
    pub(super) data: Box<RawValue>,
}

impl Written {
    /// In the newest schema that every instance reads, with what it says there; else which schema is not recorded yet.
    fn of<E: Event>(event: E, schemas: &Schemas) -> Result<(Self, E), Arc<str>> {
        let (kind, current) = (event.kind(), event.schema());
        let held = || Arc::from(format!("schema {current} of {kind:?}"));
        let (schema, data) = event.encode_for(schemas.newest(kind)).ok_or_else(held)?;
        let said = if schema == current {
            event
        } else {
            // What the aggregate is must not depend on whether it is read again.
            E::decode(kind, schema, &data).map_err(|error| {
                tracing::error!(%error, "an event in its older form cannot be read back; fix the `to` step of its type");
                held()
            })?
        };
        Ok((Self { kind, schema, data }, said))
    }
}

/// The decisions on a run of commands, and the aggregate as it will be once they are recorded.
pub(super) struct Decided<D: Aggregate> {
    pub(super) verdicts: Vec<Verdict<D::Rejection>>,
    pub(super) events: Vec<NewEvent>,
    pub(super) after: Loaded<D::State>,
    bytes: usize,
}

impl<D: Aggregate> Decided<D> {
    /// Runs commands over the aggregate as it is `before` them, in order, until an append is full. `new_event` gives events their ids,
    /// `schemas` are those that are recorded.
    pub(super) fn of<'r>(
        requests: impl Iterator<Item = &'r CommandRequest<D::Command>>,
        before: Loaded<D::State>,
        schemas: &Schemas,
        new_event: impl Fn(Written, &Metadata) -> NewEvent,
    ) -> Self {
        let mut decided =
            Self { verdicts: Vec::new(), events: Vec::new(), after: before, bytes: 0 };
        for request in requests {
            if decided.bytes > APPEND_BYTES || decided.events.len() >= APPEND_EVENTS {
                break;
            }
            let verdict = decided.judge(request, schemas, &new_event);
            decided.verdicts.push(verdict);
        }
        decided
    }

    /// Whether all of it rests on what is known to be recorded: that is so whatever else was recorded meanwhile.
    pub(super) fn is_settled(&self) -> bool {
        self.verdicts.iter().all(|verdict| match verdict {
            Verdict::AlreadyReacted
            | Verdict::Repeated(_)
            | Verdict::KeyReused
            | Verdict::Newer(_)
            | Verdict::Held(_) => true,
            Verdict::Events(_) | Verdict::Nothing | Verdict::Rejected(_) => false,
        })
    }

    fn judge(
        &mut self,
        request: &CommandRequest<D::Command>,
        schemas: &Schemas,
        new_event: impl Fn(Written, &Metadata) -> NewEvent,
    ) -> Verdict<D::Rejection> {
        let CommandRequest { command, metadata } = request;
        // ANCHOR: judge
        if metadata.cause.as_ref().is_some_and(|cause| self.after.has_reacted_to(cause)) {
            return Verdict::AlreadyReacted;
        }
        match metadata.idempotency.as_ref().map_or(Seen::Never, |key| self.after.seen(key)) {
            Seen::Never => {}
            Seen::Same(version) => return Verdict::Repeated(version),
            Seen::Other => return Verdict::KeyReused,
        }
        // ANCHOR_END: judge
        if let Some(newer) = self.after.newer() {
            return Verdict::Newer(Arc::clone(newer));
        }
        let new = match D::decide(&self.after.state, command) {
            Err(rejection) => return Verdict::Rejected(rejection),
            Ok(new) if new.is_empty() => return Verdict::Nothing,
            Ok(new) => new,
        };
        let written = new.into_iter().map(|event| Written::of(event, schemas));
        let written: Vec<_> = match written.collect() {
            Ok(written) => written,
            Err(held) => return Verdict::Held(held),
        };
        for (written, event) in written {
            let version = self.after.expected().first_version();
            self.after.take_in::<D>(version, Some(&event), metadata);
            let event = new_event(written, metadata);
            self.after.weighs(event.data.get().len());
            self.bytes += event.data.get().len();
            self.events.push(event);
        }
        Verdict::Events(self.events.len())
    }
}
