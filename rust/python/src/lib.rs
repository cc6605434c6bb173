//! The extension module `trustid._core`: conversion only.
//!
//! Nothing here decides about cryptography. Bytes and handles come in, the
//! pure crates compute, handles and bytes go out, and one function turns each
//! refusal into the exception that stands for it.

#![allow(
    clippy::doc_markdown,
    rustdoc::broken_intra_doc_links,
    reason = "the documentation of classes and functions is Python's, in Python's form"
)]
#![allow(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    reason = "arguments come as Python hands them over: by value, and by keyword"
)]

use pyo3::prelude::*;

mod accumulator;
mod bls;
mod errors;
mod gil;
mod hash;
mod json;
mod lanes;
mod manager;
mod membership;
mod rdf;
mod rows;
mod suite;
mod text;

/// Groups, signatures and accumulators, in Rust. Private: use `trustid.keys.bls` and `trustid.status`.
#[pymodule(gil_used = false)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::accumulator::{block_hash, Accumulator, Member, Params};
    #[pymodule_export]
    use crate::bls::{
        aggregate, fast_aggregate_verify, find_invalid, verify_aggregate, verify_batch, KeyStore,
        ProofOfPossession, ProvenKey, PublicKey, SecretKey, Signature,
    };
    #[pymodule_export]
    use crate::hash::{
        encode_to_g1, encode_to_g2, hash_many_to_g1, hash_many_to_g2, hash_to_g1, hash_to_g2,
        multi_scalar_multiply_g1, multi_scalar_multiply_g2,
    };
    #[pymodule_export]
    use crate::json::read_json;
    #[pymodule_export]
    use crate::lanes::lanes_path;
    #[pymodule_export]
    use crate::manager::Manager;
    #[pymodule_export]
    use crate::membership::{
        Commitment, MembershipProof, MembershipVerifier, Opening, Presentation, Witness,
    };
    #[pymodule_export]
    use crate::rdf::{
        canonical_labels, canonicalize_jsonld, canonicalize_nquads, deskolemized_nquads,
        digest_jsonld, skolemize_jsonld, ContextSet, RdfLimits,
    };
    #[pymodule_export]
    use crate::rows::{check_block, RowsFile, RowsSummary};
    #[pymodule_export]
    use crate::suite::Suite;
    #[pymodule_export]
    use crate::text::{
        conceal_claims, decode_base58, decode_base64url, decompress_point, digest_disclosures,
        ecdsa_der_of_fixed, ecdsa_fixed_of_der, encode_base58, encode_base64url, read_disclosures,
        x25519_of_ed25519, Ed25519PublicKey, PresentedSdJwt,
    };

    /// Refuses a wish for instructions that cannot be had.
    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        lanes_path().map(drop)
    }
}
