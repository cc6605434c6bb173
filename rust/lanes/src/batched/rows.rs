//! Sums of entries of tables, eight at a time: what multiples of a fixed point are made of.

use core::any::Any;

use blst::blst_fp;

use super::field::{Field, LANES};
use super::fp::Fp;
use super::path::{on_path, Kernel, Path};
use crate::fixed::{self, Digit, Entry};
use crate::memory::{large, prefetch};

/// Groups of eight that are fetched from memory ahead of their turn.
const AHEAD: usize = 3;

/// A list of points in the form that one path works with.
pub(crate) struct Table(Box<dyn Any + Send + Sync>);

/// A point in memory; two lines of the cache.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
struct Stored<R> {
    x: R,
    y: R,
}

/// Eight points, coordinates below `2 p`.
#[derive(Clone, Copy)]
struct Points<F: Field> {
    x: Fp<F>,
    y: Fp<F>,
}

/// The table of some finite points for a path.
pub(crate) fn table(path: Path, entries: Vec<Entry>) -> Table {
    on_path(path, Storing(entries))
}

/// Adds up the entries that digits name: `digits` has a list for each table, with one digit
/// for each sum; the tables are of this path.
///
/// `None` if a sum met its own summand or the opposite one: then there was no slope.
pub(crate) fn add_up(path: Path, tables: &[Table], digits: &[Vec<Digit>]) -> Option<Vec<Entry>> {
    on_path(path, AddingUp { tables, digits })
}

struct Storing(Vec<Entry>);

impl Kernel for Storing {
    type Output = Table;

    #[inline(always)]
    fn run<F: Field>(self) -> Table {
        let mut list: Vec<Stored<F::Row>> = large(self.0.len());
        for part in self.0.chunks(LANES) {
            let entry = |lane: usize| part.get(lane).unwrap_or(&part[0]);
            let x = Fp::<F>::load(&core::array::from_fn(|lane| blst_fp { l: entry(lane).x }));
            let y = Fp::<F>::load(&core::array::from_fn(|lane| blst_fp { l: entry(lane).y }));
            let points = x.rows().into_iter().zip(y.rows()).take(part.len());
            list.extend(points.map(|(x, y)| Stored { x, y }));
        }
        Table(Box::new(list))
    }

    fn portable(self) -> Table {
        Table(Box::new(self.0))
    }
}

struct AddingUp<'a> {
    tables: &'a [Table],
    digits: &'a [Vec<Digit>],
}

impl Kernel for AddingUp<'_> {
    type Output = Option<Vec<Entry>>;

    #[inline(always)]
    fn run<F: Field>(self) -> Option<Vec<Entry>> {
        let count = self.digits.first()?.len();
        let mut all = self.tables.iter().zip(self.digits).map(Summands::<F>::of);
        let first = all.next()??;
        let groups = count.div_ceil(LANES);
        let mut sums: Vec<Points<F>> = (0..groups)
            .map(|group| Points {
                x: first.x(group),
                y: first.y(group),
            })
            .collect();
        let nothing = Step {
            x: Fp::one(),
            y: Fp::one(),
            before: Fp::one(),
        };
        let mut steps = vec![nothing; groups];
        for summands in all {
            add(&mut sums, &summands?, &mut steps)?;
        }
        let mut found = Vec::with_capacity(groups * LANES);
        for Points { x, y } in &sums {
            let both = x.store().into_iter().zip(y.store());
            found.extend(both.map(|(x, y)| Entry { x: x.l, y: y.l }));
        }
        found.truncate(count);
        Some(found)
    }

    fn portable(self) -> Option<Vec<Entry>> {
        let tables: Option<Vec<&[Entry]>> = self
            .tables
            .iter()
            .map(|table| table.0.downcast_ref().map(Vec::<Entry>::as_slice))
            .collect();
        fixed::add_up(&tables?, self.digits)
    }
}

/// What one window adds to each sum.
struct Summands<'a, F: Field> {
    table: &'a [Stored<F::Row>],
    digits: &'a [Digit],
}

impl<'a, F: Field> Summands<'a, F> {
    /// `None` for a table of another path.
    #[inline(always)]
    fn of((table, digits): (&'a Table, &'a Vec<Digit>)) -> Option<Self> {
        let table: &Vec<Stored<F::Row>> = table.0.downcast_ref()?;
        Some(Self { table, digits })
    }

    /// The digits of a group; the last one is filled up with its first.
    #[inline(always)]
    fn digits(&self, group: usize) -> [Digit; LANES] {
        let digits = &self.digits[LANES * group..];
        core::array::from_fn(|lane| digits.get(lane).copied().unwrap_or(digits[0]))
    }

    #[inline(always)]
    fn x(&self, group: usize) -> Fp<F> {
        let digits = self.digits(group);
        Fp::from_rows(digits.each_ref().map(|digit| &self.table[digit.place()].x))
    }

    #[inline(always)]
    fn y(&self, group: usize) -> Fp<F> {
        let digits = self.digits(group);
        let y = Fp::from_rows(digits.each_ref().map(|digit| &self.table[digit.place()].y));
        y.negate(digits.map(Digit::is_negative))
    }

    #[inline(always)]
    fn fetch(&self, group: usize) {
        if LANES * group < self.digits.len() {
            for digit in self.digits(group) {
                prefetch(&self.table[digit.place()]);
            }
        }
    }
}

/// What is kept of eight additions until their divisors are inverted.
#[derive(Clone, Copy)]
struct Step<F: Field> {
    /// What is added, so that the table is read once.
    x: Fp<F>,
    y: Fp<F>,
    /// The product of all differences before.
    before: Fp<F>,
}

/// Adds a point to each sum; `None`, and nothing is of use, if one has no slope.
#[inline(always)]
fn add<F: Field>(
    sums: &mut [Points<F>],
    summands: &Summands<'_, F>,
    steps: &mut [Step<F>],
) -> Option<()> {
    let mut product = Fp::one();
    for group in 0..AHEAD {
        summands.fetch(group);
    }
    for (group, (sum, step)) in sums.iter().zip(steps.iter_mut()).enumerate() {
        summands.fetch(group + AHEAD);
        *step = Step {
            x: summands.x(group),
            y: summands.y(group),
            before: product,
        };
        product = product.mul(&step.x.difference(&sum.x, 2));
    }
    let mut inverse = product.invert()?;
    for (sum, step) in sums.iter_mut().zip(steps.iter()).rev() {
        let Points { x: x1, y: y1 } = *sum;
        let reciprocal = inverse.mul(&step.before);
        inverse = inverse.mul(&step.x.difference(&x1, 2));
        let slope = step.y.difference(&y1, 2).mul(&reciprocal);
        let x3 = slope.sqr().difference(&x1, 2).sub(&step.x, 2).reduce(6);
        let y3 = slope.mul(&x1.difference(&x3, 2)).sub(&y1, 2).reduce(4);
        *sum = Points { x: x3, y: y3 };
    }
    Some(())
}
