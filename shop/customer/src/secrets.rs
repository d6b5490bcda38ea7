//! The keys of the customer service, all derived from the shop's one secret.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use contracts::customer::Registered;
use identity::{Signer, Verifier};
use kernel::{Idempotency, Ids};
use uuid::Uuid;
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;

/// What only customer instances hold.
pub struct Secrets {
    signer: Signer,
    names: Zeroizing<[u8; 32]>,
    sealing: XChaCha20Poly1305,
}

impl Secrets {
    /// Derives every key from the shop's secret. The contexts must never change: a different one would be a different shop.
    #[must_use]
    pub fn derive(shop: &[u8; 32]) -> Self {
        let derive = |context| Zeroizing::new(blake3::derive_key(context, shop));
        let signing = derive("agora customer 2026 token signing");
        let sealing = derive("agora customer 2026 password sealing");
        Self {
            signer: Signer::from_secret(*signing),
            names: derive("agora customer 2026 user names"),
            sealing: XChaCha20Poly1305::new(&Key::from(*sealing)),
        }
    }

    /// Checks the tokens that [`Self::signer`] makes; knows no secret.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.signer.verifier()
    }

    /// Makes tokens that every service believes.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The id of the customer of that user name: it never changes and does not reveal the name.
    #[must_use]
    pub fn customer_id(&self, user: &str) -> Uuid {
        let digest = blake3::keyed_hash(&self.names, user.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(digest.as_bytes().split_at(16).0);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// Whether these are the secrets under which that customer was registered: ids derive from them.
    #[must_use]
    pub fn have_registered(&self, customer: &Registered) -> bool {
        let user = customer.personal.user.as_deref().unwrap_or_default();
        self.customer_id(user) == customer.customer
    }

    /// Identifies retries without revealing anything that could be guessed: a digest of its body alone would let a reader of the log
    /// try passwords against it.
    pub(crate) fn blinded(&self, request: &Idempotency) -> Idempotency {
        let blinded = |digest: Uuid| self.customer_id(&format!("request {digest}"));
        Idempotency {
            request: blinded(request.request),
            as_sent: request.as_sent.map(blinded),
            ..request.clone()
        }
    }

    /// `secret` so that only [`Self::open`] for the same customer gives it back.
    pub(crate) fn seal(&self, customer: Uuid, secret: &str, ids: &Ids) -> String {
        let nonce: [u8; NONCE_BYTES] = ids.bytes();
        let payload = Payload { msg: secret.as_bytes(), aad: customer.as_bytes() };
        let sealed = self.sealing.encrypt(&XNonce::from(nonce), payload);
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed.expect("a password's hash is far below the cipher's limit"));
        STANDARD_NO_PAD.encode(bytes)
    }

    /// What was sealed for `customer`; none if it was not, or not under this key.
    pub(crate) fn open(&self, customer: Uuid, sealed: &str) -> Option<Zeroizing<String>> {
        let bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: customer.as_bytes() };
        let opened = self.sealing.decrypt(&XNonce::from(*nonce), payload).ok()?;
        String::from_utf8(opened).ok().map(Zeroizing::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_customer_under_its_key_only() {
        let (ours, others) = (Secrets::derive(&[1; 32]), Secrets::derive(&[2; 32]));
        let ids = Ids::from_seed([0; 32]);
        let (alice, bob) = (ours.customer_id("alice"), ours.customer_id("bob"));
        let sealed = ours.seal(alice, "a hash", &ids);
        assert!(!sealed.contains("hash"));
        assert_ne!(sealed, ours.seal(alice, "a hash", &ids), "nonces are fresh");
        assert_eq!(ours.open(alice, &sealed).expect("opens").as_str(), "a hash");
        assert!(ours.open(bob, &sealed).is_none());
        assert!(others.open(alice, &sealed).is_none());
        assert!(ours.open(alice, "").is_none());
    }

    #[test]
    fn a_customers_id_follows_from_name_and_secret_alone() {
        let ours = Secrets::derive(&[1; 32]);
        assert_eq!(ours.customer_id("alice"), Secrets::derive(&[1; 32]).customer_id("alice"));
        assert_ne!(ours.customer_id("alice"), ours.customer_id("bob"));
        assert_ne!(ours.customer_id("alice"), Secrets::derive(&[2; 32]).customer_id("alice"));
        assert_eq!(ours.customer_id("alice").get_version_num(), 8);
    }
}
