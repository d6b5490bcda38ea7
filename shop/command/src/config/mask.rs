//! Masks passwords in values that are shown.

use std::ops::Range;

/// What is shown in place of a secret.
pub(super) const MASK: &str = "********";
/// Passwords of up to this many characters occur in ordinary words.
const SHORT_MAX: usize = 3;
/// A parameter with one of these in its name holds a secret.
const SECRET_PARAMETERS: [&str; 6] = ["pass", "pwd", "secret", "token", "key", "credential"];
/// Addresses that name a file or a folder, and so no user.
const PATHS: [&str; 3] = ["sqlite:", "log:", "file:"];

/// The value with its passwords masked.
pub(crate) fn masked(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = 0;
    for Range { start, end } in secrets(text) {
        shown.push_str(text.get(rest..start).unwrap_or_default());
        shown.push_str(MASK);
        rest = end;
    }
    shown.push_str(text.get(rest..).unwrap_or_default());
    shown
}

/// A message about a value, without the passwords in it.
pub(super) fn masked_in(said: &str, value: &str) -> String {
    let found = secrets(value).into_iter().filter_map(|range| value.get(range));
    let mut found: Vec<&str> = found.filter(|secret| !secret.is_empty()).collect();
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    found.into_iter().fold(said.to_owned(), |said, secret| without(&said, secret))
}

/// `said` without a secret. A short one is masked only as a word of its own: otherwise the password `b` would mask every `b` of a
/// message, which could not be read any more and would give the password away.
fn without(said: &str, secret: &str) -> String {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut shown = String::new();
    let mut rest = 0;
    for (at, _) in said.match_indices(secret) {
        let (before, behind) = said.split_at(at);
        let behind = behind.get(secret.len()..).unwrap_or_default();
        let stands_alone =
            !is_letter(before.chars().next_back()) && !is_letter(behind.chars().next());
        if secret.chars().count() > SHORT_MAX || stands_alone {
            shown.push_str(said.get(rest..at).unwrap_or_default());
            shown.push_str(MASK);
            rest = at + secret.len();
        }
    }
    shown.push_str(said.get(rest..).unwrap_or_default());
    shown
}

/// Whether the password of a URL ends its host early, by a character that must be written as `%..` there.
pub(super) fn is_cut_short(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // There may be several hosts, and each may have a port.
    let is_host =
        |host: &str| host.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_ok());
    let hosts = authority.starts_with('[') || authority.split(',').all(is_host);
    !hosts && !authority.contains('@') && rest.contains('@')
}

/// Where the passwords are, in order. A password may hold any character, also one that should have been written as `%..`: so that
/// of the user goes up to the last `@`, and that of a parameter up to the next `&`.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = user_password(text).into_iter().collect();
    let from = found.first().map_or(0, |password| password.end);
    let mut at = from;
    for part in text.get(from..).unwrap_or_default().split_inclusive(['?', '&', ';', '#', ' ']) {
        let start = at;
        at += part.len();
        let Some((name, _)) = part.split_once('=') else { continue };
        let value = start + name.len() + 1;
        if found.last().is_some_and(|last| value < last.end) || !is_secret(name) {
            continue;
        }
        let end = text.get(value..).and_then(|rest| rest.find('&'));
        found.push(value..end.map_or(text.len(), |end| value + end));
    }
    found
}

/// Where the user's password is in `scheme://user:password@host`, or in what was meant to be that.
fn user_password(text: &str) -> Option<Range<usize>> {
    if PATHS.iter().any(|scheme| text.starts_with(scheme)) {
        return None;
    }
    let end = text.rfind('@')?;
    let user = text.find("://").map_or(0, |scheme| scheme + "://".len());
    let colon = text.get(user..end)?.find(':')?;
    Some(user + colon + 1..end)
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.chars().all(plain) && SECRET_PARAMETERS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        for (text, shown) in [
            ("redis://:pass@host:1/0", "redis://:********@host:1/0"),
            ("redis://:@host", "redis://:********@host"),
            ("postgres://me:p@ss@host/shop", "postgres://me:********@host/shop"),
            ("postgres://me:a/b@host/shop", "postgres://me:********@host/shop"),
            ("postgres://me:a?b#c/d@e@host/shop", "postgres://me:********@host/shop"),
            ("amqp://me@host/shop", "amqp://me@host/shop"),
            ("amqp:me:pass@host/shop", "amqp:********@host/shop"),
            ("me:pass@host", "me:********@host"),
            ("mongodb://me:pass@a:1,b:2/x?w=1", "mongodb://me:********@a:1,b:2/x?w=1"),
            (
                "postgres://host/x?user=me&password=a#b;c&y=1",
                "postgres://host/x?user=me&password=********&y=1",
            ),
            (
                "postgres://me:p@host/x?sslPassword=q",
                "postgres://me:********@host/x?sslPassword=********",
            ),
            ("host=here password=hush", "host=here password=********"),
            ("http://host/books?a=b", "http://host/books?a=b"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("sqlite:./a:b@c.db", "sqlite:./a:b@c.db"),
            ("127.0.0.0/8, ::1", "127.0.0.0/8, ::1"),
            ("info,order=debug", "info,order=debug"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn what_is_said_of_a_value_does_not_repeat_its_password() {
        let said = masked_in("no parameter \"a\": p?a=b@ is odd", "redis://:p?a=b@host");
        assert_eq!(said, "no parameter \"a\": ********@ is odd");
        assert_eq!(masked_in("no port", "amqp://me@host"), "no port");
        let said = masked_in("hush, hushed: no hush", "amqp://me:hush@host");
        assert_eq!(said, "********, ********ed: no ********");
    }

    #[test]
    fn a_short_password_does_not_garble_what_is_said() {
        let said = "needs RabbitMQ: build it with rabbitmq";
        assert_eq!(masked_in(said, "amqp://a:b@host"), said);
        assert_eq!(
            masked_in("a:b@host: b is odd", "amqp://a:b@host"),
            "a:********@host: ******** is odd"
        );
    }

    #[test]
    fn a_password_that_ends_the_host_is_found() {
        for cut in ["amqp://me:a/b@host/x", "redis://:p?q@host", "mongodb://me:p#q@host/x"] {
            assert!(is_cut_short(cut), "{cut}");
        }
        for whole in [
            "amqp://me:ab@host/x",
            "redis://host:6379/0?prefix=a@b",
            "mongodb://a:1,b/x?y=a@b",
            "http://[::1]:5984/x@y",
            "sqlite:./a/b:c@d",
            "memory:",
        ] {
            assert!(!is_cut_short(whole), "{whole}");
        }
    }
}
