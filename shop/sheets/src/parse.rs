//! A strict parser of CSV (RFC 4180): ambiguous input is refused, never guessed.

use std::{fmt, mem};

/// What a row holds, or why it does not come apart into fields.
#[derive(Debug)]
pub(super) struct Record {
    /// The line that it begins on; line ends are LF, CR LF and CR, also within quotes.
    pub(super) line: u64,
    pub(super) last_line: u64,
    pub(super) fields: Result<Vec<Vec<u8>>, Fault>,
}

/// What is wrong with a row. The rows after it can be read all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    StrayQuote,
    AfterQuote,
}

/// A quote that is open where the file ends: how much of the file it swallowed is not known.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "line {line}: a quote that begins here is never closed, so the rest of the file cannot be parsed"
)]
pub(super) struct Unclosed {
    pub(super) line: u64,
}

/// Takes a text apart, row by row.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    separator: u8,
    line: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a [u8], separator: u8, line: u64) -> Self {
        Self { rest: text, separator, line }
    }

    /// The next row; none at the end. Lines without anything are passed over.
    pub(super) fn next(&mut self) -> Result<Option<Record>, Unclosed> {
        while self.take_line_end() {}
        if self.rest.is_empty() {
            return Ok(None);
        }
        let line = self.line;
        let (mut fields, mut fault) = (Vec::new(), None);
        loop {
            let (field, wrong) = self.field()?;
            fields.push(field);
            fault = fault.or(wrong);
            if self.peek() != Some(self.separator) {
                break;
            }
            self.skip();
        }
        let last_line = self.line;
        self.take_line_end();
        Ok(Some(Record { line, last_line, fields: fault.map_or(Ok(fields), Err) }))
    }

    /// A field, up to what ends it. A faulty one is passed over up to there.
    fn field(&mut self) -> Result<(Vec<u8>, Option<Fault>), Unclosed> {
        let blanks = self.plain().len() - self.plain().trim_ascii_start().len();
        if self.rest.get(blanks) != Some(&b'"') {
            let plain = self.take(self.plain().len());
            let fault = plain.contains(&b'"').then_some(Fault::StrayQuote);
            return Ok((plain.to_vec(), fault));
        }
        self.take(blanks + 1);
        let field = self.quoted()?;
        let after = self.take(self.plain().len());
        let fault = (!after.trim_ascii().is_empty()).then_some(Fault::AfterQuote);
        Ok((field, fault))
    }

    /// The inside of quotes, and past the closing one.
    fn quoted(&mut self) -> Result<Vec<u8>, Unclosed> {
        let begin = self.line;
        let mut field = Vec::new();
        loop {
            let before = self.rest;
            if self.take_line_end() {
                let length = before.len() - self.rest.len();
                field.extend_from_slice(before.get(..length).unwrap_or_default());
                continue;
            }
            match self.skip() {
                None => return Err(Unclosed { line: begin }),
                Some(b'"') if self.peek() != Some(b'"') => return Ok(field),
                Some(b'"') => field.extend(self.skip()),
                Some(byte) => field.push(byte),
            }
        }
    }

    /// The text before the next separator or line end.
    fn plain(&self) -> &'a [u8] {
        let ends = |byte: &u8| *byte == self.separator || matches!(byte, b'\r' | b'\n');
        let length = self.rest.iter().position(ends).unwrap_or(self.rest.len());
        self.rest.get(..length).unwrap_or_default()
    }

    fn take_line_end(&mut self) -> bool {
        let length = match self.rest {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => return false,
        };
        self.take(length);
        self.line += 1;
        true
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn skip(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StrayQuote => {
                "has a quote within a field that does not begin with one; write the field as \"…\", and each quote in it twice"
            }
            Self::AfterQuote => "has text after a closing quote; write a quote within a quoted field twice",
        })
    }
}

