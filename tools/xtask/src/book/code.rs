//! Excerpts of the sources: the text between `ANCHOR: name` and `ANCHOR_END: name`.

use std::{fs, path::Path};

use anyhow::{Context as _, bail};

/// What a page asks for with `{{#include FILE:ANCHOR}}`.
pub(super) struct Excerpt {
    /// The lines, moved to the left, without the markers of other excerpts.
    pub(super) text: String,
    /// The line of the file on which they begin.
    pub(super) line: usize,
}

/// The file and the anchor of a line of a page that asks for an excerpt.
pub(super) fn asked(line: &str) -> Option<(&str, &str)> {
    let inner = line.trim().strip_prefix("{{#include ")?.strip_suffix("}}")?;
    inner.rsplit_once(':')
}

/// The excerpt of a source, which must be there, once, and hold something.
pub(super) fn excerpt(file: &Path, anchor: &str) -> anyhow::Result<Excerpt> {
    let source = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    cut(&source, anchor).with_context(|| format!("{}, anchor {anchor}", file.display()))
}

fn cut(source: &str, anchor: &str) -> anyhow::Result<Excerpt> {
    let mut lines = (1..).zip(source.lines());
    let Some((begin, _)) =
        lines.by_ref().find(|(_, line)| marked(line, "ANCHOR: ") == Some(anchor))
    else {
        bail!("no such marker");
    };
    let mut inside = Vec::new();
    let mut ended = false;
    for (_, line) in lines.by_ref() {
        if marked(line, "ANCHOR_END: ") == Some(anchor) {
            ended = true;
            break;
        }
        if marked(line, "ANCHOR: ").or(marked(line, "ANCHOR_END: ")).is_none() {
            inside.push(line);
        }
    }
    if !ended {
        bail!("the marker of its end is missing");
    }
    if lines.any(|(_, line)| marked(line, "ANCHOR: ") == Some(anchor)) {
        bail!("the marker is there twice");
    }
    if inside.iter().all(|line| line.trim().is_empty()) {
        bail!("nothing is between the markers");
    }
    Ok(Excerpt { text: moved_left(&inside), line: begin + 1 })
}

/// The name that a marker has behind it, in whatever comment it stands.
fn marked<'a>(line: &'a str, marker: &str) -> Option<&'a str> {
    line.split_once(marker).map(|(_, name)| name.trim())
}

fn moved_left(lines: &[&str]) -> String {
    let indent = |line: &&&str| line.len() - line.trim_start().len();
    let least = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(&line)).min();
    let moved = lines.iter().map(|line| line.get(least.unwrap_or(0)..).unwrap_or(""));
    moved.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "a\n    // ANCHOR: outer\n    fn f() {\n        // ANCHOR: inner\n        g();\n        // ANCHOR_END: \
                          inner\n    }\n    // ANCHOR_END: outer\n";

    #[test]
    fn an_excerpt_is_moved_left_and_has_no_markers() {
        let outer = cut(SOURCE, "outer").expect("it is there");
        assert_eq!((outer.text.as_str(), outer.line), ("fn f() {\n    g();\n}", 3));
        assert_eq!(cut(SOURCE, "inner").expect("it is there").text, "g();");
    }

    #[test]
    fn a_missing_empty_or_ambiguous_excerpt_is_an_error() {
        for (source, said) in [
            ("fn f() {}", "no such marker"),
            ("// ANCHOR: x\nfn f() {}", "end is missing"),
            ("// ANCHOR: x\n\n// ANCHOR_END: x", "nothing is between"),
            ("// ANCHOR: x\na\n// ANCHOR_END: x\n// ANCHOR: x\nb\n// ANCHOR_END: x", "twice"),
        ] {
            let error = cut(source, "x").err().expect("an error").to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn what_a_line_asks_for() {
        assert_eq!(asked("{{#include ../a.rs:b}}"), Some(("../a.rs", "b")));
        assert_eq!(asked("text {{#include ../a.rs:b}}"), None);
    }
}
