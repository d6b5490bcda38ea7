//! Values as PostgreSQL takes them.

/// One column of several rows.
pub(super) fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// A position or a number as PostgreSQL counts; what a caller made up may be beyond that, and then stands behind all there are.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
