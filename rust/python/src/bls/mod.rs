//! The handles and functions of `trustid.keys.bls`.

mod aggregation;
mod public;
mod secret;
mod signature;

pub(crate) use aggregation::{aggregate, fast_aggregate_verify, verify_aggregate};
pub(crate) use public::{ProvenKey, PublicKey};
pub(crate) use secret::SecretKey;
pub(crate) use signature::{ProofOfPossession, Signature};
