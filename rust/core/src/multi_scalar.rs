//! Sums of multiples, `k_1 P_1 + ... + k_n P_n` (multi-scalar multiplication).

use trustid_lanes::{Affine, G1Affine, G2Affine, Jacobian, PointError, Scalar, SECRET_BYTES};

use crate::bls::{bulk, read_compressed, MAX_BULK};
use crate::parallel::{by_ranges, check_threads, each};
use crate::Error;

/// The sum of multiples of points of G1.
///
/// `points` holds one after the other, compressed (48 bytes each) or uncompressed (96
/// bytes each), infinity included; `scalars` as many numbers of 32 bytes, big-endian,
/// below the group order. Returns the compressed sum, which may be infinity. Not in
/// constant time: for public numbers only.
///
/// # Arguments
/// * `threads` - threads to use, the caller's included.
///
/// # Errors
/// [`Error::At`] with the first bad place: [`Error::ScalarInvalid`], or what a point may
/// be refused for; [`Error::PointEncoding`] if there are not as many points as scalars;
/// [`Error::LimitExceeded`].
///
/// # Cost
/// Some 20 additions for each of 65,536 points (Pippenger's method over batched affine
/// additions), and more for fewer; and before that, for most of the time, reading the
/// points and checking that they are in the subgroup: half as much if they are uncompressed.
pub fn multi_scalar_multiply_g1(
    points: &[u8],
    scalars: &[u8],
    threads: usize,
) -> Result<[u8; 48], Error> {
    multi_scalar_multiply::<G1Affine>(points, scalars, threads)
}

/// The sum of multiples of points of G2: 96 bytes each compressed, 192 uncompressed.
///
/// Otherwise as [`multi_scalar_multiply_g1`].
///
/// # Errors
/// As [`multi_scalar_multiply_g1`].
pub fn multi_scalar_multiply_g2(
    points: &[u8],
    scalars: &[u8],
    threads: usize,
) -> Result<[u8; 96], Error> {
    multi_scalar_multiply::<G2Affine>(points, scalars, threads)
}

fn multi_scalar_multiply<P: Affine>(
    points: &[u8],
    scalars: &[u8],
    threads: usize,
) -> Result<P::Compressed, Error> {
    check_threads(threads)?;
    let count = scalars.len() / SECRET_BYTES;
    if count > MAX_BULK {
        return Err(Error::LimitExceeded {
            what: "items of a bulk call",
            limit: MAX_BULK,
            found: count,
        });
    }
    let scalars = read_scalars(scalars)?;
    let points = read_points::<P>(points, count, threads)?;
    let parts = by_ranges(count, threads, |range| {
        let scalars = &scalars[SECRET_BYTES * range.start..SECRET_BYTES * range.end];
        P::multiply_sum(&points[range], scalars, SECRET_BYTES)
    });
    let total = parts
        .iter()
        .fold(P::Jacobian::default(), |total, part| total.add(part));
    Ok(total.to_affine().compress())
}

/// The numbers, little-endian.
fn read_scalars(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let (numbers, rest) = bytes.as_chunks::<SECRET_BYTES>();
    let mut scalars = Vec::with_capacity(bytes.len());
    for (index, number) in numbers.iter().enumerate() {
        if Scalar::from_be_bytes(number).is_none() {
            return Err(Error::ScalarInvalid.at(index));
        }
        scalars.extend(number.iter().rev());
    }
    if rest.is_empty() {
        Ok(scalars)
    } else {
        Err(Error::ScalarInvalid.at(numbers.len()))
    }
}

fn read_points<P: Affine>(bytes: &[u8], count: usize, threads: usize) -> Result<Vec<P>, Error> {
    let at = |index: usize, size: usize| &bytes[size * index..size * (index + 1)];
    if bytes.len() == P::SERIALIZED * count {
        return each(count, threads, |index| {
            read_serialized(at(index, P::SERIALIZED))
        });
    }
    if bytes.len() != P::COMPRESSED * count {
        return Err(Error::PointEncoding {
            expected: P::COMPRESSED * count,
            found: bytes.len(),
        });
    }
    bulk::read_all(bytes, threads, |point| point, read_compressed)
}

