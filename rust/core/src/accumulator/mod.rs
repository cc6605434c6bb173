//! The accumulator: who is still a member, in one point of G1 an epoch.
//!
//! A [`Manager`] holds the secret `alpha`. Every slot of its capacity has a
//! secret handle `y` ([`Member`]) from a keyed function over the slot, and a row
//! `V / (y + alpha)` in the file of each epoch. Joining changes nothing that is
//! public; revoking divides the value `V` ([`Accumulator`]) by `y + alpha` of
//! each slot that goes. What a holder does with its row stands in
//! [`crate::membership`].
//!
//! ```
//! use trustid_core::accumulator::Manager;
//! use trustid_core::membership::Witness;
//!
//! let mut manager = Manager::create(b"https://example.org/registry", 4096)?;
//! let member = manager.take(7)?;
//! let row = manager.row(7)?;
//! Witness::check(manager.params(), manager.accumulator(), &member, &row)?;
//! let after = manager.revoke(&[7])?;
//! assert_eq!(1, after.epoch());
//! assert!(Witness::check(manager.params(), &after, &member, &row).is_err());
//! # Ok::<(), trustid_core::Error>(())
//! ```

mod manager;
mod member;
mod params;
mod refresh;
mod rows;
mod rows_file;
mod secret;
mod slots;
#[cfg(test)]
mod tests;
mod tree;
mod value;

pub use manager::Manager;
pub use member::Member;
pub use params::{Params, DEFAULT_CAPACITY, MAX_CAPACITY, MAX_REGISTRY_BYTES};
pub use refresh::{Refresh, RowsSummary};
pub use rows::{block_hash, check_block, BLOCK_ROWS, ROW_BYTES};
pub use rows_file::RowsFile;
pub use secret::MANAGER_SECRET_BYTES;
pub use value::Accumulator;

pub(crate) use member::read_nonzero;
pub(crate) use params::{generator_g, generator_h};
pub(crate) use value::read_member_of_group;
