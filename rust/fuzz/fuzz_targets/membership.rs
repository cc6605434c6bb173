//! Everything that reads bytes of the accumulator: no panic, and what is accepted comes back.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use trustid_core::accumulator::{Accumulator, Manager, Member, Params};
use trustid_core::membership::{Commitment, Context, MembershipProof, Opening, Verifier};

/// A verifier and a commitment that no fuzzed proof was made for.
fn verifier() -> &'static (Verifier, Commitment) {
    static VERIFIER: OnceLock<(Verifier, Commitment)> = OnceLock::new();
    VERIFIER.get_or_init(|| {
        let mut manager = Manager::create_derand(&[7; 64], b"registry", 8).expect("a registry");
        let opening = Opening::generate(&manager.take(1).expect("free")).expect("randomness");
        let verifier = Verifier::new(manager.params(), manager.accumulator());
        (verifier, opening.commitment())
    })
}

fuzz_target!(|data: &[u8]| {
    if let Ok(params) = Params::from_bytes(data) {
        assert_eq!(data, params.to_bytes());
        assert!(Manager::restore(&[7; 64], &params, data).is_err());
    }
    if let Ok(value) = Accumulator::from_bytes(data) {
        assert_eq!(data, value.to_bytes());
    }
    if let Ok(member) = Member::from_bytes(data) {
        assert_eq!(data, member.to_bytes().as_slice());
    }
    if let Ok(opening) = Opening::from_bytes(data) {
        assert_eq!(data, opening.to_bytes().as_slice());
    }
    if let Ok(commitment) = Commitment::from_bytes(data) {
        assert_eq!(data, commitment.to_bytes());
    }
    if let Ok(proof) = MembershipProof::from_bytes(data) {
        assert_eq!(data, proof.to_bytes());
        let (verifier, commitment) = verifier();
        let context = Context::new(b"verifier", &[1; 16], &[2; 32]).expect("a context");
        assert!(verifier.verify(&proof, commitment, &context).is_err());
    }
});
