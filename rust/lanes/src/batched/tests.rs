//! Every path against blst, lane by lane, with the cases that a slope cannot be had for.

use blst::{blst_fp, blst_fp_add, blst_fp_from_uint64, blst_fp_inverse, blst_fp_mul, blst_fp_sub};
use proptest::prelude::*;

use super::eight::Eight;
use super::field::{Field, LANES};
use super::fp::Fp;
use super::path::{on_path, tried, Kernel};
use super::plain::Plain;
use super::sum::{add_round, load, sum, Sum, ROUND};
use crate::curve::{Affine, G1Affine, G1Jacobian, Jacobian};
use crate::field::MODULUS;

/// What a kernel gives on each path of this machine, and over plain integers.
pub(super) fn everywhere<K: Kernel + Clone>(kernel: &K) -> Vec<(&'static str, K::Output)> {
    let mut all = vec![("plain", kernel.clone().run::<Eight<Plain>>())];
    for path in tried() {
        all.push((path.name(), on_path(path, kernel.clone())));
    }
    all
}

/// Zero, one, `p - 1`, or a number below `2^380`, as blst's words or converted to its form.
pub(super) fn number() -> impl Strategy<Value = blst_fp> {
    let mut largest = MODULUS;
    largest[0] -= 1;
    let words = prop_oneof![
        1 => Just([0; 6]),
        1 => Just([1, 0, 0, 0, 0, 0]),
        1 => Just(largest),
        5 => prop::array::uniform6(any::<u64>()).prop_map(|mut words| {
            words[5] >>= 4;
            words
        }),
    ];
    (words, any::<bool>()).prop_map(|(l, converted)| {
        let mut result = blst_fp { l };
        if converted {
            // SAFETY: blst reads six words and writes one element.
            unsafe { blst_fp_from_uint64(&raw mut result, l.as_ptr()) };
        }
        result
    })
}

type Numbers = [blst_fp; LANES];

fn each(
    work: unsafe extern "C" fn(*mut blst_fp, *const blst_fp, *const blst_fp),
    left: &Numbers,
    right: &Numbers,
) -> Numbers {
    core::array::from_fn(|lane| {
        let mut result = blst_fp::default();
        // SAFETY: blst reads two elements and writes one.
        unsafe {
            work(
                &raw mut result,
                &raw const left[lane],
                &raw const right[lane],
            );
        }
        result
    })
}

/// All operations on some numbers: lists that must be those of blst.
#[derive(Clone)]
struct Operations([Numbers; 4]);

impl Kernel for Operations {
    type Output = (Vec<Numbers>, [bool; LANES]);

    fn portable(self) -> Self::Output {
        let [a, b, c, d] = self.0;
        let zero = [blst_fp::default(); LANES];
        let product = each(blst_fp_mul, &a, &b);
        let both = each(blst_fp_add, &product, &each(blst_fp_mul, &c, &d));
        let eight = [both; 3]
            .iter()
            .fold(both, |sum, both| each(blst_fp_add, &sum, both));
        let sum = each(blst_fp_add, &a, &b);
        let difference = each(blst_fp_sub, &c, &d);
        let inverse = a.map(|number| {
            let mut result = blst_fp::default();
            // SAFETY: blst reads one element and writes one.
            unsafe { blst_fp_inverse(&raw mut result, &raw const number) };
            result
        });
        let zeros = a.map(|number| number == blst_fp::default());
        let results = vec![
            a,
            zero,
            sum,
            difference,
            each(blst_fp_sub, &zero, &a),
            product,
            each(blst_fp_mul, &a, &a),
            each(blst_fp_mul, &sum, &difference),
            each(blst_fp_mul, &difference, &difference),
            both,
            eight,
            each(blst_fp_sub, &zero, &product),
            if zeros.contains(&true) { zero } else { inverse },
            core::array::from_fn(|lane| if zeros[lane] { b[lane] } else { c[lane] }),
        ];
        (results, zeros)
    }

    #[inline(always)]
    fn run<F: Field>(self) -> Self::Output {
        let [a, b, c, d] = self.0.map(|numbers| Fp::<F>::load(&numbers));
        let product = a.mul(&b);
        let (sum, difference) = (a.add(&b), c.sub(&d, 2));
        let mut rows = product.rows();
        for row in &mut rows {
            *row = F::negate_row(row);
        }
        let zeros = a.is_zero();
        assert_eq!(zeros, a.add(&c).sub(&c, 2).is_zero());
        let results = [
            a,
            Fp::zero(),
            sum,
            difference,
            a.neg(2),
            product,
            a.mul(&Fp::one()).sqr(),
            sum.mul(&difference),
            difference.reduce(4).sqr(),
            Fp::dot([&a, &c], [&b, &d]),
            Fp::dot(
                [&a, &c, &a, &c, &a, &c, &a, &c],
                [&b, &d, &b, &d, &b, &d, &b, &d],
            ),
            Fp::from_rows(core::array::from_fn(|lane| &rows[lane])),
            a.invert().unwrap_or(Fp::zero()),
            Fp::select(zeros, &b, &c),
        ];
        (results.iter().map(Fp::store).collect(), zeros)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_operation_is_that_of_blst(
        numbers in prop::array::uniform4(prop::array::uniform8(number()))
    ) {
        let kernel = Operations(numbers);
        let expected = kernel.clone().portable();
        for (path, found) in everywhere(&kernel) {
            prop_assert_eq!(&expected, &found, "{}", path);
        }
    }
}

/// A long chain, in which a bound that does not hold would show: `x -> (x + y)^2 - x y`.
#[derive(Clone)]
struct Chain(Numbers, Numbers, usize);

impl Kernel for Chain {
    type Output = Numbers;

