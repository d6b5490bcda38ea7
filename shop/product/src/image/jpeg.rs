//! JPEG: markers, most with a segment of a length and data; a frame header says the size, compressed data follows a start of scan.

use super::{Bytes, NotAnImage};

/// Start of image, and the first byte of the next marker.
pub(super) const START: &[u8] = &[0xff, 0xd8, 0xff];

const BROKEN: NotAnImage = NotAnImage::Broken("JPEG");

const END: u8 = 0xd9;
const SCAN: u8 = 0xda;

pub(super) fn size(file: &[u8]) -> Result<(u32, u32), NotAnImage> {
    let mut file = Bytes(file);
    file.take(2)?;
    let (mut size, mut has_data) = (None, false);
    let mut marker = next_marker(&mut file)?;
    loop {
        match marker {
            END if has_data => {
                file.end()?;
                return size.ok_or(BROKEN);
            }
            // A marker without a segment where none can be: stuffing, restarts, start and end of an image.
            0x00..=0x01 | 0xd0..=END => return Err(BROKEN),
            _ => {}
        }
        let data_bytes = u16::from_be_bytes(file.array()?).checked_sub(2).ok_or(BROKEN)?;
        let data = file.take(usize::from(data_bytes))?;
        if is_frame(marker) {
            if size.is_some() {
                return Err(BROKEN);
            }
            size = Some(frame(data)?);
        }
        marker = if marker == SCAN {
            has_data = true;
            after_scan(&mut file)?
        } else {
            next_marker(&mut file)?
        };
    }
}

/// The frame headers that browsers show: baseline, extended and progressive.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xc2)
}

fn frame(data: &[u8]) -> Result<(u32, u32), NotAnImage> {
    let mut rest = Bytes(data);
    let [_precision] = rest.array().map_err(|_| BROKEN)?;
    let height = u16::from_be_bytes(rest.array().map_err(|_| BROKEN)?);
    let width = u16::from_be_bytes(rest.array().map_err(|_| BROKEN)?);
    let components = rest.byte().map_err(|_| BROKEN)?;
    let is_whole = matches!(components, 1 | 3 | 4) && rest.0.len() == usize::from(components) * 3;
    if is_whole { Ok((width.into(), height.into())) } else { Err(BROKEN) }
}

/// The marker that stands here; any number of 0xff may come before its code.
fn next_marker(file: &mut Bytes<'_>) -> Result<u8, NotAnImage> {
    if file.byte()? != 0xff {
        return Err(BROKEN);
    }
    loop {
        let code = file.byte()?;
        if code != 0xff {
            return Ok(code);
        }
    }
}

/// The marker that ends the compressed data of a scan. In the data, 0xff is followed by 0x00, and restarts are part of it.
fn after_scan(file: &mut Bytes<'_>) -> Result<u8, NotAnImage> {
    loop {
        let at = file.0.iter().position(|byte| *byte == 0xff).ok_or(NotAnImage::Truncated)?;
        file.take(at)?;
        let code = next_marker(file)?;
        if !matches!(code, 0x00 | 0xd0..=0xd7) {
            return Ok(code);
        }
    }
}
