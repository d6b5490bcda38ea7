//! The platform knows nothing of a shop: its words occur nowhere in `crates/`, neither in code nor in comments nor in names of files.

use std::path::Path;

use crate::files;

/// Words of the shop and its name, in the singular and small.
const WORDS: [&str; 10] = [
    "accounting",
    "agora",
    "backoffice",
    "catalogue",
    "customer",
    "invoice",
    "manager",
    "product",
    "shop",
    "storefront",
];

/// What stays all the same: the file, what its line contains, and why. Data formats have to keep their bytes.
const KEPT: &[(&str, &str, &str)] = &[
    (
        "crates/web/src/idempotency.rs",
        "agora chassis idempotency v1",
        "the digests of idempotency keys in every log rest on it",
    ),
    (
        "crates/runtime/src/model/sqlite/mark.rs",
        "agora read model 2026 application id",
        "the application id of every read model rests on it",
    ),
    (
        "crates/runtime/src/model/sqlite/beside.rs",
        "agora ",
        "the notes beside read models begin with it",
    ),
    (
        "crates/eventlog/tests/it/released.rs",
        "\"order-1\"",
        "the log that version 0.1.0 left has this stream",
    ),
    ("crates/agora/src/model/postgres/server.rs", "Manager", "the pool of connections says so"),
];

/// The front door of the platform has the product's name, and so it stands where that crate is spoken of.
const FRONT_DOOR: (&str, [&str; 2]) = ("agora", ["crates/agora/", "crates/testkit/"]);

/// Every place of a word of the shop below `crates`, with file and line.
pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for path in files::below(&root.join("crates"))? {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let (product, doors) = FRONT_DOOR;
        let is_own = |word: &String| word == product && doors.iter().any(|at| name.starts_with(at));
        if let Some(word) = word_in(&name).filter(|word| !is_own(word)) {
            faults.push(format!("{name}: {word:?} in its name belongs to the shop"));
        }
        // Kept logs of earlier versions are not text.
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = word_in(line).filter(|word| !is_own(word) && !is_kept(&name, line))
            {
                let number = number + 1;
                faults.push(format!("{name}:{number}: {word:?} belongs to the shop"));
            }
        }
    }
    Ok(faults)
}

fn is_kept(file: &str, line: &str) -> bool {
    KEPT.iter().any(|(in_file, text, _why)| *in_file == file && line.contains(text))
}

/// The first word of the shop in a line.
fn word_in(line: &str) -> Option<String> {
    let mut words = words(line);
    let of_the_shop = |(_, word): &(usize, String)| {
        let singular = word.strip_suffix('s').unwrap_or(word);
        WORDS.contains(&word.as_str()) || WORDS.contains(&singular)
    };
    words.find(of_the_shop).map(|(_, word)| word).or_else(|| order(line))
}

/// An order that a customer places; the order of things is another word.
fn order(line: &str) -> Option<String> {
    words(line).find(|(at, word)| is_order(line, *at, word)).map(|(_, word)| word)
}

fn is_order(line: &str, at: usize, word: &str) -> bool {
    let (before, after) = (line.get(..at).unwrap_or(""), line.get(at + word.len()..).unwrap_or(""));
    let is_letter_at = |at: usize| after.chars().nth(at).is_some_and(char::is_alphabetic);
    let after_a_word = ["an ", "every ", "placed ", "place_", "s "].iter();
    match word {
        "orders" => true,
        "order" => {
            before.ends_with(['"', '/'])
                || after.starts_with('-')
                || (after.starts_with('.') && is_letter_at(1))
                || after.starts_with("_id")
                // One of several words in a name of capitals, such as PlaceOrder or OrderId.
                || before.ends_with(char::is_alphabetic)
                || is_letter_at(0)
                || after_a_word.clone().take(4).any(|word| before.ends_with(word))
        }
        _ => false,
    }
}

/// The words of a line in small letters, each with where it begins: `PlaceOrder` and `place_order` are two each.
fn words(line: &str) -> impl Iterator<Item = (usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut last = ' ';
    for (at, char) in line.char_indices() {
        if char.is_alphabetic() {
            let begins = !last.is_alphabetic() || (char.is_uppercase() && last.is_lowercase());
            if begins {
                found.push((at, String::new()));
            }
            if let Some((_, word)) = found.last_mut() {
                word.extend(char.to_lowercase());
            }
        }
        last = char;
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_shop_are_found_in_code_names_and_prose() {
        for line in [
            "struct CustomerId(Uuid);",
            "let shops = 3;",
            "//! What the Agora does.",
            "\"order-1\"",
            "\"order.placed\"",
            "routes: /order",
            "struct PlaceOrder;",
            "struct OrderId;",
            "fn place_order()",
            "/// Of an order.",
            "for all orders",
            "AGORA_POSITION",
        ] {
            assert!(word_in(line).is_some(), "{line}");
        }
        for line in [
            "in production they reproduce it",
            "workshop",
            "in the order of the log",
            "impl Ord for X { fn cmp() -> Ordering }",
            "in_order",
            "no particular order.",
            "ordering",
        ] {
            assert_eq!(word_in(line), None, "{line}");
        }
    }
}
