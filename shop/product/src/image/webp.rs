//! WebP: a RIFF file of chunks, each of a type, a length and data of an even number of bytes. The picture is one `VP8 ` or `VP8L`; the
//! extended format begins with a `VP8X` that says the size of the canvas.

use super::{Bytes, NotAnImage};

const BROKEN: NotAnImage = NotAnImage::Broken("WebP");

/// The bit of `VP8X` that says that there are frames.
const ANIMATION: u8 = 0b10;

pub(super) fn size(file: &[u8]) -> Result<(u32, u32), NotAnImage> {
    let mut rest = Bytes(file);
    rest.take(4)?;
    let riff_bytes = length(rest.array()?)?;
    let mut chunks = Bytes(rest.take(riff_bytes)?);
    rest.end()?;
    chunks.take(4).map_err(|_| BROKEN)?;
    let (mut canvas, mut picture) = (None, None);
    let mut is_first = true;
    while !chunks.0.is_empty() {
        let kind: [u8; 4] = chunks.array()?;
        let data_bytes = length(chunks.array()?)?;
        let data = chunks.take(data_bytes)?;
        if data_bytes % 2 == 1 {
            chunks.byte()?;
        }
        let slot = match &kind {
            b"VP8X" if is_first => &mut canvas,
            b"VP8 " | b"VP8L" if is_first || canvas.is_some() => &mut picture,
            b"ANIM" | b"ANMF" => return Err(NotAnImage::Animated),
            _ if is_first => return Err(BROKEN),
            _ => continue,
        };
        let read = match &kind {
            b"VP8X" => extended(data)?,
            b"VP8L" => lossless(data).map_err(|_| BROKEN)?,
            _ => lossy(data).map_err(|_| BROKEN)?,
        };
        if slot.replace(read).is_some() {
            return Err(BROKEN);
        }
        is_first = false;
    }
    let size = picture.ok_or(NotAnImage::Truncated)?;
    if canvas.is_none_or(|canvas| canvas == size) { Ok(size) } else { Err(BROKEN) }
}

fn length(bytes: [u8; 4]) -> Result<usize, NotAnImage> {
    usize::try_from(u32::from_le_bytes(bytes)).map_err(|_| NotAnImage::Truncated)
}

fn extended(data: &[u8]) -> Result<(u32, u32), NotAnImage> {
    let [flags, _, _, _, w0, w1, w2, h0, h1, h2] = *data else { return Err(BROKEN) };
    if flags & ANIMATION != 0 {
        return Err(NotAnImage::Animated);
    }
    let side = |a, b, c| u32::from_le_bytes([a, b, c, 0]) + 1;
    Ok((side(w0, w1, w2), side(h0, h1, h2)))
}

/// A key frame's header: its tag, a start code, and 14 bits for each side, with 2 for how to scale it.
fn lossy(data: &[u8]) -> Result<(u32, u32), NotAnImage> {
    let mut data = Bytes(data);
    let [tag, _, _] = data.array()?;
    let start: [u8; 3] = data.array()?;
    let width = u16::from_le_bytes(data.array()?) & 0x3fff;
    let height = u16::from_le_bytes(data.array()?) & 0x3fff;
    let is_key_frame = tag & 1 == 0 && start == [0x9d, 0x01, 0x2a];
    if is_key_frame { Ok((width.into(), height.into())) } else { Err(BROKEN) }
}

/// A signature, and 14 bits for each side less one.
fn lossless(data: &[u8]) -> Result<(u32, u32), NotAnImage> {
    let mut data = Bytes(data);
    let signature = data.byte()?;
    let bits = u32::from_le_bytes(data.array()?);
    let is_known = signature == 0x2f && bits >> 29 == 0;
    let size = ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
    if is_known { Ok(size) } else { Err(BROKEN) }
}
