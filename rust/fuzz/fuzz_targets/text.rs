//! Strict JSON, base64url, base58, disclosures, points: refused, or read as every other reader reads it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustid_text::disclosure::{self, Hash, Limits};
use trustid_text::ed25519::Ed25519PublicKey;
use trustid_text::{base58, base64url, json, point};

const LIMIT: usize = 1024;
const LIMITS: Limits = Limits {
    characters: 1 << 12,
    depth: 16,
};

fuzz_target!(|data: &[u8]| {
    if json::check(data, 32).is_ok() {
        // What passes has one meaning: another reader accepts it, and a name never stands twice.
        let value: serde_json::Value = serde_json::from_slice(data).expect("JSON");
        assert_eq!(json::check(value.to_string().as_bytes(), 32), Ok(()));
    }
    let mut bytes = Vec::new();
    if base64url::decode(data, &mut bytes).is_ok() {
        let mut text = Vec::new();
        base64url::encode(&bytes, &mut text);
        assert_eq!(data, text);
    }
    if let Ok(bytes) = base58::decode(data, LIMIT) {
        assert_eq!(base58::encode(&bytes, LIMIT).as_deref(), Ok(data));
    }
    if let Ok(found) = disclosure::read(data, LIMITS) {
        let found: serde_json::Value = serde_json::from_slice(&found).expect("JSON");
        let count = data.split(|&byte| byte == disclosure::BETWEEN).count();
        assert_eq!(found.as_array().map(Vec::len), Some(count));
        let _ = disclosure::digests(data, Hash::Sha256);
    }
    if let Ok(made) = disclosure::make(data, LIMITS) {
        assert!(made.is_empty() || disclosure::read(&made, LIMITS).is_ok());
    }
    if let Ok(key) = Ed25519PublicKey::from_bytes(data) {
        assert_eq!(key.as_bytes(), data);
        assert!(point::x25519_of_ed25519(data).is_ok());
        assert!(key.verify(data, &[data, data].concat()).is_err());
    }
    if let Ok(whole) = point::decompress_p256(data) {
        assert_eq!(data[1..], whole[1..33]);
        assert_eq!(data[0] & 1, whole[64] & 1);
    }
});
