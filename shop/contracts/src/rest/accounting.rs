//! Answers of the accounting service.

use crate::money::Decimal;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The invoice of a finalized order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the REST API names its fields so")]
pub struct Invoice {
    /// From 1, without gaps.
    pub invoice_number: u64,
    pub order_id: Uuid,
    pub user_name: String,
    /// The customer's name as it is now.
    pub full_name: String,
    pub product_id: Uuid,
    /// The product's name when it was ordered.
    pub product_name: String,
    pub quantity: u32,
    #[schema(value_type = f64)]
    pub unit_price: Decimal,
    #[schema(value_type = f64)]
    pub total: Decimal,
    /// ISO 4217.
    pub currency: String,
    #[schema(value_type = String, format = DateTime)]
    pub issued_at: Timestamp,
}

/// The zone in which the shop's years, months and days begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ShopTimeZone {
    /// Its name in the tz database, such as `Europe/Berlin`.
    pub time_zone: String,
}

/// The revenue of a year.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the REST API names its fields so")]
pub struct Revenue {
    pub year: i16,
    #[schema(value_type = f64)]
    pub revenue: Decimal,
    pub invoices: u64,
    /// January to December, those without revenue included.
    pub by_month: Vec<MonthRevenue>,
    /// The products sold, highest revenue first.
    pub by_product: Vec<ProductRevenue>,
}

/// The revenue of a month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MonthRevenue {
    /// 1 is January.
    pub month: i8,
    #[schema(value_type = f64)]
    pub revenue: Decimal,
    pub invoices: u64,
}

/// The revenue of some days, in the shop's time zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DailyRevenue {
    #[schema(value_type = f64)]
    pub revenue: Decimal,
    pub invoices: u64,
    /// Every day in order, those without revenue included.
    pub by_day: Vec<DayRevenue>,
}

/// The revenue of a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DayRevenue {
    /// Such as `2026-11-30`.
    #[schema(format = Date)]
    pub day: String,
    #[schema(value_type = f64)]
    pub revenue: Decimal,
    pub invoices: u64,
}

/// The revenue of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ProductRevenue {
    pub product_id: Uuid,
    /// The name on its last invoice.
    pub product_name: String,
    /// Units sold.
    pub quantity: u64,
    #[schema(value_type = f64)]
    pub revenue: Decimal,
}
