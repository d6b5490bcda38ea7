//! Compares two generations by digests.

use std::{collections::BTreeMap, pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use kernel::Position;
use tokio::sync::oneshot;

use super::Relocatable;
use crate::{
    ModelError,
    model::{Compared, Comparison},
};

/// How long the model that serves may wait to be compared.
const STANDS_STILL: Duration = Duration::from_secs(5);

/// A part of a model, such as a table: how many rows it has, and a sum over hashes of them all, whatever their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What people call it.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// The sum, in any form that is equal for equal rows.
    pub sum: String,
}

/// The lines of a dump by the word that they begin with; where the model is does not count.
pub(super) fn of_lines(lines: &[String]) -> Vec<Part> {
    let mut parts: BTreeMap<&str, (u64, u128)> = BTreeMap::new();
    for line in lines {
        let end = line.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let name = end.and_then(|end| line.get(..end)).unwrap_or(line);
        if name == "checkpoint" {
            continue;
        }
        let hash = blake3::hash(line.as_bytes());
        let (half, _) = hash.as_bytes().split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        let (rows, sum) = parts.entry(name).or_default();
        *rows += 1;
        *sum += u128::from(u64::from_le_bytes(*half));
    }
    let part = |(name, (rows, sum)): (&str, (u64, u128))| Part {
        name: name.to_owned(),
        rows,
        sum: sum.to_string(),
    };
    parts.into_iter().map(part).collect()
}

type Digest = Pin<Box<dyn Future<Output = Result<Vec<Part>, ModelError>> + Send>>;

/// The digest of the one that serves, as of when the comparison began, and the other one, which does not change meanwhile.
pub(super) struct Digests<M> {
    serving: Digest,
    known: Option<Vec<Part>>,
    other: Arc<M>,
    /// Where both are.
    at: Position,
    takes_too_long: bool,
}

impl<M: Relocatable> Digests<M> {
    /// Begins to compare, and returns once the one that serves may be changed again.
    pub(super) async fn of(serving: Arc<M>, other: Arc<M>) -> Result<Self, ModelError> {
        let (begun, is_begun) = oneshot::channel();
        let mut digest: Digest = Box::pin(async move { serving.digest(begun).await });
        let at = other.checkpoint().await?;
        let mut takes_too_long = false;
        let known = tokio::select! {
            biased;
            known = &mut digest => Some(known?),
            _ = is_begun => None,
            () = tokio::time::sleep(STANDS_STILL) => {
                takes_too_long = true;
                None
            }
        };
        Ok(Self { serving: digest, known, other, at, takes_too_long })
    }
}

#[async_trait]
impl<M: Relocatable> Comparison for Digests<M> {
    async fn step(&mut self) -> Result<Option<Compared>, ModelError> {
        if self.takes_too_long {
            let too_large = "it is too large to be compared while it serves";
            return Ok(Some(Compared::Differ(too_large.to_owned())));
        }
        let serving = match self.known.take() {
            Some(known) => known,
            None => self.serving.as_mut().await?,
        };
        let (begun, _is_begun) = oneshot::channel();
        let other = self.other.digest(begun).await?;
        if self.other.checkpoint().await? != self.at {
            return Err(ModelError::Unavailable(
                "another instance changed what was being compared".to_owned(),
            ));
        }
        Ok(Some(compared(&serving, &other)))
    }
}

fn compared(serving: &[Part], other: &[Part]) -> Compared {
    if serving == other {
        return Compared::Equal { rows: serving.iter().map(|part| part.rows).sum() };
    }
    let of = |parts: &[Part], name: &str| {
        let found = parts.iter().find(|part| part.name == name);
        found.map(|part| (part.rows, part.sum.clone())).unwrap_or_default()
    };
    let names = serving.iter().chain(other).map(|part| part.name.as_str());
    let differing = names.into_iter().find(|name| of(serving, name) != of(other, name));
    let name = differing.unwrap_or("the order of its parts");
    let (mine, others) = (of(serving, name).0, of(other, name).0);
    Compared::Differ(if mine == others {
        format!("{name}: of {mine} rows, at least one is different")
    } else {
        format!("{name}: the serving model has {mine} rows, the new one {others}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(lines: &[&str]) -> Vec<Part> {
        of_lines(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn rows_are_compared_whatever_their_order_and_the_position() {
        let one = parts(&["tea|1|green", "checkpoint|7", "tea|2|black", "cup|1"]);
        let same = parts(&["cup|1", "tea|2|black", "tea|1|green", "checkpoint|8"]);
        assert_eq!(compared(&one, &same), Compared::Equal { rows: 3 });
        let other = parts(&["cup|1", "tea|2|black", "tea|1|white"]);
        let Compared::Differ(how) = compared(&one, &other) else { panic!("a row is different") };
        assert_eq!(how, "tea: of 2 rows, at least one is different");
        let fewer = parts(&["cup|1", "tea|2|black"]);
        let Compared::Differ(how) = compared(&one, &fewer) else { panic!("a row is missing") };
        assert_eq!(how, "tea: the serving model has 2 rows, the new one 1");
    }
}
