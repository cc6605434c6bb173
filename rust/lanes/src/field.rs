//! Field elements as key stores hold them.

use blst::{blst_fp, blst_fp2};

use crate::curve::PointError;

/// The modulus `p`, in words of 64 bits, the lowest first.
pub(crate) const MODULUS: [u64; 6] = [
    0xb9fe_ffff_ffff_aaab,
    0x1eab_fffe_b153_ffff,
    0x6730_d2a0_f6b0_f624,
    0x6477_4b84_f385_12bf,
    0x4b1b_a7b6_434b_acd7,
    0x1a01_11ea_397f_e69a,
];

/// The stored form: each coefficient in blst's Montgomery form, little-endian.
pub(crate) trait Stored: Sized {
    /// Makes numbers of words whose bytes were read from a file, and checks that
    /// each coefficient is below the modulus.
    fn finish(&mut self) -> Result<(), PointError>;
    fn store(&self, bytes: &mut Vec<u8>);
}

impl Stored for blst_fp {
    #[inline]
    fn finish(&mut self) -> Result<(), PointError> {
        self.l = self.l.map(u64::from_le);
        // The highest word decides all but one in 2^60 cases.
        let below = self.l[5] < MODULUS[5] || self.l.iter().rev().lt(MODULUS.iter().rev());
        if below {
            Ok(())
        } else {
            Err(PointError::Encoding)
        }
    }

    fn store(&self, bytes: &mut Vec<u8>) {
        for word in self.l {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
    }
}

impl Stored for blst_fp2 {
    #[inline]
    fn finish(&mut self) -> Result<(), PointError> {
        self.fp[0].finish()?;
        self.fp[1].finish()
    }

    fn store(&self, bytes: &mut Vec<u8>) {
        for coefficient in &self.fp {
            coefficient.store(bytes);
        }
    }
}
