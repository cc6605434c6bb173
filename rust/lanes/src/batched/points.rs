//! Points with three coordinates, eight at a time, and their multiples by the curve's parameter.
//!
//! Additions are written for different finite points: where a point meets itself, its
//! opposite or infinity, the third coordinate is zero, and it stays zero whatever is done
//! with the point from there on.
//!
//! # Operations
//! A doubling: 4 squares, 2 products and a sum of two products. An addition: 3 squares, 8
//! products and such a sum.
//!
//! # Reference
//! Formulas: dbl-2009-l and add-2007-bl of the Explicit-Formulas Database, for `y^2 = x^3 + b`.

use blst::blst_fp;

use super::coordinate::Coordinate;
use super::field::{Field, Part, LANES};
use super::fp::Fp;
use super::fp2::Fp2;

/// The absolute value of the curve's parameter.
pub(super) const PARAMETER: u64 = 0xd201_0000_0001_0000;

/// `1 / (1 + u)^((p - 1) / 3)` over `u`, and the first coefficient of
/// `1 / (1 + u)^((p - 1) / 2)`, of which the second is the negative; in blst's form.
const PSI_X: blst_fp = blst_fp {
    l: [
        0x890d_c9e4_8675_45c3,
        0x2af3_2253_3285_a5d5,
        0x5088_0866_309b_7e2c,
        0xa20d_1b8c_7e88_1024,
        0x14e4_f04f_e2db_9068,
        0x14e5_6d3f_1564_853a,
    ],
};
const PSI_Y: blst_fp = blst_fp {
    l: [
        0x3e2f_585d_a55c_9ad1,
        0x4294_213d_86c1_8183,
        0x3828_44c8_8b62_3732,
        0x92ad_2afd_1910_3e18,
        0x1d79_4e4f_ac7c_f0b9,
        0x0bd5_92fc_7d82_5ec8,
    ],
};

/// Eight points `(x / z^2, y / z^3)`; below `18 p`, `2 p` and `4 p`.
#[derive(Clone, Copy)]
pub(super) struct Points<C> {
    pub(super) x: C,
    pub(super) y: C,
    pub(super) z: C,
}

impl<C: Coordinate> Points<C> {
    #[inline(always)]
    pub(super) fn double(&self) -> Self {
        C::Field::apart(Double(self))
    }

    #[inline(always)]
    fn double_here(&self) -> Self {
        let x_square = self.x.sqr();
        let y_square = self.y.sqr();
        let product = self.x.mul(&y_square).double().double();
        let slope = x_square.double().add(&x_square);
        let x = slope.sqr().sub(&product.double(), 16);
        let eight = y_square.double().double().double();
        Self {
            x,
            y: C::dot_pair([&slope, &eight.neg(16)], [&product.sub(&x, 18), &y_square]),
            z: self.y.mul(&self.z).double(),
        }
    }

    /// The sum with other points, whose third coordinates have these [`Points::powers`].
    #[inline(always)]
    pub(super) fn add(&self, other: &Self, powers: &[C; 2]) -> Self {
        C::Field::apart(Add(self, other, powers))
    }

    #[inline(always)]
    fn add_here(&self, other: &Self, [other_square, other_cube]: &[C; 2]) -> Self {
        let square = self.z.sqr();
        let x1 = self.x.mul(other_square);
        let y1 = self.y.mul(other_cube);
        let run = other.x.mul(&square).sub(&x1, 2);
        let rise = other.y.mul(&square.mul(&self.z)).sub(&y1, 2);
        let square = run.sqr();
        let cube = square.mul(&run);
        let middle = x1.mul(&square);
        let x = rise.sqr().sub(&cube.add(&middle.double()), 6);
        Self {
            x,
            y: C::dot_pair([&rise, &y1.neg(2)], [&middle.sub(&x, 8), &cube]),
            z: self.z.mul(&other.z).mul(&run),
        }
    }

    /// The square and the cube of the third coordinate, as [`Points::add`] takes them.
    #[inline(always)]
    pub(super) fn powers(&self) -> [C; 2] {
        let square = self.z.sqr();
        [square, square.mul(&self.z)]
    }

    /// The points times the absolute value of the parameter.
    #[inline(always)]
    pub(super) fn times_parameter(&self) -> Self {
        let powers = self.powers();
        let mut result = *self;
        for bit in (0..PARAMETER.ilog2()).rev() {
            result = result.double();
            if PARAMETER >> bit & 1 == 1 {
                result = result.add(self, &powers);
            }
        }
        result
    }

    /// Which points are finite and have these coordinates, which are below `2 p`.
    #[inline(always)]
    pub(super) fn is_at(&self, x: &C, y: &C) -> [bool; LANES] {
        let [square, cube] = self.powers();
        let same_x = x.mul(&square).sub(&self.x, 18).is_zero();
        let same_y = y.mul(&cube).sub(&self.y, 2).is_zero();
        let infinity = self.z.is_zero();
        core::array::from_fn(|lane| same_x[lane] && same_y[lane] && !infinity[lane])
    }

    /// The points of the opposite sign.
    #[inline(always)]
    pub(super) fn negate(&self) -> Self {
        Self {
            y: self.y.neg(2),
            ..*self
        }
    }
}

/// The endomorphism of the twist that on G2 is the multiplication by the parameter; of
/// coordinates below `2 p`.
#[inline(always)]
pub(super) fn psi<F: Field>(x: &Fp2<F>, y: &Fp2<F>) -> [Fp2<F>; 2] {
    let [x_factor, y_factor] = [PSI_X, PSI_Y].map(|factor| Fp::load(&[factor; LANES]));
    [
        Fp2 {
            c0: x.c1.mul(&x_factor),
            c1: x.c0.mul(&x_factor),
        },
        Fp2 {
            c0: y.c0.sub(&y.c1, 2).mul(&y_factor),
            c1: y.c0.add(&y.c1).neg(4).mul(&y_factor),
        },
    ]
}

/// A doubling, to be done.
struct Double<'a, C>(&'a Points<C>);

impl<C: Coordinate> Part<C::Field> for Double<'_, C> {
    type Output = Points<C>;

    #[inline(always)]
    fn run(self) -> Points<C> {
        self.0.double_here()
    }
}

/// An addition, to be done.
struct Add<'a, C>(&'a Points<C>, &'a Points<C>, &'a [C; 2]);

impl<C: Coordinate> Part<C::Field> for Add<'_, C> {
    type Output = Points<C>;

    #[inline(always)]
    fn run(self) -> Points<C> {
        self.0.add_here(self.1, self.2)
    }
}
