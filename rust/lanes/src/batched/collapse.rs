//! Adding up points that share a bucket, in rounds of additions of two.
//!
//! In each round the points of a bucket are paired, and all pairs of a chunk are
//! added with one inversion (Montgomery's trick), eight at a time: no addition waits
//! for another one of its round. What is left goes into the next round, until each
//! bucket has one point.

use super::coordinate::Coordinate;
use super::field::LANES;
use crate::memory::prefetch;

/// Points that are worked on together: an inversion is small beside their additions,
/// and what they need stays in the cache.
const CHUNK: usize = 1 << 11;

/// The bit of a source that says "with the opposite sign".
pub(super) const NEGATIVE: u32 = 1 << 31;

/// Groups of eight additions whose points are fetched ahead of their turn.
const AHEAD: usize = 4;

/// A point in memory, in the form of the lanes: coordinates not above `2 p`. In G1 it takes
/// two lines of the cache, and no part of a third.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
pub(super) struct Point<R> {
    pub(super) x: R,
    pub(super) y: R,
}

pub(super) type Stored<C> = Point<<C as Coordinate>::Row>;

/// A point that goes into a bucket.
#[derive(Clone, Copy, Default)]
pub(super) struct Entry {
    pub(super) bucket: u32,
    /// The place of the point in a list, and perhaps [`NEGATIVE`].
    pub(super) source: u32,
}

/// Adds up the points of each bucket.
///
/// Entries come in the order of their buckets; those that come back do so too, with at
/// most one for each bucket, and refer to the points beside them. Buckets whose points
/// cancel are left out.
#[inline(always)]
pub(super) fn collapse<C: Coordinate>(
    entries: &[Entry],
    points: &[Stored<C>],
) -> (Vec<Entry>, Vec<Stored<C>>) {
    let mut result = collapse_chunks::<C>(entries, points);
    // Only a bucket that went over the end of its chunk is left with several points.
    while result
        .0
        .windows(2)
        .any(|pair| pair[0].bucket == pair[1].bucket)
    {
        result = collapse_chunks::<C>(&result.0, &result.1);
    }
    result
}

#[inline(always)]
fn collapse_chunks<C: Coordinate>(
    entries: &[Entry],
    points: &[Stored<C>],
) -> (Vec<Entry>, Vec<Stored<C>>) {
    let (mut sums, mut totals) = (Vec::new(), Vec::new());
    let mut rest = entries;
    while !rest.is_empty() {
        let (chunk, others) = rest.split_at(chunk_end(rest));
        let mut round = Round::<C>::of(chunk, points);
        while round.pairs_left() {
            round = Round::of(&round.entries, &round.points);
        }
        let before = u32::try_from(totals.len()).expect("no more points than came");
        sums.extend(round.entries.iter().map(|entry| Entry {
            bucket: entry.bucket,
            source: entry.source + before,
        }));
        totals.append(&mut round.points);
        rest = others;
    }
    (sums, totals)
}

/// A chunk ends with a bucket, unless that is larger than a chunk: then it becomes
/// smaller, so that going on ends.
fn chunk_end(entries: &[Entry]) -> usize {
    let mut end = entries.len().min(CHUNK);
    while end < entries.len().min(2 * CHUNK) && entries[end].bucket == entries[end - 1].bucket {
        end += 1;
    }
    end
}

/// What a round leaves.
struct Round<C: Coordinate> {
    entries: Vec<Entry>,
    points: Vec<Stored<C>>,
}

/// An addition: the sources of both points, and the place of their sum.
type Addition = (u32, u32, u32);

