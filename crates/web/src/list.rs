//! Lists by pages: how many at once, an opaque cursor to continue from, and the page itself.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type},
    },
};

use super::Whole;

/// The longest cursor taken back, in bytes.
const CURSOR_BYTES_MAX: usize = 1024;

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Listing<T> {
    /// In the order of the list.
    pub items: Vec<T>,
    /// The `After` of the next page; null on the last one.
    #[schema(required)]
    pub next: Option<String>,
    /// How many items all pages have together, if that was asked for; 10000 stands for that many or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// Limit up to which the items of all pages are counted: beyond it, the cost would grow with the model.
pub const COUNTED_MAX: usize = 10_000;

/// How many items a page may have: 1 to 500, 100 unless given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(Whole<1, LIMIT_MAX>);

/// The most items of a page.
const LIMIT_MAX: i64 = 500;

/// A cursor: where the page before ended, as a value that only the service understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After<C>(pub C);

/// Stands for [`After`] in documents: `#[param(inline, value_type = Option<Cursor>)]`.
#[derive(Clone, Copy, Debug)]
pub struct Cursor;

impl<T> Listing<T> {
    /// The page of `items`, read one beyond `limit`; `cursor` says where an item is.
    pub fn page<C: Serialize>(mut items: Vec<T>, limit: Limit, cursor: impl Fn(&T) -> C) -> Self {
        let more = items.len() > limit.get();
        items.truncate(limit.get());
        let next = items.last().filter(|_| more).map(|last| After(cursor(last)).encode());
        Self { items, next, total: None }
    }

    /// The last page, or the only one.
    pub fn last(items: Vec<T>) -> Self {
        Self { items, next: None, total: None }
    }

    /// The same page with its items as clients see them.
    pub fn map<U>(self, shown: impl FnMut(T) -> U) -> Listing<U> {
        let Self { items, next, total } = self;
        Listing { items: items.into_iter().map(shown).collect(), next, total }
    }
}

impl Limit {
    /// How many items.
    #[must_use]
    pub fn get(self) -> usize {
        usize::try_from(self.0.get()).expect("it is within 1 to 500")
    }

    /// How many to read so that one knows whether there are more.
    #[must_use]
    pub fn and_one(self) -> usize {
        self.get() + 1
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(Whole::new(100).expect("it is within 1 to 500"))
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Whole::deserialize(deserializer)
            .map(Self)
            .map_err(|_| de::Error::custom("must be a whole number from 1 to 500"))
    }
}

impl PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .minimum(Some(1))
            .maximum(Some(LIMIT_MAX))
            .default(Some(100.into()))
            .into()
    }
}

impl ToSchema for Limit {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Limit")
    }
}

impl<C: Serialize> After<C> {
    /// The cursor as a client receives it: URL-safe Base64 of JSON.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&self.0).expect("a cursor is plain data"))
    }
}

impl<'de, C: DeserializeOwned> Deserialize<'de> for After<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        let bytes = Some(text).filter(|text| text.len() <= CURSOR_BYTES_MAX);
        let bytes = bytes.and_then(|text| URL_SAFE_NO_PAD.decode(text.as_bytes()).ok());
        let value = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        value.map(Self).ok_or_else(|| de::Error::custom("is not a cursor of this list"))
    }
}

impl PartialSchema for Cursor {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(CURSOR_BYTES_MAX))
            .pattern(Some("^[A-Za-z0-9_-]+$"))
            .description(Some("The Next of the page before, as it was given."))
            .into()
    }
}

impl ToSchema for Cursor {}

/// For cursors under an alias; the derives do not look through the parameter themselves.
impl<C> PartialSchema for After<C> {
    fn schema() -> RefOr<Schema> {
        Cursor::schema()
    }
}

impl<C> ToSchema for After<C> {
    fn name() -> Cow<'static, str> {
        Cursor::name()
    }
}
