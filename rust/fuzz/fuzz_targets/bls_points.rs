//! Whatever bytes are offered as keys, signatures and proofs: refused, or read back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustid_core::bls::{
    read_keys, read_signatures, MinPkBasic, MinPkPossession, MinSigBasic, MinSigPossession,
    Possession, ProofOfPossession, ProvenKey, PublicKey, SecretKey, Signature, Suite,
};

fn read_back<S: Suite>(bytes: &[u8]) {
    if let Ok(key) = PublicKey::<S>::from_bytes(bytes) {
        assert_eq!(bytes, key.to_bytes().as_ref());
        let signature = SecretKey::<S>::derive(&[7; 32], None, &[]).expect("material").sign(b"m");
        assert!(key.verify(&signature, b"other").is_err());
    }
    if let Ok(signature) = Signature::<S>::from_bytes(bytes) {
        assert_eq!(bytes, signature.to_bytes().as_ref());
    }
    if let Ok(secret) = SecretKey::<S>::from_bytes(bytes) {
        assert_eq!(bytes, secret.to_bytes().as_slice());
    }
    let one_by_one: Result<Vec<_>, _> =
        bytes.chunks(S::KEY_BYTES).map(PublicKey::<S>::from_bytes).collect();
    assert_eq!(one_by_one.ok(), read_keys::<S>(bytes, 1).ok());
    let _ = read_signatures::<S>(bytes, 1);
}

fn prove<S: Possession>(bytes: &[u8]) {
    let (key, proof) = bytes.split_at(bytes.len().min(S::KEY_BYTES));
    if let (Ok(key), Ok(proof)) =
        (PublicKey::<S>::from_bytes(key), ProofOfPossession::<S>::from_bytes(proof))
    {
        // Only seeds from real keys can pass; whatever passes is the key that was given.
        if let Ok(proven) = ProvenKey::prove(key, &proof) {
            assert_eq!(&key, proven.public_key());
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    read_back::<MinPkBasic>(bytes);
    read_back::<MinSigBasic>(bytes);
    prove::<MinPkPossession>(bytes);
    prove::<MinSigPossession>(bytes);
});
