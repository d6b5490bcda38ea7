//! Randomness from the operating system, for what must not be guessed or must not repeat.

/// A seed for the generator that ids and passwords are drawn from.
///
/// # Panics
/// If the operating system has no randomness to give, without which nothing here is safe.
pub(crate) fn os_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("the OS random generator works");
    seed
}

/// A name for one run of a tool; idempotency keys begin with it.
pub(crate) fn run_id() -> String {
    format!("{:016x}", u64::from_be_bytes(kernel::Ids::from_seed(os_seed()).bytes()))
}

/// A random password that does not need to be known.
pub(crate) fn password() -> String {
    format!("{:032x}", u128::from_be_bytes(kernel::Ids::from_seed(os_seed()).bytes()))
}
