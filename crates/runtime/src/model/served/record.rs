//! What is recorded of the generations of a model on a server.

use serde::{Deserialize, Serialize};

use crate::{
    ModelError,
    model::{Compared, Other, Purpose},
};

/// The generation in the place that the setting names.
pub(super) const FIRST: u32 = 1;

/// The generations of a model, and what people or instances have to say to each other of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Record {
    /// The one that serves.
    pub(super) current: u32,
    pub(super) other: Option<Other>,
    /// The last number that was used.
    pub(super) last: u32,
    /// The one that people want to serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) wished: Option<u32>,
    /// The outcome of comparing the other one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) compared: Option<Compared>,
    /// Dropped, and still to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) dropped: Vec<u32>,
}

impl Record {
    /// Where nothing is recorded, the first generation is alone.
    pub(super) fn read(text: Option<&str>) -> Result<Self, ModelError> {
        let Some(text) = text else {
            return Ok(Self {
                current: FIRST,
                other: None,
                last: FIRST,
                wished: None,
                compared: None,
                dropped: Vec::new(),
            });
        };
        serde_json::from_str(text).map_err(|error| {
            ModelError::Other(format!(
                "the record of the read model's generations cannot be read, so it is not known which one serves: {error}"
            ))
        })
    }

    pub(super) fn text(&self) -> Result<String, ModelError> {
        serde_json::to_string(self).map_err(|error| ModelError::Other(error.to_string()))
    }

    /// With another generation beside the one that serves.
    pub(super) fn begun(&self) -> Result<Self, ModelError> {
        if self.other.is_some() {
            return Err(ModelError::Other("another generation already exists".to_owned()));
        }
        let number = self.last + 1;
        let other = Some(Other { number, purpose: Purpose::Building });
        Ok(Self { other, last: number, wished: None, compared: None, ..self.clone() })
    }

    /// With the other generation in the place of the one that serves, unless it is already.
    pub(super) fn switched(&self, number: u32) -> Result<Self, ModelError> {
        if self.current == number {
            return Ok(self.clone());
        }
        if self.other.is_none_or(|other| other.number != number) {
            return Err(no_other());
        }
        let other = Some(Other { number: self.current, purpose: Purpose::Kept });
        Ok(Self { current: number, other, wished: None, ..self.clone() })
    }

    /// Without the other generation, if it is still this one.
    pub(super) fn alone(&self, number: u32) -> Result<Self, ModelError> {
        match self.other {
            None => Ok(self.clone()),
            Some(other) if other.number != number => Err(ModelError::Other(
                "another generation was created meanwhile; try again".to_owned(),
            )),
            Some(_) => {
                let mut dropped = self.dropped.clone();
                dropped.push(number);
                Ok(Self { other: None, wished: None, compared: None, dropped, ..self.clone() })
            }
        }
    }

    /// Without what is left of a generation.
    pub(super) fn removed(&self, number: u32) -> Self {
        let mut record = self.clone();
        record.dropped.retain(|dropped| *dropped != number);
        record
    }
}

pub(super) fn no_other() -> ModelError {
    ModelError::Other("no other generation is kept or being built".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_is_built_serves_goes_back_and_is_dropped() {
        let alone = Record::read(None).expect("nothing is recorded");
        let begun = alone.begun().expect("it was alone");
        assert!(begun.begun().is_err(), "there are two at most");
        assert_eq!(begun.other, Some(Other { number: 2, purpose: Purpose::Building }));
        let switched = begun.switched(2).expect("there is another one");
        assert_eq!(switched.switched(2).expect("it serves"), switched, "it is not switched back");
        assert!(switched.alone(2).is_err(), "what serves is not dropped");
        assert_eq!(
            (switched.current, switched.other),
            (2, Some(Other { number: 1, purpose: Purpose::Kept }))
        );
        let back = switched.switched(1).expect("there is another one");
        assert_eq!((back.current, back.other.map(|other| other.number)), (1, Some(2)));
        let dropped = back.alone(2).expect("it is beside the one that serves");
        assert!(dropped.switched(2).is_err());
        assert_eq!((dropped.other, &*dropped.dropped), (None, &[2][..]));
        let next = dropped.removed(2).begun().expect("it is alone again");
        assert_eq!(next.other.map(|other| other.number), Some(3), "no number is used twice");
        let text = next.text().expect("it can be written");
        assert_eq!(Record::read(Some(&text)).expect("it was written"), next);
        assert!(Record::read(Some("{}")).is_err(), "it does not say which one serves");
    }
}
