//! Which rows of a file are read, and which are refused by line.

use crate::{Fields, Row, Rows, Unreadable};

struct Pair(String, u32);

impl Row for Pair {
    const COLUMNS: &'static [&'static str] = &["Name", "Count"];
    fn read(fields: &Fields<'_>) -> Result<Self, String> {
        Ok(Self(fields.required("Name")?.to_owned(), fields.number("Count", 1..=9)?))
    }
}

#[test]
fn bad_rows_are_listed_by_line_and_the_others_are_kept() {
    let text = b"Count,Name,More\n1,a,\n0,b,\n2,\"two\nlines\",x\n3\n4,\xff,\n5,,\nx,c,\n6, d ,\n";
    let rows = Rows::<Pair>::of("pairs.csv".to_owned(), text.to_vec()).expect("readable");
    let good: Vec<_> =
        rows.good.iter().map(|row| (row.line, row.row.0.as_str(), row.row.1)).collect();
    assert_eq!(good, [(2, "a", 1), (4, "two\nlines", 2), (10, "d", 6)]);
    let bad: Vec<_> = rows.bad.iter().map(ToString::to_string).collect();
    assert_eq!(
        bad,
        [
            "pairs.csv:3: Count \"0\" is not a whole number from 1 to 9",
            "pairs.csv:6: has 1 fields, not 3",
            "pairs.csv:7: is not UTF-8",
            "pairs.csv:8: Name is empty",
            "pairs.csv:9: Count \"x\" is not a whole number from 1 to 9",
        ]
    );
}

#[test]
fn a_file_without_a_needed_column_is_refused_as_a_whole() {
    let refused = Rows::<Pair>::of("pairs.csv".to_owned(), b"Name\na\n".to_vec());
    let error = refused.err().expect("refused").to_string();
    assert_eq!(error, "these columns are missing: Count. The first line names: Name");
    let refused = Rows::<Pair>::of("pairs.csv".to_owned(), b"PK\x03\x04\x14".to_vec());
    assert!(refused.err().expect("refused").to_string().contains("save it as CSV"));
}

fn pairs(text: &[u8]) -> Result<Rows<Pair>, Unreadable> {
    Rows::of("pairs.csv".to_owned(), text.to_vec())
}

fn good(rows: &Rows<Pair>) -> Vec<(u64, &str, u32)> {
    rows.good.iter().map(|row| (row.line, row.row.0.as_str(), row.row.1)).collect()
}

#[test]
fn the_header_tells_the_separator_and_empty_rows_do_not_count() {
    for text in ["Name;Count\na;1\n;\n ; \n;;;\nb;2\n", "sep=;\nName;Count\na;1\n\n\nb;2\n"] {
        let rows = pairs(text.as_bytes()).expect("readable");
        let names: Vec<_> = good(&rows).iter().map(|row| (row.1.to_owned(), row.2)).collect();
        assert_eq!(names, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
        assert!(rows.bad.is_empty(), "{:?}", rows.bad);
    }
    let rows = pairs(b"\xef\xbb\xbfName\tCount\r\"a\tb\"\t1\r\rc\t2\r").expect("readable");
    assert_eq!(good(&rows), [(2, "a\tb", 1), (4, "c", 2)]);
}

#[test]
fn what_a_quote_swallows_is_refused_or_named() {
    let error = pairs(b"Name,Count,More\na,1,\nb,2,\"7 inch\nc,3,\n").err().expect("refused");
    assert!(
        error.to_string().starts_with("line 3: a quote that begins here is never closed"),
        "{error}"
    );
    let rows = pairs(b"Name,Count,More\na,1,\"7 inch\nb,2,\nc,3,\"ok\"\nd,4,\n").expect("readable");
    assert_eq!(good(&rows), [(5, "d", 4)]);
    let bad: Vec<_> = rows.bad.iter().map(ToString::to_string).collect();
    assert_eq!(bad.len(), 1);
    assert!(
        bad.iter().all(|row| row.starts_with("pairs.csv:2: ") && row.ends_with("to line 4)")),
        "{bad:?}"
    );
}

#[test]
fn quoted_columns_are_found_with_every_separator() {
    for separator in [",", ";", "\t"] {
        for text in [
            "\"Name\",\"Count\"\n\"a\",\"1\"\n",
            "\"Name\",\"More, or less\",\"Count\"\na,x,1\n",
            "Name,\"Count\"\na,1\n",
        ] {
            let text = text.replace(',', separator);
            let rows = pairs(text.as_bytes()).unwrap_or_else(|said| panic!("{text:?}: {said}"));
            assert_eq!(good(&rows), [(2, "a", 1)], "{text:?}");
        }
    }
    let refusal = |text: &[u8]| pairs(text).err().expect("refused").to_string();
    let missing = "these columns are missing: Count. The first line names: Name, Number";
    assert_eq!(refusal(b"\"Name\";\"Number\"\na;1\n"), missing);
    assert!(refusal(b"\"Name\"x,Count\na,1\n").contains("after a closing quote"));
    assert!(refusal(b"Name,\"Count\na,1\n").contains("line 1: a quote that begins here"));
}

#[test]
fn rows_swallowed_by_a_field_that_is_not_read_are_told_of() {
    let text = b"Name,Count,Notes\na,1,\"7 inch\nb,2,\nc,3,9\"\nd,4,\n\"e\nf\",5,\n";
    let rows = pairs(text).expect("readable");
    assert_eq!(good(&rows), [(2, "a", 1), (5, "d", 4), (6, "e\nf", 5)]);
    let notes: Vec<_> = rows.notes().collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes.iter().all(|note| note.contains("the row of line 2 continues to line 4")),
        "{notes:?}"
    );
    let many = format!("Name,Count,Notes\n{}", "a,1,\"x\ny\"\n".repeat(9));
    let notes: Vec<_> = pairs(many.as_bytes()).expect("readable").notes().collect();
    assert!(
        notes.len() == 6 && notes.last().is_some_and(|note| note.ends_with("4 more such rows")),
        "{notes:?}"
    );
}

#[test]
fn a_header_that_could_be_meant_in_two_ways_is_refused() {
    let refusal = |text: &[u8]| pairs(text).err().expect("refused").to_string();
    assert!(refusal(b"Name,Count,Name\na,1,b\n").contains("\"Name\" appears twice"));
    assert!(refusal(b"").contains("empty"));
    assert!(
        refusal(b"Name,Co\"unt\na,1\n").contains("line 1, which names the columns, has a quote")
    );
}
