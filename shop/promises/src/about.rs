//! What promises are about.

/// What a broken promise is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The places of events, and that a cause has one effect.
    Log,
    /// What there is of products.
    Stock,
    /// What customers may spend.
    Money,
    /// How orders end, and their invoices.
    Orders,
}
