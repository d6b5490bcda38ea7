//! Tokens: compact JWTs signed with Ed25519 (RFC 7519, RFC 8037), checked by our own clock, remembered once verified.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use kernel::{Ids, Timestamp, sync};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// How long a token holds.
pub const TOKEN_LIFETIME: Duration = Duration::from_hours(12);

/// How far the clocks of a shop's machines may be apart: a token issued further ahead than this is not believed.
const SKEW: Duration = Duration::from_mins(2);

/// The header of every token. Nothing else is accepted, so that clients cannot choose the algorithm.
const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;

/// A token has some 350 bytes; one that is much longer is not ours and not worth hashing.
const TOKEN_BYTES_MAX: usize = 1024;

/// Verified tokens remembered per generation, of which there are two: some 2 MiB at most.
const REMEMBERED_MAX: usize = 4096;

/// The claims of a verified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The customer's id.
    pub customer: Uuid,
    /// The customer's user name.
    pub user: Box<str>,
    pub role: Role,
    /// The id of the token, by which it can be revoked.
    pub token: Uuid,
    /// The customer's revision when the password was checked: a password changed at a later one voids the token. Tokens of 0.1.0
    /// say nothing of it, which counts as the earliest.
    pub version: u64,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Customer,
    Manager,
}

/// Whom a token is for.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// The customer's id.
    pub customer: Uuid,
    /// The customer's user name.
    pub user: &'a str,
    pub role: Role,
    /// The customer's revision when the password was checked.
    pub version: u64,
}

impl<'a> Holder<'a> {
    /// A customer who has just registered.
    #[must_use]
    pub fn new(customer: Uuid, user: &'a str, role: Role) -> Self {
        Self { customer, user, role, version: 1 }
    }
}

/// Why a token does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    #[error("The token was not issued by this shop.")]
    Invalid,
    #[error("The token has expired.")]
    Expired,
    #[error("The token was issued ahead of the current time: a clock was wrong. Log in again.")]
    Early,
    #[error(
        "Ended sessions are still being loaded, so tokens cannot be checked yet; try again soon."
    )]
    Unknown,
    #[error("The session has ended.")]
    Revoked,
}

/// Why bytes are not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an Ed25519 public key")]
pub struct KeyError;

/// Makes tokens; held by the customer service alone.
pub struct Signer(SigningKey);

/// Checks tokens, and knows those again that it has checked lately.
pub struct Verifier {
    key: VerifyingKey,
    remembered: RwLock<Remembered>,
}

/// Two generations: when the young one is full it becomes the old one, whose survivors move over as they are seen.
#[derive(Default)]
struct Remembered {
    young: HashMap<Box<str>, Arc<Claims>>,
    old: HashMap<Box<str>, Arc<Claims>>,
}

/// The claims as they are in the token.
#[derive(Serialize, Deserialize)]
struct Payload<'a> {
    sub: Uuid,
    #[serde(borrow)]
    user: std::borrow::Cow<'a, str>,
    role: Role,
    jti: Uuid,
    iat: i64,
    exp: i64,
    /// `iat` in microseconds.
    iat_us: i64,
    /// The customer's revision.
    #[serde(default)]
    rev: u64,
}

impl Signer {
    #[must_use]
    pub fn from_secret(secret: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&secret))
    }

    /// The verifier of these tokens.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        Verifier { key: self.0.verifying_key(), remembered: RwLock::default() }
    }

    /// A token for `holder`, from `now` for [`TOKEN_LIFETIME`].
    #[must_use]
    pub fn issue(&self, holder: Holder<'_>, now: Timestamp, ids: &Ids) -> (String, Claims) {
        let Holder { customer, user, role, version } = holder;
        let expires_at = whole_seconds(now + TOKEN_LIFETIME);
        let (user, token) = (user.into(), ids.uuid(now));
        let claims = Claims { customer, user, role, token, version, issued_at: now, expires_at };
        (self.sign(&claims), claims)
    }

    /// A token with `claims`.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> String {
        let payload = Payload {
            sub: claims.customer,
            user: (&*claims.user).into(),
            role: claims.role,
            jti: claims.token,
            iat: seconds(claims.issued_at),
            exp: seconds(claims.expires_at),
            iat_us: claims.issued_at.micros(),
            rev: claims.version,
        };
        let payload = serde_json::to_vec(&payload).expect("plain data serialises");
        let mut token = URL_SAFE_NO_PAD.encode(HEADER);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self.0.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.to_bytes(), &mut token);
        token
    }
}

impl Verifier {
    pub fn from_public_key(key: [u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(&key).map_err(|_| KeyError)?;
        Ok(Self { key, remembered: RwLock::default() })
    }

    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// The claims of a token that is ours and has not expired at `now`.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Claims>, TokenError> {
        let claims = match self.recall(token) {
            Some(claims) => claims,
            None => self.check(token).map(Arc::new).map(|claims| self.remember(token, claims))?,
        };
        if now >= claims.expires_at {
            Err(TokenError::Expired)
        } else if claims.issued_at > now + SKEW {
            Err(TokenError::Early)
        } else {
            Ok(claims)
        }
    }

    fn recall(&self, token: &str) -> Option<Arc<Claims>> {
        let remembered = sync::read(&self.remembered);
        if let Some(claims) = remembered.young.get(token) {
            return Some(Arc::clone(claims));
        }
        let claims = remembered.old.get(token).map(Arc::clone)?;
        drop(remembered);
        Some(self.remember(token, claims))
    }

    fn remember(&self, token: &str, claims: Arc<Claims>) -> Arc<Claims> {
        let mut remembered = sync::write(&self.remembered);
        if remembered.young.len() >= REMEMBERED_MAX {
            remembered.old = std::mem::take(&mut remembered.young);
        }
        remembered.young.insert(token.into(), Arc::clone(&claims));
        claims
    }

    fn check(&self, token: &str) -> Result<Claims, TokenError> {
        self.parse(token).ok_or(TokenError::Invalid)
    }

    fn parse(&self, token: &str) -> Option<Claims> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        if URL_SAFE_NO_PAD.decode(header).ok()? != HEADER.as_bytes() {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let signature = Signature::from_slice(&signature).ok()?;
        self.key.verify_strict(signed.as_bytes(), &signature).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let payload: Payload<'_> = serde_json::from_slice(&payload).ok()?;
        Some(Claims {
            customer: payload.sub,
            user: payload.user.into(),
            role: payload.role,
            token: payload.jti,
            version: payload.rev,
            issued_at: Timestamp::from_micros(payload.iat_us),
            expires_at: Timestamp::from_micros(payload.exp.saturating_mul(1_000_000)),
        })
    }
}

fn seconds(time: Timestamp) -> i64 {
    time.micros().div_euclid(1_000_000)
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_micros(seconds(time) * 1_000_000)
}
