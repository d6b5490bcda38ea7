//! Values of flags that are checked as they are read.

/// A flag's value that is a count of at least one.
pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("is not a whole number of at least 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

/// A flag's value that is a number above zero.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0 && number.is_finite());
    number.ok_or_else(|| "is not a number above 0".to_owned())
}

/// A flag's value that is a number of at least zero.
pub(crate) fn not_negative(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| *number >= 0.0 && number.is_finite());
    number.ok_or_else(|| "is not a number of at least 0".to_owned())
}

/// A flag's value that is a share of the whole.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "is not a share from 0 to 1".to_owned())
}
