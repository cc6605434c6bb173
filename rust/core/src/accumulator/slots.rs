//! A set of slots, one bit each.

/// The slots below a capacity that are in the set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slots {
    bits: Vec<u8>,
}

impl Slots {
    /// Whether a slot is in the set.
    pub(crate) fn has(&self, slot: u64) -> bool {
        let (byte, bit) = place(slot);
        self.bits
            .get(byte)
            .is_some_and(|found| found & (1 << bit) != 0)
    }

    /// Puts a slot in.
    pub(crate) fn insert(&mut self, slot: u64) {
        let (byte, bit) = place(slot);
        if byte >= self.bits.len() {
            self.bits.resize(byte + 1, 0);
        }
        self.bits[byte] |= 1 << bit;
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.bits
            .iter()
            .map(|byte| u64::from(byte.count_ones()))
            .sum()
    }

    /// All of them, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = u64> + '_ {
        (0..8 * self.bits.len() as u64).filter(|slot| self.has(*slot))
    }

    /// One bit a slot, the lowest bit first; no zero byte at the end.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bits
    }

    /// Reads what [`Slots::as_bytes`] gave; `None` for another form.
    pub(crate) fn from_bytes(bytes: &[u8], capacity: u64) -> Option<Self> {
        let slots = Self {
            bits: bytes.to_vec(),
        };
        let last = bytes.last().copied();
        let below = last.is_none_or(|byte| {
            byte != 0 && 8 * bytes.len() as u64 - u64::from(byte.leading_zeros()) <= capacity
        });
        below.then_some(slots)
    }
}

fn place(slot: u64) -> (usize, u32) {
    // A slot is below the capacity, which is at most 2^27.
    (
        usize::try_from(slot / 8).unwrap_or(usize::MAX),
        u32::try_from(slot % 8).unwrap_or(0),
    )
}
