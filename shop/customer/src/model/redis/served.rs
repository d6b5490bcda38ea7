//! The generations of the model: a prefix each, and their record under a key beside the first one.

use async_trait::async_trait;
use runtime::{
    ModelError,
    model::{Relocatable, Served},
};
use uuid::Uuid;

use super::{RedisModel, Server};
use crate::model::{Credentials, Customer, CustomerQuery, Model};

#[async_trait]
impl Relocatable for RedisModel {
    fn beside(&self, number: u32) -> Result<Self, ModelError> {
        Ok(Self { server: Server::new(self.server.location().generation(number))? })
    }

    async fn record(&self) -> Result<Option<String>, ModelError> {
        self.server.run(&self.server.scripts.record, &[]).await
    }

    async fn replace_record(&self, seen: Option<&str>, next: &str) -> Result<bool, ModelError> {
        let args = [seen.unwrap_or_default().as_bytes(), next.as_bytes()];
        let replaced: u8 = self.server.run(&self.server.scripts.record, &args).await?;
        Ok(replaced == 1)
    }

    async fn remove(&self) -> Result<(), ModelError> {
        self.server.remove().await
    }
}

/// What serves answers.
#[async_trait]
impl Model for Served<RedisModel> {
    async fn customer(&self, id: Uuid) -> Result<Option<Customer>, ModelError> {
        self.current().await?.customer(id).await
    }

    async fn credentials(&self, id: Uuid) -> Result<Option<Credentials>, ModelError> {
        self.current().await?.credentials(id).await
    }

    async fn customers(&self, query: CustomerQuery) -> Result<Vec<Customer>, ModelError> {
        self.current().await?.customers(query).await
    }

    async fn count_customers(&self, query: CustomerQuery) -> Result<u64, ModelError> {
        self.current().await?.count_customers(query).await
    }
}
