//! The handles and functions of `trustid.keys.bls`.

mod aggregation;
mod batch;
mod public;
mod secret;
mod signature;
mod store;

pub(crate) use aggregation::{aggregate, fast_aggregate_verify, verify_aggregate};
pub(crate) use batch::{find_invalid, verify_batch};
pub(crate) use public::{ProvenKey, PublicKey};
pub(crate) use secret::SecretKey;
pub(crate) use signature::{ProofOfPossession, Signature};
pub(crate) use store::KeyStore;
