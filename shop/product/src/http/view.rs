//! Products and categories as responses: from the model, or folded from their events as of a position.

use contracts::money::Decimal;
use contracts::rest::product::{
    Category, NO_CATEGORY, PriceRange, Product, ProductFacets, ProductList,
};
use kernel::Position;
use store::Read;
use uuid::Uuid;
use web::{After, Problem};

use super::{Calls, no_category, no_product};
use crate::{catalogue, domain, model};

pub(super) fn product(product: model::Product) -> Product {
    Product {
        product_id: product.id,
        code: product.code,
        name: product.name,
        description: product.description,
        supplier: product.supplier,
        category_id: product.category,
        category_name: product.category_name.unwrap_or_else(|| NO_CATEGORY.to_owned()),
        price: Decimal(product.price),
        currency: product.currency,
        units_in_stock: product.on_hand,
        available: product.available,
        version: product.revision,
        picture: product.picture.map(Into::into),
    }
}

pub(super) fn products(found: model::Found) -> ProductList {
    let model::Found { products, next, total, corrected, some_words, facets } = found;
    ProductList {
        items: products.into_iter().map(product).collect(),
        next: next.map(|cursor| After(cursor).encode()),
        total,
        corrected,
        some_words: some_words.then_some(true),
        facets: facets.map(self::facets),
    }
}

fn facets(facets: model::Facets) -> ProductFacets {
    let model::Facets { categories, prices, in_stock } = facets;
    let category = |facet: model::CategoryFacet| Category {
        category_id: facet.id,
        name: facet.name.unwrap_or_else(|| NO_CATEGORY.to_owned()),
        products: facet.products,
    };
    let price = |facet: model::PriceFacet| PriceRange {
        from: Decimal(facet.from),
        to: facet.to.map(Decimal),
        products: facet.products,
    };
    ProductFacets {
        categories: categories.into_iter().map(category).collect(),
        prices: prices.into_iter().map(price).collect(),
        in_stock,
    }
}

pub(super) fn category(category: model::Category) -> Category {
    Category { category_id: category.id, name: category.name, products: category.products }
}

impl Calls {
    /// The product as the event at `last` left it, or as it is now: from the model, if that shows just this.
    pub(super) async fn product_after(
        &self,
        id: Uuid,
        last: Option<Position>,
    ) -> Result<Product, Problem> {
        let found = self.model.product(id).await?;
        match (found, last) {
            (Some(found), None) => Ok(product(found)),
            (Some(found), Some(last)) if found.changed == last => {
                if !self.has_catalogue_changed_since(last).await? {
                    return Ok(product(found));
                }
                // Its category may have another name by now, and a repeated request is to be answered as the first one was.
                let names = self.categories_as_of(Some(last)).await?.names;
                let category_name = names.get(&found.category).cloned();
                Ok(product(model::Product { category_name, ..found }))
            }
            _ => self.product_as_of(id, last).await?.ok_or_else(no_product),
        }
    }

    /// The product after everything up to `until`, from its events; none if it was not offered then.
    pub(super) async fn product_as_of(
        &self,
        id: Uuid,
        until: Option<Position>,
    ) -> Result<Option<Product>, Problem> {
        let stream = contracts::product::stream(id);
        let state = self.fold::<domain::Product>(&stream, until).await?;
        let Some(listing) = state.listing else { return Ok(None) };
        let names = self.categories_as_of(until).await?.names;
        let category_name = names.get(&listing.category).map_or(NO_CATEGORY, String::as_str);
        Ok(Some(Product {
            product_id: id,
            category_name: category_name.to_owned(),
            code: listing.code,
            name: listing.name,
            description: listing.description,
            supplier: listing.supplier,
            category_id: listing.category,
            price: Decimal(listing.price),
            currency: listing.currency,
            units_in_stock: state.stock.on_hand,
            available: state.stock.available(),
            version: state.revision,
            picture: listing.picture.map(Into::into),
        }))
    }

    /// A category as the event at `last` left it. How many products it had then is not in its events: it has them now.
    pub(super) async fn category_after(
        &self,
        id: Uuid,
        last: Option<Position>,
    ) -> Result<Category, Problem> {
        let now = self.model.category(id).await?;
        let Some(last) = last else { return now.map(category).ok_or_else(no_category) };
        let name = self.categories_as_of(Some(last)).await?.names.remove(&id);
        let name = name.ok_or_else(no_category)?;
        let products = now.map_or(0, |now| now.products);
        Ok(Category { category_id: id, name, products })
    }

    /// Call after reading the model: the answer then also covers a change that the model did not show.
    async fn has_catalogue_changed_since(&self, position: Position) -> Result<bool, Problem> {
        let last = Read::Last { stream: contracts::catalogue::stream() };
        let last = self.deps.store().read_soon(last).await?;
        Ok(last.events.last().is_some_and(|last| last.position > position))
    }

    async fn categories_as_of(&self, until: Option<Position>) -> Result<catalogue::State, Problem> {
        let stream = contracts::catalogue::stream();
        self.fold::<catalogue::Catalogue>(&stream, until).await
    }
}
