//! PNG: a signature, then chunks of a length, a type, data and a checksum; `IHDR` comes first, `IEND` last.

use super::{Bytes, NotAnImage, length};

pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

const BROKEN: NotAnImage = NotAnImage::Broken("PNG");

pub(super) fn size(file: &[u8]) -> Result<(u32, u32), NotAnImage> {
    let mut file = Bytes(file);
    file.take(SIGNATURE.len())?;
    let (mut size, mut has_data) = (None, false);
    loop {
        let data_bytes = length(file.array()?)?;
        let kind: [u8; 4] = file.array()?;
        let data = file.take(data_bytes)?;
        let _checksum: [u8; 4] = file.array()?;
        match (&kind, size) {
            (b"IHDR", None) => size = Some(header(data)?),
            (b"IHDR", Some(_)) | (_, None) => return Err(BROKEN),
            (b"acTL", _) => return Err(NotAnImage::Animated),
            (b"IDAT", _) => has_data = true,
            (b"IEND", Some(size)) if has_data && data.is_empty() => {
                file.end()?;
                return Ok(size);
            }
            (b"IEND", _) => return Err(BROKEN),
            _ if kind.iter().all(u8::is_ascii_alphabetic) => {}
            _ => return Err(BROKEN),
        }
    }
}

fn header(data: &[u8]) -> Result<(u32, u32), NotAnImage> {
    let mut rest = Bytes(data);
    let width = u32::from_be_bytes(rest.array().map_err(|_| BROKEN)?);
    let height = u32::from_be_bytes(rest.array().map_err(|_| BROKEN)?);
    let [depth, color, compression, filter, interlace] = rest.array().map_err(|_| BROKEN)?;
    let fits = match color {
        0 => matches!(depth, 1 | 2 | 4 | 8 | 16),
        3 => matches!(depth, 1 | 2 | 4 | 8),
        2 | 4 | 6 => matches!(depth, 8 | 16),
        _ => false,
    };
    let is_known = fits && compression == 0 && filter == 0 && interlace <= 1;
    if is_known && rest.0.is_empty() { Ok((width, height)) } else { Err(BROKEN) }
}
