//! Which files are pictures: recognized by their content, from the first byte to the last.

use contracts::picture::Kind;
use product::image::{Image, NotAnImage, read};
use proptest::prelude::*;

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("../data/", $name)).as_slice()
    };
}

const GOOD: [(&[u8], Kind); 9] = [
    (data!("plain.png"), Kind::Png),
    (data!("palette.png"), Kind::Png),
    (data!("alpha.png"), Kind::Png),
    (data!("baseline.jpg"), Kind::Jpeg),
    (data!("progressive.jpg"), Kind::Jpeg),
    (data!("grey.jpg"), Kind::Jpeg),
    (data!("lossy.webp"), Kind::Webp),
    (data!("lossless.webp"), Kind::Webp),
    (data!("alpha.webp"), Kind::Webp),
];

#[test]
fn every_usual_form_of_the_three_formats_is_read() {
    for (file, kind) in GOOD {
        assert_eq!(read(file), Ok(Image { kind, width: 40, height: 24 }));
    }
}

#[test]
fn a_file_that_ends_anywhere_before_its_end_is_refused() {
    for (file, kind) in GOOD {
        for end in 0..file.len() {
            assert!(read(&file[..end]).is_err(), "{kind:?} cut at {end}");
        }
        assert_eq!(read(&file[..file.len() - 1]), Err(NotAnImage::Truncated), "{kind:?}");
    }
}

#[test]
fn what_is_two_things_at_once_is_refused() {
    for (file, kind) in GOOD {
        for other in [&b"PK\x03\x04"[..], b"<script>alert(1)</script>", b"\n", file] {
            assert_eq!(read(&[file, other].concat()), Err(NotAnImage::Trailing), "{kind:?}");
        }
        for before in [&b"\n"[..], b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>"] {
            assert_eq!(read(&[before, file].concat()), Err(NotAnImage::OtherFormat), "{kind:?}");
        }
    }
}

#[test]
fn other_formats_are_refused_whatever_they_are_called() {
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"24\"/>";
    for other in [data!("other.gif"), svg, b"<!DOCTYPE html>", b"%PDF-1.7", b"RIFF\x04\0\0\0WAVE"] {
        assert_eq!(read(other), Err(NotAnImage::OtherFormat));
    }
    assert_eq!(read(b""), Err(NotAnImage::Empty));
}

#[test]
fn animations_are_refused() {
    for animated in [data!("animated.png"), data!("animated.webp")] {
        assert_eq!(read(animated), Err(NotAnImage::Animated));
    }
}

/// A few bytes that say they are a picture of gigabytes: never decompressed here, and not given to browsers either.
#[test]
fn absurd_sizes_are_refused() {
    let size = |width, height| Err(NotAnImage::Size { width, height });
    assert_eq!(read(data!("narrow.png")), size(15, 24));
    assert_eq!(read(data!("wide.png")), size(4097, 16));
    for (width, height) in [(0, 24), (40, 0), (u32::MAX, 24), (40, 1 << 31), (65536, 65536)] {
        let mut bomb = data!("plain.png").to_vec();
        bomb[16..20].copy_from_slice(&u32::to_be_bytes(width));
        bomb[20..24].copy_from_slice(&u32::to_be_bytes(height));
        assert_eq!(read(&bomb), size(width, height));
    }
}

#[test]
fn a_webp_file_has_one_size() {
    let mut file = data!("alpha.webp").to_vec();
    let canvas = file.iter().position(|byte| *byte == 39).expect("a width of 40, less one");
    file[canvas] = 100;
    assert_eq!(read(&file), Err(NotAnImage::Broken("WebP")));
}

proptest! {
    #[test]
    fn no_file_is_too_strange(
        start in 0..GOOD.len(),
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        keep in 0_usize..60,
    ) {
        let (file, _) = GOOD[start];
        let _read = read(&[&file[..keep.min(file.len())], &bytes].concat());
        let _read = read(&bytes);
    }
}
