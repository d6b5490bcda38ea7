//! Texts as fields of requests: of bounded length, in one Unicode form, with nothing in them that a reader cannot see.

use std::{borrow::Cow, fmt, ops::Deref, ops::RangeInclusive};

use kernel::text::{is_invisible, nfc};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// A line without control and invisible characters, as a JSON Schema pattern: stricter than [`Text`], which lets joiners through
/// where a script or an emoji needs them.
const ONE_LINE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\
                        \\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\
                        \u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]*$";
/// A text of several lines, as a JSON Schema pattern.
const SEVERAL_LINES: &str =
    r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e\ufff9-\ufffb]*$";

/// A text of `MIN` to `MAX` characters in one line, kept in Unicode's form NFC.
///
/// As a field of a request it refuses control characters and those that cannot be seen with 422, and documents its bounds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize, const LINES: bool = false>(String);

/// A text that may have several lines, separated by `\n` however they were sent, and tabs.
///
/// It may hold what joins and separates letters, but nothing that turns the direction of the text around it.
pub type Prose<const MIN: usize, const MAX: usize> = Text<MIN, MAX, true>;

impl<const MIN: usize, const MAX: usize, const LINES: bool> Text<MIN, MAX, LINES> {
    /// Takes `text` if it is valid, else returns the rule that it breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, String> {
        let mut text = text.into();
        let fault = if LINES {
            if text.contains('\r') {
                text = text.replace("\r\n", "\n").replace('\r', "\n");
            }
            prose_fault(&text)
        } else {
            line_fault(&text)
        };
        match fault.or_else(|| length_fault(&text, &(MIN..=MAX))) {
            Some(fault) => Err(fault),
            None => Ok(Self(match nfc(&text) {
                Cow::Borrowed(_) => text,
                Cow::Owned(composed) => composed,
            })),
        }
    }

    /// The text, normalized (NFC).
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MIN: usize, const MAX: usize, const LINES: bool> Deref for Text<MIN, MAX, LINES> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize, const LINES: bool> fmt::Display for Text<MIN, MAX, LINES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const MIN: usize, const MAX: usize, const LINES: bool> Deserialize<'de>
    for Text<MIN, MAX, LINES>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<const MIN: usize, const MAX: usize, const LINES: bool> PartialSchema
    for Text<MIN, MAX, LINES>
{
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(MIN))
            .max_length(Some(MAX))
            .pattern(Some(if LINES { SEVERAL_LINES } else { ONE_LINE }))
            .into()
    }
}

impl<const MIN: usize, const MAX: usize, const LINES: bool> ToSchema for Text<MIN, MAX, LINES> {
    fn name() -> Cow<'static, str> {
        let kind = if LINES { "Prose" } else { "Text" };
        Cow::Owned(format!("{kind}{MIN}To{MAX}"))
    }
}

/// What is wrong with a line of that many characters, if anything.
pub(super) fn text_fault(text: &str, characters: &RangeInclusive<usize>) -> Option<String> {
    line_fault(text).or_else(|| length_fault(text, characters))
}

/// Characters of a line that have no place in it.
fn line_fault(text: &str) -> Option<String> {
    if text.chars().any(char::is_control) {
        return Some("must not contain control characters".to_owned());
    }
    if text.is_ascii() {
        return None;
    }
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if is_invisible(character) && !joins(before, character, characters.peek().copied()) {
            let code = u32::from(character);
            return Some(format!("must not contain invisible characters (U+{code:04X})"));
        }
        before = Some(character);
    }
    None
}

