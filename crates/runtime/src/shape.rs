//! The shape of a read model as one number, stored with it.

/// Set in the number of a shape whose rows depend on more than the log.
const WITH_VARIANT: u32 = 1 << 31;
/// Where such a number keeps the shape, above its variant.
const VARIANT_BITS: u32 = 24;

/// A model's shape as it is stored with it: its number, and a hash of what else its rows depend on (such as a time zone), if anything.
#[must_use]
pub fn shape(number: u32, variant: u32) -> u32 {
    if variant == 0 {
        return number;
    }
    WITH_VARIANT | (number << VARIANT_BITS) | (variant & ((1 << VARIANT_BITS) - 1))
}

/// Whether a stored shape is one that this program does not know yet; any other is built again from the log.
#[must_use]
pub fn is_newer(stored: u32, ours: u32) -> bool {
    if ours & WITH_VARIANT == 0 {
        stored > ours
    } else {
        // Without the bit it was stored by 0.1.0, as a hash of everything.
        stored & WITH_VARIANT != 0 && stored >> VARIANT_BITS > ours >> VARIANT_BITS
    }
}
