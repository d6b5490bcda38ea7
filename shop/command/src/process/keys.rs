//! The keys of a process: only as much as its parts need.
//!
//! From the shop's one secret derive the keys of the customer service (which signs tokens and seals passwords), the public key by
//! which every service checks tokens, and the key that seals the websites' cookies. A process without the customer service can be
//! given the derived ones instead of the secret; `agora keys` prints them.

use std::sync::Arc;

use customer::Secrets;
use identity::Verifier;

use super::choices::{Bus, Choices};
use crate::{
    config::{ConfigError, Settings},
    parts::{Part, Parts},
};

/// What a process may know.
pub(crate) struct Keys {
    /// Of the customer service, if it runs here.
    pub(crate) customer: Option<Arc<Secrets>>,
    /// None for websites alone, which check no tokens.
    pub(crate) tokens: Option<Verifier>,
    /// None where no website runs.
    pub(crate) cookies: Option<[u8; 32]>,
}

/// The key that seals the websites' cookies.
pub(crate) fn cookies(shop: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key("agora websites sessions v1", shop)
}

impl Keys {
    /// The keys given; none if those of the data folder suffice, because no other process needs them.
    pub(crate) fn given(
        settings: &Settings,
        choices: &Choices,
        parts: &Parts,
    ) -> Result<Option<Self>, ConfigError> {
        if let Some(secret) = choices.shop_secret {
            return Ok(Some(Self::of(&secret, parts)));
        }
        let alone = choices.bus == Bus::Memory || parts.has_all();
        if alone && choices.token_key.is_none() && choices.cookie_key.is_none() {
            return Ok(None);
        }
        Self::derived(settings, choices, parts).map(Some)
    }

    /// Everything that derives from the shop's secret.
    pub(crate) fn of(secret: &[u8; 32], parts: &Parts) -> Self {
        let secrets = Secrets::derive(secret);
        let tokens = parts.on_the_bus().then(|| secrets.verifier());
        let customer = parts.has(Part::CUSTOMER).then(|| Arc::new(secrets));
        Self { customer, tokens, cookies: parts.has_site().then(|| cookies(secret)) }
    }

    /// The derived keys; a key that the parts need and that was not given is an error.
    fn derived(settings: &Settings, choices: &Choices, parts: &Parts) -> Result<Self, ConfigError> {
        let needed = |name: &str, what: &str| {
            let reason =
                format!("{what} needs it; it must be the same in all processes of the shop");
            settings.invalid(name, reason)
        };
        if parts.has(Part::CUSTOMER) {
            return Err(needed("shop-secret", "the customer service"));
        }
        let tokens = match choices.token_key {
            Some(key) => Some(
                Verifier::from_public_key(key)
                    .map_err(|_| settings.invalid("token-key", "is not a public key"))?,
            ),
            None if parts.on_the_bus() => {
                return Err(needed(
                    "token-key",
                    "a process that checks tokens (unless given shop-secret)",
                ));
            }
            None => None,
        };
        let cookies = choices.cookie_key;
        if cookies.is_none() && parts.has_site() {
            return Err(needed("cookie-key", "a website (unless given shop-secret)"));
        }
        Ok(Self { customer: None, tokens, cookies })
    }
}
