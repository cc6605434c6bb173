//! Curve arithmetic of BLS12-381: blst behind a safe face, and kernels that work in bulk.
//!
//! This crate and `trustid-mapped` are the only ones of the project with
//! `unsafe` in them. Here it stands for two things: calls into blst, whose C
//! functions take raw pointers, and vector instructions. Every function that
//! leaves this crate is safe: whatever values of its argument types it gets,
//! it reads and writes only memory that it owns or was lent.
//!
//! * [`Affine`] and [`Jacobian`]: points of G1 and G2 and what can be done with them;
//! * [`SecretScalar`]: a secret exponent, wiped when it goes;
//! * [`Scalar`]: arithmetic modulo the group order; [`FixedBase`], [`Multiples`]: many multiples of one point;
//!   [`OddMultiples`]: few multiples of few points;
//! * [`MillerLoop`]: products of pairings.

mod batched;
mod curve;
mod digest;
mod element;
mod endomorphism;
mod field;
mod fixed;
mod interleaved;
mod memory;
mod pairing;
mod public_point;
mod scalar;
mod secret;

pub use batched::{path, paths, Path, PathUnavailable, VARIABLE as PATH_VARIABLE};
pub use curve::{Affine, G1Affine, G1Jacobian, G2Affine, G2Jacobian, Jacobian, PointError};
pub use digest::{sha256, Digest, ShortMessage};
pub use endomorphism::COEFFICIENT;
pub use fixed::{FixedBase, Multiples};
pub use interleaved::OddMultiples;
pub use memory::prefetch;
pub use pairing::{MillerLoop, PreparedG2};
pub use scalar::{expand_message, Scalar};
pub use secret::{SecretScalar, SECRET_BYTES};

/// The bit length of the group order `r`.
pub const ORDER_BITS: usize = 255;
