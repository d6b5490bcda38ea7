//! Pictures that are drawn from a product's category and name: always the same for the same product.

use std::{fmt, sync::LazyLock};

use super::{motif::Motif, palette};

/// Changes with any drawing or colour, and so does every address: browsers keep pictures for good.
static EDITION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = blake3::Hasher::new();
    for (motif, variant) in Motif::ALL.iter().flat_map(|motif| [0, 1, 2].map(|one| (*motif, one))) {
        hasher.update(motif.draw(variant).as_bytes());
    }
    for palette in 0..palette::count() {
        hasher.update(palette::style(palette).as_bytes());
    }
    hasher.finalize().to_hex().chars().take(6).collect()
});

/// A drawn picture, with its file's name as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub(super) motif: Motif,
    /// Of the motif, or from the category: products of one category belong together.
    palette: u8,
    /// From the name, so that products of one category look different.
    variant: u32,
}

impl Drawn {
    pub(crate) fn of(category: &str, name: &str) -> Self {
        let of_category = blake3::hash(category.to_lowercase().as_bytes());
        let of_name = blake3::hash(name.to_lowercase().as_bytes());
        let [palette, ..] = *of_category.as_bytes();
        let [a, b, c, ..] = *of_name.as_bytes();
        let motif = Motif::of(category, name);
        let palette = motif.palette().unwrap_or(palette % palette::count());
        Self { motif, palette, variant: u32::from_be_bytes([0, a, b, c]) }
    }

    /// The picture of that name, and whether it is one of this edition.
    pub(crate) fn parse(file: &str) -> Option<(Self, bool)> {
        let mut parts = file.strip_suffix(".svg")?.split('-');
        let motif = Motif::parse(parts.next()?)?;
        let palette = parts.next()?.parse().ok().filter(|at| *at < palette::count())?;
        let variant = parts.next().filter(|digits| digits.len() == 6)?;
        let variant = u32::from_str_radix(variant, 16).ok()?;
        let is_current = parts.next().is_some_and(|edition| edition == *EDITION);
        parts.next().is_none().then_some((Self { motif, palette, variant }, is_current))
    }

    pub(crate) fn svg(self) -> String {
        let style = palette::style(self.palette);
        let drawing = self.motif.draw(self.variant);
        // A disc behind the thing, a little elsewhere for each product.
        let (x, y) = (150 + self.variant % 101, 130 + (self.variant >> 8) % 81);
        let radius = 118 + (self.variant >> 16) % 41;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 400 400\" width=\"400\" height=\"400\">{style}\
             <rect width=\"400\" height=\"400\" fill=\"var(--ground)\"/>\
             <circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"var(--shade)\"/>\
             <ellipse cx=\"200\" cy=\"324\" rx=\"96\" ry=\"12\" fill=\"var(--shade)\"/>{drawing}</svg>"
        )
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:06x}-{}.svg", self.motif.name(), self.palette, self.variant, *EDITION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_stable_and_told_by_its_address() {
        let cheese = Drawn::of("Cheese", "Grated Cheese 8 OZ");
        assert_eq!(cheese, Drawn::of("Cheese", "Grated Cheese 8 OZ"));
        assert_ne!(cheese, Drawn::of("Cheese", "Single Cheese 12 OZ"));
        let address = cheese.to_string();
        assert_eq!(Drawn::parse(&address), Some((cheese, true)));
        let earlier = address.replace(&*EDITION, "abcdef");
        assert_eq!(Drawn::parse(&earlier), Some((cheese, false)), "a page from before an update");
        assert_eq!(Drawn::parse("can-0-000000.svg").map(|(_, is_current)| is_current), Some(false));
        for bad in [
            "x.svg",
            "can-99-000000.svg",
            "can-0-zz0000.svg",
            "can-0-000000-1-2.svg",
            "can-0-000000",
        ] {
            assert_eq!(Drawn::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_motif_draws_well_formed_lines_in_colours_of_both_schemes() {
        assert!(Motif::ALL.len() >= 60, "{} motifs", Motif::ALL.len());
        for motif in Motif::ALL {
            let svg = Drawn { motif: *motif, palette: 3, variant: 0x00c0_ffee }.svg();
            assert_eq!(svg.matches('<').count(), svg.matches('>').count(), "{svg}");
            assert!(svg.len() < 3500, "{motif:?} takes {} bytes", svg.len());
            assert!(!svg.contains('@') || svg.matches('@').count() == 1, "{motif:?}: {svg}");
            assert!(svg.contains("prefers-color-scheme:dark"), "{motif:?}");
        }
    }

    #[test]
    fn no_motif_has_a_part_in_the_colour_of_what_is_behind_it() {
        // It would look torn off wherever the disc is behind it.
        for motif in Motif::ALL {
            let drawing = motif.draw(0);
            for behind in ["--shade", "--ground"] {
                assert!(!drawing.contains(behind), "{motif:?}: {behind}");
            }
        }
    }
}
