use super::*;
use crate::scalar::expand_message;

/// Numbers of every size, and those at the edges.
fn numbers(count: usize) -> Vec<Scalar> {
    (0..count)
        .map(|index| {
            let mut bytes = [0; 32];
            expand_message(&mut bytes, &index.to_le_bytes(), b"numbers");
            bytes[0] &= 0x3f;
            bytes[..index % 32].fill(0);
            Scalar::from_be_bytes(&bytes).expect("below the order")
        })
        .chain([0, 1, 2, 3, 4, 255, 256].map(Scalar::from_u64))
        .chain([1, 2, 3].map(|size| Scalar::from_u64(size).negate()))
        .collect()
}

fn by_blst(point: &G1Affine, scalar: &Scalar) -> G1Affine {
    G1Jacobian::from_affine(point)
        .multiply_public(scalar.to_le_bytes().as_slice())
        .to_affine()
}

fn rows(base: &FixedBase, scalars: &[Scalar]) -> Vec<G1Affine> {
    base.compressed(scalars)
        .chunks_exact(48)
        .map(|row| G1Affine::uncompress(row).expect("a point"))
        .collect()
}

fn point() -> G1Affine {
    G1Jacobian::hash(b"a point", b"test", &[]).to_affine()
}

#[test]
fn multiples_are_those_of_blst() {
    let scalars = numbers(200);
    for window in [1, 2, 3, 4, 5, 8, 11] {
        let base = FixedBase::new(&point(), window);
        for (scalar, found) in scalars.iter().zip(rows(&base, &scalars)) {
            let expected = by_blst(&point(), scalar);
            assert_eq!(expected, found);
            assert_eq!(expected, base.multiply(scalar).to_affine());
        }
    }
}

#[test]
fn tables_for_few_and_for_many_make_the_same_rows() {
    let scalars = numbers(2_100);
    let expected = FixedBase::new(&point(), 4).compressed(&scalars);
    for (count, threads) in [(0, 1), (1, 2), (100, 1), (5_000, 3), (70_000, 2)] {
        let base = FixedBase::for_many(&point(), count, threads);
        assert_eq!(expected, base.compressed(&scalars), "{count}");
    }
}

#[test]
fn of_infinity_every_multiple_is_infinity() {
    let base = FixedBase::new(&G1Affine::default(), 4);
    let found = rows(&base, &numbers(3));
    assert_eq!(vec![G1Affine::default(); 13], found);
    assert!(base.multiply(&Scalar::one()).is_identity());
}

/// In the last window a sum can be equal to what is added to it: with `o` the first bit
/// of that window and `d` a digit, that is so for `s = 2 * d * 2^o - r` if the sum so far,
/// `d * 2^o - r`, is one that the other windows can have. Zero ends with opposite points.
#[test]
fn equal_and_opposite_points_are_set_aside_and_right() {
    for window in [1, 4, 8] {
        let base = FixedBase::new(&point(), window);
        let last = base.windows.last().expect("a window");
        let unit = (0..last.first_bit).fold(Scalar::one(), |unit, _| unit.add(&unit));
        let mut scalars = vec![Scalar::zero()];
        for digit in (1..2_u64 << last.bits).step_by(2) {
            let doubled = Scalar::from_u64(digit).multiply(&unit);
            scalars.push(doubled.add(&doubled));
        }
        scalars.extend(numbers(5));
        let mut round = rows::Round::default();
        round.add_up(&base, &scalars);
        assert!(round.aside.contains(&0));
        assert!(round.aside.len() >= 2, "zero, and a digit that fits");
        for (scalar, found) in scalars.iter().zip(rows(&base, &scalars)) {
            assert_eq!(by_blst(&point(), scalar), found);
        }
    }
}

#[test]
fn rows_come_in_order_over_many_rounds() {
    let base = FixedBase::new(&point(), 8);
    let scalars = numbers(3_000);
    let found = rows(&base, &scalars);
    assert_eq!(scalars.len(), found.len());
    for place in [0, 1, 1_023, 1_024, 2_047, 2_048, 3_009] {
        assert_eq!(by_blst(&point(), &scalars[place]), found[place]);
    }
}
