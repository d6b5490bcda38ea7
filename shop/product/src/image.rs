//! What a file is, by its content: its format and size are read from its own headers, from its first byte to its last.
//!
//! Nothing is ever decompressed here, so a file that would become huge costs no more than its length. It is the browsers that decode
//! it, and the bounds on width and height keep that bearable.

mod jpeg;
mod png;
mod webp;

use std::ops::RangeInclusive;

use contracts::picture::Kind;
use thiserror::Error;

/// Smaller ones are not pictures of a product, and larger ones take a browser more than 64 MiB to show.
pub const SIDE: RangeInclusive<u16> = 16..=4096;

/// What a file says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    pub kind: Kind,
    pub width: u16,
    pub height: u16,
}

/// Why a file is not taken as a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotAnImage {
    #[error("must not be empty")]
    Empty,
    #[error("must be a PNG, JPEG or WebP file")]
    OtherFormat,
    #[error("ends before the picture is complete")]
    Truncated,
    #[error("has something behind the picture's end")]
    Trailing,
    #[error("is not built like a {0} file")]
    Broken(&'static str),
    #[error("must not be animated")]
    Animated,
    #[error("must be from 16 to 4096 pixels wide and high; it is {width} × {height}")]
    Size { width: u32, height: u32 },
}

/// Reads the headers of a whole file.
pub fn read(file: &[u8]) -> Result<Image, NotAnImage> {
    let (kind, (width, height)) = if file.is_empty() {
        return Err(NotAnImage::Empty);
    } else if file.starts_with(png::SIGNATURE) {
        (Kind::Png, png::size(file)?)
    } else if file.starts_with(jpeg::START) {
        (Kind::Jpeg, jpeg::size(file)?)
    } else if file.starts_with(b"RIFF") && file.get(8..12).is_none_or(|form| form == b"WEBP") {
        (Kind::Webp, webp::size(file)?)
    } else {
        return Err(NotAnImage::OtherFormat);
    };
    match (u16::try_from(width), u16::try_from(height)) {
        (Ok(width), Ok(height)) if SIDE.contains(&width) && SIDE.contains(&height) => {
            Ok(Image { kind, width, height })
        }
        _ => Err(NotAnImage::Size { width, height }),
    }
}

/// Takes bytes from the front of a file.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], NotAnImage> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(NotAnImage::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], NotAnImage> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(NotAnImage::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, NotAnImage> {
        self.array().map(|[byte]| byte)
    }

    /// Nothing may be left: what stands behind a picture is not part of it, and might be something else to other programs.
    fn end(&self) -> Result<(), NotAnImage> {
        if self.0.is_empty() { Ok(()) } else { Err(NotAnImage::Trailing) }
    }
}

fn length(bytes: [u8; 4]) -> Result<usize, NotAnImage> {
    usize::try_from(u32::from_be_bytes(bytes)).map_err(|_| NotAnImage::Truncated)
}
