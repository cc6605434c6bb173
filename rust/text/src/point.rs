//! Whether bytes are a point that may be somebody's key.
//!
//! Keys are public: nothing here runs in constant time for its input.

use curve25519_dalek::edwards::CompressedEdwardsY;
use p256::elliptic_curve::sec1::ToSec1Point;

use crate::error::{Error, Result};

/// 2^255 - 19, little-endian: y must be below it.
const PRIME_25519: [u8; 32] = {
    let mut prime = [0xff; 32];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    prime
};

/// The y, little-endian, of the eight points whose order divides 8: 0, 1, -1, and those of order 8.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    {
        let mut minus_one = PRIME_25519;
        minus_one[0] -= 1;
        minus_one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// Bytes of a compressed point on P-256.
pub const P256_COMPRESSED_BYTES: usize = 33;

fn key<T>(expected: &'static str) -> Result<T> {
    Err(Error::Key { expected })
}

/// The point that an Ed25519 key is: in canonical form, and not of small order.
pub(crate) fn edwards(bytes: &[u8]) -> Result<curve25519_dalek::EdwardsPoint> {
    let Ok(compressed) = CompressedEdwardsY::from_slice(bytes) else {
        return key("an Ed25519 key of 32 bytes");
    };
    let y = without_sign(compressed.to_bytes());
    if y.iter().rev().ge(PRIME_25519.iter().rev()) {
        return key("an Ed25519 key in canonical form");
    }
    if SMALL_ORDER_Y.contains(&y) {
        return key("an Ed25519 key of large order");
    }
    match compressed.decompress() {
        Some(point) => Ok(point),
        None => key("a point of the Ed25519 curve"),
    }
}

/// Whether an encoding, if it is canonical, is that of a point whose order divides 8.
pub(crate) fn is_small_order(encoded: [u8; 32]) -> bool {
    SMALL_ORDER_Y.contains(&without_sign(encoded))
}

fn without_sign(mut encoded: [u8; 32]) -> [u8; 32] {
    encoded[31] &= 0x7f;
    encoded
}

/// The X25519 key of whoever has an Ed25519 key: the Montgomery u of the point.
///
/// # Errors
/// As [`crate::ed25519::Ed25519PublicKey::from_bytes`].
///
/// # Reference
/// RFC 7748, section 4.1.
pub fn x25519_of_ed25519(bytes: &[u8]) -> Result<[u8; 32]> {
    edwards(bytes).map(|point| point.to_montgomery().to_bytes())
}

/// The uncompressed form of a compressed point on P-256: 65 bytes.
///
/// # Errors
/// [`Error::Key`] for another form or length, and for what is no point of the curve.
///
/// # Cost
/// One square root.
///
/// # Reference
/// SEC 1, section 2.3.4.
pub fn decompress_p256(bytes: &[u8]) -> Result<Vec<u8>> {
    if bytes.len() != P256_COMPRESSED_BYTES || !matches!(bytes[0], 2 | 3) {
        return key("a compressed P-256 point");
    }
    match p256::PublicKey::from_sec1_bytes(bytes) {
        Ok(point) => Ok(point.to_sec1_point(false).as_bytes().to_vec()),
        Err(_) => key("a point of the curve P-256"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::EIGHT_TORSION;
    use proptest::prelude::*;

    fn bytes(hexadecimal: &str) -> Vec<u8> {
        (0..hexadecimal.len())
            .step_by(2)
            .map(|place| {
                u8::from_str_radix(&hexadecimal[place..place + 2], 16).expect("hexadecimal")
            })
            .collect()
    }

    /// RFC 8032, section 7.1, test 1.
    const ED25519: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    #[test]
    fn edwards_points() {
        let good = bytes(ED25519);
        assert!(edwards(&good).is_ok());
        for point in EIGHT_TORSION {
            assert!(edwards(point.compress().as_bytes()).is_err());
        }
        assert!(edwards(&good[1..]).is_err());
        assert!(edwards(&[&good[..], &[0]].concat()).is_err());
        // y = 2 is no point; y = 3 is one, y = 3 + p is the same and not canonical.
        let small = |low: u8| [[low].as_slice(), &[0; 31]].concat();
        assert!(edwards(&small(2)).is_err());
        assert!(edwards(&small(3)).is_ok());
        assert!(edwards(&bytes(&format!("f0{}7f", "ff".repeat(30)))).is_err());
        assert!(edwards(&PRIME_25519).is_err());
    }

    #[test]
    fn the_x25519_form() {
        // The did:key test vectors: z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp.
        let raw = crate::base58::decode(b"6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", 60)
            .expect("base58");
        let agreement = [
            &[0xec, 1][..],
            &x25519_of_ed25519(&raw[2..]).expect("a key"),
        ]
        .concat();
        assert_eq!(
            crate::base58::encode(&agreement, 60).expect("short"),
            b"6LShs9GGnqk85isEBzzshkuVWrVKsRp24GnDuHk8QWkARMW"
        );
        assert!(x25519_of_ed25519(&[1; 31]).is_err());
    }

    #[test]
    fn points_on_p256() {
        // The generator, SEC 2, section 2.4.2.
        let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
        let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        let whole = bytes(&format!("04{x}{y}"));
        assert_eq!(
            decompress_p256(&bytes(&format!("03{x}"))),
            Ok(whole.clone())
        );
        assert_ne!(
            decompress_p256(&bytes(&format!("02{x}"))),
            Ok(whole.clone())
        );
        let beyond = format!("02{}", "ff".repeat(32));
        for wrong in [
            &format!("05{x}"),
            &format!("04{x}"),
            &format!("02{}", &x[2..]),
            &beyond,
            "00",
            "",
        ] {
            assert!(decompress_p256(&bytes(wrong)).is_err(), "{wrong}");
        }
        assert!(decompress_p256(&whole).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_point_or_refused(data in prop::collection::vec(any::<u8>(), 32..34)) {
            let on_p256 = decompress_p256(&[&[2][..], &data].concat());
            prop_assert!(data.len() == 32 || on_p256.is_err());
            prop_assert_eq!(edwards(&data).is_ok(), x25519_of_ed25519(&data).is_ok());
        }
    }
}
