//! The extension module `trustid._core`: conversion only.
//!
//! Nothing here decides about cryptography. Bytes and handles come in, the
//! pure crates compute, handles and bytes go out, and one function turns each
//! refusal into the exception that stands for it.

use pyo3::prelude::*;

mod bls;
mod errors;
mod gil;
mod hash;
mod suite;

/// Groups and signatures, in Rust. Private: use `trustid.keys.bls`.
#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use crate::bls::{
        aggregate, fast_aggregate_verify, verify_aggregate, ProofOfPossession, ProvenKey,
        PublicKey, SecretKey, Signature,
    };
    #[pymodule_export]
    use crate::hash::{encode_to_g1, encode_to_g2, hash_to_g1, hash_to_g2};
    #[pymodule_export]
    use crate::suite::Suite;
}
