//! From numbers of `Fp2` to points of G2, eight at a time.
//!
//! The simplified map of Shallue, van de Woestijne and Ulas goes to the points of
//! `E': y^2 = x^3 + A x + B` with `A = 240 u` and `B = 1012 (1 + u)`, an isogeny of degree
//! three from there to the curve.
//!
//! # The map
//!
//! With `s = Z t^2`, `Z = -(2 + u)`, the candidates are `N / D` with
//! `N = B (s^2 + s + 1)` and `D = -A (s^2 + s)`, here both by four, and `s` times that. With
//! `g(N / D) = V / D^3` the root of the first is `sqrt(V D) / D^2`, and that of the second
//! `t^3 sqrt(Z^3 V D) / D^2`. The norm of `V D` tells which of them there is, and
//! gives `1 / (V D)`, so that nothing has to be divided. `V` is never zero, as `E'` has no
//! point of order two; where `s` is zero, `D = A Z` by definition. So every number has its
//! point, in every lane.
//!
//! # The isogeny
//!
//! In the form of Velu for the kernel with `x_0 = -6 + 6 u`: with `d = x - x_0`,
//! `v = 48 u`, `w = 16 (1 + u)` it takes `(x, y)` to
//! `(x + v / d + w / d^2, y (1 - v / d^2 - 2 w / d^3))` on a curve with 3^6 times the right
//! coefficient; then to a ninth of the one and minus a 27th of the other.
//!
//! # The cofactor
//!
//! With the endomorphism `psi`, which on the group is the multiplication by the curve's
//! parameter `x`, it is cleared by `[x^2 - x - 1] P + [x - 1] psi(P) + psi^2(2 P)`: two
//! multiplications by `x`.
//!
//! # Operations
//! For two numbers: four powers in `Fp` ([`super::root`]), 127 doublings and 15 additions of
//! points ([`super::steps`]), some 120 products besides.
//!
//! # Reference
//! RFC 9380, sections 6.6.2, 6.6.3, 8.8.2 and appendix G.3; Velu: Isogenies entre courbes
//! elliptiques, 1971; Budroni, Pintore: Efficient hash maps to G2 on BLS curves, 2017.

use blst::{blst_fp, blst_fp2, blst_map_to_g2};

use super::field::{Field, Part, LANES};
use super::fp::Fp;
use super::fp2::Fp2;
use super::hashing::{sums, Hashing};
use super::points::psi;
use super::root::{root_by_norm, Norm};
use super::steps::{Pair, Pairs};
use crate::curve::{G2Affine, G2Jacobian};
use crate::endomorphism::Endomorphism;

/// A root of `-125`, in blst's form.
const ROOT: blst_fp = blst_fp {
    l: [
        0xe413_2bbd_838c_f70a,
        0x01d7_69ac_8377_2c19,
        0xa83d_d6e9_74c2_2e45,
        0xbc8e_c3e7_77b0_8dff,
        0xc035_c204_2ecf_5da3,
        0x0739_29e9_7f08_50bf,
    ],
};

impl Hashing for G2Affine {
    type Number = blst_fp2;
    const COEFFICIENTS: usize = 2;

    fn number(coefficients: &[blst_fp]) -> blst_fp2 {
        blst_fp2 {
            fp: [coefficients[0], coefficients[1]],
        }
    }

    fn map_with_blst([first, second]: &[blst_fp2; 2]) -> G2Jacobian {
        let mut point = G2Jacobian::default();
        // SAFETY: blst reads two numbers and writes one point.
        unsafe { blst_map_to_g2(&raw mut point.0, first, second) };
        point
    }

    #[inline(always)]
    fn map_all<F: Field>(numbers: &[[blst_fp2; 2]]) -> Option<Pairs<Fp2<F>>> {
        let maps = Maps::new();
        let mut points = sums(numbers, |numbers| F::apart(Map(&maps, &Fp2::load(numbers))))?;
        isogeny(&mut points)?;
        clear_cofactor(&points)
    }
}

/// What the maps take, in each lane; below `2 p`.
struct Maps<F: Field> {
    /// 253, 60, 240 and 1012.
    numerator: Fp<F>,
    denominator: Fp<F>,
    a: Fp<F>,
    b: Fp<F>,
    /// `D` where `s^2 + s` is zero: `A Z / 4`.
    exceptional: Fp2<F>,
    /// `Z^3`, and a root of the negative of its norm.
    cube: Fp2<F>,
    cube_root: Fp<F>,
}

impl<F: Field> Maps<F> {
    #[inline(always)]
    fn new() -> Self {
        let pair = |c0, c1| Fp2 { c0, c1 };
        let minus = |value| Fp::small(value).neg(2);
        Self {
            numerator: Fp::small(253),
            denominator: Fp::small(60),
            a: Fp::small(240),
            b: Fp::small(1012),
            exceptional: pair(Fp::small(60), minus(120)),
            cube: pair(minus(2), minus(11)),
            cube_root: Fp::load(&[ROOT; LANES]),
        }
    }

