//! Texts as words, as they are indexed and looked for.

use kernel::text::searchable;

/// The words of a text, in order, whatever their case and accents: letters, or digits, without anything between them. `500g` is
/// two words, as `500 g` is. Scripts that write without spaces, and pictures, are a word per character.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut before) = (Vec::new(), String::new(), Kind::Gap);
    let mut end = |word: &mut String| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for character in searchable(text).chars() {
        let kind = Kind::of(character);
        if kind == Kind::Joint {
            continue;
        }
        if kind != before || kind == Kind::Alone {
            end(&mut word);
        }
        if kind != Kind::Gap {
            plain(character, &mut word);
        }
        before = kind;
    }
    end(&mut word);
    words
}

/// The words of a name that say what it is, the last of them most of all: those before its details, such as a size.
#[must_use]
pub fn head(name: &str) -> Vec<String> {
    let end = name.find([',', ':', ';', '(', '[']).or_else(|| name.find(" - "));
    let mut head = words(name.get(..end.unwrap_or(name.len())).unwrap_or(name));
    let numbered = head.iter().position(|word| is_number(word)).unwrap_or(head.len());
    if numbered > 0 {
        head.truncate(numbered);
    }
    head
}

/// A code as one word: `T-1` is `t1`.
#[must_use]
pub fn code(text: &str) -> String {
    words(text).concat()
}

/// Whether a word has digits only. Numbers are never meant by other words, nor looked for within them.
#[must_use]
pub fn is_number(word: &str) -> bool {
    word.chars().all(|character| Kind::of(character) == Kind::Digit)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Digit,
    /// A word by itself.
    Alone,
    /// Within a word, but no part of it, as in `Reese's`.
    Joint,
    Gap,
}

impl Kind {
    fn of(character: char) -> Self {
        match character {
            'a'..='z' => Self::Letter,
            '0'..='9' => Self::Digit,
            '\'' | '’' => Self::Joint,
            '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{20000}'..='\u{2fa1f}'
            | '\u{2190}'..='\u{2bff}'
            | '\u{1f000}'..='\u{1faff}' => Self::Alone,
            other if other.is_numeric() => Self::Digit,
            other if other.is_alphanumeric() => Self::Letter,
            _ => Self::Gap,
        }
    }
}

/// Letters that are no accented form of another, as they are typed where a keyboard lacks them.
fn plain(letter: char, word: &mut String) {
    match letter {
        'ß' => word.push_str("ss"),
        'æ' => word.push_str("ae"),
        'œ' => word.push_str("oe"),
        'þ' => word.push_str("th"),
        'ø' => word.push('o'),
        'ł' => word.push('l'),
        'đ' | 'ð' => word.push('d'),
        'ı' => word.push('i'),
        other => word.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_neither_case_nor_accents_nor_signs() {
        for (text, expected) in [
            ("Crème Brûlée, 2 × 100g", "creme brulee 2 100 g"),
            ("Jalapeño-Käse/Straße", "jalapeno kase strasse"),
            ("Reese's Smørrebrød", "reeses smorrebrod"),
            ("茶壺 Tee", "茶 壺 tee"),
            (" - !", ""),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn the_head_of_a_name_comes_before_its_details() {
        for (name, expected) in [
            ("Whole Milk, 1 l", "whole milk"),
            ("Bbq Sauce 42 OZ PLST", "bbq sauce"),
            ("7 Up", "7 up"),
            ("Book: One Pot", "book"),
        ] {
            assert_eq!(head(name).join(" "), expected, "{name}");
        }
    }
}
