//! Unicode normalization of texts: as they are stored, compared and searched.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The text with every letter written one way (NFC): what is typed as `e` and an accent becomes `é`.
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// What names are compared by: one Unicode form, whatever their case.
#[must_use]
pub fn caseless(name: &str) -> String {
    nfc(name).chars().flat_map(small).nfc().collect()
}

/// A text to search in or for: whatever its case, accents, width and Unicode form. A part of a text, at the borders of letters,
/// is a part of its searchable text too. Line breaks and tabs become spaces, invisible characters are left out.
#[must_use]
pub fn searchable(text: &str) -> String {
    if text.is_ascii() {
        return text.chars().map(|character| spaced(character.to_ascii_lowercase())).collect();
    }
    let letters = text.nfkd().flat_map(small).filter(|character| !is_accent(*character));
    let seen = letters.filter(|character| !is_invisible(*character));
    seen.map(spaced).nfc().collect()
}

/// Whether a character shows nothing by itself: it joins, separates, turns or tags others, or is a blank that looks like none.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

fn small(character: char) -> impl Iterator<Item = char> {
    // Sigma alone has two small forms.
    character.to_lowercase().map(|small| if small == 'ς' { 'σ' } else { small })
}

/// Marks over and under the letters of Europe's alphabets. Those of other scripts make another letter.
fn is_accent(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}')
}

fn spaced(character: char) -> char {
    if matches!(character, '\n' | '\r' | '\t' | '\u{a0}') { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPOSED: &str = "caf\u{e9}";
    const DECOMPOSED: &str = "cafe\u{301}";

    #[test]
    fn both_unicode_forms_are_one_text() {
        assert_eq!(nfc(DECOMPOSED), COMPOSED);
        assert_eq!(caseless("CAFE\u{301}"), caseless(COMPOSED));
        assert_eq!(caseless("ΣΑΣ"), caseless("σας"));
        assert_ne!(caseless("cafe"), caseless(COMPOSED), "an accent makes another name");
    }

    #[test]
    fn a_search_sees_neither_accents_nor_case_nor_width() {
        for text in [COMPOSED, DECOMPOSED, "CAFÉ", "ｃａｆé", "ca\u{ad}f\u{200b}e"] {
            assert_eq!(searchable(text), "cafe", "{text:?}");
        }
        assert_eq!(searchable("İstanbul\nÄ\tß"), "istanbul a ß");
        assert_eq!(searchable("한국 が"), "한국 が", "other scripts keep their letters");
    }
}
