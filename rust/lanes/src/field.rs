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

/// Bytes of one coefficient.
const COEFFICIENT: usize = 48;

/// The stored form: each coefficient in blst's Montgomery form, little-endian.
pub(crate) trait Stored: Sized {
    fn from_stored(bytes: &[u8]) -> Result<Self, PointError>;
    fn store(&self, bytes: &mut Vec<u8>);
}

impl Stored for blst_fp {
    fn from_stored(bytes: &[u8]) -> Result<Self, PointError> {
        let mut words = [0_u64; 6];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            let mut little = [0; 8];
            little.copy_from_slice(chunk);
            *word = u64::from_le_bytes(little);
        }
        if words.iter().rev().lt(MODULUS.iter().rev()) {
            Ok(Self { l: words })
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
    fn from_stored(bytes: &[u8]) -> Result<Self, PointError> {
        let (real, imaginary) = bytes.split_at(COEFFICIENT);
        Ok(Self {
            fp: [
                blst_fp::from_stored(real)?,
                blst_fp::from_stored(imaginary)?,
            ],
        })
    }

    fn store(&self, bytes: &mut Vec<u8>) {
        for coefficient in &self.fp {
            coefficient.store(bytes);
        }
    }
}
