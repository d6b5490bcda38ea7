//! How a family of events is written down once: its enum, type names and schema numbers.

/// Declares a family: an enum over event structs, and its [`kernel::Event`] implementation.
///
/// Each line is `Variant(Struct) = NAME "category.name" @ schema`; older schemas are upcast by the struct's own
/// `upcast(schema, json)` where the line ends in `, upcast`. The type's name is the constant `NAME` of the family and is written
/// nowhere else. A type that is only ever the first of its stream is marked `first` behind its schema: `read` refuses it anywhere
/// else, so that a forged second one changes nothing for any subscriber.
macro_rules! events {
    ($(#[$doc:meta])* $family:ident { $( $(#[$variant_doc:meta])* $variant:ident($data:ty) = $name:ident $kind:literal @ $schema:literal $($place:ident)? ),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $family {
            $( $(#[$variant_doc])* $variant($data), )+
        }

        impl $family {
            $(
                #[doc = concat!("The type `", $kind, "`.")]
                pub const $name: &'static str = $kind;
            )+

            /// Every type of the family with its current schema number.
            pub const TYPES: &'static [(&'static str, u32)] = &[$( ($kind, $schema) ),+];

            /// The types that have a place in their stream, with its name.
            const PLACES: &'static [(&'static str, &'static str)] = &[$( $( ($kind, stringify!($place)), )? )+];

            /// Whether the family has a type of that name.
            #[must_use]
            pub fn has(kind: &str) -> bool {
                matches!(kind, $( $kind )|+)
            }

            /// The event in a record of this family's category. For subscribers: an event that cannot be read is an error, to be
            /// counted and logged.
            pub fn read(recorded: &kernel::Recorded) -> Result<Self, kernel::DecodeError> {
                let kind = recorded.kind.as_str();
                if recorded.version > kernel::Version(0) && Self::PLACES.contains(&(kind, "first")) {
                    return Err(kernel::DecodeError::NotFirst(kind.to_owned()));
                }
                kernel::Event::decode(kind, recorded.schema, &recorded.data)
            }

            /// The event in a record, if it is of this family and parses: for views, which pass over anything else.
            #[must_use]
            pub fn of(recorded: &kernel::Recorded) -> Option<Self> {
                Self::read(recorded).ok()
            }
        }

        impl kernel::Event for $family {
            fn kind(&self) -> &'static str {
                match self { $( Self::$variant(_) => $kind, )+ }
            }

            fn schema(&self) -> u32 {
                match self { $( Self::$variant(_) => $schema, )+ }
            }

            fn encode(&self) -> Box<serde_json::value::RawValue> {
                let raw = match self { $( Self::$variant(data) => serde_json::value::to_raw_value(data), )+ };
                raw.expect("events are plain data with string keys")
            }

            fn decode(kind: &str, schema: u32, data: &serde_json::value::RawValue) -> Result<Self, kernel::DecodeError> {
                let malformed = |source| kernel::DecodeError::Malformed { kind: kind.to_owned(), source };
                match kind {
                    $(
                        $kind if schema <= $schema => serde_json::from_str(data.get()).map(Self::$variant).map_err(malformed),
                        $kind => Err(kernel::DecodeError::UnknownSchema { kind: kind.to_owned(), schema }),
                    )+
                    _ => Err(kernel::DecodeError::UnknownType(kind.to_owned())),
                }
            }
        }

        $( impl From<$data> for $family {
            fn from(data: $data) -> Self {
                Self::$variant(data)
            }
        } )+
    };
}
