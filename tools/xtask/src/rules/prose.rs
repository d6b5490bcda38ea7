//! Plain English: refuses phrases from a list of words to avoid.

use std::{fs, path::Path};

use anyhow::Context as _;

use crate::run::program;

/// One phrase a line, and behind a tab what to write in its place.
const LIST: &str = "docs/words.txt";
/// What people read: documentation, source files with comments and messages, pages.
const READ: &[&str] = &["rs", "md", "html", "py", "mjs", "js", "java", "yaml", "toml"];

/// The phrases of the list that are in a file of the project, with file, line and the better word.
pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let list = fs::read_to_string(root.join(LIST)).context(LIST)?;
    let phrases: Vec<(&str, &str)> =
        list.lines().filter_map(|line| line.split_once('\t')).collect();
    let listed = program("git", &["ls-files", "-z"]).output().context("git ls-files")?;
    let listed = String::from_utf8(listed.stdout)?;
    let mut faults = Vec::new();
    for name in listed.split('\0').filter(|name| is_read(name)) {
        // A file may be deleted and not yet committed.
        let Ok(text) = fs::read_to_string(root.join(name)) else { continue };
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.to_lowercase();
            for (phrase, better) in phrases.iter().filter(|(phrase, _)| contains(&line, phrase)) {
                faults.push(format!("{name}:{number}: {phrase:?}: write {better:?}"));
            }
        }
    }
    Ok(faults)
}

fn is_read(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| READ.contains(&extension))
}

/// Whether `line` contains the whole words of `phrase`.
fn contains(line: &str, phrase: &str) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    line.match_indices(phrase).any(|(at, _)| {
        let bytes = line.as_bytes();
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let behind = bytes.get(at + phrase.len());
        !is_word(before) && !is_word(behind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_found_and_nothing_within_others() {
        assert!(contains("retried (for now), until then", "for now"));
        assert!(contains("again", "again"));
        assert!(!contains("a gain and a bargain again", "gai"));
        assert!(!contains("for nowhere", "for now"));
    }
}
