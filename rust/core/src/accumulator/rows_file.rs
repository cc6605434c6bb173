//! The rows of one epoch as a file: the same for everybody.
//!
//! | bytes | what |
//! |---|---|
//! | 0.. | rows, 48 bytes each, in the order of the slots |
//! | then | hash of each block, 32 bytes each |
//! | last 104 | `TrustID-rowfile1`, SHA-256 of the parameters, accumulator |
//!
//! Rows come first, so that block `n` begins at `196,608 * n` and any web server can
//! hand it out. A file that is being written looks the same, and its blocks that are
//! not yet done have a hash of zeros.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use trustid_lanes::{sha256, Digest};

use super::params::Params;
use super::rows::{block_hash, block_range, blocks, BLOCK_ROWS, ROW_BYTES};
use super::tree::{Tree, DIGEST_BYTES};
use super::value::Accumulator;
use crate::files::unavailable;
use crate::parallel::{check_threads, each};
use crate::Error;

/// What the end of the file begins with: what it is, and its version.
const MAGIC: &[u8; 16] = b"TrustID-rowfile1";

/// Bytes of the encoded accumulator.
const ACCUMULATOR_BYTES: usize = 56;

/// Bytes after the hashes.
pub(super) const END_BYTES: usize = MAGIC.len() + DIGEST_BYTES + ACCUMULATOR_BYTES;

/// Where things stand in a file of rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) blocks: u64,
    /// Where the hashes begin.
    hashes: u64,
}

impl Layout {
    pub(super) const fn of(params: &Params) -> Self {
        Self {
            blocks: blocks(params),
            hashes: params.capacity() * ROW_BYTES as u64,
        }
    }

    pub(super) const fn rows_at(block: u64) -> u64 {
        block * BLOCK_ROWS * ROW_BYTES as u64
    }

    pub(super) const fn hash_at(self, block: u64) -> u64 {
        self.hashes + block * DIGEST_BYTES as u64
    }

    pub(super) const fn end_at(self) -> u64 {
        self.hash_at(self.blocks)
    }

    pub(super) const fn bytes(self) -> u64 {
        self.end_at() + END_BYTES as u64
    }

    /// The hashes of all blocks, 1 MB at most.
    pub(super) fn read_hashes(self, file: &File) -> std::io::Result<Vec<Digest>> {
        // At most 2^15 blocks.
        let count = usize::try_from(self.blocks).unwrap_or_default();
        let mut hashes = vec![Digest::default(); count];
        file.read_exact_at(hashes.as_flattened_mut(), self.hashes)?;
        Ok(hashes)
    }
}

/// The last bytes of a file of rows.
pub(super) fn end(params: &Params, accumulator: &Accumulator) -> [u8; END_BYTES] {
    let mut bytes = [0; END_BYTES];
    let (magic, rest) = bytes.split_at_mut(MAGIC.len());
    magic.copy_from_slice(MAGIC);
    rest[..DIGEST_BYTES].copy_from_slice(&sha256(&params.to_bytes()));
    rest[DIGEST_BYTES..].copy_from_slice(&accumulator.to_bytes());
    bytes
}

/// Reads the rows of one block from a file that may be shorter than it should.
pub(super) fn read_rows(params: &Params, file: &File, block: u64) -> Result<Vec<u8>, Error> {
    let range = block_range(params.capacity(), block)?;
    let count = usize::try_from(range.end - range.start).unwrap_or_default();
    let mut rows = vec![0; ROW_BYTES * count];
    file.read_exact_at(&mut rows, Layout::rows_at(block))
        .map_err(|error| unavailable("read", &error))?;
    Ok(rows)
}

/// A finished file of rows, open for reading; several threads may read one at once.
///
/// It is as good as the place it lies in: what can be checked here is that it belongs
/// to the registry and has not changed since it was written. Holders check their
/// blocks against a root that was signed.
#[derive(Debug)]
pub struct RowsFile {
    file: File,
    params: Params,
    accumulator: Accumulator,
    hashes: Vec<Digest>,
    tree: Tree,
}

impl RowsFile {
    /// Opens the rows of a registry.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`]; [`Error::RowsDamaged`] for another file, or the
    /// rows of another registry.
    ///
    /// # Cost
    /// Reads the hashes of the blocks, 1 MB at most; some 10 ms.
    pub fn open(path: &Path, params: &Params) -> Result<Self, Error> {
        let layout = Layout::of(params);
        let file = File::open(path).map_err(|error| unavailable("open", &error))?;
        let length = file
            .metadata()
            .map_err(|error| unavailable("read", &error))?
            .len();
        if length != layout.bytes() {
            return Err(damaged("another length"));
        }
        let mut found = [0; END_BYTES];
        file.read_exact_at(&mut found, layout.end_at())
            .map_err(|error| unavailable("read", &error))?;
        let accumulator = Accumulator::from_bytes(&found[END_BYTES - ACCUMULATOR_BYTES..])
            .map_err(|_| damaged("another form"))?;
        if found != end(params, &accumulator) {
            return Err(damaged("another form or registry"));
        }
        let hashes = layout
            .read_hashes(&file)
            .map_err(|error| unavailable("read", &error))?;
        Ok(Self {
            file,
            params: params.clone(),
            accumulator,
            tree: Tree::new(&hashes),
            hashes,
        })
    }

    /// The epoch and value that the rows belong to.
    #[must_use]
    pub const fn accumulator(&self) -> &Accumulator {
        &self.accumulator
    }

    /// The root of the hash tree over the blocks.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.tree.root()
    }

    /// How many blocks there are.
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        blocks(&self.params)
    }

    /// The rows of one block, as they were written.
    ///
    /// # Errors
    /// [`Error::BlockInvalid`] if there is none; [`Error::RowsDamaged`] if it was
    /// changed; [`Error::StoreUnavailable`].
    pub fn block(&self, block: u64) -> Result<Vec<u8>, Error> {
        let rows = read_rows(&self.params, &self.file, block)?;
        let hash = block_hash(&self.params, &self.accumulator, block, &rows)?;
        if self.hashes.get(place(block)) == Some(&hash) {
            Ok(rows)
        } else {
            Err(damaged("a block that was changed"))
        }
    }

    /// What [`super::check_block`] needs beside the rows: 32 bytes a level, 15 levels at most.
    ///
    /// # Errors
    /// [`Error::BlockInvalid`] if there is no such block.
    pub fn proof(&self, block: u64) -> Result<Vec<u8>, Error> {
        if block < self.blocks() {
            Ok(self.tree.proof(place(block)))
        } else {
            Err(Error::BlockInvalid)
        }
    }

    /// Reads every block once.
    ///
    /// # Errors
    /// [`Error::At`] with the first block that was changed; [`Error::LimitExceeded`]
    /// for the threads.
    ///
    /// # Cost
    /// One pass of SHA-256 over the file, which is 6.4 GB at the largest capacity.
    pub fn check(&self, threads: usize) -> Result<(), Error> {
        check_threads(threads)?;
        each(self.hashes.len(), threads, |block| {
            self.block(block as u64).map(|_| ())
        })
        .map(|_| ())
    }
}

/// A block's place among the hashes; there are at most 2^15.
fn place(block: u64) -> usize {
    usize::try_from(block).unwrap_or(usize::MAX)
}

const fn damaged(found: &'static str) -> Error {
    Error::RowsDamaged { found }
}
