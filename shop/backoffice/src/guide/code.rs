//! The lines of code that a step of the tour is about, cut from the sources when the program is built: they cannot go stale.

/// What stands between `ANCHOR: name` and `ANCHOR_END: name` in a source.
pub(crate) struct Code {
    /// From the workspace's folder.
    pub(crate) file: &'static str,
    pub(crate) anchor: &'static str,
    source: &'static str,
    /// What these lines do.
    pub(crate) does: &'static str,
}

impl Code {
    pub(crate) const fn new(
        file: &'static str,
        anchor: &'static str,
        source: &'static str,
        does: &'static str,
    ) -> Self {
        Self { file, anchor, source, does }
    }

    /// The whole file.
    pub(crate) fn source(&self) -> &'static str {
        self.source
    }

    /// The line on which they begin, and they themselves, moved to the left.
    pub(crate) fn excerpt(&self) -> Option<(usize, String)> {
        let marker = |line: &str, is: &str| line.trim().strip_prefix(is) == Some(self.anchor);
        let lines = || self.source.lines();
        let begin = lines().position(|line| marker(line, "// ANCHOR: "))? + 1;
        let end = lines().position(|line| marker(line, "// ANCHOR_END: "))?;
        let inside = lines().take(end).skip(begin);
        let inside: Vec<&str> = inside.filter(|line| !line.contains("// ANCHOR")).collect();
        let indent = |line: &str| line.len() - line.trim_start().len();
        let written = inside.iter().filter(|line| !line.trim().is_empty());
        let least = written.map(|line| indent(line)).min()?;
        let moved: Vec<&str> = inside.iter().map(|line| line.get(least..).unwrap_or("")).collect();
        Some((begin + 1, moved.join("\n")))
    }
}

/// Lines of a file of the workspace, by its path and the name of their markers.
macro_rules! code {
    ($file:literal, $anchor:literal, $does:literal) => {
        Code::new($file, $anchor, include_str!(concat!("../../../../", $file)), $does)
    };
}
pub(super) use code;