    /// Points of `E'` for numbers below `2 p`; coordinates are below `2 p`.
    #[inline(always)]
    fn map(&self, number: &Fp2<F>) -> Pair<Fp2<F>> {
        let square = number.sqr();
        let step = Fp2 {
            c0: square.c1.sub(&square.c0.double(), 4),
            c1: square.c0.add(&square.c1.double()).neg(6),
        };
        let sum = step.sqr().add(&step);
        let (numerator, denominator) = self.candidate(&sum);
        let value = self.value(&numerator, &denominator);
        let radicand = value.mul(&denominator);
        let norm = Norm::new(&radicand);
        let first = norm.square;
        let root = root_by_norm(
            &Fp2::select(first, &radicand, &radicand.mul(&self.cube)),
            &Fp::select(first, &norm.root, &norm.root.mul(&self.cube_root)),
        );
        // 1 / D, or -1 / D where the second candidate is taken.
        let inverse = value.mul(&radicand.conjugate(2)).mul_fp(&norm.inverse);
        let x_factor = Fp2::select(first, &Fp2::one(), &step.neg(6));
        let y_factor = Fp2::select(first, &Fp2::one(), &square.mul(number));
        let x = numerator.mul(&inverse).mul(&x_factor);
        let y = root.mul(&inverse.sqr()).mul(&y_factor);
        let (signs, found) = (number.signs(), y.signs());
        let other = core::array::from_fn(|lane| signs[lane] != found[lane]);
        Pair {
            x,
            y: y.negate(other),
        }
    }

    /// `N` and `D` for `s^2 + s`, which is below `8 p`.
    #[inline(always)]
    fn candidate(&self, sum: &Fp2<F>) -> (Fp2<F>, Fp2<F>) {
        let next = sum.add(&Fp2::one());
        let numerator = next.mul_by_nonresidue(10).mul_fp(&self.numerator);
        let scaled = sum.mul_fp(&self.denominator);
        let denominator = Fp2 {
            c0: scaled.c1,
            c1: scaled.c0.neg(2),
        };
        let zero = sum.is_zero();
        (
            numerator,
            Fp2::select(zero, &self.exceptional, &denominator),
        )
    }

    /// `V = N (N^2 + A D^2) + B D^3`.
    #[inline(always)]
    fn value(&self, numerator: &Fp2<F>, denominator: &Fp2<F>) -> Fp2<F> {
        let square = denominator.sqr();
        let linear = square.mul_fp(&self.a);
        let linear = Fp2 {
            c0: linear.c1.neg(2),
            c1: linear.c0,
        };
        let constant = denominator.mul_by_nonresidue(2).mul_fp(&self.b);
        Fp2::dot(
            [numerator, &constant],
            [&numerator.sqr().add(&linear), &square],
        )
    }
}

/// The isogeny from `E'`; `None` if a point is in its kernel.
#[inline(always)]
fn isogeny<F: Field>(points: &mut Pairs<Fp2<F>>) -> Option<()> {
    let six = Fp::small(6);
    let [linear_factor, constant_factor] = [48, 16].map(Fp::small);
    let third = Fp::small(3).invert()?;
    let ninth = third.sqr();
    let cube = ninth.mul(&third).neg(2);
    let mut reciprocals: Vec<Fp2<F>> = points
        .0
        .iter()
        .map(|point| Fp2 {
            c0: point.x.c0.add(&six),
            c1: point.x.c1.sub(&six, 2),
        })
        .collect();
    Fp2::invert_all(&mut reciprocals)?;
    for (point, reciprocal) in points.0.iter_mut().zip(&reciprocals) {
        let scaled = reciprocal.mul_fp(&linear_factor);
        let linear = Fp2 {
            c0: scaled.c1.neg(2),
            c1: scaled.c0,
        };
        let square = reciprocal.sqr().mul_by_nonresidue(2);
        let constant = square.mul_fp(&constant_factor);
        let factor = linear.add(&constant.double()).mul(reciprocal);
        *point = Pair {
            x: point.x.add(&linear).add(&constant).mul_fp(&ninth),
            y: Fp2::one().sub(&factor, 2).mul(&point.y).mul_fp(&cube),
        };
    }
    Some(())
}

/// Numbers to be mapped to points of `E'`: see [`Maps::map`].
struct Map<'a, F: Field>(&'a Maps<F>, &'a Fp2<F>);

impl<F: Field> Part<F> for Map<'_, F> {
    type Output = Pair<Fp2<F>>;

    #[inline(always)]
    fn run(self) -> Pair<Fp2<F>> {
        self.0.map(self.1)
    }
}

/// The points times the effective cofactor.
#[inline(always)]
fn clear_cofactor<F: Field>(points: &Pairs<Fp2<F>>) -> Option<Pairs<Fp2<F>>> {
    // The parameter is negative.
    let mut sum = points.times_parameter()?.negate();
    sum.add(&points.clone().each(|point| {
        let [x, y] = psi(&point.x, &point.y);
        Pair { x, y }
    }))?;
    let mut result = sum.times_parameter()?.negate();
    result.add(&sum.negate())?;
    let mut rest = points.clone();
    rest.double()?;
    // The endomorphism twice.
    let beta = Fp::load(&[G2Affine::BETA; LANES]);
    rest = rest.negate().each(|point| Pair {
        x: point.x.mul_fp(&beta),
        ..point
    });
    rest.add(&points.clone().negate())?;
    result.add(&rest)?;
    Some(result)
}
