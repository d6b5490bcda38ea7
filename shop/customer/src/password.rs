//! Passwords: argon2id hashes, computed a few at a time, and encrypted before they leave this module.

use std::{borrow::Cow, sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc},
};
use kernel::{Ids, text::nfc};
use runtime::Tasks;
use serde::{Deserialize, Deserializer, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};
use uuid::Uuid;
use web::Problem;
use zeroize::Zeroizing;

use crate::{
    Secrets,
    turns::{self, Owner, Turns},
};

/// The most hashes computed at once: each takes 19 MiB and a core.
const AT_ONCE_MAX: usize = 2;
/// Requests waiting for their turn: about a second's worth, as more would only time out; of one address few enough that others
/// hardly notice.
const WAITING: turns::Limits = turns::Limits { of_an_address: 8, of_all: 64 };
/// The longest password in characters.
const LENGTH_MAX: usize = 128;

/// A password as typed, of at least `MIN` characters. Wiped from memory when dropped; never shown.
pub struct Password<const MIN: usize = 1>(Zeroizing<String>);

/// A password that is to be set.
pub type NewPassword = Password<8>;

/// What a hash costs to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

/// Makes and checks hashes of passwords.
pub(crate) struct Passwords {
    tasks: Tasks,
    ids: Arc<Ids>,
    secrets: Arc<Secrets>,
    argon2: Argon2<'static>,
    turns: Turns,
    /// Dummy hash, for equal timing: checked where a user name has no password.
    nobodys: String,
}

/// A permit to compute one hash now: returned once the work is done and the requester has the result.
#[derive(Clone)]
pub(crate) struct Turn(#[expect(dead_code, reason = "held, and dropped")] Arc<turns::Turn>);

impl<const MIN: usize> Password<MIN> {
    /// Takes a valid password, else returns the rule that it breaks. Kept in Unicode's form NFC: keyboards differ in how
    /// they write an accent, and its owner cannot see which it was.
    pub fn parse(text: String) -> Result<Self, String> {
        let text = Zeroizing::new(text);
        if text.chars().any(char::is_control) {
            return Err("must not contain control characters".to_owned());
        }
        if !(MIN..=LENGTH_MAX).contains(&text.chars().take(LENGTH_MAX + 1).count()) {
            return Err(format!("must have {MIN} to {LENGTH_MAX} characters"));
        }
        if MIN > 1 && is_common(&text) {
            return Err("is among the most common ones; choose another one".to_owned());
        }
        Ok(Self(match nfc(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(composed) => Zeroizing::new(composed),
        }))
    }

    /// The password itself, for the one place that may show it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Passwords of eight characters and more that lead every list of stolen ones.
const COMMON: [&str; 40] = [
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "abc12345",
    "abcd1234",
    "abcdefgh",
    "access14",
    "admin123",
    "administrator",
    "asdfghjk",
    "asdfghjkl",
    "baseball",
    "basketball",
    "changeme",
    "computer",
    "corvette",
    "dragon123",
    "football",
    "iloveyou",
    "jennifer",
    "letmein1",
    "letmein123",
    "mercedes",
    "michelle",
    "passw0rd",
    "password",
    "princess",
    "q1w2e3r4",
    "qwerty12",
    "qwerty123",
    "qwertyui",
    "qwertyuiop",
    "starwars",
    "sunshine",
    "superman",
    "trustno1",
    "victoria",
    "welcome1",
    "whatever",
    "zaq12wsx",
];

/// Whether a password is among those that are tried first: a common one (with digits or signs behind it too), one character again
/// and again, or digits that follow each other.
fn is_common(text: &str) -> bool {
    let text = text.to_lowercase();
    let word = text.trim_end_matches(|end: char| !end.is_alphabetic());
    let steps = |step: i32| {
        let mut pairs = text.chars().zip(text.chars().skip(1));
        pairs.all(|(one, next)| {
            i32::try_from(u32::from(next)).unwrap_or(0) - i32::try_from(u32::from(one)).unwrap_or(0)
                == step
        })
    };
    COMMON.contains(&&*text)
        || COMMON.contains(&word)
        || [0, 1, -1].into_iter().any(steps)
        || text == "1234567890"
}

impl NewPassword {
    /// Whether it is the user's own name, whatever its case and with digits or signs behind it or not.
    pub(crate) fn is_name(&self, user: &str) -> bool {
        let (password, user) = (self.0.to_lowercase(), user.to_lowercase());
        password == user || password.trim_end_matches(|end: char| !end.is_alphabetic()) == user
    }

    /// A password that cannot be guessed, of nearly 120 random bits.
    #[must_use]
    pub fn generate(ids: &Ids) -> Self {
        Self(Zeroizing::new(ids.letters::<24>()))
    }
}

impl<'de, const MIN: usize> Deserialize<'de> for Password<MIN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<const MIN: usize> PartialSchema for Password<MIN> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(MIN))
            .max_length(Some(LENGTH_MAX))
            .pattern(Some(r"^[^\u0000-\u001f\u007f-\u009f]*$"))
            .into()
    }
}

