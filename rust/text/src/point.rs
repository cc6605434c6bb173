//! Whether bytes are a point that may be somebody's key.
//!
//! Keys are public: nothing here runs in constant time for its input.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};

use crate::error::{Error, Result};
use crate::weierstrass;

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

fn key<T>(expected: &'static str) -> Result<T> {
    Err(Error::Key { expected })
}

/// The encoding of an Ed25519 key, canonical and not of small order, if it is one of a point at all.
pub(crate) fn edwards_encoding(bytes: &[u8]) -> Result<[u8; 32]> {
    let Ok(encoded) = <[u8; 32]>::try_from(bytes) else {
        return key("an Ed25519 key of 32 bytes");
    };
    let y = without_sign(encoded);
    if y.iter().rev().ge(PRIME_25519.iter().rev()) {
        return key("an Ed25519 key in canonical form");
    }
    if SMALL_ORDER_Y.contains(&y) {
        return key("an Ed25519 key of large order");
    }
    Ok(encoded)
}

/// What is said of an encoding that no point has.
pub(crate) const NO_EDWARDS_POINT: &str = "a point of the Ed25519 curve";

fn edwards(bytes: &[u8]) -> Result<EdwardsPoint> {
    match CompressedEdwardsY(edwards_encoding(bytes)?).decompress() {
        Some(point) => Ok(point),
        None => key(NO_EDWARDS_POINT),
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

/// A curve whose keys are points of x and y.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// P-256
    P256,
    /// P-384
    P384,
    /// secp256k1
    Secp256k1,
}

impl Curve {
    /// The curve of a name in the registry of JOSE.
    ///
    /// # Errors
    /// [`Error::Key`] for another one.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "P-256" => Ok(Self::P256),
            "P-384" => Ok(Self::P384),
            "secp256k1" => Ok(Self::Secp256k1),
            _ => key("P-256, P-384 or secp256k1"),
        }
    }

    const fn coordinate_bytes(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 32,
            Self::P384 => 48,
        }
    }
}

/// The uncompressed form of a compressed point: 65 bytes for 256 bits, 97 for 384.
///
/// # Errors
/// [`Error::Key`] for another form or length, and for what is no point of the curve.
///
/// # Cost
/// One square root.
///
/// # Reference
/// SEC 1, section 2.3.4.
pub fn decompress(curve: Curve, bytes: &[u8]) -> Result<Vec<u8>> {
    let (odd, x) = match bytes {
        [2, x @ ..] => (false, x),
        [3, x @ ..] => (true, x),
        _ => return key("a compressed point"),
    };
    if x.len() != curve.coordinate_bytes() {
        return key("a compressed point of this curve's length");
    }
    let y = match curve {
        Curve::P256 => weierstrass::y_of::<weierstrass::P256, 4>(x, odd),
        Curve::P384 => weierstrass::y_of::<weierstrass::P384, 6>(x, odd),
        Curve::Secp256k1 => weierstrass::y_of::<weierstrass::Secp256k1, 4>(x, odd),
    };
    match y {
        Some(y) => Ok([&[4], x, &y].concat()),
        None => key("a point of this curve"),
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

    /// The generators: SEC 2, sections 2.4.1, 2.4.2 and 2.5.1.
    const GENERATORS: [(&str, &str, &str); 3] = [
        (
            "P-256",
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        ),
        (
            "P-384",
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        ),
        (
            "secp256k1",
            "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
            "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
        ),
    ];

    #[test]
    fn the_generators() {
        for (name, x, y) in GENERATORS {
            let curve = Curve::named(name).expect("a curve");
            let attempt = |text: &str| decompress(curve, &bytes(text));
            let whole = bytes(&format!("04{x}{y}"));
            assert_eq!(
                attempt(&format!("03{x}")).is_ok_and(|it| it == whole),
                name != "secp256k1"
            );
            assert_eq!(
                attempt(&format!("02{x}")).is_ok_and(|it| it == whole),
                name == "secp256k1"
            );
            for wrong in [
                format!("05{x}"),
                format!("04{x}"),
                format!("04{x}{y}"),
                format!("02{}", &x[2..]),
                format!("02{x}00"),
                // Not below the prime.
                format!("02{}", "ff".repeat(x.len() / 2)),
                "00".into(),
                String::new(),
            ] {
                assert!(attempt(&wrong).is_err(), "{name} {wrong}");
            }
        }
        assert!(Curve::named("P-521").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_point_or_refused(data in prop::collection::vec(any::<u8>(), 32..34)) {
            prop_assert_eq!(edwards(&data).is_ok(), x25519_of_ed25519(&data).is_ok());
            for curve in [Curve::P256, Curve::Secp256k1] {
                let even = decompress(curve, &[&[2][..], &data].concat());
                let odd = decompress(curve, &[&[3][..], &data].concat());
                prop_assert_eq!(even.is_ok(), odd.is_ok());
                prop_assert!(data.len() == 32 || even.is_err());
                if let (Ok(even), Ok(odd)) = (even, odd) {
                    prop_assert_eq!(&even[..33], &odd[..33]);
                    prop_assert_eq!((even[64] & 1, odd[64] & 1), (0, 1));
                }
            }
        }
    }
}
