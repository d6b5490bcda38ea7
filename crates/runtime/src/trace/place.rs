//! A place in a trace, as headers and metadata carry it (W3C Trace Context).

use std::fmt;

use kernel::Ids;

/// A place in a trace, written `00-TRACE-SPAN-FLAGS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traceparent {
    /// The trace's id; never 0.
    pub trace: u128,
    /// The id of the span that is the parent of whatever follows; never 0.
    pub span: u64,
    /// Bit 0: the caller wants the trace exported.
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

/// A new span's id.
pub(super) fn span_id(ids: &Ids) -> u64 {
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

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

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
}
