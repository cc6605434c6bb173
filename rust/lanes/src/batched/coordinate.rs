//! What adding points takes of a field: G1 over `Fp`, G2 over `Fp2`, eight points at a time.

use blst::{blst_p1_affine, blst_p2_affine};

use super::field::{Field, LANES};
use super::fp::Fp;
use super::fp2::Fp2;
use crate::curve::{Affine, G1Affine, G1Jacobian, G2Affine, G2Jacobian};

/// A coordinate of eight points; bounds are those of [`Fp`].
pub(crate) trait Coordinate: Copy {
    /// The lanes.
    type Field: Field;
    /// The points of which this is a coordinate.
    type Point: Affine;
    /// A coordinate of one point in memory.
    type Row: Copy + Default;

    fn one() -> Self;
    fn add(&self, other: &Self) -> Self;
    fn double(&self) -> Self;
    fn sub(&self, other: &Self, bound: u64) -> Self;
    fn neg(&self, bound: u64) -> Self;
    /// As [`Coordinate::sub`], for one product or another difference: see [`Field::difference`].
    fn difference(&self, other: &Self, bound: u64) -> Self;
    fn mul(&self, other: &Self) -> Self;
    fn sqr(&self) -> Self;
    /// `left[0] * right[0] + left[1] * right[1]`, below `2 p`; `right` must be below `64 p`.
    fn dot_pair(left: [&Self; 2], right: [&Self; 2]) -> Self;
    fn reduce(&self, bound: u64) -> Self;
    fn invert(&self) -> Option<Self>;
    /// Replaces numbers, below `8 p`, by their inverses, below `2 p`, with one inversion;
    /// `None` if one is zero.
    fn invert_all(numbers: &mut [Self]) -> Option<()>;
    fn is_zero(&self) -> [bool; LANES];
    fn select(which: [bool; LANES], first: &Self, second: &Self) -> Self;

    /// The coordinates of eight finite points.
    fn load(points: &[Self::Point; LANES]) -> (Self, Self);
    /// The points with these coordinates.
    fn store(x: &Self, y: &Self) -> [Self::Point; LANES];
    /// One coordinate a lane, from memory.
    fn gather(rows: [&Self::Row; LANES]) -> Self;
    /// The coordinate of each lane, for memory.
    fn scatter(&self) -> [Self::Row; LANES];
    /// `2 p` less a coordinate, which must not be above that, in the lanes that say so.
    fn negate(&self, which: [bool; LANES]) -> Self;
    /// The same of one coordinate in memory.
    fn negate_row(row: &Self::Row) -> Self::Row;
}

/// A group whose points are added in lanes.
pub(crate) trait InLanes: Affine {
    /// A coordinate of eight points.
    type Coordinate<F: Field>: Coordinate<Point = Self>;

    /// The sum of multiples with blst.
    fn multiply_sum_with_blst(points: &[Self], scalars: &[u8], width: usize) -> Self::Jacobian;
}

impl InLanes for G1Affine {
    type Coordinate<F: Field> = Fp<F>;

    fn multiply_sum_with_blst(points: &[Self], scalars: &[u8], width: usize) -> G1Jacobian {
        Self::multiply_sum_with_blst(points, scalars, width)
    }
}

impl InLanes for G2Affine {
    type Coordinate<F: Field> = Fp2<F>;

    fn multiply_sum_with_blst(points: &[Self], scalars: &[u8], width: usize) -> G2Jacobian {
        Self::multiply_sum_with_blst(points, scalars, width)
    }
}

