//! Many points of G1, each times a coefficient of its own: `a P + b x^2 P`.
//!
//! `x^2 P` costs one product ([`crate::endomorphism`]), so that both halves share
//! their doublings: 60 of them for coefficients of 128 bits. Points keep two
//! coordinates, and each doubling or addition is done for all of them with one
//! inversion.
//!
//! A half is taken odd, `a` or `a + 1`, and written in sixteen odd digits between -15
//! and 15, so that each of them adds something: no sum waits for its first digit, and
//! none meets itself. What was too much is taken away at the end.
//!
//! # Divisions by zero
//!
//! Every point on the way is `(i + j x^2) P` with whole numbers below `2^66`, and
//! for a point of prime order two of them have the same `x` only if they are equal or
//! opposite as pairs `(i, j)`: `x^2` has 128 bits, the order 255. A sum and what is
//! added to it never are: while a table is made, `i` is odd in one and even in the
//! other; after four doublings `i` is above 15, and `j` too once it is not zero; at
//! first, and at the end, `j` is zero in one of them only, or `i` is. Left are the
//! coefficients zero and `x^2`, and points of another order: that a division by zero
//! was asked for is noticed, and the points are left to blst.

use super::coordinate::Coordinate;
use super::digits::{Digits, DIGITS, DIGIT_BITS};
use super::field::{Field, LANES};
use super::fp::Fp;
use super::path::{dispatch, Kernel};
use crate::curve::G1Affine;
use crate::endomorphism::{self, Endomorphism, COEFFICIENT};

/// Points that are worked on together: what is paid for an inversion is shared, and
/// their tables, 1 KB each, stay in the cache.
const POINTS: usize = 1 << 10;

/// Fewer points are blst's: they share what an inversion costs among too few.
const POINTS_MIN: usize = 12;

/// Odd multiples of a point: 1, 3, ... 15.
const MULTIPLES: usize = 1 << (DIGIT_BITS - 1);

/// Eight points, coordinates below `2 p`.
#[derive(Clone, Copy)]
struct Points<F: Field> {
    x: Fp<F>,
    y: Fp<F>,
}

/// Eight points with their coefficients.
struct Eight<F: Field> {
    /// Multiples of each lane's point.
    multiples: Vec<[(F::Row, F::Row); LANES]>,
    digits: [Digits; LANES],
}

/// Each finite point times its coefficient.
///
/// # Panics
/// If there is another number of coefficients: a bug of the caller.
pub(crate) fn scale_each(points: &[G1Affine], coefficients: &[u8]) -> Vec<G1Affine> {
    dispatch(ScaleEach {
        points,
        coefficients,
    })
}

/// Multiples of points, to be computed.
#[derive(Clone, Copy)]
struct ScaleEach<'a> {
    points: &'a [G1Affine],
    coefficients: &'a [u8],
}

impl Kernel for ScaleEach<'_> {
    type Output = Vec<G1Affine>;

    fn portable(self) -> Vec<G1Affine> {
        endomorphism::scale_each(self.points, self.coefficients)
    }

    #[inline(always)]
    fn run<F: Field>(self) -> Vec<G1Affine> {
        let mut result = Vec::with_capacity(self.points.len());
        for (points, coefficients) in self
            .points
            .chunks(POINTS)
            .zip(self.coefficients.chunks(COEFFICIENT * POINTS))
        {
            let in_lanes = if points.len() < POINTS_MIN {
                None
            } else {
                multiply_each::<F>(points, coefficients)
            };
            result.extend(in_lanes.unwrap_or_else(|| {
                ScaleEach {
                    points,
                    coefficients,
                }
                .portable()
            }));
        }
        result
    }
}

