//! Field arithmetic in eight lanes, whatever instructions do it.

use blst::{blst_fp, blst_p1_affine};

use crate::curve::G1Affine;

/// Numbers that are worked on at once.
pub(super) const LANES: usize = 8;

/// The field of `p` elements, eight numbers at a time.
///
/// Elements are loosely reduced. Every number is below `bound p` for a small bound that
/// the caller keeps account of: a loaded number and a product are below `2 p`, a sum is
/// below both bounds together, and factors may be as large as `2^16 p`. Where numbers are
/// signed and always reduced ([`super::avx2`]), bounds are of no account.
///
/// Functions may use instructions that a processor may lack: a field is named only behind
/// the question whether it has them ([`super::path`]).
pub(crate) trait Field: Copy + 'static {
    /// Eight numbers.
    type Element: Copy;
    /// A number of one lane in memory, in the form that lanes use.
    type Row: Copy + Default + Send + Sync;

    fn zero() -> Self::Element;
    fn one() -> Self::Element;
    fn load(numbers: &[blst_fp; LANES]) -> Self::Element;
    /// The numbers in blst's form, below `p`.
    fn store(value: &Self::Element) -> [blst_fp; LANES];
    /// Coordinates of finite points, on a curve of the lanes' choice: additions give the
    /// same points on it.
    #[inline(always)]
    fn load_points(points: &[G1Affine; LANES]) -> (Self::Element, Self::Element) {
        (
            Self::load(&points.map(|point| point.0.x)),
            Self::load(&points.map(|point| point.0.y)),
        )
    }
    /// Points from their coordinates on that curve.
    #[inline(always)]
    fn store_points(x: &Self::Element, y: &Self::Element) -> [G1Affine; LANES] {
        let (x, y) = (Self::store(x), Self::store(y));
        core::array::from_fn(|lane| {
            G1Affine(blst_p1_affine {
                x: x[lane],
                y: y[lane],
            })
        })
    }
    /// One number a lane.
    fn from_rows(rows: [&Self::Row; LANES]) -> Self::Element;
    /// The number of each lane; only for [`Field::from_rows`] and [`Field::negate_row`].
    fn rows(value: &Self::Element) -> [Self::Row; LANES];
    /// `2 p` less a number that is not above that.
    fn negate_row(row: &Self::Row) -> Self::Row;

    /// The sum; as large as both together.
    fn add(left: &Self::Element, right: &Self::Element) -> Self::Element;
    /// The difference, larger by `bound p`; `right` must not be above that.
    fn sub(left: &Self::Element, right: &Self::Element, bound: u64) -> Self::Element;
    /// As [`Field::sub`], of a product, a loaded number or what was reduced, for one
    /// product, one square or another difference and nothing else: where numbers are signed
    /// it is not reduced.
    #[inline(always)]
    fn difference(left: &Self::Element, right: &Self::Element, bound: u64) -> Self::Element {
        Self::sub(left, right, bound)
    }
    /// Lane by lane: `2 p` less a number that is not above that where `which` says so, the
    /// number elsewhere.
    #[inline(always)]
    fn negate(which: [bool; LANES], value: &Self::Element) -> Self::Element {
        Self::select(which, &Self::sub(&Self::zero(), value, 2), value)
    }
    /// `sum left[i] * right[i]`, below `2 p`, with one reduction; up to eight products.
    fn dot<const N: usize>(left: [&Self::Element; N], right: [&Self::Element; N]) -> Self::Element;
    /// The square, below `2 p`.
    fn sqr(value: &Self::Element) -> Self::Element;
    /// The same numbers below `2 p`; they must be below `bound p`.
    fn reduce(value: &Self::Element, bound: u64) -> Self::Element;

    /// Does a part of a kernel out of line.
    fn apart<P: Part<Self>>(part: P) -> P::Output;

    /// Which numbers are zero modulo `p`.
    fn is_zero(value: &Self::Element) -> [bool; LANES];
    /// Lane by lane: `first` where `which` says so, `second` elsewhere.
    fn select(which: [bool; LANES], first: &Self::Element, second: &Self::Element)
        -> Self::Element;
}

/// A part of a kernel that is compiled once: written out wherever it is done, it would not
/// fit the instruction cache, and the compiler would take minutes.
pub(crate) trait Part<F: Field> {
    /// What comes of it.
    type Output;
    /// Does it: through [`Field::apart`], to be marked `#[inline(always)]`.
    fn run(self) -> Self::Output;
}
