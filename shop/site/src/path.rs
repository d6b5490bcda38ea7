//! Paths within the site: which may be redirected to, and how text is escaped in them.

use std::fmt::Write as _;

/// The longest path that is redirected to.
const PATH_BYTES_MAX: usize = 1024;

/// `path` if it is a page of this site: never another host, however it is written.
#[must_use]
pub fn local_path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix('/')?;
    let local = !rest.starts_with(['/', '\\'])
        && path.len() <= PATH_BYTES_MAX
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    local.then_some(path)
}

/// `text` as one segment of a path.
#[must_use]
pub fn segment(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(byte.into());
        } else {
            let _strings_take_everything = write!(path, "%{byte:02X}");
        }
        path
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_this_site_is_gone_to() {
        for good in ["/", "/products/1?x=%2F", "/search?q=a//b"] {
            assert_eq!(local_path(good), Some(good));
        }
        for bad in [
            "",
            "x",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/evil",
            "/a b",
            "/é",
        ] {
            assert_eq!(local_path(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_segment_is_one_segment() {
        assert_eq!(segment("a/b c?é"), "a%2Fb%20c%3F%C3%A9");
    }
}