/// The same in lanes, or `None` if a division by zero was met, which points of prime order
/// with coefficients other than zero and `x^2` cannot cause.
#[inline(always)]
fn multiply_each<F: Field>(points: &[G1Affine], coefficients: &[u8]) -> Option<Vec<G1Affine>> {
    assert_eq!(
        coefficients.len(),
        COEFFICIENT * points.len(),
        "one coefficient a point"
    );
    let bases: Vec<Points<F>> = points.chunks(LANES).map(load).collect();
    let mut before = vec![Fp::one(); bases.len()];
    let eights = tabulate(&bases, coefficients, &mut before)?;
    let beta = Fp::load(&[G1Affine::BETA; LANES]);
    let mut sums = entries(&eights, 0, DIGITS - 1, &beta);
    add_all(
        &mut sums,
        &entries(&eights, 1, DIGITS - 1, &beta),
        &mut before,
    )?;
    for place in (0..DIGITS - 1).rev() {
        for _ in 0..DIGIT_BITS {
            double_all(&mut sums, &mut before)?;
        }
        for half in 0..2 {
            add_all(
                &mut sums,
                &entries(&eights, half, place, &beta),
                &mut before,
            )?;
        }
    }
    for half in 0..2 {
        let mut less = sums.clone();
        let ones: Vec<_> = eights
            .iter()
            .map(|eight| eight.minus_one(half, &beta))
            .collect();
        add_all(&mut less, &ones, &mut before)?;
        for ((sum, less), eight) in sums.iter_mut().zip(&less).zip(&eights) {
            let which = eight.digits.map(|digits| digits.one_more[half]);
            sum.x = Fp::select(which, &less.x, &sum.x);
            sum.y = Fp::select(which, &less.y, &sum.y);
        }
    }
    let mut result = Vec::with_capacity(LANES * sums.len());
    for sum in &sums {
        result.extend(Coordinate::store(&sum.x, &sum.y));
    }
    result.truncate(points.len());
    Some(result)
}

/// Up to eight points, the last one in all lanes that are left over.
#[inline(always)]
fn load<F: Field>(points: &[G1Affine]) -> Points<F> {
    let (x, y) = Coordinate::load(&core::array::from_fn(|lane| {
        points[lane.min(points.len() - 1)]
    }));
    Points { x, y }
}

/// The odd multiples of all points, beside the digits of their coefficients.
#[inline(always)]
fn tabulate<F: Field>(
    bases: &[Points<F>],
    coefficients: &[u8],
    before: &mut [Fp<F>],
) -> Option<Vec<Eight<F>>> {
    let mut eights: Vec<Eight<F>> = coefficients
        .chunks(LANES * COEFFICIENT)
        .map(|own| Eight {
            multiples: Vec::with_capacity(MULTIPLES),
            digits: core::array::from_fn(|lane| {
                let at = (lane * COEFFICIENT).min(own.len() - COEFFICIENT);
                Digits::of(&own[at..at + COEFFICIENT])
            }),
        })
        .collect();
    let mut doubles = bases.to_vec();
    double_all(&mut doubles, before)?;
    let mut multiples = bases.to_vec();
    for multiple in 0..MULTIPLES {
        if multiple > 0 {
            add_all(&mut multiples, &doubles, before)?;
        }
        for (eight, points) in eights.iter_mut().zip(&multiples) {
            let (x, y) = (points.x.scatter(), points.y.scatter());
            eight
                .multiples
                .push(core::array::from_fn(|lane| (x[lane], y[lane])));
        }
    }
    Some(eights)
}

/// What the digits at one place of one half add to each point.
#[inline(always)]
fn entries<F: Field>(
    eights: &[Eight<F>],
    half: usize,
    place: usize,
    beta: &Fp<F>,
) -> Vec<Points<F>> {
    eights
        .iter()
        .map(|eight| eight.entry(half, |lane| eight.digits[lane].halves[half][place], beta))
        .collect()
}

impl<F: Field> Eight<F> {
    /// Each lane's multiple for a digit of one half.
    #[inline(always)]
    fn entry(&self, half: usize, digit: impl Fn(usize) -> i8, beta: &Fp<F>) -> Points<F> {
        let rows: [(F::Row, F::Row); LANES] = core::array::from_fn(|lane| {
            let digit = digit(lane);
            let (x, y) = self.multiples[usize::from(digit.unsigned_abs()) / 2][lane];
            // x^2 times a point has the opposite sign.
            if (digit < 0) == (half == 0) {
                (x, F::negate_row(&y))
            } else {
                (x, y)
            }
        });
        let x: Fp<F> = Coordinate::gather(rows.each_ref().map(|row| &row.0));
        let y = Coordinate::gather(rows.each_ref().map(|row| &row.1));
        let x = if half == 0 { x } else { x.mul(beta) };
        Points { x, y }
    }

    /// What takes one away from a half.
    #[inline(always)]
    fn minus_one(&self, half: usize, beta: &Fp<F>) -> Points<F> {
        self.entry(half, |_| -1, beta)
    }
}

/// Doubles all points with one inversion.
#[inline(always)]
fn double_all<F: Field>(points: &mut [Points<F>], before: &mut [Fp<F>]) -> Option<()> {
    let mut product = Fp::one();
    for (point, slot) in points.iter().zip(before.iter_mut()) {
        *slot = product;
        product = product.mul(&point.y.double());
    }
    let mut inverse = product.invert()?;
    for (point, before) in points.iter_mut().zip(before.iter()).rev() {
        let reciprocal = inverse.mul(before);
        inverse = inverse.mul(&point.y.double());
        let square = point.x.sqr();
        let slope = square.double().add(&square).mul(&reciprocal);
        let both = point.x.double();
        point.follow(&slope, &both);
    }
    Some(())
}

