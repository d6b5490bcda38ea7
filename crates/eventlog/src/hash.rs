//! Hashes: of a log up to a position, to be kept elsewhere; and of stream names, for the indexes.

use std::fmt;
use std::str::FromStr;

/// A BLAKE3 hash. That of a log's head covers every byte recorded before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl Hash {
    pub(crate) const ZERO: Self = Self([0; 32]);

    /// A hash from its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn of(hasher: &blake3::Hasher) -> Self {
        Self(*hasher.finalize().as_bytes())
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A position and the hash of everything up to it, written `position:hash`. Noted elsewhere, it proves later, however
/// much was appended since, that nothing before it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The last position covered: the end of a batch, or 0.
    pub position: u64,
    /// The hash of everything up to it.
    pub hash: Hash,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.position, self.hash)
    }
}

/// Text that is not a [`Mark`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a mark is written position:hash, with a hash of 64 hexadecimal digits, as `verify` prints it"
)]
pub struct NotAMark;

impl FromStr for Mark {
    type Err = NotAMark;

    fn from_str(text: &str) -> Result<Self, NotAMark> {
        let (position, digits) = text.split_once(':').ok_or(NotAMark)?;
        let position = position.parse().map_err(|_| NotAMark)?;
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NotAMark);
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let pair = digits.get(2 * index..2 * index + 2).ok_or(NotAMark)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotAMark)?;
        }
        Ok(Self { position, hash: Hash(bytes) })
    }
}

/// A stream's name in 128 bits. The hash is keyed with the log's salt; for a billion streams the chance that any two
/// share the 96 bits that the smallest table keeps is below one in 10^11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StreamKey(pub(crate) u128);

/// Makes [`StreamKey`]s.
#[derive(Debug, Clone)]
pub(crate) struct StreamHasher([u8; 32]);

impl StreamHasher {
    pub(crate) fn new(salt: &[u8; 16]) -> Self {
        Self(*blake3::hash(salt).as_bytes())
    }

    pub(crate) fn key(&self, stream: &str) -> StreamKey {
        let hash = blake3::keyed_hash(&self.0, stream.as_bytes());
        let (low, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        StreamKey(u128::from_le_bytes(*low))
    }
}
