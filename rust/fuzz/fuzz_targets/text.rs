//! Strict JSON, base64url, base58, SD-JWT, points, signatures: refused, or read as every other reader reads it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value as Json;
use trustid_text::disclosure::{self, Hash, Limits};
use trustid_text::ed25519::Ed25519PublicKey;
use trustid_text::json::{Sink, Value};
use trustid_text::point::{self, Curve};
use trustid_text::revealing::Presented;
use trustid_text::{base58, base64url, concealing, ecdsa, json};

const LIMIT: usize = 1024;
const LIMITS: Limits = Limits {
    characters: 1 << 12,
    depth: 16,
};

fuzz_target!(|data: &[u8]| {
    if json::check(data, 32).is_ok() {
        // What passes has one meaning: another reader accepts it, and a name never stands twice.
        let value: Json = serde_json::from_slice(data).expect("JSON");
        assert_eq!(json::check(value.to_string().as_bytes(), 32), Ok(()));
        let mut text = Text::default();
        json::read(data, 32, &mut text).expect("JSON");
        assert_eq!(text.finish(), value);
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
        let found: Json = serde_json::from_slice(&found).expect("JSON");
        let count = data.split(|&byte| byte == disclosure::BETWEEN).count();
        let count = if data.is_empty() { 0 } else { count };
        assert_eq!(found.as_array().map(Vec::len), Some(count));
        let _ = disclosure::digests(data, Hash::Sha256);
    }
    presented(data);
    concealed(data);
    if let Ok(key) = Ed25519PublicKey::from_bytes(data) {
        assert_eq!(key.as_bytes(), data);
        assert!(point::x25519_of_ed25519(data).is_ok());
        assert!(key.verify(data, &[data, data].concat()).is_err());
    }
    for curve in [Curve::P256, Curve::P384, Curve::Secp256k1] {
        if let Ok(whole) = point::decompress(curve, data) {
            assert_eq!(data[1..], whole[1..data.len()]);
            assert_eq!(data[0] & 1, whole[whole.len() - 1] & 1);
        }
    }
    if let Ok(fixed) = ecdsa::fixed_of_der(data, 32) {
        assert!(ecdsa::der_of_fixed(&fixed).is_ok_and(|der| der.len() <= data.len()));
    }
});

/// A payload, and after a NUL the JSON of disclosures, each after another NUL. A text `#1`
/// within one of them stands for the digest of the next disclosure, so that digests fit.
fn presented(data: &[u8]) {
    let mut digest = b"#1".to_vec();
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut parts: Vec<_> = data.split(|&byte| byte == 0).collect();
    let payload = parts.remove(0);
    for part in parts.into_iter().rev() {
        let mut text = Vec::new();
        base64url::encode(&with_digest(part, &digest), &mut text);
        digest = disclosure::digests(&text, Hash::Sha256);
        texts.push(text);
    }
    if texts.iter().any(Vec::is_empty) {
        return; // An empty text is no disclosure, and alone it is none at all.
    }
    let payload = with_digest(payload, &digest);
    let joined = texts.join(&disclosure::BETWEEN);
    let Ok(read) = Presented::read(&payload, 32, &joined, LIMITS) else {
        return;
    };
    let mut claims = Text::default();
    if let Ok(places) = read.reveal(16, &mut claims) {
        // One empty text is none.
        assert_eq!(
            places.len(),
            if joined.is_empty() { 0 } else { texts.len() }
        );
        // Nothing of the machinery is left, and reading the claims as a payload changes nothing.
        let again = Presented::read(&claims.text, 32, b"", LIMITS).expect("claims");
        let mut twice = Text::default();
        again.reveal(16, &mut twice).expect("claims");
        assert_eq!(twice.text, claims.text);
    }
}

fn with_digest(text: &[u8], digest: &[u8]) -> Vec<u8> {
    match text.windows(2).position(|two| two == b"#1") {
        Some(place) => [&text[..place], digest, &text[place + 2..]].concat(),
        None => text.to_vec(),
    }
}

/// Claims, and after a NUL the paths: what is hidden comes back.
fn concealed(data: &[u8]) {
    let mut parts = data.splitn(2, |&byte| byte == 0);
    let claims = parts.next().unwrap_or_default();
    let paths = parts.next().unwrap_or(b"[]");
    if let Ok(made) = concealing::conceal(claims, paths, 1, LIMITS, 64) {
        let read =
            Presented::read(&made.payload, 64, &made.disclosures, LIMITS).expect("an SD-JWT");
        let mut shown = Text::default();
        read.reveal(32, &mut shown).expect("claims");
        let expected: Json = serde_json::from_slice(claims).expect("JSON");
        assert_eq!(shown.finish(), expected);
    }
}

/// Writes what it is handed as JSON.
#[derive(Default)]
struct Text {
    text: Vec<u8>,
    open: Vec<u8>,
}

impl Text {
    fn finish(self) -> Json {
        serde_json::from_slice(&self.text).expect("JSON")
    }

    fn separate(&mut self) {
        if !matches!(self.text.last(), None | Some(b'{' | b'[' | b':')) {
            self.text.push(b',');
        }
    }

    fn begin(&mut self, brackets: [u8; 2]) {
        self.separate();
        self.text.push(brackets[0]);
        self.open.push(brackets[1]);
    }
}

impl Sink for Text {
    fn begin_object(&mut self) {
        self.begin(*b"{}");
    }

    fn begin_array(&mut self) {
        self.begin(*b"[]");
    }

    fn end(&mut self) {
        self.text.extend(self.open.pop());
    }

    fn name(&mut self, name: Value<'_>) {
        self.separate();
        self.text.extend_from_slice(name.raw());
        self.text.push(b':');
    }

    fn plain(&mut self, value: Value<'_>) {
        self.separate();
        self.text.extend_from_slice(value.raw());
    }
}
