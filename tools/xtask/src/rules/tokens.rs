//! The tokens of a source, as far as the rules tell them apart.

/// Whether a character can be part of a word.
pub(super) fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Words, `::` and single signs; neither comments nor texts.
pub(super) fn tokens(source: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) {
            rest.find(|char| !is_word(char)).unwrap_or(rest.len())
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("'\"'") {
            3
        } else if first == '"' {
            let hashes = tokens.iter().rev().take_while(|token| *token == "#").count();
            let before = tokens.len().checked_sub(hashes + 1).and_then(|at| tokens.get(at));
            let raw = before.is_some_and(|token| token == "r" || token == "br");
            text_length(rest, raw.then_some(hashes))
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, further) = rest.split_at(length);
        let is_code = is_word(first) || token == "::" || token.len() == first.len_utf8();
        if is_code && !first.is_whitespace() {
            tokens.push(token.to_owned());
        }
        rest = further;
    }
    tokens
}

/// The length of a text with its quotes; a raw one ends with as many hashes as it began with.
fn text_length(text: &str, hashes: Option<usize>) -> usize {
    let Some(hashes) = hashes else {
        let mut escaped = false;
        let mut chars = text.char_indices().skip(1);
        let end = chars.find(|(_, char)| {
            let ends = *char == '"' && !escaped;
            escaped = *char == '\\' && !escaped;
            ends
        });
        return end.map_or(text.len(), |(at, _)| at + 1);
    };
    let end = format!("\"{}", "#".repeat(hashes));
    let inner = text.get(1..).unwrap_or("");
    inner.find(&end).map_or(text.len(), |at| 1 + at + end.len())
}
