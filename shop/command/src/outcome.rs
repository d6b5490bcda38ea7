//! How a command ended, as its exit code and its last words say it.

/// How a command that ran to its end went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    BadRows,
    Unfinished,
}

/// Wrong usage that only the command itself can detect.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUsage(pub(crate) String);

/// An error in one sentence: first what failed, then why. What a cause repeats is left out, and so are the system's error numbers.
pub(crate) fn said(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain() {
        let cause = without_numbers(&cause.to_string());
        if said.is_empty() {
            said = cause;
        } else if !said.contains(&cause) {
            said.push_str(": ");
            said.push_str(&cause);
        }
    }
    said
}

/// Without the ` (os error 111)` behind what the system says in words.
fn without_numbers(text: &str) -> String {
    let mut parts = text.split(" (os error ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
        plain.push_str(rest.strip_prefix(')').unwrap_or(rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context as _;

    use super::*;

    #[test]
    fn an_error_is_said_once_and_in_words() {
        let failed = || Err::<(), _>(io::Error::from_raw_os_error(2));
        let error = failed().context("x.toml cannot be read").expect_err("it failed");
        assert_eq!(said(&error), "x.toml cannot be read: No such file or directory");
        let cause = failed().expect_err("it failed").to_string();
        let error = failed().context(format!("x.toml: {cause}; name another")).expect_err("so");
        assert_eq!(said(&error), "x.toml: No such file or directory; name another");
    }
}
