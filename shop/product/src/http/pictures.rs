//! The calls about pictures: giving one to a product, taking it away, and reading it.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request as HttpRequest, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contracts::{
    picture::{self, BYTES_MAX, Hash, PictureEvent, Stored},
    rest::product::Product,
};
use identity::Manager;
use runtime::CommandRequest;
use serde::Deserialize;
use store::Read;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use web::{At, Context, Json, KeyHeader, Keyed, Path, Problem, Query, event_of};

use super::{Calls, files::File, no_product};
use crate::{
    domain::{Command, Update},
    picture::{self as album, of_file},
};

/// The bytes of a picture's address never change.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// A picture that is opened by itself is shown, and does nothing else, whatever a browser takes it for.
const POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'";

/// The product that gets a picture.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SetPicture {
    product_id: Uuid,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RemovePicture {
    product_id: Uuid,
}

/// A picture by the hash of its file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Path)]
pub(super) struct GetPicture {
    #[param(value_type = String, pattern = "^[0-9a-f]{64}$")]
    hash: Hash,
}

/// Gives a product a picture, in the place of the one that it has. The body is the file.
///
/// A PNG, JPEG or WebP file of at most 200 KB, 16 to 4096 pixels wide and high, not animated. What it is is read from the file
/// itself; `Content-Type` does not matter.
#[utoipa::path(
    post, path = "/set-picture", tag = "product", security(("token" = [])), params(SetPicture, KeyHeader),
    request_body(content = File, content_type = "application/octet-stream", description = "The file, under any content type."),
    responses((status = 200, body = Product), (status = 404, description = "There is no such product."))
)]
pub(super) async fn set_picture(
    State(calls): State<Arc<Calls>>,
    Manager(manager): Manager,
    context: Context,
    Query(SetPicture { product_id }): Query<SetPicture>,
    request: HttpRequest,
) -> Result<(At, Json<Product>), Problem> {
    let body = Keyed::of_file(request, BYTES_MAX, "Picture", product_id).await?;
    let known = body.changes(manager.id(), "set-picture");
    let stored = of_file(&body.value).map_err(|no| Problem::field("Picture", no.to_string()))?;
    // A picture of no product would only fill the log.
    if calls.model.product(product_id).await?.is_none()
        && !calls.has_done(product_id, known.as_ref()).await?
    {
        return Err(no_product());
    }
    let picture = stored.picture;
    let stream = picture::stream(picture.hash);
    // First the bytes: what a product names is always there.
    let store = CommandRequest {
        command: album::Command::Store(stored),
        metadata: context.metadata(manager.actor(), None),
    };
    let stored = calls.album.execute(stream, store).await;
    stored.map_err(|error| error.map(|never| -> Problem { match never {} }))?;
    let update = Update { picture: Some(Some(picture)), ..Update::default() };
    calls.change_picture(product_id, update, context.metadata(manager.actor(), known)).await
}

/// Takes the picture of a product away.
#[utoipa::path(
    post, path = "/remove-picture", tag = "product", request_body = RemovePicture, security(("token" = [])),
    params(KeyHeader),
    responses((status = 200, body = Product), (status = 404, description = "There is no such product."))
)]
pub(super) async fn remove_picture(
    State(calls): State<Arc<Calls>>,
    Manager(manager): Manager,
    context: Context,
    body: Keyed<RemovePicture>,
) -> Result<(At, Json<Product>), Problem> {
    let known = body.changes(manager.id(), "remove-picture");
    let update = Update { picture: Some(None), ..Update::default() };
    let metadata = context.metadata(manager.actor(), known);
    calls.change_picture(body.value.product_id, update, metadata).await
}

/// A picture, to be kept for good.
#[utoipa::path(
    get, path = "/get-picture/{Hash}", tag = "product", params(GetPicture),
    responses(
        (status = 200, content((File = "image/png"), (File = "image/jpeg"), (File = "image/webp"))),
        (status = 304),
        (status = 404, description = "There is no such picture."),
    )
)]
pub(super) async fn get_picture(
    State(calls): State<Arc<Calls>>,
    Path(GetPicture { hash }): Path<GetPicture>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let etag = format!("\"{hash}\"");
    let has_it = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == etag.as_str());
    let mut response = if has_it {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let File { kind, bytes } = calls.picture(hash).await?;
        let mut response = Response::new(Body::from(bytes));
        let kind = HeaderValue::from_static(kind.media_type());
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::try_from(etag).expect("hex is visible ASCII"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(FOR_GOOD));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

impl Calls {
    async fn change_picture(
        &self,
        product: Uuid,
        update: Update,
        metadata: kernel::Metadata,
    ) -> Result<(At, Json<Product>), Problem> {
        let done = self.change_product(product, Command::Update(update), metadata).await?;
        Ok((self.at(done), Json(self.product_after(product, done.position()).await?)))
    }

    /// The file of a picture, from its stream unless it was read recently: the log is the only place that has it.
    async fn picture(&self, hash: Hash) -> Result<File, Problem> {
        if let Some(file) = self.files.kept(hash) {
            return Ok(file);
        }
        let _turn = self.files.turn().await?;
        if let Some(file) = self.files.kept(hash) {
            return Ok(file);
        }
        let last = Read::Last { stream: picture::stream(hash) };
        let page = self.store().read_soon(last).await?;
        let none = || Problem::not_found("There is no such picture.");
        let last = page.events.last().ok_or_else(none)?;
        let PictureEvent::Stored(Stored { picture, bytes }) = event_of(last)?.ok_or_else(none)?;
        let file = File { kind: picture.kind, bytes: bytes.0.clone().into() };
        self.files.keep(hash, &file);
        Ok(file)
    }
}
