//! The secret handle of one slot.

use core::fmt;

use trustid_lanes::{Scalar, SECRET_BYTES};
use zeroize::Zeroizing;

use crate::Error;

/// The secret handle `y` of one slot: a number above zero and below the group order.
///
/// The manager derives it, and nobody chooses it; the issuer hands it to the
/// holder. Wiped when dropped, not shown by `Debug`, not compared.
#[derive(Clone)]
pub struct Member {
    pub(crate) handle: Scalar,
}

impl fmt::Debug for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Member(redacted)")
    }
}

impl Member {
    pub(crate) const fn new(handle: Scalar) -> Self {
        Self { handle }
    }

    /// Reads a handle that a manager made: 32 bytes, big-endian.
    ///
    /// # Errors
    /// [`Error::HandleInvalid`]: another length, zero, or not below the group order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        read_nonzero(bytes).map(Self::new)
    }

    /// The 32 bytes, in a buffer that wipes itself.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; SECRET_BYTES]> {
        self.handle.to_be_bytes()
    }
}

/// Reads a scalar that is not zero.
pub(crate) fn read_nonzero(bytes: &[u8]) -> Result<Scalar, Error> {
    <&[u8; SECRET_BYTES]>::try_from(bytes)
        .ok()
        .and_then(Scalar::from_be_bytes)
        .filter(|scalar| !scalar.is_zero())
        .ok_or(Error::HandleInvalid)
}
