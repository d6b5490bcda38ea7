//! Traces: the place of a piece of work in everything that followed from one request (W3C Trace Context), and its outcome.
//!
//! ```text
//!  request ─▶ Open ─ traceparent ─▶ headers, metadata ─▶ Open below it ─▶ …
//!               └ end ─▶ [bounded queue] ─▶ Spans ─▶ exporter
//! ```
//!
//! Without an exporter there are no spans, and the `traceparent` that came is passed on unchanged: a trace has no gaps where only
//! some processes export.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use kernel::{Clock, Ids, Timestamp};
use tokio::sync::mpsc;

/// Spans waiting for the exporter; more are dropped. A busy second, in a few MiB.
const WAITING_MAX: usize = 8192;

/// A place in a trace, written `00-TRACE-SPAN-FLAGS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traceparent {
    pub trace: u128,
    pub span: u64,
    pub flags: u8,
}

impl Traceparent {
    /// A place in a trace of its own.
    #[must_use]
    pub fn new(ids: &Ids) -> Self {
        // An id of zeros means none.
        let trace = u128::from_le_bytes(ids.bytes()).max(1);
        Self { trace, span: span_id(ids), flags: 1 }
    }

    /// Parses version 00, and of a later one the part that it shares with 00.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.splitn(5, '-');
        let version = hex(fields.next()?, 2)?;
        let trace = hex(fields.next()?, 32).filter(|id| *id != 0)?;
        let span = hex(fields.next()?, 16).filter(|id| *id != 0)?;
        let flags = hex(fields.next()?, 2)?;
        let known = version == 0 && fields.next().is_none();
        let later = version != 0 && version != 0xff;
        let (span, flags) = (u64::try_from(span).ok()?, u8::try_from(flags).ok()?);
        (known || later).then_some(Self { trace, span, flags })
    }

    /// Whether the caller that began the trace wants it exported.
    #[must_use]
    pub fn is_sampled(self) -> bool {
        self.flags & 1 == 1
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, flags } = self;
        // Of the flags, a version 00 knows only the first.
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", flags & 1)
    }
}

/// The trace's id in a `traceparent`, if it is one.
#[must_use]
pub fn trace_id(traceparent: &str) -> Option<&str> {
    Traceparent::parse(traceparent).and_then(|_| traceparent.get(3..35))
}

/// A finished piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Who did it.
    pub service: &'static str,
    pub name: String,
    pub kind: Kind,
    pub place: Traceparent,
    /// The span that it followed from.
    pub parent: Option<u64>,
    pub start: Timestamp,
    pub end: Timestamp,
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
    Text(String),
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
        Some(self.open(exported, kind, (Traceparent::new(&exported.ids), None)))
    }

    /// Begins a child span of `parent`, if it is exported.
    pub fn below(&self, parent: &str, kind: Kind) -> Option<Open> {
        let exported = self.exported.as_ref()?;
        let parent = Traceparent::parse(parent).filter(|parent| parent.is_sampled())?;
        let place = Traceparent { span: span_id(&exported.ids), ..parent };
        Some(self.open(exported, kind, (place, Some(parent.span))))
    }

    fn open(
        &self,
        exported: &Arc<Exported>,
        kind: Kind,
        (place, parent): (Traceparent, Option<u64>),
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

    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.span.name = name.into();
        self
    }

    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.span.attributes.push((key, value.into()));
        self
    }

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

    /// How many found no room since this was last asked.
    pub fn dropped(&mut self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }
}

fn span_id(ids: &Ids) -> u64 {
    u64::from_le_bytes(ids.bytes()).max(1)
}

/// A number of so many lower-case hex digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let whole = text.len() == digits && text.bytes().all(lower);
    whole.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn traces() -> (Traces, Spans) {
        Traces::exported(Arc::new(SystemClock), Arc::new(Ids::from_seed([1; 32])))
    }

    #[test]
    fn what_is_written_is_read() {
        let made = Traceparent::new(&Ids::from_seed([7; 32]));
        assert_eq!(Traceparent::parse(&made.to_string()), Some(made));
        assert!(made.is_sampled());
        assert_eq!(
            Traceparent::parse(GIVEN).map(|place| place.to_string()).as_deref(),
            Some(GIVEN)
        );
        assert_eq!(trace_id(GIVEN), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    }

    #[test]
    fn of_a_later_version_the_known_part_counts() {
        let later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-what-else";
        assert_eq!(
            Traceparent::parse(later).map(|place| place.to_string()).as_deref(),
            Some(GIVEN)
        );
        for bad in ["", "é", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"] {
            assert_eq!(Traceparent::parse(bad), None, "{bad}");
            assert_eq!(trace_id(bad), None);
        }
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
