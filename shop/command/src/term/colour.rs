//! Colours, where the user wants them: on a terminal, unless `NO_COLOR`; anywhere, with `CLICOLOR_FORCE`.

use std::{
    env, fmt,
    io::{self, IsTerminal as _},
    sync::LazyLock,
};

/// How a word stands out. Everything can be read without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Bold,
    Dim,
    Good,
    Bad,
    Warning,
    Name,
}

static OUTPUT: LazyLock<bool> = LazyLock::new(|| wanted(&variable, io::stdout().is_terminal()));

/// The text of a result, in this colour where colours are wanted.
pub(crate) fn paint(colour: Colour, text: impl fmt::Display) -> String {
    if !*OUTPUT {
        return text.to_string();
    }
    let code = match colour {
        Colour::Bold => "1",
        Colour::Dim => "2",
        Colour::Good => "32",
        Colour::Bad => "31",
        Colour::Warning => "33",
        Colour::Name => "36",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// Whether what is written to standard error is coloured.
pub(crate) fn colours_errors() -> bool {
    wanted(&variable, io::stderr().is_terminal())
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// <https://no-color.org> and <https://bixense.com/clicolors>.
fn wanted(variable: &dyn Fn(&str) -> Option<String>, is_terminal: bool) -> bool {
    let is = |name: &str, value: &str| variable(name).is_some_and(|given| given == value);
    if variable("NO_COLOR").is_some() {
        return false;
    }
    if variable("CLICOLOR_FORCE").is_some() && !is("CLICOLOR_FORCE", "0") {
        return true;
    }
    is_terminal && !is("CLICOLOR", "0") && !is("TERM", "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_decides_about_colours() {
        let decides = |variables: &[(&str, &str)], is_terminal| {
            let given = |name: &str| {
                let found = variables.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            wanted(&given, is_terminal)
        };
        assert!(decides(&[], true) && !decides(&[], false));
        assert!(decides(&[("CLICOLOR_FORCE", "1")], false));
        assert!(!decides(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!decides(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true));
        assert!(!decides(&[("TERM", "dumb")], true) && !decides(&[("CLICOLOR", "0")], true));
    }
}
