//! Files of rows: found in a folder, unpacked if they are compressed, with a report of the rows that were skipped.

mod bad;

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use flate2::read::MultiGzDecoder;
use sheets::{Row, Rows};

pub(crate) use self::bad::{BadRows, BadRowsFile};
use crate::term;

/// Reads a file; a packed one (`.gz`) is unpacked on the way.
pub(crate) fn read<T: Row>(path: &Path) -> anyhow::Result<Rows<T>> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let rows = unpacked(path).and_then(|content| Ok(Rows::of(name, content)?));
    let rows = rows.with_context(|| format!("{} cannot be read", path.display()))?;
    rows.notes().for_each(term::note);
    Ok(rows)
}

/// The content of a file, decompressed if its name or its first bytes show that it is compressed.
fn unpacked(path: &Path) -> anyhow::Result<Vec<u8>> {
    let content = fs::read(path)?;
    let named = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    if !named && !content.starts_with(&[0x1f, 0x8b]) {
        return Ok(content);
    }
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(&*content)
        .read_to_end(&mut unpacked)
        .context("it is not a whole gzip file")?;
    Ok(unpacked)
}

/// The file of this name in a folder, as it is or packed; none where there is neither.
pub(crate) fn find(dir: &Path, name: &str) -> anyhow::Result<Option<PathBuf>> {
    let (plain, packed) = (dir.join(name), dir.join(format!("{name}.gz")));
    let there = |path: &Path| {
        path.try_exists().with_context(|| format!("{} cannot be read", path.display()))
    };
    match (there(&plain)?, there(&packed)?) {
        (true, true) => bail!("{} holds both {name} and {name}.gz: remove one", dir.display()),
        (true, false) => Ok(Some(plain)),
        (false, true) => Ok(Some(packed)),
        (false, false) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pair(String, u32);

    impl Row for Pair {
        const COLUMNS: &'static [&'static str] = &["Name", "Count"];
        fn read(fields: &sheets::Fields<'_>) -> Result<Self, String> {
            Ok(Self(fields.required("Name")?.to_owned(), fields.number("Count", 1..=9)?))
        }
    }

    #[test]
    fn a_packed_file_that_was_cut_is_refused() {
        use std::io::Write as _;
        let dir = tempfile::tempdir().expect("a folder");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"Name,Count\na,1\nb,2\n").expect("in memory");
        let packed = packed.finish().expect("in memory");
        let write =
            |bytes: &[u8]| fs::write(dir.path().join("pairs.csv.gz"), bytes).expect("writable");
        write(&packed);
        let path = find(dir.path(), "pairs.csv").expect("one").expect("there");
        let rows = super::read::<Pair>(&path).expect("readable").good;
        let rows: Vec<_> = rows.into_iter().map(|row| (row.line, row.row.0, row.row.1)).collect();
        assert_eq!(rows, [(2, "a".to_owned(), 1), (3, "b".to_owned(), 2)]);
        write(packed.get(..packed.len() - 9).expect("longer"));
        assert!(super::read::<Pair>(&path).is_err());
        fs::write(dir.path().join("pairs.csv"), "Name,Count\n").expect("writable");
        assert!(find(dir.path(), "pairs.csv").is_err(), "which one?");
    }
}
