//! The calls that change products, for managers.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use contracts::{
    money::{AmountIn, Decimal},
    product::Added,
    rest::product::{Product, ProductDeleted},
};
use identity::Manager;
use kernel::{Idempotency, Position, Version};
use runtime::ExecuteError;
use serde::Deserialize;
use store::Read;
use utoipa::ToSchema;
use uuid::Uuid;
use web::{At, Context, Count, FieldErrors, Json, KeyHeader, Keyed, Problem, Prose, Text, Whole};

use super::{Calls, code::Code};
use crate::domain::{Command, Rejection, UNITS_MAX, UnitsChange, Update};

/// Units on hand.
pub(super) type OnHand = Whole<0, UNITS_MAX>;

/// A change of the units in stock.
type Difference = Whole<{ -UNITS_MAX }, UNITS_MAX>;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AddProduct {
    /// The shop's article number; unique.
    code: Option<Code>,
    name: Text<1, 200>,
    description: Prose<0, 2000>,
    supplier: Text<0, 200>,
    category_id: Uuid,
    /// The unit price.
    #[schema(value_type = AmountIn)]
    price: Decimal,
    #[schema(inline)]
    units_in_stock: OnHand,
}

/// Adds a product to the catalogue.
#[utoipa::path(
    post, path = "/add-new-product", tag = "product", request_body = AddProduct, security(("token" = [])),
    params(KeyHeader),
    responses((status = 201, body = Product), (status = 409, description = "There is a product with this Code."))
)]
pub(super) async fn add_new_product(
    State(calls): State<Arc<Calls>>,
    Manager(manager): Manager,
    context: Context,
    body: Keyed<AddProduct>,
) -> Result<Response, Problem> {
    let known = body.creates(manager.id(), "add-new-product");
    if let Some((product, at)) = calls.created_before(known.as_ref()).await? {
        return calls.product_created(product, at).await;
    }
    let request = body.value;
    calls.check_category(request.category_id).await?;
    let product = match &request.code {
        Some(code) => calls.product_of_code(code).await?,
        None => context.created_id(known.as_ref()),
    };
    let metadata = context.metadata(manager.actor(), known);
    let command = Command::Add(calls.added(product, request));
    let done = calls.change_product(product, command, metadata).await?;
    calls.product_created(product, calls.at(done).0).await
}

/// Only the given fields change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateProduct {
    product_id: Uuid,
    /// The version that was seen; a conflict if it has changed.
    #[schema(inline)]
    version: Option<Count>,
    name: Option<Text<1, 200>>,
    description: Option<Prose<0, 2000>>,
    supplier: Option<Text<0, 200>>,
    category_id: Option<Uuid>,
    #[schema(value_type = Option<AmountIn>)]
    price: Option<Decimal>,
    /// Units on hand, including those reserved for open orders.
    #[schema(inline)]
    units_in_stock: Option<OnHand>,
    /// Units received, or written off if negative; instead of `UnitsInStock`.
    #[schema(inline)]
    units_change: Option<Difference>,
}