/// Adds a point to each point with one inversion.
#[inline(always)]
fn add_all<F: Field>(
    points: &mut [Points<F>],
    added: &[Points<F>],
    before: &mut [Fp<F>],
) -> Option<()> {
    let mut product = Fp::one();
    for ((point, added), slot) in points.iter().zip(added).zip(before.iter_mut()) {
        *slot = product;
        product = product.mul(&added.x.sub(&point.x, 2));
    }
    let mut inverse = product.invert()?;
    for ((point, added), before) in points.iter_mut().zip(added).zip(before.iter()).rev() {
        let reciprocal = inverse.mul(before);
        inverse = inverse.mul(&added.x.sub(&point.x, 2));
        let slope = added.y.sub(&point.y, 2).mul(&reciprocal);
        let both = point.x.add(&added.x);
        point.follow(&slope, &both);
    }
    Some(())
}

impl<F: Field> Points<F> {
    /// Goes along a line of this slope to where it meets the curve for the third time, and
    /// changes the sign; `both` is the sum of the other two `x`.
    #[inline(always)]
    fn follow(&mut self, slope: &Fp<F>, both: &Fp<F>) {
        let x = slope.sqr().sub(both, 4).reduce(8);
        self.y = slope.mul(&self.x.sub(&x, 2)).sub(&self.y, 2).reduce(4);
        self.x = x;
    }
}

#[cfg(test)]
mod tests {
    use super::super::eight::Eight as Whole;
    use super::super::path::{on_path, tried};
    use super::super::plain::Plain;
    use super::*;
    use crate::curve::{Affine, G1Jacobian, Jacobian};

    #[test]
    fn multiples_are_those_of_blst() {
        let halves = [
            0,
            1,
            2,
            15,
            16,
            0x0102_0304_0506_0708,
            u64::MAX - 1,
            u64::MAX,
        ];
        let coefficients: Vec<[u64; 2]> = halves
            .iter()
            .flat_map(|first| halves.map(|second| [*first, second]))
            .filter(|[first, second]| *first > 0 || *second > 1)
            .collect();
        let points: Vec<G1Affine> = (0..coefficients.len())
            .map(|at| match at % 3 {
                0 => G1Affine::generator(),
                1 => G1Affine::generator().negate(),
                _ => G1Jacobian::hash(&at.to_le_bytes(), b"test", &[]).to_affine(),
            })
            .collect();
        let bytes: Vec<u8> = coefficients
            .as_flattened()
            .iter()
            .flat_map(|half| half.to_le_bytes())
            .collect();
        let expected: Vec<G1Affine> = points
            .iter()
            .zip(&coefficients)
            .map(|(point, [first, second])| {
                let other = G1Jacobian::from_affine(&point.times_parameter_squared());
                G1Jacobian::from_affine(point)
                    .multiply_public(&first.to_le_bytes())
                    .add(&other.multiply_public(&second.to_le_bytes()))
                    .to_affine()
            })
            .collect();
        for count in [1, 7, 8, 9, points.len()] {
            let (points, coefficients) = (&points[..count], &bytes[..count * COEFFICIENT]);
            let found = multiply_each::<Whole<Plain>>(points, coefficients);
            assert_eq!(&expected[..count], found.expect("prime order"));
            for path in tried() {
                let found = on_path(
                    path,
                    ScaleEach {
                        points,
                        coefficients,
                    },
                );
                assert_eq!(&expected[..count], found, "{count} points, {}", path.name());
            }
        }
    }

    #[test]
    fn what_would_divide_by_zero_is_left_to_blst() {
        let points = [G1Affine::generator(); 13];
        let mut coefficients = vec![7; 13 * COEFFICIENT];
        assert!(multiply_each::<Whole<Plain>>(&points, &coefficients).is_some());
        coefficients[4 * COEFFICIENT..5 * COEFFICIENT].fill(0);
        assert!(multiply_each::<Whole<Plain>>(&points, &coefficients).is_none());
        let expected = ScaleEach {
            points: &points,
            coefficients: &coefficients,
        }
        .portable();
        assert_eq!(G1Affine::default(), expected[4]);
        for path in tried() {
            let kernel = ScaleEach {
                points: &points,
                coefficients: &coefficients,
            };
            assert_eq!(expected, on_path(path, kernel));
        }
    }
}
