//! From numbers of `Fp` to points of G1, eight at a time.
//!
//! The simplified map of Shallue, van de Woestijne and Ulas goes to the points of a curve
//! `E': y^2 = x^3 + A x + B`, an isogeny of degree eleven from there to the curve.
//!
//! # The map
//!
//! As over `Fp2` ([`super::swu_g2`]), with `Z = 11`: one power of `V D` gives the root of it or
//! of its negative, tells which, and gives `1 / (V D)`.
//!
//! # The isogeny
//!
//! Let `h` be the polynomial of degree five whose roots are the kernel's `x`, and `l = h' / h`.
//! With `f = x^3 + A x + B`, which is `y^2`, the isogeny takes `x` to
//! `11 x + 2 h_4 - 2 f' l - 4 f l'` (Kohel's form of Velu's formulas), and `y` to `y` times
//! the derivative of that, `11 - 12 x l - 6 f' l' - 4 f l''`; then these to `1 / 11^2` of the
//! one and `1 / 11^3` of the other. Horner's scheme gives `h` and its derivatives, the second
//! by 2 and the third by 6, in one go.
//!
//! # The cofactor
//!
//! It is cleared by `1 - x` for the curve's parameter `x`, which is negative.
//!
//! # Operations
//! For two numbers: two powers ([`super::root`]), 63 doublings and 7 additions of points
//! ([`super::steps`]), some 70 products besides.
//!
//! # Reference
//! RFC 9380, sections 6.6.2, 6.6.3 and 8.8.1; Kohel: Endomorphism rings of elliptic curves
//! over finite fields, 1996, section 2.4.

use blst::{blst_fp, blst_map_to_g1};

use super::field::{Field, Part, LANES};
use super::fp::Fp;
use super::hashing::{sums, Hashing};
use super::root::inverse_root;
use super::steps::{Pair, Pairs};
use crate::curve::{G1Affine, G1Jacobian};

/// `A` and `B` of `E'`, in blst's form; so are all below.
const A: blst_fp = blst_fp {
    l: [
        0x2f65_aa0e_9af5_aa51,
        0x8646_4c2d_1e84_16c3,
        0xb85c_e591_b7bd_31e2,
        0x27e1_1c91_b5f2_4e7c,
        0x2837_6eda_6bfc_1835,
        0x1554_55c3_e507_1d85,
    ],
};
const B: blst_fp = blst_fp {
    l: [
        0xfb99_6971_fe22_a1e0,
        0x9aa9_3eb3_5b74_2d6f,
        0x8c47_6013_de99_c5c4,
        0x873e_27c3_a221_e571,
        0xca72_b5e4_5a52_d888,
        0x0682_4061_418a_386b,
    ],
};

/// A root of `-11^3`.
const ROOT: blst_fp = blst_fp {
    l: [
        0x43b5_71ca_d321_5f1f,
        0xccb4_60ef_1c70_2dc2,
        0x742d_884f_4f97_100b,
        0xdb2c_3e32_38a3_382b,
        0xe40f_3fa1_3fce_8f88,
        0x0073_a2af_9892_a2ff,
    ],
};

/// Degree of the kernel's polynomial, and its coefficients, the constant first; the highest
/// one is one.
const DEGREE: usize = 5;
const KERNEL: [blst_fp; DEGREE] = [
    blst_fp {
        l: [
            0x8f72_1715_d71b_d7d3,
            0x47c9_1477_3bdf_8b42,
            0x1f58_783b_bbd6_6c2b,
            0x25e4_34ee_66de_e231,
            0xef1b_155e_f88a_70f0,
            0x1512_8d0d_68b7_1174,
        ],
    },
    blst_fp {
        l: [
            0x0eec_4e6d_317c_763f,
            0x3dee_c9da_ee33_8ba4,
            0xdec5_59ed_0590_081c,
            0x07fb_84a9_cf1e_ca80,
            0xb013_c97f_5bce_2f98,
            0x1740_b4b0_db28_5dc9,
        ],
    },
    blst_fp {
        l: [
            0x202b_a7dd_4a87_9e5a,
            0xc6e3_cf50_b046_6017,
            0x8c4b_1a82_b5ed_77fa,
            0xbd97_d93b_c25d_0748,
            0xd374_e3b9_fd17_07b5,
            0x0405_09bd_e3d1_4bc5,
        ],
    },
    blst_fp {
        l: [
            0xf1a4_e31f_664b_4cb7,
            0x4d3b_5b5d_166f_2bdf,
            0xaabc_641c_d0ae_df76,
            0xf7e6_1744_3d67_d5d8,
            0x339c_6aec_f667_52a2,
            0x0570_e379_4752_8fed,
        ],
    },
    blst_fp {
        l: [
            0x29ba_8a64_bdd6_34d9,
            0xc052_31b8_b572_c960,
            0x615e_b44e_8573_1af3,
            0x9751_28f8_8f06_2df7,
            0x3099_9b89_015a_99f4,
            0x1653_f761_153a_63c1,
        ],
    },
];

impl Hashing for G1Affine {
    type Number = blst_fp;
    const COEFFICIENTS: usize = 1;

    fn number(coefficients: &[blst_fp]) -> blst_fp {
        coefficients[0]
    }

    fn map_with_blst([first, second]: &[blst_fp; 2]) -> G1Jacobian {
        let mut point = G1Jacobian::default();
        // SAFETY: blst reads two numbers and writes one point.
        unsafe { blst_map_to_g1(&raw mut point.0, first, second) };
        point
    }

    #[inline(always)]
    fn map_all<F: Field>(numbers: &[[blst_fp; 2]]) -> Option<Pairs<Fp<F>>> {
        let mut points = sums(numbers, |numbers| F::apart(Map(&Fp::load(numbers))))?;
        F::apart(Isogeny(&mut points))?;
        let mut result = points.times_parameter()?;
        result.add(&points)?;
        Some(result)
    }
}

