//! Traces: the place of a piece of work in everything that followed from one request (W3C Trace Context), and its outcome.
//!
//! ```text
//!  request ─▶ Open ─ traceparent ─▶ headers, metadata ─▶ Open below it ─▶ …
//!               └ end ─▶ [bounded queue] ─▶ Spans ─▶ exporter
//! ```
//!
//! Without an exporter there are no spans, and the `traceparent` that came is passed on unchanged: a trace has no gaps where only
//! some processes export.

mod place;

pub use place::{Traceparent, trace_id};

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use kernel::{Clock, Ids, Timestamp};
use tokio::sync::mpsc;

use place::span_id;

/// Spans waiting for the exporter; more are dropped. A busy second, in a few MiB.
const WAITING_MAX: usize = 8192;

/// A finished piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Who did it.
    pub service: &'static str,
    /// What was done, such as `GET /accounts/{Id}`.
    pub name: String,
    /// How it came about.
    pub kind: Kind,
    /// Its own place in the trace.
    pub place: Traceparent,
    /// The span that it followed from.
    pub parent: Option<u64>,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// Facts about it, by the names of OpenTelemetry's conventions where it has one.
    pub attributes: Vec<(&'static str, Value)>,
    /// Whether it failed by our fault.
    pub failed: bool,
}

/// How a piece of work came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request over HTTP.
    Request,
    /// A reaction to an event.
    Reaction,
    /// A part of what is done in the same process.
    Internal,
}

/// The description of a piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// Records the spans of one service, if there is an exporter. Cheap to clone.
#[derive(Clone, Default)]
pub struct Traces {
    service: &'static str,
    exported: Option<Arc<Exported>>,
}

struct Exported {
    clock: Arc<dyn Clock>,
    ids: Arc<Ids>,
    queue: mpsc::Sender<Span>,
    dropped: Arc<AtomicU64>,
}

/// The exporter's end: finished spans of all services of a process.
#[derive(Debug)]
pub struct Spans {
    queue: mpsc::Receiver<Span>,
    dropped: Arc<AtomicU64>,
}

/// A piece of work that is being done. Exported only when it ends.
#[must_use]
pub struct Open {
    exported: Arc<Exported>,
    span: Span,
}

impl Traces {
    /// Traces for an exporter, and its end of them.
    #[must_use]
    pub fn exported(clock: Arc<dyn Clock>, ids: Arc<Ids>) -> (Self, Spans) {
        let (sender, queue) = mpsc::channel(WAITING_MAX);
        let dropped = Arc::<AtomicU64>::default();
        let spans = Spans { queue, dropped: Arc::clone(&dropped) };
        let exported = Arc::new(Exported { clock, ids, queue: sender, dropped });
        (Self { service: "", exported: Some(exported) }, spans)
    }

    /// The same traces, for the work of this service.
    #[must_use]
    pub fn of_service(&self, service: &'static str) -> Self {
        Self { service, exported: self.exported.clone() }
    }

    /// Begins a trace, if it is exported.
    pub fn begin(&self, kind: Kind) -> Option<Open> {
        let exported = self.exported.as_ref()?;
        Some(self.open(exported, kind, Traceparent::new(&exported.ids), None))
    }

    /// Begins a child span of `parent`, if it is exported.
    pub fn below(&self, parent: &str, kind: Kind) -> Option<Open> {
        let exported = self.exported.as_ref()?;
        let parent = Traceparent::parse(parent).filter(|parent| parent.is_sampled())?;
        let place = Traceparent { span: span_id(&exported.ids), ..parent };
        Some(self.open(exported, kind, place, Some(parent.span)))
    }

    fn open(
        &self,
        exported: &Arc<Exported>,
        kind: Kind,
        place: Traceparent,
        parent: Option<u64>,
    ) -> Open {
        let start = exported.clock.now();
        let span = Span {
            service: self.service,
            name: String::new(),
            kind,
            place,
            parent,
            start,
            end: start,
            attributes: Vec::new(),
            failed: false,
        };
        Open { exported: Arc::clone(exported), span }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exported = self.exported.is_some();
        f.debug_struct("Traces")
            .field("service", &self.service)
            .field("exported", &exported)
            .finish()
    }
}

impl Open {
    /// The place to be handed on to whatever follows.
    #[must_use]
    pub fn traceparent(&self) -> Arc<str> {
        self.span.place.to_string().into()
    }

    /// Names it.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.span.name = name.into();
        self
    }

    /// Adds a fact about it.
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.span.attributes.push((key, value.into()));
        self
    }

    /// Says whether it failed by our fault.
    pub fn failed(mut self, failed: bool) -> Self {
        self.span.failed = failed;
        self
    }

    /// It is done. Never waits: with too many others waiting, it is dropped and counted.
    pub fn end(mut self) {
        self.span.end = self.exported.clock.now();
        if self.exported.queue.try_send(self.span).is_err() {
            self.exported.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.span, f)
    }
}

impl Spans {
    /// Waits for spans and adds up to `count` of them; none once nothing more can come. Dropping the future loses none.
    pub async fn take(&mut self, spans: &mut Vec<Span>, count: usize) -> usize {
        self.queue.recv_many(spans, count).await
    }

    /// Takes no more; those that wait can still be taken.
    pub fn close(&mut self) {
        self.queue.close();
    }

    /// Number of those that found no room since the last call.
    pub fn dropped(&mut self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn traces() -> (Traces, Spans) {
        Traces::exported(Arc::new(SystemClock), Arc::new(Ids::from_seed([1; 32])))
    }

    #[tokio::test]
    async fn work_is_handed_on_and_exported_below_what_it_followed_from() {
        let (traces, mut spans) = traces();
        let outer = traces.of_service("depot").below(GIVEN, Kind::Request).expect("is exported");
        let inner = traces.below(&outer.traceparent(), Kind::Internal).expect("is exported");
        inner.named("append").with("event.position", 7).end();
        outer.failed(true).end();
        let mut taken = Vec::new();
        assert_eq!(spans.take(&mut taken, 10).await, 2);
        let [inner, outer] = taken.as_slice() else { panic!("{taken:?}") };
        assert_eq!((outer.service, outer.parent), ("depot", Some(0x00f0_67aa_0ba9_02b7)));
        assert_eq!(inner.parent, Some(outer.place.span));
        assert_eq!(inner.place.trace, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(inner.attributes, [("event.position", Value::Number(7))]);
        assert!(outer.failed && outer.end >= outer.start);
    }

    #[test]
    fn what_nobody_wants_to_know_is_no_span() {
        let (traces, _spans) = traces();
        assert!(traces.below(&GIVEN.replace("-01", "-00"), Kind::Reaction).is_none());
        assert!(traces.below("nonsense", Kind::Reaction).is_none());
        assert!(Traces::default().below(GIVEN, Kind::Reaction).is_none());
        assert!(Traces::default().begin(Kind::Request).is_none());
    }

    #[test]
    fn without_room_spans_are_dropped_and_counted() {
        let (traces, mut spans) = traces();
        for _ in 0..WAITING_MAX + 3 {
            traces.begin(Kind::Request).expect("is exported").end();
        }
        assert_eq!((spans.dropped(), spans.dropped()), (3, 0));
    }
}
