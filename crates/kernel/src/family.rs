//! How a family of events is written down once: its enum, type names, schema numbers and upcasters.

/// Declares a family of events: an enum and its [`Event`](crate::Event) implementation.
///
/// ```
/// use kernel::{Event as _, Fields};
///
/// #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// pub struct Closed {
///     pub reason: String,
/// }
///
/// kernel::events! {
///     /// What happens to an account.
///     AccountEvent {
///         /// The account exists from now on.
///         Opened { owner: String, currency: String } = OPENED "account.opened" @ 2 first { from 1 => opened_1, to 1 => opened_for_1 },
///         Deposited { cents: i64 } = "account.deposited" @ 1,
///         Closed(Closed) = "account.closed" @ 1,
///     }
/// }
///
/// /// Schema 1 had no currency: every account was in euros.
/// fn opened_1(data: &mut Fields) {
///     data.insert("currency".to_owned(), "EUR".into());
/// }
///
/// /// Readers of schema 1 take every account to be in euros.
/// fn opened_for_1(data: &mut Fields) {
///     data.remove("currency");
/// }
///
/// let old = serde_json::value::to_raw_value(&serde_json::json!({ "owner": "ada" })).unwrap();
/// let opened = AccountEvent::Opened { owner: "ada".to_owned(), currency: "EUR".to_owned() };
/// assert_eq!(AccountEvent::decode(AccountEvent::OPENED, 1, &old).unwrap(), opened);
/// let (schema, data) = opened.encode_for(1).unwrap();
/// assert_eq!((schema, data.get()), (1, r#"{"owner":"ada"}"#));
/// ```
///
/// Each line is `Variant = "category.past-tense" @ schema`, where the variant has its fields right there or holds a struct that serde
/// can write and read as one JSON object. Inline fields are stored under their names; a struct can have attributes of serde.
/// What may follow or precede:
///
/// - `NAME` before the type makes it a constant of the enum, so that the type is written nowhere else.
/// - `first` marks a type that is only ever the first of its stream: `read` refuses it anywhere else, so that a forged second one
///   changes nothing for any subscriber.
/// - `{ from 1 => upcast, to 1 => step_back }` says how data of schema 1 becomes that of the next one, and how data of the next one is
///   written for programs that read no newer one than 1. See below.
///
/// The enum also has `TYPES` (every type with its current schema number), `has` (whether a type is one of them), `read` (the event in a
/// record, or why it cannot be read) and `of` (the event in a record, if there is one).
///
/// # Changing an event
///
/// What is recorded is never changed, and a released type is never renamed. A field may be added at any time as an `Option` or with
/// serde's `default`. Any other change gets a new schema number, and each older number an upcaster: a pure function over the JSON members
/// that makes one step, from its own number to the next; decoding applies them in order. An event of an older number without an
/// upcaster is an error and never read as if it were of the current one.
///
/// While a system is updated, instances of two versions run side by side, and the older ones do not read the new schema. A step back is a
/// pure function too: it makes of the members what the schema before has. Until every instance reads the new schema, events are written
/// with it. Without one, commands that lead to such an event are refused until then. Released schemas are kept as golden files, see `Released` in
/// the test kit.
#[macro_export]
macro_rules! events {
    ($(#[$doc:meta])* $family:ident { $(
        $(#[$variant_doc:meta])*
        $variant:ident $( ($data:ty) )? $( { $( $(#[$field_doc:meta])* $field:ident : $type:ty ),* $(,)? } )?
        = $( $constant:ident )? $kind:literal @ $schema:literal $($place:ident)? $( { $( $way:ident $old:literal => $step:path ),+ $(,)? } )?
    ),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $family {
            $( $(#[$variant_doc])* $variant $( ($data) )? $( { $( $(#[$field_doc])* $field: $type ),* } )?, )+
        }

        impl $family {
            $( $(
                #[doc = concat!("The type `", $kind, "`.")]
                pub const $constant: &'static str = $kind;
            )? )+

            /// Every type of the family with its current schema number.
            pub const TYPES: &'static [(&'static str, u32)] = &[$( ($kind, $schema) ),+];

            /// The types that have a place in their stream, with its name.
            const PLACES: &'static [(&'static str, &'static str)] = &[$( $( ($kind, stringify!($place)), )? )+];

            /// Whether the family has a type of that name.
            #[must_use]
            pub fn has(kind: &str) -> bool {
                matches!(kind, $( $kind )|+)
            }

            /// The event in a record of this family's category, parsed once for all who read the record. For subscribers: an event
            /// that cannot be read is an error, to be counted and logged.
            pub fn read(recorded: &$crate::Recorded) -> ::core::result::Result<&Self, $crate::DecodeError> {
                <Self as $crate::Event>::read(recorded)
            }

            /// The event in a record, if it is of this family and parses: for views, which pass over anything else.
            #[must_use]
            pub fn of(recorded: &$crate::Recorded) -> ::core::option::Option<&Self> {
                Self::read(recorded).ok()
            }
        }

        impl $crate::Event for $family {
            const TYPES: &'static [(&'static str, u32)] = Self::TYPES;

            fn kind(&self) -> &'static str {
                match self { $( Self::$variant { .. } => $kind, )+ }
            }

            fn schema(&self) -> u32 {
                match self { $( Self::$variant { .. } => $schema, )+ }
            }

            fn encode(&self) -> ::std::boxed::Box<$crate::__private::RawValue> {
                match self { $(
                    $crate::__event!(@pattern data $variant $( ($data) )? $( { $($field),* } )?) =>
                        $crate::__event!(@encode data $( ($data) )? $( { $($field),* } )?),
                )+ }
            }

            fn encode_for(&self, newest: u32) -> ::core::option::Option<(u32, ::std::boxed::Box<$crate::__private::RawValue>)> {
                let steps: &'static [$crate::__private::Step] = match self { $(
                    Self::$variant { .. } => const { &[$( $( $crate::__private::Step::$way($old, $step) ),+ )?] },
                )+ };
                $crate::__private::stepped_back(self.encode(), self.schema(), newest, steps)
            }

            fn decode(kind: &str, schema: u32, data: &$crate::__private::RawValue) -> ::core::result::Result<Self, $crate::DecodeError> {
                match kind {
                    $( $kind => {
                        const STEPS: &[$crate::__private::Step] = &[$( $( $crate::__private::Step::$way($old, $step) ),+ )?];
                        const { $crate::__private::check_steps(STEPS, $schema) };
                        let data = $crate::__private::renewed(kind, schema, $schema, STEPS, data)?;
                        let parsed = $crate::__event!(@decode data $variant $( ($data) )? $( { $($field),* } )?);
                        parsed.map_err(|source| $crate::DecodeError::Malformed { kind: kind.to_owned(), source })
                    } )+
                    _ => Err($crate::DecodeError::UnknownType(kind.to_owned())),
                }
            }

            fn read(recorded: &$crate::Recorded) -> ::core::result::Result<&Self, $crate::DecodeError> {
                $crate::__private::read(recorded, Self::PLACES)
            }
        }

        $( $( impl From<$data> for $family {
            fn from(data: $data) -> Self {
                Self::$variant(data)
            }
        } )? )+
    };
}

/// The two forms of a variant, taken apart for [`events!`](crate::events).
#[doc(hidden)]
#[macro_export]
macro_rules! __event {
    (@pattern $bound:ident $variant:ident ($data:ty)) => { Self::$variant($bound) };
    (@pattern $bound:ident $variant:ident { $($field:ident),* }) => { Self::$variant { $($field),* } };
    (@encode $bound:ident ($data:ty)) => { $crate::__private::write($bound) };
    (@encode $bound:ident { $($field:ident),* }) => {
        $crate::__private::Members::default()$( .with(stringify!($field), $field) )*.finish()
    };
    (@decode $json:ident $variant:ident ($data:ty)) => { $crate::__private::parse(&$json).map(Self::$variant) };
    (@decode $json:ident $variant:ident { $($field:ident),* }) => {
        $crate::__private::members(&$json).and_then(|members| {
            let _unused_without_fields = &members;
            Ok(Self::$variant { $( $field: $crate::__private::member(&members, stringify!($field))? ),* })
        })
    };
}