/// Numbers, below `2 p`, to be mapped to points of `E'`.
struct Map<'a, F: Field>(&'a Fp<F>);

impl<F: Field> Part<F> for Map<'_, F> {
    type Output = Pair<Fp<F>>;

    #[inline(always)]
    fn run(self) -> Pair<Fp<F>> {
        let number = self.0;
        let [a, b, root] = [A, B, ROOT].map(|value| Fp::load(&[value; LANES]));
        let square = number.sqr();
        let step = square.mul(&Fp::small(11));
        let sum = step.sqr().add(&step);
        let numerator = sum.add(&Fp::one()).mul(&b);
        let exceptional = a.mul(&Fp::small(11));
        let denominator = Fp::select(sum.is_zero(), &exceptional, &sum.mul(&a.neg(2)));
        let value = value(&numerator, &denominator, &a, &b);
        let radicand = value.mul(&denominator);
        let inverse_root = inverse_root(&radicand);
        let found = radicand.mul(&inverse_root);
        let first = found.sqr().sub(&radicand, 2).is_zero();
        // 1 / D, or -1 / D where the second candidate is taken.
        let inverse = value.mul(&inverse_root.sqr());
        let x_factor = Fp::select(first, &Fp::one(), &step.neg(2));
        let y_factor = Fp::select(first, &Fp::one(), &square.mul(number).mul(&root));
        let x = numerator.mul(&inverse).mul(&x_factor);
        let y = found.mul(&inverse.sqr()).mul(&y_factor);
        let (signs, found) = (number.signs(), y.signs());
        let other = core::array::from_fn(|lane| signs[lane] != found[lane]);
        Pair {
            x,
            y: y.negate(other),
        }
    }
}

/// `V = N (N^2 + A D^2) + B D^3`.
#[inline(always)]
fn value<F: Field>(numerator: &Fp<F>, denominator: &Fp<F>, a: &Fp<F>, b: &Fp<F>) -> Fp<F> {
    let square = denominator.sqr();
    let linear = numerator.sqr().add(&square.mul(a));
    Fp::dot([numerator, &denominator.mul(b)], [&linear, &square])
}

/// Points of `E'` to be taken to the curve; `None` if one is in the kernel.
struct Isogeny<'a, F: Field>(&'a mut Pairs<Fp<F>>);

impl<F: Field> Part<F> for Isogeny<'_, F> {
    type Output = Option<()>;

    #[inline(always)]
    fn run(self) -> Option<()> {
        let points = &mut self.0 .0;
        let kernel = KERNEL.map(|value| Fp::load(&[value; LANES]));
        let share = Fp::small(11).invert()?;
        let derivatives: Vec<[Fp<F>; 4]> = points
            .iter()
            .map(|point| derivatives(&kernel, &point.x))
            .collect();
        let mut reciprocals: Vec<Fp<F>> = derivatives.iter().map(|all| all[0]).collect();
        Fp::invert_all(&mut reciprocals)?;
        let both = derivatives.iter().zip(&reciprocals);
        for (point, ([_, first, second, third], reciprocal)) in points.iter_mut().zip(both) {
            let shares = [first, second, third].map(|value| value.mul(reciprocal));
            let [x, derivative] = image(point, &shares, &kernel[DEGREE - 1]);
            let square = share.sqr();
            *point = Pair {
                x: x.mul(&square),
                y: derivative.mul(&point.y).mul(&square.mul(&share)),
            };
        }
        Some(())
    }
}

/// The image of `x` and its derivative, both below `10 p`, before the scaling; from
/// `h' / h`, `h'' / 2 h` and `h''' / 6 h`, below `2 p`.
#[inline(always)]
fn image<F: Field>(
    point: &Pair<Fp<F>>,
    [first, second, third]: &[Fp<F>; 3],
    highest: &Fp<F>,
) -> [Fp<F>; 2] {
    let eleven = Fp::small(11);
    let right = point.y.sqr();
    let right_slope = triple(&point.x.sqr()).add(&Fp::load(&[A; LANES]));
    // l' = h'' / h - l^2, and half of l'' = h''' / h - 3 l h'' / h + 2 l^3.
    let square = first.sqr();
    let slope = second.double().sub(&square, 2);
    let bend = triple(third).add(&first.mul(&square.sub(&triple(second), 6)));
    let half = Fp::dot([&right_slope, &right.double()], [first, &slope]);
    let x = point.x.mul(&eleven).add(&highest.double());
    let six = triple(&point.x).double();
    let four = right.double().double();
    let half_derivative = Fp::dot([&six, &triple(&right_slope), &four], [first, &slope, &bend]);
    [
        x.sub(&half.double(), 4),
        eleven.sub(&half_derivative.double(), 4),
    ]
}

/// `h`, `h'`, `h'' / 2` and `h''' / 6`; below `4 p`, `6 p`, `8 p` and `10 p`.
#[inline(always)]
fn derivatives<F: Field>(kernel: &[Fp<F>; DEGREE], x: &Fp<F>) -> [Fp<F>; 4] {
    let mut coefficients = *kernel;
    for order in 0..4 {
        coefficients[DEGREE - 1] = coefficients[DEGREE - 1].add(x);
        for at in (order..DEGREE - 1).rev() {
            coefficients[at] = coefficients[at].add(&coefficients[at + 1].mul(x));
        }
    }
    let [zeroth, first, second, third, _] = coefficients;
    [zeroth, first, second, third]
}

#[inline(always)]
fn triple<F: Field>(value: &Fp<F>) -> Fp<F> {
    value.double().add(value)
}