impl<const MIN: usize> ToSchema for Password<MIN> {
    fn name() -> Cow<'static, str> {
        if MIN > 1 { Cow::Borrowed("NewPassword") } else { Cow::Borrowed("Password") }
    }
}

impl Default for Cost {
    /// What OWASP asks of argon2id at the least.
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

impl Cost {
    /// As little as the algorithm allows: for tests and simulations, never for a shop.
    pub const TINY: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };
}

/// Never more than there are cores. One address occupies one core at most.
fn at_once() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(AT_ONCE_MAX)
}

impl Passwords {
    /// # Panics
    /// If `cost` is outside of what argon2 allows.
    pub(crate) fn new(cost: Cost, secrets: Arc<Secrets>, tasks: Tasks, ids: Arc<Ids>) -> Self {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None)
            .expect("the cost is within what argon2 allows");
        let nobodys = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: phc::ParamsString::try_from(&params).expect("valid parameters are written"),
            salt: phc::Salt::new(&ids.bytes::<16>()).ok(),
            hash: phc::Output::new(&ids.bytes::<{ Params::DEFAULT_OUTPUT_LEN }>()).ok(),
        };
        Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            turns: Turns::new(at_once(), WAITING),
            nobodys: nobodys.to_string(),
            tasks,
            ids,
            secrets,
        }
    }

    /// Waits for a turn; 503 if too many wait already.
    pub(crate) async fn turn(&self, owner: Owner) -> Result<Turn, Problem> {
        let busy = |_| {
            Problem::unavailable(
                Duration::from_secs(1),
                "Too many logins in progress; try again in a second.",
            )
        };
        Ok(Turn(Arc::new(self.turns.turn(owner).await.map_err(busy)?)))
    }

    /// The sealed hash of a customer's new password.
    pub(crate) async fn hash(&self, turn: &Turn, customer: Uuid, password: &NewPassword) -> String {
        let (argon2, salt) = (self.argon2.clone(), self.ids.bytes::<16>());
        let (turn, password) = (turn.clone(), password.0.clone());
        let hash = self.tasks.blocking(move || {
            // Held until the work is done, even if its request has been dropped.
            let _turn = turn;
            let hash = argon2.hash_password_with_salt(password.as_bytes(), &salt);
            Zeroizing::new(hash.expect("a password and 16 bytes of salt can be hashed").to_string())
        });
        self.secrets.seal(customer, &hash.await, &self.ids)
    }

    /// Whether `password` is the one whose sealed hash is given; takes as long where none is.
    pub(crate) async fn verify<const MIN: usize>(
        &self,
        turn: &Turn,
        customer: Uuid,
        sealed: Option<&str>,
        password: &Password<MIN>,
    ) -> bool {
        let opened = sealed.and_then(|sealed| self.secrets.open(customer, sealed));
        let known = opened.is_some();
        let hash = opened.unwrap_or_else(|| Zeroizing::new(self.nobodys.clone()));
        let (turn, password) = (turn.clone(), password.0.clone());
        let argon2 = self.argon2.clone();
        let matches = self.tasks.blocking(move || {
            let _turn = turn;
            let hash = phc::PasswordHash::new(&hash);
            hash.is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
        });
        matches.await && known
    }
}

#[cfg(test)]
mod tests;
