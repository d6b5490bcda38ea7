//! Skipped rows: a few on the screen, counts by reason, and all of them in a file.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use clap::Args as ClapArgs;
use serde::Serialize;
use sheets::BadRow;

use crate::term;

/// How many rows, and how many reasons, are listed outside of the file.
const SHOWN: usize = 20;

/// The columns of the file.
const HEADER: [&str; 3] = ["File", "Line", "Problem"];

/// Where skipped rows are written to.
#[derive(ClapArgs, Debug)]
pub(crate) struct BadRowsFile {
    /// Where to write all skipped rows, if there are more than twenty; replaces an earlier list
    #[arg(long = "bad-rows", value_name = "FILE", default_value = "bad-rows.csv")]
    path: PathBuf,
}

/// The report of skipped rows.
#[expect(clippy::struct_field_names, reason = "they are the names in the JSON that tools read")]
#[derive(Debug, Default, Serialize)]
pub(crate) struct BadRows {
    /// The first of them.
    pub(crate) bad_rows: Vec<BadRow>,
    pub(crate) bad_rows_total: usize,
    pub(crate) bad_rows_by_reason: BTreeMap<String, usize>,
    /// The file that has all of them, where they are more than are listed here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bad_rows_file: Option<PathBuf>,
}

impl BadRows {
    /// Of all rows that were skipped; writes the file if they are many.
    pub(crate) fn of(mut all: Vec<BadRow>, file: &BadRowsFile) -> Self {
        all.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        let mut reasons = BTreeMap::<String, usize>::new();
        for row in &all {
            *reasons.entry(reason(&row.problem)).or_default() += 1;
        }
        let mut written = None;
        if all.len() > SHOWN {
            match write(&all, &file.path) {
                Ok(()) => written = Some(file.path.clone()),
                // Imported rows are still reported.
                Err(error) => term::note(format_args!(
                    "{} cannot be written ({error}): only the first rows that were skipped are listed; repeat this with \
                     --bad-rows and another file to have all",
                    file.path.display()
                )),
            }
        }
        Self {
            bad_rows_total: all.len(),
            bad_rows: all.into_iter().take(SHOWN).collect(),
            bad_rows_by_reason: most(reasons),
            bad_rows_file: written,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bad_rows_total == 0
    }

    /// Lists the first of them, counts all, and names the file that has the rest.
    pub(crate) fn note(&self, what: &str) {
        if self.is_empty() {
            return;
        }
        let total = self.bad_rows_total;
        let rows = if total == 1 { "row was" } else { "rows were" };
        term::note(format_args!("{total} {rows} {what}:"));
        self.bad_rows.iter().for_each(term::note);
        if total == self.bad_rows.len() {
            return;
        }
        term::note(format_args!("… and {} more. By reason:", total - self.bad_rows.len()));
        let mut reasons: Vec<_> = self.bad_rows_by_reason.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (reason, count) in reasons {
            term::note(format_args!("{count:>9} {reason}"));
        }
        if let Some(file) = &self.bad_rows_file {
            term::note(format_args!("All of them are in {}.", file.display()));
        }
    }
}

/// The reasons that most rows have; the others are counted together.
fn most(reasons: BTreeMap<String, usize>) -> BTreeMap<String, usize> {
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let others: usize = reasons.iter().skip(SHOWN).map(|(_, count)| count).sum();
    reasons.truncate(SHOWN);
    reasons.extend((others > 0).then(|| ("other reasons".to_owned(), others)));
    reasons.into_iter().collect()
}

/// What rows with the same fault share: the problem without the names, lines and requests that are the row's own.
fn reason(problem: &str) -> String {
    let problem = problem.split(" (request ").next().unwrap_or(problem);
    let mut reason = String::with_capacity(problem.len());
    let mut quoted = false;
    let mut escaped = false;
    for character in problem.chars() {
        if character == '"' && !escaped {
            reason.push_str(if quoted { "…\"" } else { "\"" });
            quoted = !quoted;
        } else if !quoted {
            reason.push(character);
        }
        escaped = character == '\\' && !escaped;
    }
    match reason.split_once(" in line ") {
        Some((before, after)) => {
            let after = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
            format!("{before} in another line{after}")
        }
        None => reason,
    }
}

/// The file appears whole or not at all, and only in the place of another such list.
fn write(rows: &[BadRow], path: &Path) -> io::Result<()> {
    match fs::read(path) {
        Ok(there) if there.is_empty() || there.starts_with(HEADER.join(",").as_bytes()) => {}
        Ok(_) => return Err(io::Error::other("contains other data; left unchanged")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    let mut out = csv::Writer::from_writer(BufWriter::new(file.as_file_mut()));
    out.write_record(HEADER)?;
    for row in rows {
        out.write_record([&*row.file, &row.line.to_string(), &row.problem])?;
    }
    out.into_inner().map_err(|error| io::Error::other(error.to_string()))?.flush()?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_the_same_fault_have_the_same_reason() {
        let same = |one: &str, other: &str| assert_eq!(reason(one), reason(other));
        same("the shop has no product \"a\"", "the shop has no product \"b\\\"c\"");
        same("\"a\" is in line 2 already", "\"b\" is in line 17 already");
        same(
            "404 Not Found: no such customer (request r-1)",
            "404 Not Found: no such customer (request r-2)",
        );
        assert_eq!(reason("the shop has no product \"a\""), "the shop has no product \"…\"");
        assert_ne!(reason("has 2 fields, not 7"), reason("is not UTF-8"));
    }

    #[test]
    fn many_rows_are_counted_by_reason_and_written_to_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = BadRowsFile { path: folder.path().join("bad.csv") };
        let row = |line| BadRow {
            file: "orders.csv".to_owned(),
            line,
            problem: format!("the shop has no product \"p{line}\""),
        };
        let few = BadRows::of((1..=20).map(row).collect(), &file);
        assert_eq!((few.bad_rows.len(), few.bad_rows_file), (20, None));
        assert!(!file.path.exists());
        let many = BadRows::of((1..=1000).rev().map(row).collect(), &file);
        assert_eq!((many.bad_rows.len(), many.bad_rows_total), (20, 1000));
        assert_eq!(many.bad_rows_by_reason.into_values().collect::<Vec<_>>(), [1000]);
        let written = fs::read_to_string(&file.path).expect("written");
        assert_eq!(written.lines().count(), 1001);
        assert_eq!(
            written.lines().nth(1000),
            Some("orders.csv,1000,\"the shop has no product \"\"p1000\"\"\"")
        );
    }

    #[test]
    fn a_file_that_holds_something_else_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = BadRowsFile { path: folder.path().join("bad-rows.csv") };
        let row = BadRow { file: String::new(), line: 1, problem: "is bad".to_owned() };
        let note = |content: &str| {
            fs::write(&file.path, content).expect("writable");
            let told = BadRows::of(vec![row.clone(); 21], &file);
            assert_eq!((told.bad_rows_total, told.bad_rows.len()), (21, 20));
            (told.bad_rows_file, fs::read_to_string(&file.path).expect("readable"))
        };
        assert_eq!(note("My notes"), (None, "My notes".to_owned()));
        let (written, content) = note("File,Line,Problem\nold,1,old\n");
        assert_eq!((written, content.lines().count()), (Some(file.path.clone()), 22));
    }
}
