//! Sums of entries of tables, eight at a time: what multiples of a fixed point are made of.

use core::any::Any;

use blst::blst_fp;

use super::field::{Field, LANES};
use super::fp::Fp;
use super::path::{on_path, Kernel, Path};
use crate::fixed::{self, Digit, Entry};
use crate::prefetch::prefetch;

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
pub(crate) fn table(path: Path, entries: &[Entry]) -> Table {
    on_path(path, Storing(entries))
}

/// Adds up the entries that digits name: `digits` has a list for each table, with one digit
/// for each sum; the tables are of this path.
///
/// `None` if a sum met its own summand or the opposite one: then there was no slope.
pub(crate) fn add_up(path: Path, tables: &[Table], digits: &[Vec<Digit>]) -> Option<Vec<Entry>> {
    on_path(path, AddingUp { tables, digits })
}

struct Storing<'a>(&'a [Entry]);

impl Kernel for Storing<'_> {
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
        let mut list = large(self.0.len());
        list.extend_from_slice(self.0);
        Table(Box::new(list))
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
        let mut added = vec![(Fp::one(), Fp::one()); groups];
        for summands in all {
            add(&mut sums, &summands?, &mut added)?;
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

/// Adds a point to each sum; `None`, and nothing is of use, if one has no slope.
///
/// `added` is room for the `x` of what is added, and the product of all differences before.
#[inline(always)]
fn add<F: Field>(
    sums: &mut [Points<F>],
    summands: &Summands<'_, F>,
    added: &mut [(Fp<F>, Fp<F>)],
) -> Option<()> {
    let mut product = Fp::one();
    for group in 0..AHEAD {
        summands.fetch(group);
    }
    for (group, (sum, slot)) in sums.iter().zip(added.iter_mut()).enumerate() {
        summands.fetch(group + AHEAD);
        let x2 = summands.x(group);
        *slot = (x2, product);
        product = product.mul(&x2.difference(&sum.x, 2));
    }
    let mut inverse = product.invert()?;
    for (group, (sum, (x2, before))) in sums.iter_mut().zip(added.iter()).enumerate().rev() {
        let Points { x: x1, y: y1 } = *sum;
        let reciprocal = inverse.mul(before);
        inverse = inverse.mul(&x2.difference(&x1, 2));
        let slope = summands.y(group).difference(&y1, 2).mul(&reciprocal);
        let x3 = slope.sqr().difference(&x1, 2).sub(x2, 2).reduce(6);
        let y3 = slope.mul(&x1.difference(&x3, 2)).sub(&y1, 2).reduce(4);
        *sum = Points { x: x3, y: y3 };
    }
    Some(())
}

/// Bytes of the smallest page.
#[cfg(target_os = "linux")]
const PAGE: usize = 4096;

/// Memory for a table, in large pages where the system has them: it is read all over, and
/// finding where a small page lies would take as long as reading it.
fn large<T>(count: usize) -> Vec<T> {
    let mut list: Vec<T> = Vec::with_capacity(count);
    #[cfg(target_os = "linux")]
    {
        use rustix::mm::{madvise, Advice};
        let begin = list.as_mut_ptr().cast::<u8>();
        // The system takes whole pages only.
        let skipped = begin.align_offset(PAGE);
        let bytes = (size_of::<T>() * count).saturating_sub(skipped) / PAGE * PAGE;
        let begin = begin.wrapping_add(skipped).cast();
        // SAFETY: the memory belongs to the list, and its content is not changed. If the
        // system has no such pages it says so, and nothing is lost.
        let _ = unsafe { madvise(begin, bytes, Advice::LinuxHugepage) };
    }
    list
}
