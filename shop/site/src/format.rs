//! Sums, numbers and times, written the same way on every page.

use std::{fmt, time::Duration};

use askama::filters::HtmlSafe;
pub use contracts::money::Money;
use kernel::Timestamp;

use crate::zone;

/// A name whose numbers stay with their units on one line: `1 kg`, `2 × 100 g`, `72 %`.
#[must_use]
pub fn unbroken(name: &str) -> String {
    let mut whole = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once(' ') {
        whole.push_str(before);
        let word = after.split([' ', ',', ')', ';']).next().unwrap_or_default();
        let is_number = |text: &str| text.ends_with(|last: char| last.is_ascii_digit());
        let is_joined = is_number(before) && is_unit(word)
            || before == "×" && word.starts_with(|first: char| first.is_ascii_digit());
        whole.push(if is_joined { '\u{a0}' } else { ' ' });
        rest = after;
    }
    whole.push_str(rest);
    whole
}

/// Whether a word behind a number can be what it counts: `kg`, `%`, `×`.
fn is_unit(word: &str) -> bool {
    const LETTERS_MAX: usize = 3;
    matches!(word, "%" | "×")
        || (1..=LETTERS_MAX).contains(&word.chars().count())
            && word.chars().all(char::is_alphabetic)
}

/// A sum in its currency: `€1,234.50`.
#[derive(Clone, Copy, Debug)]
pub struct Amount<'a>(pub Money, pub &'a str);

/// A whole number with its thousands apart: `9,120`.
#[derive(Clone, Copy, Debug)]
pub struct Count<N>(pub N);

/// The day of a time in the shop's zone: `23 Nov 2026`, as a `<time>`.
#[derive(Clone, Copy, Debug)]
pub struct Day<T>(pub T);

/// A time to the minute in the shop's zone: `23 Nov 2026, 14:05 CET`, as a `<time>`.
#[derive(Clone, Copy, Debug)]
pub struct Moment<T>(pub T);

/// A time of today to the second in the shop's zone: `14:05:09`, as a `<time>`.
#[derive(Clone, Copy, Debug)]
pub struct TimeOfDay<T>(pub T);

/// How long something took, to three digits: `3.2 ms`, `12 s`, `4 min`.
#[derive(Clone, Copy, Debug)]
pub struct Elapsed(pub Duration);

/// Whole numbers, whose digits are all that they are written with.
pub trait Whole: fmt::Display {}

impl Whole for i64 {}
impl Whole for u32 {}
impl Whole for u64 {}
impl Whole for usize {}
impl<N: Whole> Whole for &N {}

/// A point in time, however it is referred to.
pub trait Instant {
    fn instant(&self) -> Timestamp;
}

impl Instant for Timestamp {
    fn instant(&self) -> Timestamp {
        *self
    }
}

impl<T: Instant> Instant for &T {
    fn instant(&self) -> Timestamp {
        T::instant(self)
    }
}

impl fmt::Display for Amount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0.is_negative() { "−" } else { "" };
        let minor = self.0.minor().unsigned_abs();
        let (whole, cents) = (Count(minor / 100), minor % 100);
        match self.1 {
            "EUR" => write!(f, "{sign}€{whole}.{cents:02}"),
            "USD" => write!(f, "{sign}${whole}.{cents:02}"),
            "GBP" => write!(f, "{sign}£{whole}.{cents:02}"),
            "" => write!(f, "{sign}{whole}.{cents:02}"),
            code => write!(f, "{sign}{code}\u{a0}{whole}.{cents:02}"),
        }
    }
}

impl<N: Whole> fmt::Display for Count<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = self.0.to_string();
        let digits = written.strip_prefix('-').unwrap_or(&written);
        if digits.len() < written.len() {
            f.write_str("−")?;
        }
        for (at, digit) in digits.char_indices() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl<T: Instant> fmt::Display for Day<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0.instant();
        write!(f, "<time datetime=\"{time}\">{}</time>", zone().local(time).strftime("%-d %b %Y"))
    }
}

impl<T: Instant> fmt::Display for Moment<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0.instant();
        let moment = zone().local(time).strftime("%-d %b %Y, %H:%M\u{a0}%Z").to_string();
        write!(f, "<time datetime=\"{time}\">{moment}</time>")
    }
}

impl<T: Instant> fmt::Display for TimeOfDay<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0.instant();
        write!(f, "<time datetime=\"{time}\">{}</time>", zone().local(time).strftime("%H:%M:%S"))
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        match micros {
            0..10_000 => write!(f, "{}.{} ms", micros / 1000, micros % 1000 / 100),
            10_000..1_000_000 => write!(f, "{} ms", micros / 1000),
            1_000_000..10_000_000 => {
                write!(f, "{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000)
            }
            10_000_000..120_000_000 => write!(f, "{} s", micros / 1_000_000),
            _ => write!(f, "{} min", Count(self.0.as_secs() / 60)),
        }
    }
}

impl HtmlSafe for Elapsed {}
impl<N: Whole> HtmlSafe for Count<N> {}
impl<T: Instant> HtmlSafe for Day<T> {}
impl<T: Instant> HtmlSafe for Moment<T> {}
impl<T: Instant> HtmlSafe for TimeOfDay<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stays_with_its_unit() {
        for (name, written) in [
            ("Porridge Oats, Fine, 1 kg", "Porridge Oats, Fine, 1\u{a0}kg"),
            ("Crème Brûlée 2 × 100 g", "Crème Brûlée 2\u{a0}×\u{a0}100\u{a0}g"),
            ("Dark Chocolate, 72 %, 100 g", "Dark Chocolate, 72\u{a0}%, 100\u{a0}g"),
            ("Peppermint Tea, 20 Bags", "Peppermint Tea, 20 Bags"),
            ("7 Up 2 l (new)", "7\u{a0}Up 2\u{a0}l (new)"),
            ("Tea", "Tea"),
            ("", ""),
        ] {
            assert_eq!(unbroken(name), written);
        }
    }

    #[test]
    fn sums_numbers_and_times_have_one_form() {
        let amount = |minor, currency| Amount(Money::from_minor(minor), currency).to_string();
        assert_eq!(amount(123_450, "EUR"), "€1,234.50");
        assert_eq!(amount(-5, "USD"), "−$0.05");
        assert_eq!(amount(100_000_000_000, "CHF"), "CHF\u{a0}1,000,000,000.00");
        assert_eq!(Count(999_u32).to_string(), "999");
        assert_eq!(Count(-1_000_i64).to_string(), "−1,000");
        let elapsed = |micros| Elapsed(Duration::from_micros(micros)).to_string();
        assert_eq!(elapsed(3_250), "3.2 ms");
        assert_eq!(elapsed(250_999), "250 ms");
        assert_eq!(elapsed(1_250_000), "1.2 s");
        assert_eq!(elapsed(7_200_000_000), "120 min");
        let time = Timestamp::from_micros(1_700_000_000_123_456);
        let written = "<time datetime=\"2023-11-14T22:13:20.123456Z\">";
        assert_eq!(Day(time).to_string(), format!("{written}14 Nov 2023</time>"));
        assert_eq!(
            Moment(time).to_string(),
            format!("{written}14 Nov 2023, 22:13\u{a0}UTC</time>")
        );
    }
}