/// Changes the given fields of a product.
#[utoipa::path(
    post, path = "/update-product", tag = "product", request_body = UpdateProduct, security(("token" = [])),
    params(KeyHeader),
    responses(
        (status = 200, body = Product),
        (status = 404, description = "There is no such product."),
        (status = 409, description = "Version is not the current one; Current is the product as it is."),
    )
)]
pub(super) async fn update_product(
    State(calls): State<Arc<Calls>>,
    Manager(manager): Manager,
    context: Context,
    body: Keyed<UpdateProduct>,
) -> Result<(At, Json<Product>), Problem> {
    let known = body.changes(manager.id(), "update-product");
    let request = body.value;
    request.check()?;
    let product = request.product_id;
    if let Some(category) = request.category_id
        && let Err(unknown) = calls.check_category(category).await
        && !calls.has_done(product, known.as_ref()).await?
    {
        return Err(unknown);
    }
    let metadata = context.metadata(manager.actor(), known);
    let command = Command::Update(request.into_command());
    match calls.change_product(product, command, metadata).await {
        Ok(done) => {
            Ok((calls.at(done), Json(calls.product_after(product, done.position()).await?)))
        }
        Err(ExecuteError::Rejected(stale @ Rejection::Stale { .. })) => {
            let current = calls.product_as_of(product, None).await?;
            Err(Problem::from(stale).member("Current", current))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteProduct {
    product_id: Uuid,
}

/// Removes a product from the catalogue; units reserved for open orders are still delivered.
#[utoipa::path(
    post, path = "/delete-product", tag = "product", request_body = DeleteProduct, security(("token" = [])),
    params(KeyHeader),
    responses((status = 200, body = ProductDeleted), (status = 404, description = "There is no such product."))
)]
pub(super) async fn delete_product(
    State(calls): State<Arc<Calls>>,
    Manager(manager): Manager,
    context: Context,
    body: Keyed<DeleteProduct>,
) -> Result<(At, Json<ProductDeleted>), Problem> {
    let known = body.changes(manager.id(), "delete-product");
    let DeleteProduct { product_id } = body.value;
    let metadata = context.metadata(manager.actor(), known);
    let done = calls.change_product(product_id, Command::Delete, metadata).await?;
    Ok((calls.at(done), Json(ProductDeleted { product_id })))
}

impl UpdateProduct {
    fn check(&self) -> Result<(), Problem> {
        let mut errors = FieldErrors::new();
        let both = self.units_in_stock.is_some() && self.units_change.is_some();
        errors.check("UnitsChange", !both, "must not be given together with UnitsInStock");
        errors.finish()
    }

    fn into_command(self) -> Update {
        let units = self.units_in_stock.map(|units| UnitsChange::To(units.get()));
        Update {
            revision: self.version.map(|version| version.get().unsigned_abs()),
            name: self.name.map(Text::into_string),
            description: self.description.map(Text::into_string),
            supplier: self.supplier.map(Text::into_string),
            category: self.category_id,
            price: self.price.map(|Decimal(price)| price),
            picture: None,
            units: units.or(self.units_change.map(|units| UnitsChange::By(units.get()))),
        }
    }
}

impl Calls {
    fn added(&self, product: Uuid, request: AddProduct) -> Added {
        let Decimal(price) = request.price;
        Added {
            product,
            code: request.code.map(Code::into_string),
            name: Text::into_string(request.name),
            description: Text::into_string(request.description),
            supplier: Text::into_string(request.supplier),
            category: request.category_id,
            price,
            currency: self.currency.code().to_owned(),
            units: request.units_in_stock.get(),
        }
    }

    async fn product_created(&self, product: Uuid, at: Position) -> Result<Response, Problem> {
        let product = self.product_after(product, Some(at)).await?;
        Ok((StatusCode::CREATED, At(at), Json(product)).into_response())
    }

    async fn check_category(&self, category: Uuid) -> Result<(), Problem> {
        if self.model.has_category(category).await? {
            Ok(())
        } else {
            Err(Problem::field("CategoryId", "no such category"))
        }
    }

    /// Whether a request is among those that the product remembers: then later changes of its category do not matter.
    pub(super) async fn has_done(
        &self,
        product: Uuid,
        known: Option<&Idempotency>,
    ) -> Result<bool, Problem> {
        let Some(known) = known else { return Ok(false) };
        let (store, stream) = (self.deps.store(), contracts::product::stream(product));
        let last = Read::Last { stream: stream.clone() };
        let last = store.read_soon(last).await?;
        let Some(last) = last.events.last().map(|event| event.version) else { return Ok(false) };
        let mut from = Version(last.0.saturating_sub(LOOK_BACK_MAX));
        loop {
            let page = Read::Stream { stream: stream.clone(), from };
            let page = store.read_soon(page).await?;
            let mut keys =
                page.events.iter().filter_map(|event| event.metadata.idempotency.as_ref());
            if keys.any(|seen| seen.key == known.key) {
                return Ok(true);
            }
            let Some(last) = page.events.last().filter(|_| !page.end) else { return Ok(false) };
            from = Version(last.version.0 + 1);
        }
    }
}

/// Events searched for an earlier use of the key: products remember a few of them only.
const LOOK_BACK_MAX: u64 = 2000;
