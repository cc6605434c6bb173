use super::*;
use crate::batched::{self, tried, Path};
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
        .chain([1, 2, 3, 4, 5, 255, 256].map(Scalar::from_u64))
        .chain([1, 2, 3].map(|size| Scalar::from_u64(size).negate()))
        .collect()
}

fn by_blst(point: &G1Affine, scalar: &Scalar) -> G1Affine {
    G1Jacobian::from_affine(point)
        .multiply_public(scalar.to_le_bytes().as_slice())
        .to_affine()
}

fn rows(multiples: &Multiples, scalars: &[Scalar]) -> Vec<G1Affine> {
    multiples
        .compressed(scalars)
        .chunks_exact(48)
        .map(|row| G1Affine::uncompress(row).expect("a point"))
        .collect()
}

fn point() -> G1Affine {
    G1Jacobian::hash(b"a point", b"test", &[]).to_affine()
}

#[test]
fn one_after_the_other_they_are_those_of_blst() {
    for window in [1, 2, 3, 5, 8, 11] {
        let base = FixedBase::new(&point(), window);
        for scalar in numbers(64) {
            assert_eq!(
                by_blst(&point(), &scalar),
                base.multiply(&scalar).to_affine()
            );
        }
    }
}

#[test]
fn many_at_once_are_those_of_blst_on_every_path() {
    let scalars = numbers(150);
    let expected: Vec<G1Affine> = scalars.iter().map(|one| by_blst(&point(), one)).collect();
    for path in tried() {
        for (count, threads) in [(0, 1), (1, 3), (100, 1), (5_000, 3)] {
            let multiples = Multiples::on_path(path, &point(), count, threads);
            assert_eq!(expected, rows(&multiples, &scalars), "{path:?} {count}");
            assert!(multiples.compressed(&[]).is_empty());
        }
    }
}

/// One file for everybody, whatever machine made it: over many rounds, the last one not full.
#[test]
fn all_paths_and_tables_give_the_same_bytes() {
    let scalars = numbers(3_003);
    let expected = Multiples::on_path(Path::Portable, &point(), 1_000, 1).compressed(&scalars);
    for path in tried() {
        for count in [1, 70_000] {
            let multiples = Multiples::on_path(path, &point(), count, 2);
            assert!(
                expected == multiples.compressed(&scalars),
                "{path:?} {count}"
            );
        }
    }
}

#[test]
fn of_infinity_every_multiple_is_infinity() {
    for path in tried() {
        let multiples = Multiples::on_path(path, &G1Affine::default(), 9, 2);
        assert_eq!(vec![G1Affine::default(); 13], rows(&multiples, &numbers(3)));
    }
    let base = FixedBase::new(&G1Affine::default(), 4);
    assert!(base.multiply(&Scalar::one()).is_identity());
}

/// In the last window a sum can be equal to what is added to it: with `o` the first bit
/// of that window and `d` a digit, that is so for `s = 2 * d * 2^o - r` if the sum so far,
/// `d * 2^o - r`, is one that the other windows can have. Zero ends with opposite points.
#[test]
fn equal_and_opposite_points_are_noticed_and_right() {
    for path in tried() {
        let multiples = Multiples::on_path(path, &point(), 2_000, 1);
        let last = multiples.windows.last().expect("a window");
        let unit = (0..last.first_bit).fold(Scalar::one(), |unit, _| unit.add(&unit));
        let equal: Vec<Scalar> = (1..1_u64 << last.bits)
            .step_by(2)
            .map(|digit| Scalar::from_u64(2 * digit).multiply(&unit))
            .filter(|scalar| sums(&multiples, core::slice::from_ref(scalar)).is_none())
            .collect();
        assert_eq!(1, equal.len(), "one digit fits");
        assert!(sums(&multiples, &[Scalar::zero()]).is_none());
        let mut scalars = numbers(20);
        assert!(sums(&multiples, &scalars).is_some());
        scalars.extend(equal);
        scalars.push(Scalar::zero());
        scalars.extend(numbers(1_100));
        assert!(sums(&multiples, &scalars[..30]).is_some());
        assert!(sums(&multiples, &scalars).is_none());
        let found = rows(&multiples, &scalars);
        for (place, scalar) in scalars.iter().enumerate().take(40) {
            assert_eq!(by_blst(&point(), scalar), found[place]);
        }
    }
}

fn sums(multiples: &Multiples, scalars: &[Scalar]) -> Option<Vec<Entry>> {
    let numbers: Vec<Recoded> = scalars.iter().map(Recoded::of).collect();
    let digits: Vec<Vec<Digit>> = multiples
        .windows
        .iter()
        .map(|window| numbers.iter().map(|number| number.digit(window)).collect())
        .collect();
    batched::rows::add_up(multiples.path, &multiples.tables, &digits)
}
