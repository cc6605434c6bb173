//! Every path against blst, lane by lane, with the cases that a slope cannot be had for.

use proptest::prelude::*;

use super::eight::{Eight, LANES};
use super::plain::Plain;
use super::{sum, sum_with, Arithmetic};
use crate::curve::{Affine, G1Affine, G1Jacobian, Jacobian};

/// Elements of a round of eight lanes.
const ROUND: usize = <Eight<Plain>>::ROUND;

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

fn check(points: &[G1Affine]) {
    let expected = G1Affine::sum_with_blst(points).to_affine();
    assert_eq!(
        expected,
        sum_with::<Eight<Plain>>(points).to_affine(),
        "eight plain lanes"
    );
    assert_eq!(
        expected,
        sum(points).to_affine(),
        "the path of this machine"
    );
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
        2 * ROUND,
        2 * ROUND + 1,
        3 * ROUND + 7,
        size,
    ] {
        check(&all[..length]);
    }
    for length in [2 * size, 2 * size + 1, 3 * size - 1, 4 * size + 9] {
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

#[test]
fn each_lane_keeps_to_itself() {
    let all = points(1, 3 * LANES);
    let (first, second) = (&all[..LANES], &all[LANES..2 * LANES]);
    let one = |points: &[G1Affine]| {
        let mut sums = vec![<Eight<Plain>>::load(points)];
        let added = vec![<Eight<Plain>>::load(second)];
        let mut before = vec![<Eight<Plain>>::one()];
        assert!(super::add_round::<Eight<Plain>>(
            &mut sums,
            &added,
            &mut before
        ));
        let mut found = Vec::new();
        <Eight<Plain>>::unload(&sums[0].0, &sums[0].1, &mut found);
        found
    };
    let expected: Vec<G1Affine> = first
        .iter()
        .zip(second)
        .map(|(left, right)| G1Jacobian::from_affine(left).add_affine(right).to_affine())
        .collect();
    assert_eq!(expected, one(first));
    for lane in 0..LANES {
        let mut changed = first.to_vec();
        changed[lane] = all[2 * LANES + lane];
        let found = one(&changed);
        for other in 0..LANES {
            assert_eq!(other == lane, found[other] != expected[other]);
        }
    }
}

#[test]
fn the_instructions_are_there_or_the_reason_is_said() {
    #[cfg(target_arch = "x86_64")]
    if super::ifma::available() {
        let all = points(11, 5 * ROUND * LANES + 3);
        let found = super::ifma::sum(&all).expect("available");
        assert_eq!(G1Affine::sum_with_blst(&all).to_affine(), found.to_affine());
        return;
    }
    eprintln!("skipped: this processor has no AVX-512 IFMA; the same code ran over plain lanes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn products_and_inverses_agree_with_blst(seeds in prop::array::uniform16(1_u64..)) {
        // Coordinates of points are field elements that both sides can be asked about.
        let all: Vec<G1Affine> = seeds
            .iter()
            .map(|seed| {
                G1Jacobian::from_affine(&G1Affine::generator())
                    .multiply_public(&seed.to_le_bytes())
                    .to_affine()
            })
            .collect();
        let (left, right) = all.split_at(LANES);
        let lanes = (<Eight<Plain>>::load(left), <Eight<Plain>>::load(right));
        let inverse = <Eight<Plain>>::invert(&lanes.0.0).expect("no coordinate is zero");
        let one = <Eight<Plain>>::multiply(&inverse, &lanes.0.0);
        // 1 * x = x shows that the inverse is one, whatever form it has.
        let same = <Eight<Plain>>::multiply(&one, &lanes.1.0);
        let mut found = Vec::new();
        <Eight<Plain>>::unload(&same, &lanes.1.1, &mut found);
        prop_assert_eq!(right, found.as_slice());
    }
}
