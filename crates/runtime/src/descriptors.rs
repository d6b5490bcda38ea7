//! File descriptors: how many the process may have, and how many of them connections may take.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for the log's next segments, the databases and their journals, and connections to servers.
const RESERVE: u64 = 256;
/// As many connections are always taken.
const CONNECTIONS_MIN: u64 = 16;

/// Raises the process's own limit to what the system lets it have, and returns the limit in force. Called once, at the start.
pub fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    if current == maximum || setrlimit(Resource::Nofile, raised).is_ok() {
        maximum.unwrap_or(u64::MAX)
    } else {
        current.unwrap_or(u64::MAX)
    }
}

/// How many connections all listeners of the process may have open together: what is left of the limit once everything else is
/// open, less a reserve. To be asked after the log and the databases are opened.
#[must_use]
pub fn connections_max() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let open = fs::read_dir("/proc/self/fd").map_or(0, |open| open.count() as u64);
    usize::try_from(left_for_connections(limit, open)).unwrap_or(usize::MAX)
}

/// Of a small limit, half of what is left is the reserve.
fn left_for_connections(limit: u64, open: u64) -> u64 {
    let left = limit.saturating_sub(open);
    left.saturating_sub(RESERVE).max(left / 2).max(CONNECTIONS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_and_connections_leave_a_reserve() {
        let limit = raise();
        assert_eq!(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX), limit);
        assert!(connections_max() >= 16 && (connections_max() as u64) < limit);
        assert_eq!(left_for_connections(1024, 100), 668);
        assert_eq!(left_for_connections(160, 60), 50);
        assert_eq!(left_for_connections(20, 60), 16);
    }
}
