//! The size of files and functions: one that is longer holds more than one thing.

use std::{fs, path::Path};

use crate::files;

/// Lines of a source.
const LINES_MAX: usize = 350;
/// Lines of a function, from its `fn` to its last brace. Clippy counts the body alone.
const FUNCTION_LINES_MAX: usize = 60;
/// What a table of cases says of itself.
const TABLE: &str = "#[expect(clippy::too_many_lines";

/// Every source below a folder that is longer, or has a function that is.
pub(super) fn check(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for path in files::sources(folder)? {
        let text = fs::read_to_string(&path)?;
        let (lines, path) = (text.lines().count(), path.display());
        if lines > LINES_MAX {
            faults.push(format!(
                "{path} has {lines} lines; split it, at most {LINES_MAX} are one thing"
            ));
        }
        for (line, lines) in long_functions(&text) {
            faults.push(format!(
                "{path}:{line}: a function of {lines} lines; split it, at most {FUNCTION_LINES_MAX} are one thing"
            ));
        }
    }
    Ok(faults)
}

/// The functions that are too long, in a source as `cargo fmt` writes it: where each begins, and how many lines it has.
fn long_functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| is_function(line)) {
        let (before, from) = lines.split_at(at);
        let is_table = before.iter().rev().take(3).any(|line| line.trim().starts_with(TABLE));
        let indent = line.len() - line.trim_start().len();
        let is_last = |line: &&str| line.len() == indent + 1 && line.ends_with('}');
        let head = from.iter().position(|line| line.ends_with(['{', ';', '}']));
        let has_body = head.and_then(|head| from.get(head)).is_some_and(|line| line.ends_with('{'));
        let length = from.iter().position(is_last).map_or(0, |last| last + 1);
        if has_body && !is_table && length > FUNCTION_LINES_MAX {
            found.push((at + 1, length));
        }
    }
    found
}

fn is_function(line: &str) -> bool {
    let words = line.trim_start().split(' ');
    let mut rest = words.skip_while(|word| {
        word.starts_with("pub") || ["async", "const", "unsafe", "extern"].contains(word)
    });
    rest.next() == Some("fn")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function of so many lines, and one that follows.
    fn of(lines: usize, head: &str) -> String {
        let body = "        step();\n".repeat(lines.saturating_sub(2));
        format!("impl A {{\n    {head}\n{body}    }}\n\n    fn b() {{}}\n\n    fn c();\n}}\n")
    }

    #[test]
    fn a_function_is_counted_from_its_name_to_its_last_brace() {
        for head in ["fn a() {", "pub(crate) async fn a() {", "pub fn a() -> B {"] {
            assert!(long_functions(&of(FUNCTION_LINES_MAX, head)).is_empty(), "{head}");
            let longer = FUNCTION_LINES_MAX + 1;
            assert_eq!(long_functions(&of(longer, head)), [(2, longer)], "{head}");
        }
        let parameters = of(FUNCTION_LINES_MAX, "fn a(\n        b: B,\n    ) -> C {");
        assert_eq!(long_functions(&parameters), [(2, FUNCTION_LINES_MAX + 2)]);
    }

    #[test]
    fn neither_a_table_nor_what_has_no_body_is_one() {
        let table = "#[expect(clippy::too_many_lines, reason = \"a table\")]\n    fn a() {";
        assert!(long_functions(&of(100, table)).is_empty());
        let declared = format!("trait A {{\n    fn a();\n{}}}\n", "    fn b();\n".repeat(100));
        assert!(long_functions(&declared).is_empty());
    }
}
