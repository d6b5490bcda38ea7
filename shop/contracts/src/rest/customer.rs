//! Answers of the customer service.

use crate::money::Decimal;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use crate::customer::Role;

/// A user with an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the REST API names its fields so")]
pub struct User {
    pub user_name: String,
    pub full_name: String,
    pub email: String,
    pub role: Role,
    #[schema(value_type = f64)]
    pub credit: Decimal,
    /// The part of the credit that is reserved for open orders.
    #[schema(value_type = f64)]
    pub reserved: Decimal,
    /// The part of the credit that is available for further orders.
    #[schema(value_type = f64)]
    pub available: Decimal,
    /// Counts changes by people, not orders.
    pub version: u64,
}

/// What a customer can spend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the REST API names its fields so")]
pub struct Credit {
    pub user_name: String,
    #[schema(value_type = f64)]
    pub credit: Decimal,
    #[schema(value_type = f64)]
    pub reserved: Decimal,
    #[schema(value_type = f64)]
    pub available: Decimal,
}

/// A new session.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Session {
    /// To be sent as `Authorization: Bearer …`.
    pub token: String,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    pub user_name: String,
    pub role: Role,
}

/// An ended session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct LoggedOut {
    pub user_name: String,
}
