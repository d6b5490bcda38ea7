//! Appending, reading and reopening.

use crate::support::{Event, all, append, open_os};

#[test]
fn what_was_appended_is_read_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for round in 0..5 {
        let mut log = open_os(dir.path());
        assert_eq!(all(&log.reader), expected);
        for number in 0..40 {
            let event = Event::new(&format!("order-{number}"), round, round * 40 + number);
            append(&mut log.writer, std::slice::from_ref(&event));
            expected.push(event);
        }
        assert_eq!(all(&log.reader), expected);
        assert_eq!(log.reader.stats().unwrap().streams, 40);
    }
}