/// The text of a file as UTF-8: a byte order mark says which encoding it is in.
pub(super) fn decoded(mut content: Vec<u8>) -> Result<Vec<u8>, &'static str> {
    let units = |read: fn([u8; 2]) -> u16| {
        let (pairs, odd) = content.as_chunks::<2>();
        let text = char::decode_utf16(pairs.iter().skip(1).map(|pair| read(*pair)));
        let text: Option<String> = text.collect::<Result<_, _>>().ok().filter(|_| odd.is_empty());
        text.map(String::into_bytes).ok_or("begins as UTF-16, but is not; save it as UTF-8")
    };
    match content.as_slice() {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, ..] => Ok(content.split_off(3)),
        [_, 0, ..] | [0, _, ..] => Err("is UTF-16 without a byte order mark; save it as UTF-8"),
        _ => Ok(mem::take(&mut content)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut reader = Reader::new(text.as_bytes(), b',', 1);
        let mut rows = Vec::new();
        loop {
            match reader.next() {
                Ok(None) => return rows,
                Ok(Some(Record { line, fields: Ok(fields), .. })) => {
                    let fields: Vec<_> =
                        fields.iter().map(|field| String::from_utf8_lossy(field)).collect();
                    rows.push(format!("{line}: {}", fields.join("|")));
                }
                Ok(Some(Record { line, last_line, fields: Err(fault) })) => {
                    rows.push(format!("{line}-{last_line}: {fault:?}"));
                }
                Err(Unclosed { line }) => {
                    rows.push(format!("{line}: unclosed"));
                    return rows;
                }
            }
        }
    }

    #[test]
    fn lines_are_counted_at_every_kind_of_line_end_also_within_quotes() {
        let all = ["1: a|b", "2: c\nd|e", "4: |", "6: f|g"];
        for end in ["\n", "\r", "\r\n"] {
            let text = "a,b\n\"c\nd\",e\n,\n\nf,g".replace('\n', end);
            let rows: Vec<_> = read(&text).iter().map(|row| row.replace(end, "\n")).collect();
            assert_eq!(rows, all, "{end:?}");
        }
    }

    #[test]
    fn quotes_are_read_strictly_and_a_faulty_row_leaves_the_next_one_whole() {
        assert_eq!(read("\"a\"\"b\", \"c,d\" ,\"\"\n"), ["1: a\"b|c,d|"]);
        assert_eq!(
            read("a,\"24\" monitor\",x\nb,7\",\"y\nz\"\nc\n"),
            ["1-1: AfterQuote", "2-3: StrayQuote", "4: c"]
        );
        assert_eq!(read("a\nb,\"7 inch\nc\nd"), ["1: a", "2: unclosed"]);
        assert_eq!(read("a,\""), ["1: unclosed"]);
        // The quote of line 1 ends at that of line 3: the gap is known by its lines.
        assert_eq!(read("a,\"7 inch\nb\nc,\"ok\"\nd"), ["1-3: AfterQuote", "4: d"]);
    }

    #[test]
    fn a_byte_order_mark_says_how_a_text_is_encoded() {
        let utf16 = |write: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}Tee–☕🫖".encode_utf16().flat_map(write).collect()
        };
        let text = "Tee–☕🫖".as_bytes();
        assert_eq!(decoded(utf16(u16::to_le_bytes)).as_deref(), Ok(text));
        assert_eq!(decoded(utf16(u16::to_be_bytes)).as_deref(), Ok(text));
        assert_eq!(decoded("\u{feff}Tee–☕🫖".into()).as_deref(), Ok(text));
        assert_eq!(decoded(text.to_vec()).as_deref(), Ok(text));
        let without_mark: Vec<u8> = "Name".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(decoded(without_mark).is_err());
        assert!(decoded(vec![0xff, 0xfe, 0x00]).is_err(), "cut within a character");
        assert!(decoded(vec![0xff, 0xfe, 0x00, 0xd8]).is_err(), "half a pair");
        assert_eq!(decoded(Vec::new()), Ok(Vec::new()));
    }
}
