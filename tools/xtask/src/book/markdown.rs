//! As much of Markdown as the book's checks need: fences, comments before them, and links.

/// A piece of a page.
pub(crate) enum Piece<'a> {
    /// The lines between two fences.
    Text(&'a str),
    Fence(Fence<'a>),
}

/// A block between two fences.
pub(crate) struct Fence<'a> {
    /// What follows the first three backticks, such as `sh`.
    pub(crate) info: &'a str,
    pub(crate) lines: Vec<&'a str>,
    /// The line of the page on which it begins.
    pub(crate) at: usize,
    /// How far it is moved in, as in a list.
    pub(crate) indent: &'a str,
}

/// The pieces of a page, in order.
pub(crate) fn pieces(page: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut open: Option<Fence<'_>> = None;
    let (mut text_from, mut at) = (0, 0);
    for (number, line) in (1..).zip(page.split_inclusive('\n')) {
        let (begin, end) = (at, at + line.len());
        at = end;
        let rest = line.trim_start();
        match (&mut open, rest.trim_end().strip_prefix("```")) {
            (None, Some(info)) => {
                found.extend(page.get(text_from..begin).map(Piece::Text));
                let indent = line.get(..line.len() - rest.len()).unwrap_or_default();
                open = Some(Fence { info, lines: Vec::new(), at: number, indent });
            }
            (Some(_), Some("")) => {
                found.extend(open.take().map(Piece::Fence));
                text_from = end;
            }
            (Some(fence), _) => fence.lines.push(line.trim_end_matches('\n')),
            (None, None) => {}
        }
    }
    match open {
        Some(fence) => found.push(Piece::Fence(fence)),
        None => found.extend(page.get(text_from..).map(Piece::Text)),
    }
    found
}

/// A link: the text between brackets, and where it leads.
pub(crate) struct Link<'a> {
    /// All of it, such as `[text](target)`.
    pub(crate) whole: &'a str,
    pub(crate) text: &'a str,
    pub(crate) target: &'a str,
    pub(crate) is_image: bool,
}

/// The links of a text outside of fences; what is between backticks is not a link.
pub(crate) fn links(piece: &str) -> Vec<Link<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(middle) = piece.get(from..).and_then(|rest| rest.find("](")).map(|at| from + at)
    {
        let target_at = middle + 2;
        let Some(length) = piece.get(target_at..).and_then(|rest| rest.find(')')) else { break };
        from = target_at + length + 1;
        let Some(open) = piece.get(..middle).and_then(opening) else { continue };
        let is_image = piece.get(..open).is_some_and(|before| before.ends_with('!'));
        let within_code =
            piece.get(..open).is_some_and(|before| before.matches('`').count() % 2 == 1);
        let parts = (
            piece.get(open..from),
            piece.get(open + 1..middle),
            piece.get(target_at..target_at + length),
        );
        if let ((Some(whole), Some(text), Some(target)), false) = (parts, within_code) {
            found.push(Link { whole, text, target, is_image });
        }
    }
    found
}

/// Where the bracket is that the end of `before` closes.
fn opening(before: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, char) in before.char_indices().rev() {
        match char {
            ']' => depth += 1,
            '[' if depth == 0 => return Some(at),
            '[' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_and_code_is_not_one() {
        let line = "See [ADR 8](adr/8.md#why), ![a picture](x.png), `v[0](1)` and [`code`](y.rs).";
        let found: Vec<_> =
            links(line).iter().map(|link| (link.text, link.target, link.is_image)).collect();
        assert_eq!(
            found,
            [
                ("ADR 8", "adr/8.md#why", false),
                ("a picture", "x.png", true),
                ("`code`", "y.rs", false)
            ]
        );
    }

    #[test]
    fn a_page_is_text_and_fences() {
        let pieces = pieces("one\n\n  ```sh\n  ls\n  ```\ntwo\n");
        let fences: Vec<_> = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Fence(fence) => {
                    Some((fence.info, fence.lines.clone(), fence.at, fence.indent))
                }
                Piece::Text(_) => None,
            })
            .collect();
        assert_eq!(fences, [("sh", vec!["  ls"], 3, "  ")]);
    }
}
