//! Rows of a CSV file: good ones are kept with their line number, bad ones are listed by line and skipped.

use std::{collections::HashMap, fmt, ops::RangeInclusive, str::FromStr};

use contracts::money::Money;
use kernel::text::nfc;
use serde::Serialize;

use crate::parse::{self, Reader, Record};

/// How a ZIP archive begins, which the files of spreadsheets are.
const ZIP: &[u8] = b"PK\x03\x04";
/// Names of columns that a refusal shows.
const NAMES_SHOWN: usize = 20;
/// What may stand between the fields of a row: the one with which the header has the needed columns is taken.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// How many rows of several lines are named one by one.
const LONG_SHOWN: usize = 5;

/// Why nothing of a file can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

/// A row that was skipped, and why.
#[derive(Clone, Debug, Serialize)]
pub struct BadRow {
    pub file: String,
    pub line: u64,
    pub problem: String,
}

/// What a kind of row is made from.
pub trait Row: Sized {
    /// Columns that a file must have; others may be in it.
    const COLUMNS: &'static [&'static str];
    /// Columns that are read where a file has them.
    const OPTIONAL: &'static [&'static str] = &[];

    /// Parses a row, or returns what is wrong with it.
    fn read(fields: &Fields<'_>) -> Result<Self, String>;
}

/// A row and the line that it is on.
#[derive(Clone, Debug)]
pub struct Numbered<T> {
    pub line: u64,
    pub row: T,
}

/// What a file holds.
pub struct Rows<T> {
    pub file: String,
    pub good: Vec<Numbered<T>>,
    pub bad: Vec<BadRow>,
    /// First and last line of rows over several lines whose line ends are in a column that is not used.
    long: Vec<(u64, u64)>,
}

/// One row's fields, by the names of their columns.
pub struct Fields<'a> {
    header: &'a [String],
    record: &'a [String],
}

impl Fields<'_> {
    /// The field in this column, trimmed; empty if there is no such column.
    pub fn text(&self, column: &str) -> &str {
        let index = self.header.iter().position(|name| name == column);
        index.and_then(|index| self.record.get(index)).map_or("", |field| field.trim())
    }

    /// The field of this column.
    ///
    /// # Errors
    /// If it is empty.
    pub fn required(&self, column: &str) -> Result<&str, String> {
        match self.text(column) {
            "" => Err(format!("{column} is empty")),
            text => Ok(text),
        }
    }

    /// An amount in minor units, such as cents.
    ///
    /// # Errors
    /// If it is empty, no such number, or more than an amount may be.
    pub fn money(&self, column: &str) -> Result<Money, String> {
        self.number(column, 0..=Money::LIMIT.minor()).map(Money::from_minor)
    }

    /// A whole number within a range.
    ///
    /// # Errors
    /// If it is empty, no number, or out of the range.
    pub fn number<N: FromStr + PartialOrd + fmt::Display>(
        &self,
        column: &str,
        range: RangeInclusive<N>,
    ) -> Result<N, String> {
        let text = self.required(column)?;
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let (least, most) = range.into_inner();
            format!("{column} {text:?} is not a whole number from {least} to {most}")
        })
    }
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.problem)
    }
}

impl From<parse::Unclosed> for Unreadable {
    fn from(unclosed: parse::Unclosed) -> Self {
        unreadable(unclosed.to_string())
    }
}

fn unreadable(why: impl Into<String>) -> Unreadable {
    Unreadable(why.into())
}

impl<T: Row> Rows<T> {
    /// Reads the content of a file of that name, in UTF-8 or in UTF-16 with a byte order mark.
    ///
    /// # Errors
    /// If its columns are not those of such rows, or if where a row ends cannot be told.
    pub fn of(file: String, content: Vec<u8>) -> Result<Self, Unreadable> {
        let content =
            parse::decoded(content).map_err(|why| unreadable(format!("the file {why}")))?;
        let (mut reader, header) = T::header(&content)?;
        let mut rows = Self { file, good: Vec::new(), bad: Vec::new(), long: Vec::new() };
        while let Some(record) = reader.next()? {
            let (line, last_line) = (record.line, record.last_line);
            let Some(read) = fields(record, header.len()).transpose() else { continue };
            match read.and_then(|record| {
                let row = T::read(&Fields { header: &header, record: &record })?;
                Ok((row, T::reads_line_ends(&header, &record)))
            }) {
                Ok((row, is_read)) => {
                    rows.good.push(Numbered { line, row });
                    if last_line > line && !is_read {
                        rows.long.push((line, last_line));
                    }
                }
                Err(problem) if last_line > line => rows.reject(
                    line,
                    format!(
                        "{problem} (with its quoted line ends, the row continues to line {last_line})"
                    ),
                ),
                Err(problem) => rows.reject(line, problem),
            }
        }
        Ok(rows)
    }

