//! The queue of lines to standard error: bounded, and never blocking the work that logs.
//!
//! Written here rather than taken from `tracing-appender`: its guard prints to standard output when it cannot stop its
//! worker in time, and that panics exactly when the outputs are broken.

use std::{
    io::{self, Write},
    sync::{Condvar, Mutex, MutexGuard},
    thread,
    time::Duration,
};

use kernel::sync;
/// What may wait, in bytes. A reader that pauses for a moment loses nothing; one that stops costs no more than this.
const WAITING_MAX: usize = 1 << 20;

/// Lines that wait for one thread to write them.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    waiting: Vec<u8>,
    /// The thread has taken lines and has not finished with them.
    writing: bool,
    dropped: u64,
}

impl Queue {
    pub(super) const fn new() -> Self {
        let state = State { waiting: Vec::new(), writing: false, dropped: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Begins to write to `out` on a thread of its own, and calls `lost` with the count after lines had to be dropped.
    pub(super) fn start(
        &'static self,
        out: impl Write + Send + 'static,
        lost: fn(u64),
    ) -> io::Result<()> {
        let writer = thread::Builder::new().name("log".to_owned());
        writer.spawn(move || self.write(out, lost)).map(drop)
    }

    /// Takes a line, or counts it as dropped. Never waits for the reader of the log.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.waiting.len() + line.len() > WAITING_MAX {
            state.dropped += 1;
        } else {
            state.waiting.extend_from_slice(line);
            self.changed.notify_all();
        }
    }

    /// Lines that were dropped since the start.
    pub(super) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Waits until everything is written, for `patience` at most. Whether it is.
    pub(super) fn flush(&self, patience: Duration) -> bool {
        let unwritten = |state: &mut State| state.writing || !state.waiting.is_empty();
        let waited = self.changed.wait_timeout_while(self.lock(), patience, unwritten);
        !sync::unpoisoned(waited).1.timed_out()
    }

    fn write(&self, mut out: impl Write, lost: fn(u64)) {
        let mut told = 0;
        loop {
            let lines = self.next();
            // There is no place left to report that the log cannot be written; the lines are counted.
            let failed = out.write_all(&lines).and_then(|()| out.flush()).is_err();
            let (dropped, is_empty) = self.done(if failed { count(&lines) } else { 0 });
            // Among lines that wait there may be no room for this one.
            if dropped > told && !failed && is_empty {
                // Said before it is known to be read: the log never feeds itself more than one line.
                lost(dropped - told);
                told = dropped;
            }
        }
    }

    /// Waits for lines, and takes them.
    fn next(&self) -> Vec<u8> {
        let lines = self.changed.wait_while(self.lock(), |state| state.waiting.is_empty());
        let mut state = sync::unpoisoned(lines);
        state.writing = true;
        std::mem::take(&mut state.waiting)
    }

    /// Lines dropped so far, and whether none wait.
    fn done(&self, failed: u64) -> (u64, bool) {
        let mut state = self.lock();
        state.writing = false;
        state.dropped += failed;
        self.changed.notify_all();
        (state.dropped, state.waiting.is_empty())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.split_inclusive(|byte| *byte == b'\n').count() as u64
}

/// The queue as something to write lines to. Writing always succeeds.
#[derive(Clone, Copy)]
pub(super) struct Lines(pub(super) &'static Queue);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Writes nothing before it is let.
    struct Stuck(mpsc::Receiver<()>, mpsc::Sender<Vec<u8>>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(io::Error::other)?;
            self.1.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stops_costs_lines_and_no_time_and_is_told_once() {
        static QUEUE: Queue = Queue::new();
        let (go, let_go) = mpsc::channel();
        let (wrote, written) = mpsc::channel();
        let lost = |lines: u64| QUEUE.push(format!("lost {lines}\n").as_bytes());
        QUEUE.start(Stuck(let_go, wrote), lost).unwrap();
        let line = vec![b'x'; 1 << 16];
        for _ in 0..100 {
            QUEUE.push(&line);
        }
        let dropped = QUEUE.dropped();
        assert!(dropped > 60, "{dropped} of 100 lines of 64 KiB");
        assert!(!QUEUE.flush(Duration::from_millis(20)), "nothing is written yet");
        for _ in 0..10 {
            go.send(()).unwrap();
        }
        let told = format!("lost {dropped}\n");
        let end = written.iter().find(|bytes| bytes.ends_with(told.as_bytes()));
        assert!(end.is_some());
        assert!(QUEUE.flush(Duration::from_secs(10)));
        assert_eq!(QUEUE.dropped(), dropped);
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_what_follows_is_written() {
        static QUEUE: Queue = Queue::new();
        let (go, let_go) = mpsc::channel();
        let (wrote, _unread) = mpsc::channel();
        drop(go);
        QUEUE.start(Stuck(let_go, wrote), |_| panic!("there is no place to say it")).unwrap();
        QUEUE.push(b"one\ntwo\n");
        assert!(QUEUE.flush(Duration::from_secs(10)));
        assert_eq!(QUEUE.dropped(), 2);
        QUEUE.push(b"three\n");
        assert!(QUEUE.flush(Duration::from_secs(10)));
        assert_eq!(QUEUE.dropped(), 3);
    }
}
