//! BLS signatures over BLS12-381: two variants, three schemes, six suites.
//!
//! | suite | key | signature | an aggregate is checked against |
//! |---|---|---|---|
//! | [`MinPkBasic`] | G1, 48 bytes | G2, 96 bytes | any keys, distinct messages |
//! | [`MinPkAugmented`] | G1, 48 bytes | G2, 96 bytes | any keys, any messages |
//! | [`MinPkPossession`] | G1, 48 bytes | G2, 96 bytes | [`ProvenKey`]s, any messages |
//! | [`MinSigBasic`] | G2, 96 bytes | G1, 48 bytes | any keys, distinct messages |
//! | [`MinSigAugmented`] | G2, 96 bytes | G1, 48 bytes | any keys, any messages |
//! | [`MinSigPossession`] | G2, 96 bytes | G1, 48 bytes | [`ProvenKey`]s, any messages |
//!
//! The suite is a type parameter, so that a key of one suite cannot meet a
//! signature of another, and [`fast_aggregate_verify`] exists only where
//! possession was proved: the rogue-key attack has no spelling.
//!
//! ```
//! use trustid_core::bls::{aggregate, fast_aggregate_verify, MinPkPossession, SecretKey};
//!
//! let ada = SecretKey::<MinPkPossession>::generate()?;
//! let bob = SecretKey::<MinPkPossession>::generate()?;
//! let total = aggregate(&[ada.sign(b"epoch 7"), bob.sign(b"epoch 7")])?;
//! fast_aggregate_verify(&total, &[ada.proven_key(), bob.proven_key()], b"epoch 7")?;
//! # Ok::<(), trustid_core::Error>(())
//! ```

mod aggregation;
mod batch;
pub(crate) mod bulk;
mod public;
mod secret;
mod signature;
mod store;
mod suite;

pub use aggregation::{aggregate, fast_aggregate_verify, verify_aggregate, MAX_PARTS};
pub use batch::{find_invalid, prove_many, verify_batch};
pub use bulk::{read_keys, read_signatures, sign_many, MAX_BULK};
pub(crate) use public::read_compressed;
pub use public::{ProvenKey, PublicKey};
pub use secret::SecretKey;
pub use signature::{ProofOfPossession, Signature};
pub use store::{KeyStore, KeyStoreBuilder, Kind, Selection, Trust};
pub use suite::{
    MinPkAugmented, MinPkBasic, MinPkPossession, MinSigAugmented, MinSigBasic, MinSigPossession,
    Possession, Suite,
};
