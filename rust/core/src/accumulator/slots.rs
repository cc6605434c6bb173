//! A set of slots, one bit each.

use trustid_lanes::prefetch;

/// How many slots ahead memory is asked for.
const AHEAD: usize = 16;

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

    /// Puts in slots that are in `known` and not in this set: all of them or none.
    ///
    /// # Errors
    /// The first place whose slot is not in `known`, was in this set before or stands at an
    /// earlier place.
    pub(crate) fn insert_all(&mut self, slots: &[u64], known: &Self) -> Result<(), usize> {
        self.bits.resize(self.bits.len().max(known.bits.len()), 0);
        for (index, slot) in slots.iter().enumerate() {
            if let Some(ahead) = slots.get(index + AHEAD) {
                known.fetch(*ahead);
                self.fetch(*ahead);
            }
            if !known.has(*slot) || self.has(*slot) {
                self.remove_all(&slots[..index]);
                self.trim();
                return Err(index);
            }
            self.insert(*slot);
        }
        self.trim();
        Ok(())
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.bits
            .iter()
            .map(|byte| u64::from(byte.count_ones()))
            .sum()
    }

    fn remove_all(&mut self, slots: &[u64]) {
        for slot in slots {
            let (byte, bit) = place(*slot);
            self.bits[byte] &= !(1 << bit);
        }
    }

    /// Takes zero bytes away from the end.
    fn trim(&mut self) {
        let zeros = self.bits.iter().rev().take_while(|byte| **byte == 0);
        self.bits.truncate(self.bits.len() - zeros.count());
    }

    /// Asks for the memory of a slot, which lies anywhere.
    fn fetch(&self, slot: u64) {
        if let Some(byte) = self.bits.get(place(slot).0) {
            prefetch(byte);
        }
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
