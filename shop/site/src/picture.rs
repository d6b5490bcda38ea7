//! Product pictures: generated from a product's category and name, always the same for the same product.

mod motif;

use std::fmt;

use askama::filters::HtmlSafe;
use axum::{Router, extract::Path, response::Response, routing::get};
use hyper::{
    StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
};

use crate::headers::secured;
use motif::Motif;

/// The address determines the picture: it may be cached forever.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// The picture of a product, as an `<img>` beside a text that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    motif: Motif,
    /// From the category: products of one category belong together.
    palette: u8,
    /// From the name, so that products of one category look different.
    variant: u32,
    lazy: bool,
}

/// Ground, shade, body, light and ink of a picture.
type Palette = [&'static str; 5];

/// Calm colours that hold on a light page and on a dark one.
const PALETTES: [Palette; 12] = [
    ["#dfe9e2", "#cbdcd1", "#2f6f5b", "#f4efe2", "#1d4a3c"],
    ["#f1e4d6", "#e6d1ba", "#b5622f", "#fbf3e6", "#7c3f1a"],
    ["#dde6f0", "#c8d6e6", "#345f92", "#f2f0e6", "#203f66"],
    ["#f3e0df", "#e9cac8", "#a8434a", "#fbefe8", "#74282f"],
    ["#ece7d3", "#ded5b5", "#8c7a26", "#fbf8ea", "#5d5014"],
    ["#e7e0ef", "#d6cbe4", "#69508f", "#f5f0e8", "#453162"],
    ["#d9e9ea", "#c1dadc", "#2b7378", "#f3f0e4", "#194d51"],
    ["#f0dfe8", "#e3c8d7", "#96466e", "#fbf0ec", "#682b4a"],
    ["#e4ead6", "#d1dcba", "#5f7a2e", "#f8f5e6", "#3f5419"],
    ["#efe3dc", "#e0cdc2", "#7d5641", "#faf2e9", "#543726"],
    ["#dfe3ea", "#cbd2dd", "#4a5870", "#f2efe7", "#2e394c"],
    ["#f5e7cf", "#ebd4ac", "#c07a1c", "#fcf5e5", "#83500d"],
];

impl Picture {
    #[must_use]
    pub fn of(category: &str, name: &str) -> Self {
        let of_category = blake3::hash(category.to_lowercase().as_bytes());
        let of_name = blake3::hash(name.to_lowercase().as_bytes());
        let [palette, ..] = *of_category.as_bytes();
        let [a, b, c, ..] = *of_name.as_bytes();
        let motif = Motif::of(category, name);
        let count = u8::try_from(PALETTES.len()).expect("there are few");
        Self {
            motif,
            palette: palette % count,
            variant: u32::from_be_bytes([0, a, b, c]),
            lazy: true,
        }
    }

    /// For the one picture that the page is about: loaded at once.
    #[must_use]
    pub fn at_once(mut self) -> Self {
        self.lazy = false;
        self
    }

    /// Whether both show the same kind of thing.
    #[must_use]
    pub fn is_like(self, other: Self) -> bool {
        self.motif == other.motif
    }

    fn parse(file: &str) -> Option<Self> {
        let mut parts = file.strip_suffix(".svg")?.split('-');
        let motif = Motif::parse(parts.next()?)?;
        let palette = parts.next()?.parse().ok().filter(|at| usize::from(*at) < PALETTES.len())?;
        let variant = parts.next().filter(|digits| digits.len() == 6)?;
        let variant = u32::from_str_radix(variant, 16).ok()?;
        parts.next().is_none().then_some(Self { motif, palette, variant, lazy: true })
    }

    fn svg(self) -> String {
        let [ground, shade, ..] = self.palette();
        let drawing = self.motif.draw(self.palette(), self.variant);
        // A disc behind the thing, a little elsewhere for each product.
        let (x, y) = (150 + self.variant % 101, 130 + (self.variant >> 8) % 81);
        let radius = 118 + (self.variant >> 16) % 41;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 400 400\" width=\"400\" height=\"400\">\
             <rect width=\"400\" height=\"400\" fill=\"{ground}\"/>\
             <circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{shade}\"/>\
             <ellipse cx=\"200\" cy=\"324\" rx=\"96\" ry=\"12\" fill=\"{shade}\"/>{drawing}</svg>"
        )
    }

    fn palette(self) -> Palette {
        PALETTES.get(usize::from(self.palette)).copied().unwrap_or(PALETTES[0])
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loading = if self.lazy { " loading=\"lazy\"" } else { "" };
        write!(
            f,
            "<img src=\"/pictures/{}-{}-{:06x}.svg\" alt=\"\" width=\"400\" height=\"400\"{loading} decoding=\"async\">",
            self.motif.name(),
            self.palette,
            self.variant
        )
    }
}

impl HtmlSafe for Picture {}

pub(crate) fn routes() -> Router {
    Router::new().route("/pictures/{file}", get(picture))
}

async fn picture(Path(file): Path<String>) -> Response {
    let Some(picture) = Picture::parse(&file) else {
        let mut response = secured("There is no such picture.");
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let mut response = secured(picture.svg());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(FOR_GOOD));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_stable_and_told_by_its_address() {
        let cheese = Picture::of("Cheese", "Grated Cheese 8 OZ");
        assert_eq!(cheese, Picture::of("Cheese", "Grated Cheese 8 OZ"));
        assert_ne!(cheese, Picture::of("Cheese", "Single Cheese 12 OZ"));
        let html = cheese.to_string();
        let file = html.split(['/', '"']).find(|part| part.contains(".svg")).expect("an address");
        assert_eq!(Picture::parse(file), Some(cheese));
        for bad in
            ["x.svg", "can-99-000000.svg", "can-0-zz0000.svg", "can-0-000000-1.svg", "can-0-000000"]
        {
            assert_eq!(Picture::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_motif_draws_well_formed_lines() {
        for motif in Motif::ALL {
            let svg =
                Picture { motif: *motif, palette: 3, variant: 0x00c0_ffee, lazy: false }.svg();
            assert_eq!(svg.matches('<').count(), svg.matches('>').count(), "{svg}");
            assert!(svg.len() < 3000, "{motif:?} takes {} bytes", svg.len());
        }
    }
}