    fn portable(self) -> Numbers {
        let Self(mut x, y, steps) = self;
        for _ in 0..steps {
            let sum = each(blst_fp_add, &x, &y);
            let product = each(blst_fp_mul, &x, &y);
            x = each(blst_fp_sub, &each(blst_fp_mul, &sum, &sum), &product);
        }
        x
    }

    #[inline(always)]
    fn run<F: Field>(self) -> Numbers {
        let Self(x, y, steps) = self;
        let (mut x, y) = (Fp::<F>::load(&x), Fp::load(&y));
        for _ in 0..steps {
            x = x.add(&y).sqr().sub(&x.mul(&y), 2).reduce(4);
        }
        x.store()
    }
}

#[test]
fn a_long_chain_is_that_of_blst() {
    let mut last = MODULUS;
    last[0] -= 1;
    let number = |l| blst_fp { l };
    let x = core::array::from_fn(|lane| number([lane as u64, 0, u64::MAX, 0, 7, 1]));
    let y = core::array::from_fn(|lane| number(if lane == 3 { last } else { [5; 6] }));
    let kernel = Chain(x, y, 20_000);
    let expected = kernel.clone().portable();
    for (path, found) in everywhere(&kernel) {
        assert_eq!(expected, found, "{path}");
    }
}

/// `count` multiples of the generator, beginning with the `first`.
fn points(first: u64, count: usize) -> Vec<G1Affine> {
    let generator = G1Affine::generator();
    let mut point = G1Jacobian::from_affine(&generator).multiply_public(&first.to_le_bytes());
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(point);
        point = point.add_affine(&generator);
    }
    G1Jacobian::to_affine_all(&all)
}

impl Clone for Sum<'_> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

fn check(points: &[G1Affine]) {
    let expected = G1Affine::sum_with_blst(points).to_affine();
    for (path, found) in everywhere(&Sum(points)) {
        assert_eq!(expected, found.to_affine(), "{path}");
    }
    assert_eq!(expected, sum(points).to_affine(), "the path that is taken");
}

#[test]
fn sums_of_every_length_around_a_round() {
    let size = ROUND * LANES;
    let all = points(1, 4 * size + 9);
    for length in [
        0,
        1,
        2,
        ROUND,
        size,
        2 * size,
        2 * size + 1,
        3 * size - 1,
        4 * size + 9,
    ] {
        check(&all[..length]);
    }
}

#[test]
fn equal_points_opposite_points_and_infinity() {
    let size = ROUND * LANES;
    let good = points(5, 4 * size);
    for lane in [0, 1, LANES - 1] {
        for place in [0, 3, ROUND - 1] {
            let at = place * LANES + lane;
            let mut equal = good.clone();
            equal[size + at] = equal[at];
            check(&equal);
            let mut opposite = good.clone();
            opposite[size + at] = opposite[at].negate();
            check(&opposite);
            let mut infinity = good.clone();
            infinity[2 * size + at] = G1Affine::default();
            check(&infinity);
        }
    }
    // One round has lanes that meet, those before and after have not.
    let mut later = good.clone();
    later[3 * size..].copy_from_slice(&good[..size]);
    check(&later);
    check(&vec![good[0]; 4 * size]);
    let cancelling: Vec<G1Affine> = good
        .iter()
        .flat_map(|point| [*point, point.negate()])
        .collect();
    check(&cancelling);
    check(&[good.clone(), good.iter().map(Affine::negate).collect()].concat());
}

/// One addition in each lane.
#[derive(Clone)]
struct Additions<'a>(&'a [G1Affine], &'a [G1Affine]);

impl Kernel for Additions<'_> {
    type Output = Vec<G1Affine>;

    fn portable(self) -> Vec<G1Affine> {
        let both = self.0.iter().zip(self.1);
        both.map(|(left, right)| G1Jacobian::from_affine(left).add_affine(right).to_affine())
            .collect()
    }

    #[inline(always)]
    fn run<F: Field>(self) -> Vec<G1Affine> {
        let mut sums = load::<F>(self.0);
        assert!(add_round(&mut sums, &load(self.1), &mut [Fp::one()]));
        Fp::store_points(&sums[0].0, &sums[0].1).to_vec()
    }
}

#[test]
fn each_lane_keeps_to_itself() {
    let all = points(1, 3 * LANES);
    let (first, second) = (&all[..LANES], &all[LANES..2 * LANES]);
    let expected = Additions(first, second).portable();
    for (path, found) in everywhere(&Additions(first, second)) {
        assert_eq!(expected, found, "{path}");
    }
    for lane in 0..LANES {
        let mut changed = first.to_vec();
        changed[lane] = all[2 * LANES + lane];
        for (path, found) in everywhere(&Additions(&changed, second)) {
            for other in 0..LANES {
                assert_eq!(other == lane, found[other] != expected[other], "{path}");
            }
        }
    }
}
