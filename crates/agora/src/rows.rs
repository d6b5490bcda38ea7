//! Rows of CSV files: what is good is kept with its line, what is bad is listed by line and skipped.

use std::{fmt, fs::File, io::Read, path::Path, str::FromStr};

use anyhow::{Context as _, bail};
use csv::StringRecord;
use flate2::read::MultiGzDecoder;
use serde::Serialize;

/// What a kind of row is made from.
pub(crate) trait Row: Sized {
    /// Columns that a file must have; others may stand in it.
    const COLUMNS: &'static [&'static str];

    /// Reads a row, or says what is wrong with it.
    fn read(fields: &Fields<'_>) -> Result<Self, String>;
}

/// A row and the line that it stands on.
#[derive(Clone, Debug)]
pub(crate) struct Numbered<T> {
    pub(crate) line: u64,
    pub(crate) row: T,
}

/// A row that was skipped, and why.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BadRow {
    pub(crate) file: String,
    pub(crate) line: u64,
    pub(crate) problem: String,
}

/// What a file holds.
pub(crate) struct Rows<T> {
    pub(crate) file: String,
    pub(crate) good: Vec<Numbered<T>>,
    pub(crate) bad: Vec<BadRow>,
}

/// One row's fields, by the names of their columns.
pub(crate) struct Fields<'a> {
    header: &'a StringRecord,
    record: &'a StringRecord,
}

impl Fields<'_> {
    /// The field of this column, without blanks around it; empty where there is no such column.
    pub(crate) fn text(&self, column: &str) -> &str {
        let index = self.header.iter().position(|name| name == column);
        index.and_then(|index| self.record.get(index)).unwrap_or_default()
    }

    pub(crate) fn required(&self, column: &str) -> Result<&str, String> {
        match self.text(column) {
            "" => Err(format!("{column} is empty")),
            text => Ok(text),
        }
    }

    /// A whole number from 0 to `most`.
    pub(crate) fn number<N: FromStr + PartialOrd + fmt::Display>(
        &self,
        column: &str,
        range: std::ops::RangeInclusive<N>,
    ) -> Result<N, String> {
        let text = self.required(column)?;
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let (least, most) = range.into_inner();
            format!("{column} {text:?} is no whole number from {least} to {most}")
        })
    }
}

impl<T: Row> Rows<T> {
    /// Reads a file; one whose name ends in `.gz` is unpacked on the way.
    pub(crate) fn of_file(path: &Path) -> anyhow::Result<Self> {
        let file =
            File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let packed = path.extension().is_some_and(|extension| extension == "gz");
        let content: Box<dyn Read> =
            if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self::of(name, content).with_context(|| format!("{} cannot be read", path.display()))
    }

    fn of(file: String, content: impl Read) -> anyhow::Result<Self> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(content);
        let header = reader.headers()?.clone();
        let missing: Vec<_> =
            T::COLUMNS.iter().filter(|column| header.iter().all(|name| name != **column)).collect();
        if !missing.is_empty() {
            bail!("these columns are missing: {missing:?}");
        }
        let mut rows = Self { file, good: Vec::new(), bad: Vec::new() };
        let mut record = StringRecord::new();
        loop {
            match reader.read_record(&mut record) {
                Ok(false) => return Ok(rows),
                Ok(true) => {
                    let line = record.position().map_or(0, csv::Position::line);
                    match T::read(&Fields { header: &header, record: &record }) {
                        Ok(row) => rows.good.push(Numbered { line, row }),
                        Err(problem) => rows.reject(line, problem),
                    }
                }
                Err(error) if error.is_io_error() => return Err(error.into()),
                Err(error) => {
                    rows.reject(error.position().map_or(0, csv::Position::line), shape(&error));
                }
            }
        }
    }

    /// Moves on without the row of this line.
    pub(crate) fn reject(&mut self, line: u64, problem: impl Into<String>) {
        self.bad.push(BadRow { file: self.file.clone(), line, problem: problem.into() });
    }
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.problem)
    }
}

/// What is wrong with a row that does not even come apart into fields.
fn shape(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} fields, not {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pair(String, u32);

    impl Row for Pair {
        const COLUMNS: &'static [&'static str] = &["Name", "Count"];
        fn read(fields: &Fields<'_>) -> Result<Self, String> {
            Ok(Self(fields.required("Name")?.to_owned(), fields.number("Count", 1..=9)?))
        }
    }

    #[test]
    fn bad_rows_are_listed_by_line_and_the_others_are_kept() {
        let text =
            b"Count,Name,More\n1,a,\n0,b,\n2,\"two\nlines\",x\n3\n4,\xff,\n5,,\nx,c,\n6, d ,\n";
        let rows = Rows::<Pair>::of("pairs.csv".to_owned(), &text[..]).expect("readable");
        let good: Vec<_> =
            rows.good.iter().map(|row| (row.line, row.row.0.as_str(), row.row.1)).collect();
        assert_eq!(good, [(2, "a", 1), (4, "two\nlines", 2), (10, "d", 6)]);
        let bad: Vec<_> = rows.bad.iter().map(ToString::to_string).collect();
        assert_eq!(
            bad,
            [
                "pairs.csv:3: Count \"0\" is no whole number from 1 to 9",
                "pairs.csv:6: has 1 fields, not 3",
                "pairs.csv:7: is not UTF-8",
                "pairs.csv:8: Name is empty",
                "pairs.csv:9: Count \"x\" is no whole number from 1 to 9",
            ]
        );
    }

    #[test]
    fn a_file_without_a_needed_column_is_refused_as_a_whole() {
        let refused = Rows::<Pair>::of("pairs.csv".to_owned(), &b"Name\na\n"[..]);
        let error = refused.err().expect("refused").to_string();
        assert_eq!(error, "these columns are missing: [\"Count\"]");
    }
}