    /// What may have been swallowed by a quote, though every row could be read.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let more = self.long.len().saturating_sub(LONG_SHOWN);
        let file = &self.file;
        let each = self.long.iter().take(LONG_SHOWN).map(move |(line, last_line)| {
            format!(
                "{file}: the row of line {line} continues to line {last_line}, in a quoted field that is not read; if these are several rows, mend \
                 the quotes"
            )
        });
        each.chain((more > 0).then(|| format!("{file}: and {more} more such rows")))
    }

    /// Keeps the first row of each name: of two that contradict each other neither is better, but the outcome must not hang on
    /// which one arrives first.
    #[must_use]
    pub fn once(mut self, name: impl Fn(&T) -> &String) -> Self {
        let mut lines = HashMap::new();
        let (mut kept, mut repeated) = (Vec::new(), Vec::new());
        for row in std::mem::take(&mut self.good) {
            let name = name(&row.row).clone();
            if let Some(first) = lines.get(&name) {
                repeated.push((row.line, name, *first));
            } else {
                lines.insert(name, row.line);
                kept.push(row);
            }
        }
        self.good = kept;
        for (line, name, first) in repeated {
            self.reject(line, format!("{name:?} is in line {first} already"));
        }
        self.bad.sort_by_key(|row| row.line);
        self
    }

    /// Moves on without the row of this line.
    pub fn reject(&mut self, line: u64, problem: impl Into<String>) {
        self.bad.push(BadRow { file: self.file.clone(), line, problem: problem.into() });
    }
}

/// How a kind of file begins.
trait Header: Row {
    /// The names of the columns, and a reader of the rows after them.
    fn header(content: &[u8]) -> Result<(Reader<'_>, Vec<String>), Unreadable> {
        if content.starts_with(ZIP) {
            let why = "it is a workbook of a spreadsheet, or another ZIP archive: save it as CSV";
            return Err(unreadable(why));
        }
        let mut best: Option<(Vec<&str>, Vec<String>)> = None;
        let mut fault: Option<Unreadable> = None;
        for separator in SEPARATORS {
            let mut reader = begin(content, separator);
            let names = match reader.next() {
                Ok(Some(Record { fields: Ok(names), .. })) => names,
                // With another separator it may be valid.
                Ok(Some(Record { line, fields: Err(found), .. })) => {
                    let found = format!("line {line}, which names the columns, {found}");
                    fault.get_or_insert(unreadable(found));
                    continue;
                }
                Ok(None) => {
                    return Err(unreadable(
                        "the file is empty: its first line must name the columns",
                    ));
                }
                Err(unclosed) => {
                    fault.get_or_insert(unclosed.into());
                    continue;
                }
            };
            let names: Vec<_> =
                names.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
            let columns = Self::COLUMNS.iter().copied();
            let missing: Vec<_> =
                columns.filter(|column| names.iter().all(|name| name != column)).collect();
            if missing.is_empty() {
                Self::named_once(&names)?;
                return Ok((reader, names));
            }
            if best.as_ref().is_none_or(|(best, _)| missing.len() < best.len()) {
                best = Some((missing, names));
            }
        }
        match (best, fault) {
            // It cannot be the right separator: not one column is found.
            (best, Some(fault))
                if best.as_ref().is_none_or(|(best, _)| best.len() == Self::COLUMNS.len()) =>
            {
                Err(fault)
            }
            (best, _) => {
                let (missing, names) = best.unwrap_or_default();
                let names: Vec<_> = names.iter().take(NAMES_SHOWN).map(String::as_str).collect();
                Err(unreadable(format!(
                    "these columns are missing: {}. The first line names: {}",
                    missing.join(", "),
                    names.join(", ")
                )))
            }
        }
    }

    /// Whether the line ends within a row are in fields that are read.
    fn reads_line_ends(header: &[String], record: &[String]) -> bool {
        let is_read =
            |name: &String| Self::COLUMNS.iter().chain(Self::OPTIONAL).any(|column| name == column);
        header
            .iter()
            .zip(record)
            .all(|(name, field)| is_read(name) || !field.contains(['\r', '\n']))
    }

    /// Of two columns of one name it would be a guess which is meant.
    fn named_once(names: &[String]) -> Result<(), Unreadable> {
        let twice = |column: &&&str| names.iter().filter(|name| name == *column).count() > 1;
        match Self::COLUMNS.iter().chain(Self::OPTIONAL).find(twice) {
            Some(column) => {
                Err(unreadable(format!("the column {column:?} appears twice in the first line")))
            }
            None => Ok(()),
        }
    }
}

impl<T: Row> Header for T {}

/// A reader of a text. Some spreadsheets write a line `sep=;` before the columns; it is not one of the rows.
fn begin(content: &[u8], separator: u8) -> Reader<'_> {
    let length = content.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    match content.split_at_checked(length.unwrap_or(0)) {
        Some((first, rest)) if first.len() == 5 && first.starts_with(b"sep=") => {
            Reader::new(rest, separator, 1)
        }
        _ => Reader::new(content, separator, 1),
    }
}

/// The texts of a row of `expected` fields, or what is wrong with it; none where all are blank, as in a spreadsheet's empty row.
fn fields(record: Record, expected: usize) -> Result<Option<Vec<String>>, String> {
    let fields = record.fields.map_err(|fault| fault.to_string())?;
    if fields.iter().all(|field| field.trim_ascii().is_empty()) {
        return Ok(None);
    }
    if fields.len() != expected {
        return Err(format!("has {} fields, not {expected}", fields.len()));
    }
    // As the shop keeps texts: else what is the same would look changed.
    let text = |field| String::from_utf8(field).map(|text| nfc(&text).into_owned());
    let texts: Result<_, _> = fields.into_iter().map(text).collect();
    texts.map(Some).map_err(|_| "is not UTF-8".to_owned())
}