macro_rules! field {
    ($field:ident) => {
        #[inline(always)]
        fn one() -> Self {
            $field::one()
        }
        #[inline(always)]
        fn add(&self, other: &Self) -> Self {
            $field::add(self, other)
        }
        #[inline(always)]
        fn double(&self) -> Self {
            $field::double(self)
        }
        #[inline(always)]
        fn sub(&self, other: &Self, bound: u64) -> Self {
            $field::sub(self, other, bound)
        }
        #[inline(always)]
        fn neg(&self, bound: u64) -> Self {
            $field::neg(self, bound)
        }
        #[inline(always)]
        fn mul(&self, other: &Self) -> Self {
            $field::mul(self, other)
        }
        #[inline(always)]
        fn sqr(&self) -> Self {
            $field::sqr(self)
        }
        #[inline(always)]
        fn dot_pair(left: [&Self; 2], right: [&Self; 2]) -> Self {
            $field::dot(left, right)
        }
        #[inline(always)]
        fn reduce(&self, bound: u64) -> Self {
            $field::reduce(self, bound)
        }
        #[inline(always)]
        fn invert(&self) -> Option<Self> {
            $field::invert(self)
        }
        #[inline(always)]
        fn invert_all(numbers: &mut [Self]) -> Option<()> {
            $field::invert_all(numbers)
        }
        #[inline(always)]
        fn is_zero(&self) -> [bool; LANES] {
            $field::is_zero(self)
        }
        #[inline(always)]
        fn select(which: [bool; LANES], first: &Self, second: &Self) -> Self {
            $field::select(which, first, second)
        }
    };
}

impl<F: Field> Coordinate for Fp<F> {
    type Field = F;
    type Point = G1Affine;
    type Row = F::Row;

    field!(Fp);

    #[inline(always)]
    fn load(points: &[G1Affine; LANES]) -> (Self, Self) {
        (
            Fp::load(&points.map(|point| point.0.x)),
            Fp::load(&points.map(|point| point.0.y)),
        )
    }

    #[inline(always)]
    fn store(x: &Self, y: &Self) -> [G1Affine; LANES] {
        let (x, y) = (Fp::store(x), Fp::store(y));
        core::array::from_fn(|lane| {
            G1Affine(blst_p1_affine {
                x: x[lane],
                y: y[lane],
            })
        })
    }

    #[inline(always)]
    fn gather(rows: [&F::Row; LANES]) -> Self {
        Fp::from_rows(rows)
    }

    #[inline(always)]
    fn scatter(&self) -> [F::Row; LANES] {
        self.rows()
    }

    #[inline(always)]
    fn difference(&self, other: &Self, bound: u64) -> Self {
        Fp::difference(self, other, bound)
    }

    #[inline(always)]
    fn negate(&self, which: [bool; LANES]) -> Self {
        Fp::negate(self, which)
    }

    #[inline(always)]
    fn negate_row(row: &F::Row) -> F::Row {
        F::negate_row(row)
    }
}

impl<F: Field> Coordinate for Fp2<F> {
    type Field = F;
    type Point = G2Affine;
    type Row = [F::Row; 2];

    field!(Fp2);

    #[inline(always)]
    fn load(points: &[G2Affine; LANES]) -> (Self, Self) {
        (
            Fp2::load(&points.map(|point| point.0.x)),
            Fp2::load(&points.map(|point| point.0.y)),
        )
    }

    #[inline(always)]
    fn store(x: &Self, y: &Self) -> [G2Affine; LANES] {
        let (x, y) = (Fp2::store(x), Fp2::store(y));
        core::array::from_fn(|lane| {
            G2Affine(blst_p2_affine {
                x: x[lane],
                y: y[lane],
            })
        })
    }

    #[inline(always)]
    fn gather(rows: [&[F::Row; 2]; LANES]) -> Self {
        Self {
            c0: Fp::from_rows(rows.map(|row| &row[0])),
            c1: Fp::from_rows(rows.map(|row| &row[1])),
        }
    }

    #[inline(always)]
    fn scatter(&self) -> [[F::Row; 2]; LANES] {
        let (c0, c1) = (self.c0.rows(), self.c1.rows());
        core::array::from_fn(|lane| [c0[lane], c1[lane]])
    }

    /// Sums of two products have no room for what is not reduced.
    #[inline(always)]
    fn difference(&self, other: &Self, bound: u64) -> Self {
        self.sub(other, bound)
    }

    #[inline(always)]
    fn negate(&self, which: [bool; LANES]) -> Self {
        Self {
            c0: self.c0.negate(which),
            c1: self.c1.negate(which),
        }
    }

    #[inline(always)]
    fn negate_row(row: &[F::Row; 2]) -> [F::Row; 2] {
        row.each_ref().map(F::negate_row)
    }
}
