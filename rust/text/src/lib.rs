//! What credentials and identifiers arrive as, read strictly.
//!
//! ```text
//! json        is this one JSON text, with one meaning?
//! base64url   bytes in their one canonical spelling
//! base58      the same, for keys
//! disclosure  the disclosures of an SD-JWT: read, hashed
//! concealing  claims into digests and disclosures, by the issuer
//! revealing   disclosures to where their digests stand, by the verifier
//! point       is this a point of its curve?
//! ed25519     does this signature hold?
//! ecdsa       the two forms of a signature
//! ```
//!
//! Bytes come in and bytes go out. What a claim or a key means is decided by
//! the callers; here a text is either well formed within its limits, or refused.
//!
//! # Reference
//! RFC 8259 and RFC 7493 (JSON), RFC 4648 (base64url), RFC 9901 (disclosures).

#![forbid(unsafe_code)]

pub mod base58;
pub mod base64url;
pub mod concealing;
pub mod disclosure;
pub mod ecdsa;
pub mod ed25519;
mod error;
pub mod json;
pub mod point;
mod random;
pub mod revealing;
mod weierstrass;

pub use error::{Error, Result};
