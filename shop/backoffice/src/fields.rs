//! The fields of a product's form.

/// What managers change of a product, beside its stock.
pub(crate) const TEXTS: [&str; 5] = ["Name", "Description", "Supplier", "CategoryId", "Price"];

/// Browsers send lines with two characters at their ends, whatever they were given.
pub(crate) fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}
