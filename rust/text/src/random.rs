//! Randomness of the operating system, fetched in portions: each fetch is a system call.

use crate::error::{Error, Result};

const PORTION_MIN: usize = 64;
const PORTION_MAX: usize = 4096;

pub(crate) struct Random {
    bytes: Vec<u8>,
    used: usize,
}

impl Random {
    /// A source from which about so many bytes will be taken.
    pub(crate) fn for_about(bytes: usize) -> Self {
        let bytes = vec![0; bytes.clamp(PORTION_MIN, PORTION_MAX)];
        Self {
            used: bytes.len(),
            bytes,
        }
    }

    /// Bytes that were not given before, at most [`PORTION_MIN`].
    pub(crate) fn take(&mut self, count: usize) -> Result<&[u8]> {
        if self.used + count > self.bytes.len() {
            getrandom::fill(&mut self.bytes).map_err(|_| Error::RandomnessUnavailable)?;
            self.used = 0;
        }
        let start = self.used;
        self.used += count;
        Ok(&self.bytes[start..self.used])
    }

    /// A number below `bound`, which is not zero. One that fits a list in memory
    /// is small beside 2^64, so that none is noticeably more likely.
    pub(crate) fn below(&mut self, bound: usize) -> Result<usize> {
        let mut word = [0; 8];
        word.copy_from_slice(self.take(8)?);
        usize::try_from(u64::from_le_bytes(word) % bound as u64)
            .map_err(|_| Error::RandomnessUnavailable)
    }
}
