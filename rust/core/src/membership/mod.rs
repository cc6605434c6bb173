//! Proving membership without saying whose: made by a holder, checked by anybody.
//!
//! The credential carries a [`Commitment`] to the handle; the holder knows how
//! it opens ([`Opening`]) and keeps a checked row ([`Witness`]). A
//! [`MembershipProof`] says: the handle in this commitment is a member at this
//! epoch, and this was said to this verifier for this nonce. Two proofs of one
//! holder have nothing in common that anybody could compare.
//!
//! ```
//! use trustid_core::accumulator::Manager;
//! use trustid_core::membership::{Context, Opening, Verifier, Witness};
//!
//! let mut manager = Manager::create(b"https://example.org/registry", 4096)?;
//! let member = manager.take(7)?;
//! let opening = Opening::generate(&member)?;
//! let witness = Witness::check(manager.params(), manager.accumulator(), &member, &manager.row(7)?)?;
//! let context = Context::new(b"https://shop.example", b"0123456789abcdef", &[7; 32])?;
//! let proof = witness.prove(&opening, &context)?;
//! let verifier = Verifier::new(manager.params(), manager.accumulator());
//! verifier.verify(&proof, &opening.commitment(), &context)?;
//! # Ok::<(), trustid_core::Error>(())
//! ```

mod batch;
mod opening;
mod proof;
mod transcript;
mod verifier;
mod witness;

pub use batch::{Presentation, MAX_BATCH};
pub use opening::{Commitment, Opening, OPENING_BYTES};
pub use proof::{MembershipProof, PROOF_BYTES};
pub use transcript::{Context, MAX_VERIFIER_BYTES, NONCE_BYTES_MAX, NONCE_BYTES_MIN};
pub use verifier::Verifier;
pub use witness::Witness;

#[cfg(test)]
mod tests;
