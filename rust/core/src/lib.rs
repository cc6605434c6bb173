//! Groups, signatures and accumulators of `TrustID`, without Python.
//!
//! * [`bls`]: BLS signatures of draft-irtf-cfrg-bls-signature-06, six suites;
//! * [`hash`]: hashing to the groups, RFC 9380;
//! * [`accumulator`]: revocation, the manager's side;
//! * [`membership`]: proofs of not being revoked;
//! * [`multi_scalar`]: sums of multiples of points;
//! * [`Error`]: every refusal.
//!
//! A value in hand is valid: whatever was read from bytes was checked for
//! length, canonical form, curve and subgroup, once, when it was read. No
//! function has a flag that switches a check off, and a check that fails is an
//! `Err`, never `false`.

#![forbid(unsafe_code)]

pub mod accumulator;
pub mod bls;
mod error;
mod files;
pub mod hash;
pub mod membership;
pub mod multi_scalar;
mod parallel;
mod random;

pub use error::Error;
pub use parallel::MAX_THREADS;
pub use trustid_lanes::{
    path as lanes_path, Path as LanesPath, PathUnavailable as LanesUnavailable, PATH_VARIABLE,
};
