//! Tests that failed are run once more, with nothing beside them. What passes then is named as such: it depends on how busy the machine
//! was, which is a defect of the test or of what it tests, but says nothing about the commit at hand.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

use crate::run::{must, say};

/// More than these are not bad luck.
const FAILED_MAX: usize = 3;

/// Runs `tests`, a call of `cargo test`, and what failed in it once more, by itself.
pub(crate) fn run(mut tests: Command, alone: impl FnOnce() -> Command) -> anyhow::Result<()> {
    let mut child = tests.stdout(Stdio::piped()).spawn().context("cannot run cargo test")?;
    let out = child.stdout.take().context("its output is piped")?;
    let mut failed = Failed::default();
    for line in BufReader::new(out).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        say(&line);
        failed.read(&line);
    }
    if child.wait()?.success() {
        return Ok(());
    }
    let Some(names) = failed.names() else { bail!("cargo test failed") };
    say(&format!("── once more, alone: {}", list(&names)));
    must(alone().args(["--", "--exact", "--test-threads", "1"]).args(&names))?;
    say(&format!("── PASSED ONLY ALONE, mend or report: {}", list(&names)));
    Ok(())
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Names of failed tests, as the test harness of Rust lists them: a line `failures:`, then one indented line for each, last before the
/// result. A list of their outputs comes before it, under the same heading.
#[derive(Default)]
struct Failed {
    names: BTreeSet<String>,
    /// Something failed that has no name to run it by: a program broke off, or an example of the documentation failed.
    is_nameless: bool,
    /// Those of the list that is being read.
    listed: Vec<String>,
    is_list: bool,
    /// A program has begun and not yet told its result.
    is_running: bool,
}

impl Failed {
    fn read(&mut self, line: &str) {
        if line.starts_with("running ") {
            self.is_nameless |= self.is_running;
            self.is_running = true;
        } else if line == "failures:" {
            self.is_list = true;
            self.listed.clear();
        } else if line.starts_with("test result:") {
            self.is_nameless |= self.listed.iter().any(|name| name.contains(' '));
            self.names.extend(self.listed.drain(..));
            self.is_list = false;
            self.is_running = false;
        } else if self.is_list && !line.is_empty() {
            match line.strip_prefix("    ") {
                Some(name) => self.listed.push(name.to_owned()),
                None => self.is_list = false,
            }
        }
    }

    /// What can be run once more by itself; `None` if that would leave a failure out, or if nothing or too much failed.
    fn names(self) -> Option<BTreeSet<String>> {
        let is_few = (1..=FAILED_MAX).contains(&self.names.len());
        (is_few && !self.is_nameless && !self.is_running).then_some(self.names)
    }
}

#[cfg(test)]
mod tests {
    use super::Failed;

    fn names(output: &str) -> Option<Vec<String>> {
        let mut failed = Failed::default();
        output.lines().for_each(|line| failed.read(line));
        failed.names().map(|names| names.into_iter().collect())
    }

    const ONE: &str = "running 1 test\n.\n\nfailures:\n    a::b\n\ntest result: FAILED. 0 passed\n";

    #[test]
    fn failed_tests_are_found_in_the_output_of_several_programs() {
        let output = "running 2 tests\n.F\nfailures:\n\n---- live::follows stdout ----\n    indented\nthread 'live::follows' panicked\n\n\n\
            failures:\n    live::follows\n\ntest result: FAILED. 1 passed; 1 failed\n\n\
            running 1 test\n.\ntest result: ok. 1 passed\n\n";
        assert_eq!(names(&format!("{output}{ONE}")).unwrap(), ["a::b", "live::follows"]);
    }

    #[test]
    fn what_cannot_be_run_once_more_is_not_forgotten() {
        assert_eq!(names("running 1 test\n.\ntest result: ok. 1 passed\n"), None, "nothing failed");
        assert_eq!(names(&format!("{ONE}running 1 test\n")), None, "the last program broke off");
        assert_eq!(names(&format!("running 7 tests\n{ONE}")), None, "a program broke off");
        let example = ONE.replace("a::b", "crates/agora/src/lib.rs - (line 7)");
        assert_eq!(
            names(&format!("{ONE}{example}")),
            None,
            "an example of the documentation failed"
        );
        let many = ONE.replace("    a::b\n", "    a\n    b\n    c\n    d\n");
        assert_eq!(names(&many), None, "too many failed");
    }
}
