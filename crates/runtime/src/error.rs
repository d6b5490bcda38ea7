//! Why a read model cannot be used, or why a text does not name one.

use rusqlite::{ErrorCode, ffi};
use thiserror::Error;

/// The engine behind a read model failed.
#[derive(Debug, Error)]
pub enum ModelError {
    /// An SQLite error other than damage, such as a full disk.
    #[error("the read model's database failed: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// Its file is not, or no longer, a whole database.
    #[error("the read model's database is damaged: {0}")]
    Damaged(#[source] rusqlite::Error),
    /// A change can never be made.
    #[error("the change cannot be applied: {0}")]
    Unfit(String),
    /// It does not answer now, and may later.
    #[error("the read model's database is not responding: {0}")]
    Unavailable(String),
    /// More long queries are asked for than can be run in time.
    #[error("too many queries of the read model at once")]
    Busy,
    /// Another instance has moved the checkpoint.
    #[error("another instance projects into the read model")]
    Stale,
    /// The server responds and denies access: the settings are wrong.
    #[error("{0}")]
    Refused(String),
    /// Anything else that fails a call.
    #[error("the read model's database failed: {0}")]
    Other(String),
}

impl From<rusqlite::Error> for ModelError {
    fn from(error: rusqlite::Error) -> Self {
        if is_damage(&error) { Self::Damaged(error) } else { Self::Sqlite(error) }
    }
}

/// Whether an error means that the file is not, or no longer, a whole database; any other may pass by itself.
fn is_damage(error: &rusqlite::Error) -> bool {
    let damage = [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase];
    // The log beside the file ends before what was written there.
    let is_short = error
        .sqlite_error()
        .is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_SHORT_READ);
    is_short || error.sqlite_error_code().is_some_and(|code| damage.contains(&code))
}

/// Why a text is not the location of a read model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LocationError {
    /// Unknown URL scheme; the valid forms are named here.
    #[error("this read model can be at {0}")]
    Scheme(&'static str),
    /// Not the address of a server, and why not.
    #[error("{0}")]
    Url(String),
    /// Its engine was left out of this build; how to add it.
    #[error("{0}")]
    LeftOut(String),
}
