//! Authenticated encryption of what a browser stores for us, so that it can neither read nor change it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use kernel::Ids;

const NONCE_BYTES: usize = 24;

/// Seals texts for one purpose, and proves what it handed out.
pub(crate) struct Sealer {
    cipher: XChaCha20Poly1305,
    proof_key: [u8; 32],
    purpose: &'static str,
}

impl Sealer {
    pub(crate) fn new(secret: &[u8; 32], purpose: &'static str) -> Self {
        let key = blake3::derive_key("agora site 2026 session cookies", secret);
        let proof_key = blake3::derive_key("agora site 2026 form tokens", secret);
        Self { cipher: XChaCha20Poly1305::new(&Key::from(key)), proof_key, purpose }
    }

    /// `plain`, readable only by us (XChaCha20-Poly1305, a fresh nonce each time).
    pub(crate) fn seal(&self, ids: &Ids, plain: &[u8]) -> String {
        let nonce: [u8; NONCE_BYTES] = ids.bytes();
        let payload = Payload { msg: plain, aad: self.purpose.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.expect("a cookie is far shorter than the cipher's limit");
        URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())
    }

    /// What was sealed for the same purpose; none if it is not ours, or was changed.
    pub(crate) fn open(&self, sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: self.purpose.as_bytes() };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()
    }

    /// A token that only we can derive from `text`.
    pub(crate) fn token(&self, text: &str) -> String {
        let hash =
            blake3::keyed_hash(&self.proof_key, format!("{}:{text}", self.purpose).as_bytes());
        URL_SAFE_NO_PAD.encode(&hash.as_bytes()[..18])
    }

    /// Whether `token` is the one of `text`, in time that does not depend on where they differ.
    pub(crate) fn proves(&self, text: &str, token: &str) -> bool {
        blake3::hash(self.token(text).as_bytes()) == blake3::hash(token.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_for_the_same_purpose_opens_unchanged() {
        let ids = Ids::from_seed([1; 32]);
        let ours = Sealer::new(&[7; 32], "shop");
        let sealed = ours.seal(&ids, b"token");
        assert_eq!(ours.open(&sealed).as_deref(), Some(&b"token"[..]));
        assert_ne!(sealed, ours.seal(&ids, b"token"), "a nonce is never used twice");
        for other in [Sealer::new(&[7; 32], "office"), Sealer::new(&[8; 32], "shop")] {
            assert_eq!(other.open(&sealed), None);
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(ours.open(&changed), None, "{at}");
        }
    }

    #[test]
    fn a_form_token_proves_one_session() {
        let sealer = Sealer::new(&[7; 32], "shop");
        assert!(sealer.proves("a", &sealer.token("a")));
        assert!(!sealer.proves("b", &sealer.token("a")));
        assert!(!sealer.proves("a", ""));
    }
}
