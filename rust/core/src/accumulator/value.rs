//! The accumulator's value at one epoch.

use trustid_lanes::{Affine, G1Affine};

use crate::bls::read_compressed;
use crate::Error;

/// Bytes of the epoch's number.
const EPOCH_BYTES: usize = 8;

/// The value `V_t` of an accumulator and the number `t` of its epoch.
///
/// The value lies in the subgroup and is not the identity. Whether it is the
/// registry's own, a signed statement says, not this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accumulator {
    epoch: u64,
    pub(crate) value: G1Affine,
}

impl Accumulator {
    pub(crate) const fn new(epoch: u64, value: G1Affine) -> Self {
        Self { epoch, value }
    }

    /// Reads 56 bytes: the epoch, big-endian, and the compressed value.
    ///
    /// # Errors
    /// [`Error::PointEncoding`], [`Error::PointNotOnCurve`],
    /// [`Error::PointNotInSubgroup`], [`Error::PointIsIdentity`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let Some((epoch, value)) = bytes.split_first_chunk::<EPOCH_BYTES>() else {
            return Err(Error::PointEncoding {
                expected: EPOCH_BYTES + G1Affine::COMPRESSED,
                found: bytes.len(),
            });
        };
        Ok(Self::new(
            u64::from_be_bytes(*epoch),
            read_member_of_group(value)?,
        ))
    }

    /// The 56 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 56] {
        let mut bytes = [0; 56];
        bytes[..EPOCH_BYTES].copy_from_slice(&self.epoch.to_be_bytes());
        bytes[EPOCH_BYTES..].copy_from_slice(&self.value());
        bytes
    }

    /// The number of the epoch.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The value, compressed.
    #[must_use]
    pub fn value(&self) -> [u8; 48] {
        self.value.compress()
    }
}

/// Reads a compressed point of G1 that is not the identity.
pub(crate) fn read_member_of_group(bytes: &[u8]) -> Result<G1Affine, Error> {
    let point: G1Affine = read_compressed(bytes)?;
    if point.is_identity() {
        return Err(Error::PointIsIdentity);
    }
    Ok(point)
}
