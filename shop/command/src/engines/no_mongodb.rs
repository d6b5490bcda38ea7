//! Replaces the event store over MongoDB in builds without it.

use std::{convert::Infallible, sync::Arc};

use ::store::{Append, Commit, Import, Page, Read, Reader, StoreFailure, Writer};
use async_trait::async_trait;
use kernel::{Position, Recorded, Timestamp};

/// A store that cannot be opened.
pub(crate) struct MongoStore {
    pub(crate) writer: Never,
    pub(crate) reader: Never,
}

/// There is none.
#[derive(Clone, Debug)]
pub(crate) struct Never(Infallible);

pub(crate) async fn open_mongo(_: &str) -> Result<MongoStore, StoreFailure> {
    Err(StoreFailure(super::left_out("MongoDB", "mongodb")))
}

#[async_trait]
impl Writer for Never {
    async fn commit(&mut self, _: &[Append], _: Timestamp) -> Result<Commit, StoreFailure> {
        match self.0 {}
    }

    async fn probe(&mut self) -> Result<(), StoreFailure> {
        match self.0 {}
    }
}

#[async_trait]
impl Import for Never {
    async fn import(&mut self, _: &[Arc<Recorded>]) -> Result<(), StoreFailure> {
        match self.0 {}
    }
}

#[async_trait]
impl Reader for Never {
    async fn read(&self, _: &Read) -> Result<Page, StoreFailure> {
        match self.0 {}
    }

    async fn head(&self) -> Result<Position, StoreFailure> {
        match self.0 {}
    }

    async fn position_at(&self, _: Timestamp) -> Result<Option<Position>, StoreFailure> {
        match self.0 {}
    }
}
