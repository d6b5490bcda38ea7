//! What a form brings: read within limits, in both ways that browsers write it.

use std::convert::Infallible;

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use futures_util::stream;
use hyper::header::CONTENT_TYPE;
use multer::Multipart;
use web::{BodyFault, read_body};

use crate::Failure;

/// Forms of ours are far smaller.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// A form with a file: some thousand products fit. Only managers may send one, so that visitors take no such memory.
const PARTS_BYTES_MAX: usize = 1024 * 1024;

/// More fields than any form of ours has: the longest picks two hundred products of a list.
const FIELDS_MAX: usize = 256;

/// What a form brought.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) files: Vec<(String, Bytes)>,
    /// Sent as `multipart/form-data`, and so to be sent again: it may be longer than others.
    pub(crate) in_parts: bool,
}

/// How a form is written.
enum Encoding {
    Pairs,
    Parts { boundary: String },
}

/// Reads a form as it arrives; what says that it is anything else would be taken for fields of strange names.
pub(crate) async fn read(
    request: &mut Request,
    may_have_files: Result<(), Failure>,
) -> Result<Typed, Failure> {
    let encoding = Encoding::of(request)?;
    let longest = match encoding {
        Encoding::Pairs => BODY_BYTES_MAX,
        Encoding::Parts { .. } => {
            may_have_files?;
            PARTS_BYTES_MAX
        }
    };
    let body = std::mem::replace(request.body_mut(), Body::empty());
    let body = read_body(body, longest).await.map_err(|fault| match fault {
        BodyFault::TooSlow => Failure::TooSlow,
        BodyFault::TooLarge { .. } => Failure::TooLong,
        BodyFault::Incomplete => Failure::Malformed,
    })?;
    match encoding {
        Encoding::Pairs => {
            let fields = form_urlencoded::parse(&body).into_owned().take(FIELDS_MAX).collect();
            Ok(Typed { fields, ..Typed::default() })
        }
        Encoding::Parts { boundary } => parts(body, boundary).await.map_err(|_| Failure::Malformed),
    }
}

async fn parts(body: Bytes, boundary: String) -> Result<Typed, multer::Error> {
    let body = stream::once(async { Ok::<_, Infallible>(body) });
    let mut parts = Multipart::new(body, boundary);
    let mut typed = Typed { in_parts: true, ..Typed::default() };
    while typed.fields.len() + typed.files.len() < FIELDS_MAX
        && let Some(part) = parts.next_field().await?
    {
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let content = part.bytes().await?;
        if is_file {
            typed.files.push((name, content));
        } else {
            typed.fields.push((name, String::from_utf8_lossy(&content).into_owned()));
        }
    }
    Ok(typed)
}

impl Encoding {
    fn of(request: &Request) -> Result<Self, Failure> {
        let Some(kind) = request.headers().get(CONTENT_TYPE) else { return Ok(Self::Pairs) };
        let kind = kind.to_str().map_err(|_| Failure::NotAForm)?;
        if let Ok(boundary) = multer::parse_boundary(kind) {
            return Ok(Self::Parts { boundary });
        }
        let essence = kind.split(';').next().unwrap_or_default().trim();
        let is_pairs = essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        if is_pairs { Ok(Self::Pairs) } else { Err(Failure::NotAForm) }
    }
}