/// Whether an invisible character does between its neighbours what it is made for: joiners within words of scripts that write
/// with them, and the parts of an emoji.
fn joins(before: Option<char>, character: char, after: Option<char>) -> bool {
    let Some(before) = before else { return false };
    // From Arabic to Mongolian: every script that joins letters is there.
    let letter = |other: char| {
        matches!(other, '\u{600}'..='\u{18af}' | '\u{a840}'..='\u{abff}' | '\u{10a00}'..='\u{11fff}')
            && !is_invisible(other)
    };
    let picture = |other: char| matches!(other, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' | '\u{fe0f}');
    match character {
        '\u{200c}' => letter(before) && after.is_some_and(letter),
        '\u{200d}' => letter(before) || (picture(before) && after.is_some_and(picture)),
        // How a sign is drawn: as a picture or as text.
        '\u{fe0e}' | '\u{fe0f}' => {
            !is_invisible(before) && !before.is_alphabetic() && before != ' '
        }
        // The flags of England, Scotland and Wales.
        '\u{e0020}'..='\u{e007f}' => matches!(before, '\u{1f3f4}' | '\u{e0020}'..='\u{e007e}'),
        // A variant of an ideograph.
        '\u{e0100}'..='\u{e01ef}' => {
            matches!(before, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
        }
        _ => false,
    }
}

/// Characters of a longer text that have no place in it.
fn prose_fault(text: &str) -> Option<String> {
    if text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\t')) {
        return Some(
            "must not contain control characters other than line breaks and tabs".to_owned(),
        );
    }
    let turns =
        |character: &char| matches!(character, '\u{2028}'..='\u{202e}' | '\u{fff9}'..='\u{fffb}');
    let found = u32::from(text.chars().find(turns)?);
    Some(format!("must not contain characters that change the text's direction (U+{found:04X})"))
}

fn length_fault(text: &str, characters: &RangeInclusive<usize>) -> Option<String> {
    // Counting stops early: a long text is not walked to its end to be refused.
    let count = text.chars().take(characters.end() + 1).count();
    if characters.contains(&count) {
        return None;
    }
    Some(match (characters.start(), characters.end()) {
        (0, end) => format!("must have at most {end} characters"),
        (start, end) => format!("must have {start} to {end} characters"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<String, String> {
        Text::<1, 20>::parse(text).map(Text::into_string)
    }

    fn prose(text: &str) -> Result<String, String> {
        Prose::<0, 20>::parse(text).map(Text::into_string)
    }

    #[test]
    fn a_line_is_kept_in_one_unicode_form() {
        assert_eq!(line("cafe\u{301}"), Ok("caf\u{e9}".to_owned()));
        assert_eq!(line("Å"), line("A\u{30a}"));
    }

    #[test]
    fn a_line_holds_nothing_that_cannot_be_seen() {
        for (text, code) in [
            ("adm\u{200b}in", "U+200B"),
            ("evil\u{202e}gpj.exe", "U+202E"),
            ("\u{feff}name", "U+FEFF"),
            ("a\u{200d}b", "U+200D"),
            ("\u{200c}می", "U+200C"),
            ("می\u{200c}", "U+200C"),
            ("so\u{ad}ap", "U+00AD"),
            ("a\u{2066}b\u{2069}", "U+2066"),
            ("a\u{2028}b", "U+2028"),
            ("a\u{fe0f}", "U+FE0F"),
            ("\u{3164}", "U+3164"),
            ("a\u{e0041}", "U+E0041"),
        ] {
            let expected = format!("must not contain invisible characters ({code})");
            assert_eq!(line(text), Err(expected), "{text:?}");
        }
        assert!(line("a\nb").is_err_and(|fault| fault.contains("control")));
    }

    #[test]
    fn scripts_and_emoji_that_need_joiners_keep_them() {
        for text in [
            "می\u{200c}خواهم",
            "ക\u{d4d}\u{200d}",
            "👩\u{200d}🚀",
            "❤\u{fe0f}\u{200d}🔥",
            "1\u{fe0f}\u{20e3}",
        ] {
            assert_eq!(line(text).as_deref(), Ok(text));
        }
        let wales = "🏴\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}";
        assert_eq!(line(wales).as_deref(), Ok(wales));
    }

    #[test]
    fn prose_has_lines_and_tabs() {
        assert_eq!(prose("one\r\ntwo\rthree\n\tfour"), Ok("one\ntwo\nthree\n\tfour".to_owned()));
        assert_eq!(prose("e\u{301}\u{200b}"), Ok("\u{e9}\u{200b}".to_owned()));
        assert!(prose("a\u{0}b").is_err_and(|fault| fault.contains("control")));
        assert!(prose("a\u{202e}b").is_err_and(|fault| fault.contains("U+202E")));
        assert!(prose(&"x".repeat(21)).is_err_and(|fault| fault.contains("at most 20")));
    }
}
