//! SHA-256: that of blst, and one for very many short messages.

#[cfg(target_arch = "x86_64")]
mod two_blocks;

use blst::blst_sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// The SHA-256 digest of `bytes`, with the processor's instructions where it has them.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut digest = [0; 32];
    // SAFETY: blst reads `bytes.len()` bytes and writes 32.
    unsafe { blst_sha256(digest.as_mut_ptr(), bytes.as_ptr(), bytes.len()) };
    digest
}

/// A message that fits into one block of the hash, with the padding behind it; wiped when
/// dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ShortMessage {
    block: [u8; 64],
    length: usize,
}

impl ShortMessage {
    /// The longest message: a bit and eight bytes of the block are padding.
    pub const BYTES_MAX: usize = 55;

    /// # Panics
    /// If the message is longer than 55 bytes: a bug of the caller.
    #[must_use]
    pub fn new(message: &[u8]) -> Self {
        assert!(message.len() <= Self::BYTES_MAX, "one block");
        let mut block = [0; 64];
        block[..message.len()].copy_from_slice(message);
        block[message.len()] = 0x80;
        block[56..].copy_from_slice(&(8 * message.len() as u64).to_be_bytes());
        Self {
            block,
            length: message.len(),
        }
    }

    /// Writes a part of the message anew.
    ///
    /// # Panics
    /// If the part does not lie within the message: a bug of the caller.
    #[inline]
    pub fn write(&mut self, at: usize, part: &[u8]) {
        self.block[..self.length][at..at + part.len()].copy_from_slice(part);
    }

    /// The digests of two messages, side by side where the processor has instructions for
    /// it: each waits long for its own results.
    #[must_use]
    pub fn digest_two(messages: &[Self; 2]) -> [Digest; 2] {
        #[cfg(target_arch = "x86_64")]
        if two_blocks::available() {
            let [first, second] = messages;
            // SAFETY: the processor has the instructions.
            return unsafe { two_blocks::digests([&first.block, &second.block]) };
        }
        messages
            .each_ref()
            .map(|message| sha256(&message.block[..message.length]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_messages_have_the_digest_of_blst() {
        for length in 0..=ShortMessage::BYTES_MAX {
            let text: Vec<u8> = (7..).take(length).collect();
            let mut messages = [
                ShortMessage::new(&text),
                ShortMessage::new(&vec![0; length]),
            ];
            assert_eq!(
                [sha256(&text), sha256(&vec![0; length])],
                ShortMessage::digest_two(&messages)
            );
            messages[1].write(0, &text);
            assert_eq!([sha256(&text); 2], ShortMessage::digest_two(&messages));
        }
    }

    #[test]
    #[should_panic(expected = "one block")]
    fn longer_messages_are_refused() {
        let _ = ShortMessage::new(&[0; 56]);
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn nothing_is_written_over_the_padding() {
        ShortMessage::new(&[0; 8]).write(5, &[0; 4]);
    }
}
