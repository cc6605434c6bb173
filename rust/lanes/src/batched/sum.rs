//! Sums of many points of G1 by batched affine additions.
//!
//! Two points with two coordinates are added with `l = (y2 - y1) / (x2 - x1)`,
//! `x3 = l^2 - x1 - x2`, `y3 = l * (x1 - x3) - y1`. The division is what costs;
//! here one inversion serves a whole round of additions (Montgomery's trick), so
//! that an addition takes five multiplications and a squaring.
//!
//! Not in constant time: keys that are summed are public.

use super::field::{Field, LANES};
use super::fp::Fp;
use super::path::{dispatch, path, Kernel, Path};
use crate::curve::{G1Affine, G1Jacobian, Jacobian};

/// Elements of one round: what stays in the second level of the cache.
pub(super) const ROUND: usize = 1 << 6;

/// Points of one round.
const ROUND_POINTS: usize = ROUND * LANES;

/// Fewer rounds than this are not worth setting up.
const ROUNDS_MIN: usize = 2;

/// Points that are best summed at once: blst works on 1,024 within the cache, the
/// eight lanes share the cost of setting up among more.
pub(crate) fn sum_size() -> usize {
    match path() {
        Ok(Path::Avx2 | Path::Ifma) => 1 << 15,
        _ => 1 << 10,
    }
}

/// The sum of points, on the quickest path that this machine has.
pub(crate) fn sum(points: &[G1Affine]) -> G1Jacobian {
    dispatch(Sum(points))
}

/// The sum of points.
pub(super) struct Sum<'a>(pub(super) &'a [G1Affine]);

impl Kernel for Sum<'_> {
    type Output = G1Jacobian;

    fn portable(self) -> G1Jacobian {
        G1Affine::sum_with_blst(self.0)
    }

    #[inline(always)]
    fn run<F: Field>(self) -> G1Jacobian {
        let points = self.0;
        if points.len() < ROUNDS_MIN * ROUND_POINTS || points.iter().any(is_infinity) {
            return self.portable();
        }
        let (first, rest) = points.split_at(ROUND_POINTS);
        let mut sums = load::<F>(first);
        let mut added = sums.clone();
        let mut before = vec![Fp::one(); ROUND];
        let mut aside = G1Jacobian::default();
        let mut rounds = rest.chunks_exact(ROUND_POINTS);
        for round in &mut rounds {
            for (slot, part) in added.iter_mut().zip(round.as_chunks().0) {
                *slot = Fp::load_points(part);
            }
            // In some lane two equal points met, or opposite ones: no slope to be had.
            // The round is summed the slow way and set aside; the sums stay as they are.
            if !add_round::<F>(&mut sums, &added, &mut before) {
                aside = aside.add(&G1Affine::sum_with_blst(round));
            }
        }
        let mut last = rounds.remainder().to_vec();
        for (x, y) in &sums {
            last.extend(Fp::store_points(x, y));
        }
        aside.add(&G1Affine::sum_with_blst(&last))
    }
}

/// Coordinates of points, eight at a time.
#[inline(always)]
pub(super) fn load<F: Field>(points: &[G1Affine]) -> Vec<(Fp<F>, Fp<F>)> {
    points.as_chunks().0.iter().map(Fp::load_points).collect()
}

/// Whether this is infinity; asked of every point, so without a call.
#[inline(always)]
fn is_infinity(point: &G1Affine) -> bool {
    point.0.x.l == [0; 6] && point.0.y.l == [0; 6]
}

/// Adds one list of points to another, place by place, with one inversion.
///
/// Returns `false`, with nothing changed, if two points at one place have one `x`.
#[inline(always)]
pub(super) fn add_round<F: Field>(
    sums: &mut [(Fp<F>, Fp<F>)],
    added: &[(Fp<F>, Fp<F>)],
    before: &mut [Fp<F>],
) -> bool {
    // before[i] = product of the differences of all earlier places.
    let mut product = Fp::one();
    for ((sum, point), slot) in sums.iter().zip(added).zip(before.iter_mut()) {
        *slot = product;
        product = product.mul(&point.0.difference(&sum.0, 2));
    }
    let Some(mut inverse) = product.invert() else {
        return false;
    };
    for ((sum, point), slot) in sums.iter_mut().zip(added).zip(before.iter()).rev() {
        let (x1, y1) = *sum;
        let (x2, y2) = point;
        let reciprocal = inverse.mul(slot);
        inverse = inverse.mul(&x2.difference(&x1, 2));
        let slope = y2.difference(&y1, 2).mul(&reciprocal);
        let x3 = slope.sqr().difference(&x1, 2).sub(x2, 2).reduce(6);
        let y3 = slope.mul(&x1.difference(&x3, 2)).sub(&y1, 2).reduce(4);
        *sum = (x3, y3);
    }
    true
}
