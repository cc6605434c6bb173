//! Randomness of the operating system, as scalars.

use trustid_lanes::Scalar;
use zeroize::Zeroizing;

use crate::Error;

/// A scalar above zero, each with the same probability.
///
/// 255 random bits are below the order nine times in ten; otherwise others are drawn.
pub(crate) fn random_scalar() -> Result<Scalar, Error> {
    let mut bytes = Zeroizing::new([0; 32]);
    loop {
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| Error::RandomnessUnavailable)?;
        bytes[0] &= 0x7f;
        if let Some(scalar) = Scalar::from_be_bytes(&bytes).filter(|scalar| !scalar.is_zero()) {
            return Ok(scalar);
        }
    }
}