fn read_serialized<P: Affine>(bytes: &[u8]) -> Result<P, Error> {
    let refused = |error| Error::from_point(error, P::SERIALIZED, bytes.len());
    let point = P::deserialize(bytes).map_err(refused)?;
    if point.in_subgroup() {
        Ok(point)
    } else {
        Err(refused(PointError::NotInSubgroup))
    }
}

#[cfg(test)]
mod tests {
    use trustid_lanes::sha256;

    use super::*;

    fn scalar(index: usize) -> [u8; 32] {
        let mut bytes = sha256(&index.to_le_bytes());
        bytes[0] &= 0x3f;
        bytes
    }

    fn check<P: Affine>(
        multiply: impl Fn(&[u8], &[u8], usize) -> Result<Vec<u8>, Error>,
        count: usize,
    ) {
        let points: Vec<P> = (0..count)
            .map(|index| match index % 7 {
                5 => P::default(),
                6 => P::generator().negate(),
                _ => P::Jacobian::hash(&index.to_le_bytes(), b"point", &[]).to_affine(),
            })
            .collect();
        let scalars: Vec<u8> = (0..count).flat_map(scalar).collect();
        let expected = points.iter().zip(scalars.chunks_exact(32)).fold(
            P::Jacobian::default(),
            |total, (point, scalar)| {
                let scalar: Vec<u8> = scalar.iter().rev().copied().collect();
                total.add(&P::Jacobian::from_affine(point).multiply_public(&scalar))
            },
        );
        let expected = expected.to_affine().compress().as_ref().to_vec();
        let compressed: Vec<P::Compressed> = points.iter().map(Affine::compress).collect();
        let serialized: Vec<P::Serialized> = points.iter().map(Affine::serialize).collect();
        let compressed: Vec<u8> = compressed.iter().flat_map(AsRef::as_ref).copied().collect();
        let serialized: Vec<u8> = serialized.iter().flat_map(AsRef::as_ref).copied().collect();
        for threads in [1, 3] {
            assert_eq!(
                Ok(&expected),
                multiply(&compressed, &scalars, threads).as_ref()
            );
            assert_eq!(
                Ok(&expected),
                multiply(&serialized, &scalars, threads).as_ref()
            );
        }
    }

    #[test]
    fn sums_are_those_of_single_multiples() {
        for count in [0, 1, 9, 150] {
            check::<G1Affine>(
                |points, scalars, threads| {
                    multi_scalar_multiply_g1(points, scalars, threads).map(Vec::from)
                },
                count,
            );
        }
        check::<G2Affine>(
            |points, scalars, threads| {
                multi_scalar_multiply_g2(points, scalars, threads).map(Vec::from)
            },
            20,
        );
    }

    #[test]
    fn bad_input_is_named_by_its_place() {
        let points = G1Affine::generator().compress().repeat(3);
        let scalars: Vec<u8> = (0..3).flat_map(scalar).collect();
        assert!(multi_scalar_multiply_g1(&points, &scalars, 1).is_ok());
        let mut large = scalars.clone();
        large[32..64].fill(0xff);
        let mut outside = points.clone();
        outside[48] = 0xff;
        let short = Error::PointEncoding {
            expected: 144,
            found: 143,
        };
        for (points, scalars, expected) in [
            (&points, &large, Error::ScalarInvalid.at(1)),
            (&points, &scalars[..95].to_vec(), Error::ScalarInvalid.at(2)),
            (
                &outside,
                &scalars,
                Error::PointEncoding {
                    expected: 48,
                    found: 48,
                }
                .at(1),
            ),
            (&points[..143].to_vec(), &scalars, short),
        ] {
            assert_eq!(Err(expected), multi_scalar_multiply_g1(points, scalars, 1));
        }
        let error = multi_scalar_multiply_g1(&points, &scalars, 0).expect_err("no threads");
        assert!(matches!(error, Error::LimitExceeded { .. }));
    }
}
