//! Replaces the model in CouchDB in builds without it.

use std::sync::Arc;

use runtime::{
    ModelError,
    model::{LeftOut, Optional},
};

use super::Model;
use crate::calendar::Calendar;

/// CouchDB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engine;

impl Optional for Engine {
    const ENGINE: &'static str = "CouchDB";
    const FEATURE: &'static str = "couchdb";
    const SCHEMES: &'static [&'static str] = &["http", "https"];
    const FORMS: &'static str =
        "sqlite:FILE or http://USER:PASSWORD@HOST[:PORT]/DATABASE (CouchDB)";
}

/// No server can be named.
pub type CouchDbLocation = LeftOut<Engine>;

/// A model that cannot be opened.
#[derive(Clone, Copy, Debug)]
pub struct CouchDbModel;

impl CouchDbModel {
    /// There is nothing to open.
    #[expect(clippy::unused_async, reason = "the real one talks to a server")]
    pub async fn open(
        location: CouchDbLocation,
        _: Calendar,
    ) -> Result<Arc<dyn Model>, ModelError> {
        location.never()
    }
}
