//! Ids as people write them: whole, or as much of the beginning or the end as is enough.

use std::{fmt, str::FromStr};

use contracts::order::number::{DIGITS_MIN, digits, fits};
use uuid::Uuid;

/// How many are named if several match.
const NAMED_MAX: usize = 5;

/// An id, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    Whole(Uuid),
    /// Hex digits at its beginning or its end, as logs show them.
    Part(String),
}

/// Ids that a part of one may mean.
#[derive(Clone, Debug)]
pub(crate) struct Fitting {
    part: String,
    found: Vec<Uuid>,
}

/// Why a part of an id does not mean one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unclear {
    #[error("no {what} has an id that begins or ends with {part}")]
    None { what: &'static str, part: String },
    #[error("several {what}s fit {part}: {found}; give more digits")]
    Several { what: &'static str, part: String, found: String },
}

impl Id {
    /// The id if it is whole, else what collects those that fit.
    pub(crate) fn whole_or_fitting(self) -> Result<Uuid, Fitting> {
        match self {
            Self::Whole(id) => Ok(id),
            Self::Part(part) => Err(Fitting { part, found: Vec::new() }),
        }
    }
}

impl Fitting {
    /// Takes an id if it fits.
    pub(crate) fn look_at(&mut self, id: Uuid) {
        if fits(id, &self.part) && !self.found.contains(&id) {
            self.found.push(id);
        }
    }

    /// The one that fits.
    pub(crate) fn one(self, what: &'static str) -> Result<Uuid, Unclear> {
        let Self { part, found } = self;
        match *found.as_slice() {
            [] => Err(Unclear::None { what, part }),
            [id] => Ok(id),
            _ => {
                let mut names: Vec<String> =
                    found.iter().take(NAMED_MAX).map(Uuid::to_string).collect();
                if found.len() > NAMED_MAX {
                    names.push(format!("and {} more", found.len() - NAMED_MAX));
                }
                Err(Unclear::Several { what, part, found: names.join(", ") })
            }
        }
    }
}

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = Uuid::parse_str(text) {
            return Ok(Self::Whole(id));
        }
        digits(text).map(Self::Part).ok_or_else(|| {
            format!(
                "is neither an id nor {DIGITS_MIN} or more hex digits of one's beginning or end"
            )
        })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(id) => write!(f, "{id}"),
            Self::Part(part) => f.write_str(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uuid = Uuid::from_u128(0x0190_c7f2_8b1e_7c3a_9f00_1234_5678_90ab);
    const B: Uuid = Uuid::from_u128(0x0190_c7f2_8b1e_7c3a_9f00_1234_5678_90ac);

    fn found(text: &str) -> Result<Uuid, String> {
        let mut fitting = match text.parse::<Id>()?.whole_or_fitting() {
            Ok(id) => return Ok(id),
            Err(fitting) => fitting,
        };
        for id in [A, B, A] {
            fitting.look_at(id);
        }
        fitting.one("order").map_err(|unclear| unclear.to_string())
    }

    #[test]
    fn an_id_is_found_by_its_beginning_or_its_end_if_only_one_fits() {
        for whole in ["0190c7f2-8b1e-7c3a-9f00-1234567890ab", "90ab", "1234567890AB"] {
            assert_eq!(found(whole), Ok(A), "{whole}");
        }
        let several = found("0190c7f2-8b1e").expect_err("two fit");
        assert_eq!(several, format!("several orders fit 0190c7f28b1e: {A}, {B}; give more digits"));
        assert!(found("ffff").expect_err("none fits").contains("begins or ends with ffff"));
        for bad in ["", "abc", "xyzxyz", "banana"] {
            assert!(found(bad).expect_err(bad).contains("4 or more hex digits"), "{bad}");
        }
    }
}
