//! The data of a recorded event: JSON that is parsed at most once per type, however many readers the process has.

use std::{any::Any, fmt, ops::Deref, sync::OnceLock};

use serde_json::value::RawValue;

/// A JSON object and the values it was parsed into. A clone starts without them.
pub struct Data {
    json: Box<RawValue>,
    parsed: Parsed,
}

/// The values that the data was parsed into, one of each type: a list that only grows, so that they can be lent out.
#[derive(Default)]
struct Parsed(OnceLock<(Box<dyn Any + Send + Sync>, Box<Parsed>)>);

impl Data {
    /// The data as a `T`. The first call parses it and later calls return the same value; a failure is not cached.
    pub(crate) fn parsed<T, E>(
        &self,
        parse: impl FnOnce(&RawValue) -> Result<T, E>,
    ) -> Result<&T, E>
    where
        T: Send + Sync + 'static,
    {
        match self.parsed.find() {
            Some(known) => Ok(known),
            None => Ok(self.parsed.keep(parse(&self.json)?)),
        }
    }
}

impl Parsed {
    fn find<T: 'static>(&self) -> Option<&T> {
        let (value, others) = self.0.get()?;
        value.downcast_ref().or_else(|| others.find())
    }

    /// Keeps `value`, unless another thread was first with one of its type; the one that is kept.
    fn keep<T: Send + Sync + 'static>(&self, value: T) -> &T {
        let mut value: Option<Box<dyn Any + Send + Sync>> = Some(Box::new(value));
        let mut at = self;
        loop {
            let (found, others) = at.0.get_or_init(|| {
                (value.take().expect("it is found where it is kept"), Box::default())
            });
            match found.downcast_ref() {
                Some(found) => return found,
                None => at = others,
            }
        }
    }
}

impl Clone for Data {
    fn clone(&self) -> Self {
        self.json.clone().into()
    }
}

impl From<Box<RawValue>> for Data {
    fn from(json: Box<RawValue>) -> Self {
        Self { json, parsed: Parsed::default() }
    }
}

impl From<Data> for Box<RawValue> {
    fn from(data: Data) -> Self {
        data.json
    }
}

impl Deref for Data {
    type Target = RawValue;

    fn deref(&self) -> &RawValue {
        &self.json
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.json, f)
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.json, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Data {
        serde_json::value::to_raw_value(&7).expect("a number").into()
    }

    #[test]
    fn each_type_is_parsed_once_and_a_failure_is_tried_again() {
        let data = data();
        let number = |json: &RawValue| json.get().parse::<u8>();
        let failed: Result<&u8, &str> = data.parsed(|_| Err("not today"));
        assert_eq!(failed, Err("not today"));
        let first: &u8 = data.parsed(number).expect("a number");
        let text: &String = data.parsed(|json| Ok::<_, ()>(json.get().to_owned())).expect("text");
        assert_eq!((*first, &**text), (7, "7"));
        let again = |_: &RawValue| -> Result<u8, ()> { panic!("parsed again") };
        assert!(std::ptr::eq(first, data.parsed(again).expect("it is known")));
        let again = |_: &RawValue| -> Result<String, ()> { panic!("parsed again") };
        assert!(std::ptr::eq(text, data.parsed(again).expect("it is known")));
        let clone: Result<&u8, _> =
            data.clone().parsed(|_| Err::<u8, _>("its own")).copied().map(|_| &0);
        assert_eq!(clone, Err("its own"));
    }

    #[test]
    fn threads_that_parse_at_once_share_one_value() {
        let data = data();
        let parse = || {
            let parsed: &String =
                data.parsed(|json| Ok::<_, ()>(json.get().to_owned())).expect("text");
            std::ptr::from_ref(parsed) as usize
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(parse)).collect();
            let seen: Vec<usize> =
                threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
            assert!(seen.iter().all(|at| Some(at) == seen.first()), "{seen:?}");
        });
    }
}
