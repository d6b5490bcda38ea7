//! Parameters packed into tuples: what belongs together is a struct with named fields, and what does not is a parameter of its own.

use std::{fs, path::Path};

use super::tokens::{is_word, tokens};
use crate::files;

/// Every function below a folder's `src` that packs parameters into a tuple.
pub(super) fn check(root: &Path, folder: &str) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for path in files::sources(&root.join(folder))? {
        let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
        if !name.contains("/src/") {
            continue;
        }
        for function in packed(&tokens(&fs::read_to_string(&path)?)) {
            faults.push(format!(
                "{name}: {function} packs parameters into a tuple: give them names, or make a struct of them"
            ));
        }
    }
    Ok(faults)
}

/// The functions with a parameter of the form `(a, b): (A, B)` or `ab: (A, B)`. What a trait of the standard library asks for, `from`,
/// is not meant.
fn packed(tokens: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let name = tokens.get(at + 1).filter(|name| token == "fn" && name.starts_with(is_word));
        let Some(name) = name else { continue };
        let parameters = parameters(tokens.get(at + 2..).unwrap_or_default());
        if name != "from" && parameters.iter().any(|parameter| is_packed(parameter)) {
            found.push(name.clone());
        }
    }
    found
}

/// The parameters of the function whose name these tokens follow.
fn parameters(tokens: &[String]) -> Vec<&[String]> {
    let mut found = Vec::new();
    let (mut depth, mut open, mut begin) = (0_usize, None, 0);
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let is_arrow = token == ">" && before.is_some_and(|before| before == "-" || before == "=");
        match token.as_str() {
            "(" if depth == 0 => {
                (open, begin, depth) = (Some(at), at + 1, 1);
            }
            "(" | "[" | "{" | "<" => depth += 1,
            ")" if open.is_some() && depth == 1 => {
                found.push(tokens.get(begin..at).unwrap_or_default());
                return found;
            }
            ")" | "]" | "}" | ">" if !is_arrow => depth = depth.saturating_sub(1),
            "," if open.is_some() && depth == 1 => {
                found.push(tokens.get(begin..at).unwrap_or_default());
                begin = at + 1;
            }
            "," | ":" | ";" if open.is_none() && depth == 0 => return found,
            _ => {}
        }
    }
    found
}

/// Whether a parameter is a tuple: its pattern or its type is a parenthesis with a comma between its own parts.
fn is_packed(parameter: &[String]) -> bool {
    let plain: Vec<&str> =
        parameter.iter().map(String::as_str).skip_while(|token| *token == "mut").collect();
    let (["(", inner @ ..] | [_, ":", "(", inner @ ..]) = plain.as_slice() else { return false };
    let mut depth = 0_usize;
    for token in inner {
        match *token {
            "(" | "[" | "{" | "<" => depth += 1,
            ")" if depth == 0 => return false,
            ")" | "]" | "}" | ">" => depth = depth.saturating_sub(1),
            "," if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str) -> Vec<String> {
        packed(&tokens(source))
    }

    #[test]
    fn a_tuple_in_place_of_parameters_is_found() {
        let plain = "fn one((a, b): (A, B)) {} fn two(x: u8, (a, mut b): (A, B)) -> C {}";
        assert_eq!(of(plain), ["one", "two"]);
        let typed = "impl X { pub(crate) async fn three<F: Fn(A) -> B>(&self, _: (&str, Vec<(A, B)>), f: F) {} }";
        assert_eq!(of(typed), ["three"]);
        assert_eq!(of("fn four(\n    mut ab: (\n    A,\n    B,\n    ),\n)"), ["four"]);
    }

    #[test]
    fn tuples_within_a_type_and_in_a_result_are_fine() {
        for fine in [
            "fn a(x: &[(A, B)], y: Vec<(A, B)>, f: impl Fn((A, B)) -> (C, D)) -> (E, F) {}",
            "fn b(x: (), y: (dyn Fn(A, B) + Send)) { |(a, b): (A, B)| a }",
            "impl From<(A, B)> for C { fn from((a, b): (A, B)) -> C {} }",
            "let f: fn(A, (B, C)) = g; // fn d((a, b): (A, B))",
        ] {
            assert!(of(fine).is_empty(), "{fine}: {:?}", of(fine));
        }
    }
}