impl<C: Coordinate> Round<C> {
    /// Adds the points of each bucket in pairs.
    #[inline(always)]
    fn of(entries: &[Entry], points: &[Stored<C>]) -> Self {
        let mut sums: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut totals = Vec::with_capacity(entries.len());
        let mut additions: Vec<Addition> = Vec::with_capacity(entries.len() / 2 + LANES);
        let mut rest = entries;
        for place in 0_u32.. {
            let Some((first, others)) = rest.split_first() else {
                break;
            };
            rest = others;
            match others.first() {
                Some(second) if second.bucket == first.bucket => {
                    additions.push((first.source, second.source, place));
                    totals.push(Stored::<C>::default());
                    rest = &others[1..];
                }
                _ => totals.push(fetch::<C>(points, first.source)),
            }
            sums.push(Entry {
                bucket: first.bucket,
                source: place,
            });
        }
        let cancelled = add_all::<C>(&mut additions, points, &mut totals);
        if !cancelled.is_empty() {
            sums.retain(|entry| !cancelled.contains(&entry.source));
        }
        Self {
            entries: sums,
            points: totals,
        }
    }

    fn pairs_left(&self) -> bool {
        self.entries
            .windows(2)
            .any(|pair| pair[0].bucket == pair[1].bucket)
    }
}

#[inline(always)]
const fn place(source: u32) -> usize {
    (source & !NEGATIVE) as usize
}

#[inline(always)]
const fn is_negative(source: u32) -> bool {
    source & NEGATIVE != 0
}

/// A point of a list, with its sign.
#[inline(always)]
fn fetch<C: Coordinate>(points: &[Stored<C>], source: u32) -> Stored<C> {
    let mut point = points[place(source)];
    if is_negative(source) {
        point.y = C::negate_row(&point.y);
    }
    point
}

/// Eight additions on their way.
struct Eight<C> {
    /// What the slopes are divided by.
    denominator: C,
    /// The product of all earlier denominators.
    before: C,
}

/// Lanes of eight additions whose points have one `x`.
struct Exception {
    at: usize,
    /// Lanes where two equal points are added: the tangent's slope is taken.
    equal: [bool; LANES],
}

/// Does all additions with one inversion; the places whose points cancelled, if any.
#[inline(always)]
fn add_all<C: Coordinate>(
    additions: &mut Vec<Addition>,
    points: &[Stored<C>],
    totals: &mut [Stored<C>],
) -> Vec<u32> {
    let Some(last) = additions.last().copied() else {
        return Vec::new();
    };
    // Lanes that are left over do the last addition again.
    additions.resize(additions.len().next_multiple_of(LANES), last);
    let mut product = C::one();
    let mut eights: Vec<Eight<C>> = Vec::with_capacity(additions.len() / LANES);
    for (at, group) in additions.chunks_exact(LANES).enumerate() {
        if let Some(coming) = additions.get((at + AHEAD) * LANES..(at + AHEAD + 1) * LANES) {
            for (first, second, _) in coming {
                prefetch(&points[place(*first)]);
                prefetch(&points[place(*second)]);
            }
        }
        let [first, second] = abscissas::<C>(group, points);
        let denominator = second.difference(&first, 2);
        eights.push(Eight {
            denominator,
            before: product,
        });
        product = product.mul(&denominator);
    }
    let mut cancelled = Vec::new();
    let mut exceptions = Vec::new();
    let mut inverse = product.invert().unwrap_or_else(|| {
        exceptions = replace_zeros::<C>(additions, points, &mut eights, &mut cancelled);
        let last = &eights[eights.len() - 1];
        let product = last.before.mul(&last.denominator);
        product.invert().expect("the zeros were replaced")
    });
    for (at, (additions, eight)) in additions.chunks_exact(LANES).zip(&eights).enumerate().rev() {
        let reciprocal = inverse.mul(&eight.before);
        inverse = inverse.mul(&eight.denominator);
        let equal = exceptions
            .pop_if(|exception: &mut Exception| exception.at == at)
            .map(|exception| exception.equal);
        let (x, y) = add_eight::<C>(additions, points, &reciprocal, equal);
        let (x, y) = (x.scatter(), y.scatter());
        for (lane, (_, _, place)) in additions.iter().enumerate() {
            totals[*place as usize] = Point {
                x: x[lane],
                y: y[lane],
            };
        }
    }
    cancelled
}

