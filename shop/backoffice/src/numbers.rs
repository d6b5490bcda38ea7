//! Timestamps and durations in full precision, and amounts in a form that can be typed again.

use std::{fmt, time::Duration};

use askama::filters::HtmlSafe;
use kernel::Timestamp;

/// A time to the microsecond in the shop's zone: `23 Nov 2026, 14:05:06.123456`, as a `<time>`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exact<'a>(pub(crate) &'a Timestamp);

/// A time to the second in the shop's zone: `23 Nov 2026, 14:05:06`, as a `<time>`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToSecond<'a>(pub(crate) &'a Timestamp);

/// A duration to a tenth of a millisecond, or to the second where that is all that matters: `1.4 ms`, `12.3 s`, `2 min 5 s`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took(pub(crate) Duration);

impl fmt::Display for Exact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = site::zone().local(*self.0);
        let moment = local.strftime("%-d %b %Y, %H:%M:%S%.6f");
        write!(f, "<time datetime=\"{}\">{moment}</time>", self.0)
    }
}

impl fmt::Display for ToSecond<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = site::zone().local(*self.0).strftime("%-d %b %Y, %H:%M:%S");
        write!(f, "<time datetime=\"{}\">{moment}</time>", self.0)
    }
}

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded, as by scripts and the command line; what rounds up to the next unit is written in it.
        let in_units_of = |micros: u128| (self.0.as_micros() + micros / 2) / micros;
        match (in_units_of(100), in_units_of(100_000), in_units_of(1_000_000)) {
            (ms, ..) if ms < 10_000 => write!(f, "{}.{} ms", ms / 10, ms % 10),
            (_, s, _) if s < 600 => write!(f, "{}.{} s", s / 10, s % 10),
            (.., s) => write!(f, "{} min {} s", s / 60, s % 60),
        }
    }
}

impl HtmlSafe for Exact<'_> {}
impl HtmlSafe for ToSecond<'_> {}
impl HtmlSafe for Took {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_finely_as_they_matter() {
        let took = |micros| Took(Duration::from_micros(micros)).to_string();
        assert_eq!(took(1_449), "1.4 ms");
        assert_eq!(took(12_250), "12.3 ms");
        assert_eq!(took(999_949), "999.9 ms");
        assert_eq!(took(999_950), "1.0 s");
        assert_eq!(took(59_960_000), "1 min 0 s");
        assert_eq!(took(12_340_000), "12.3 s");
        assert_eq!(took(125_000_000), "2 min 5 s");
    }

    #[test]
    fn a_moment_keeps_its_microseconds_where_they_matter() {
        let time = Timestamp::from_micros(1_700_000_000_123_456);
        let exact = Exact(&time).to_string();
        assert!(exact.ends_with(">14 Nov 2023, 22:13:20.123456</time>"), "{exact}");
        let second = ToSecond(&time).to_string();
        assert!(second.ends_with("22:13:20.123456Z\">14 Nov 2023, 22:13:20</time>"), "{second}");
    }
}
