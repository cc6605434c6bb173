//! Rows: one point a slot, the same file for everybody.

use trustid_lanes::{sha256, Affine, Digest, FixedBase, Scalar};

use super::params::Params;
use super::value::Accumulator;
use crate::parallel::by_ranges;
use crate::Error;

/// Bytes of a row: a compressed point of G1.
pub const ROW_BYTES: usize = 48;

/// Rows of a block: what a holder fetches at once, so that nobody learns which is its own.
pub const BLOCK_ROWS: u64 = 4096;

/// Separates the hash of a block from other hashes.
const BLOCK_TAG: &[u8; 16] = b"TrustID-block-01";

/// The rows `s * V`, one for each scalar, one after the other.
pub(crate) fn rows(accumulator: &Accumulator, scalars: &[Scalar], threads: usize) -> Vec<u8> {
    let table = FixedBase::new(&accumulator.value, FixedBase::window_for(scalars.len()));
    by_ranges(scalars.len(), threads, |range| {
        let points = table.multiply_all(&scalars[range]);
        let mut bytes = Vec::with_capacity(ROW_BYTES * points.len());
        for point in &points {
            bytes.extend_from_slice(&point.compress());
        }
        bytes
    })
    .concat()
}

/// The hash of one block, bound to its registry, epoch and place.
///
/// SHA-256 over a tag, the digest of the parameters, the accumulator (epoch and
/// value), the number of the block (8 bytes, big-endian) and its rows.
///
/// # Errors
/// [`Error::BlockInvalid`]: no such block, or another number of rows than it has.
pub fn block_hash(
    params: &Params,
    accumulator: &Accumulator,
    block: u64,
    rows: &[u8],
) -> Result<Digest, Error> {
    let range = block_range(params.capacity(), block)?;
    if rows.len() as u64 != ROW_BYTES as u64 * (range.end - range.start) {
        return Err(Error::BlockInvalid);
    }
    let mut bytes = Vec::with_capacity(16 + 32 + 56 + 8 + rows.len());
    bytes.extend_from_slice(BLOCK_TAG);
    bytes.extend_from_slice(&sha256(&params.to_bytes()));
    bytes.extend_from_slice(&accumulator.to_bytes());
    bytes.extend_from_slice(&block.to_be_bytes());
    bytes.extend_from_slice(rows);
    Ok(sha256(&bytes))
}

/// The slots of a block; the last one may have fewer than the others.
pub(crate) fn block_range(capacity: u64, block: u64) -> Result<core::ops::Range<u64>, Error> {
    if block >= capacity.div_ceil(BLOCK_ROWS) {
        return Err(Error::BlockInvalid);
    }
    let first = block * BLOCK_ROWS;
    Ok(first..capacity.min(first + BLOCK_ROWS))
}