/// The `x` coordinates of both points of eight additions.
#[inline(always)]
fn abscissas<C: Coordinate>(additions: &[Addition], points: &[Stored<C>]) -> [C; 2] {
    let mut rows = [[&points[0].x; LANES]; 2];
    for (lane, (first, second, _)) in additions.iter().enumerate() {
        rows[0][lane] = &points[place(*first)].x;
        rows[1][lane] = &points[place(*second)].x;
    }
    [C::gather(rows[0]), C::gather(rows[1])]
}

/// The `y` coordinates of both points of eight additions.
#[inline(always)]
fn ordinates<C: Coordinate>(additions: &[Addition], points: &[Stored<C>]) -> [C; 2] {
    let mut rows = [[&points[0].y; LANES]; 2];
    let mut negative = [[false; LANES]; 2];
    for (lane, (first, second, _)) in additions.iter().enumerate() {
        for (side, source) in [*first, *second].into_iter().enumerate() {
            rows[side][lane] = &points[place(source)].y;
            negative[side][lane] = is_negative(source);
        }
    }
    [
        C::gather(rows[0]).negate(negative[0]),
        C::gather(rows[1]).negate(negative[1]),
    ]
}

#[inline(always)]
fn add_eight<C: Coordinate>(
    additions: &[Addition],
    points: &[Stored<C>],
    reciprocal: &C,
    equal: Option<[bool; LANES]>,
) -> (C, C) {
    let [x1, x2] = abscissas::<C>(additions, points);
    let [y1, y2] = ordinates::<C>(additions, points);
    let mut numerator = y2.difference(&y1, 2);
    if let Some(equal) = equal {
        let square = x1.sqr();
        let tangent = square.double().add(&square);
        numerator = C::select(equal, &tangent, &numerator);
    }
    let slope = numerator.mul(reciprocal);
    let x = slope.sqr().difference(&x1, 2).sub(&x2, 2).reduce(6);
    let y = slope.mul(&x1.difference(&x, 2)).sub(&y1, 2).reduce(4);
    (x, y)
}

/// Finds the additions whose points have one `x`, and gives them a denominator: twice `y`
/// where the points are equal, and one where they are opposite, whose places go to `cancelled`.
#[cold]
#[inline(always)]
fn replace_zeros<C: Coordinate>(
    additions: &[Addition],
    points: &[Stored<C>],
    eights: &mut [Eight<C>],
    cancelled: &mut Vec<u32>,
) -> Vec<Exception> {
    let mut exceptions = Vec::new();
    let mut product = C::one();
    for (at, (additions, eight)) in additions.chunks_exact(LANES).zip(eights).enumerate() {
        let [x1, x2] = abscissas::<C>(additions, points);
        let zero = x2.sub(&x1, 2).is_zero();
        if zero.contains(&true) {
            let [y1, y2] = ordinates::<C>(additions, points);
            let sum = y1.add(&y2);
            // On one x, y2 is y1 or -y1.
            let opposite = sum.is_zero();
            let equal = core::array::from_fn(|lane| zero[lane] && !opposite[lane]);
            for lane in (0..LANES).filter(|lane| zero[*lane] && opposite[*lane]) {
                cancelled.push(additions[lane].2);
            }
            let replaced = C::select(equal, &sum, &C::one());
            eight.denominator = C::select(zero, &replaced, &eight.denominator);
            exceptions.push(Exception { at, equal });
        }
        eight.before = product;
        product = product.mul(&eight.denominator);
    }
    exceptions
}

/// The points in the form of everybody else.
#[inline(always)]
pub(super) fn unload<C: Coordinate>(points: &[Stored<C>]) -> Vec<C::Point> {
    let mut result = Vec::with_capacity(points.len().next_multiple_of(LANES));
    for points in points.chunks(LANES) {
        let lane = |lane: usize| &points[lane.min(points.len() - 1)];
        let x = C::gather(core::array::from_fn(|at| &lane(at).x));
        let y = C::gather(core::array::from_fn(|at| &lane(at).y));
        result.extend(C::store(&x, &y));
    }
    result.truncate(points.len());
    result
}
