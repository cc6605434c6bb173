//! Which keys of a store take part in a sum.

use core::ops::Range;

use crate::Error;

/// Keys that are read together although some between them are not asked for:
/// one read of this many costs less than two of one.
const GAP: u64 = 32;

/// Keys that are read at once.
pub(super) const READ_KEYS: u64 = 1 << 10;

/// A choice among the keys of a store or a committee; no key counts twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection<'a> {
    /// All keys.
    All,
    /// The keys from `start` on, up to and without `stop`.
    Range {
        /// The first place.
        start: u64,
        /// The place after the last.
        stop: u64,
    },
    /// The keys at these places, in any order.
    Places(&'a [u64]),
    /// The keys whose bit is set: bit `i % 8`, from the lowest, of byte `i / 8`.
    Bitmap(&'a [u8]),
}

/// One read: a range of keys, and which of them count.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The keys to read.
    pub range: Range<u64>,
    /// The places that count, in order; `None` if all do.
    pub places: Option<Vec<u64>>,
}

/// A selection that was checked, cut into windows that are read one after the other.
///
/// Windows are worked out when they are read, so that the plan for a hundred
/// million keys takes no more room than the selection itself.
pub(super) struct Plan<'a> {
    parts: Parts<'a>,
    /// How many keys are selected.
    pub selected: u64,
}

enum Parts<'a> {
    Range(Range<u64>),
    Places(Vec<u64>),
    Bitmap(&'a [u8]),
}

impl<'a> Selection<'a> {
    /// Checks the selection against the number of keys.
    pub(super) fn plan(&self, count: u64) -> Result<Plan<'a>, Error> {
        let invalid = |found| Err(Error::SelectionInvalid { count, found });
        let (start, stop) = match self {
            Self::All => (0, count),
            Self::Range { start, stop } => (*start, *stop),
            Self::Places(places) => {
                let places = sorted(places, count)?;
                let selected = places.len() as u64;
                return Ok(Plan {
                    parts: Parts::Places(places),
                    selected,
                });
            }
            Self::Bitmap(bitmap) => {
                let selected = count_bits(bitmap, count)?;
                return Ok(Plan {
                    parts: Parts::Bitmap(bitmap),
                    selected,
                });
            }
        };
        if start >= stop {
            return invalid("none");
        }
        if stop > count {
            return invalid("one beyond the last");
        }
        Ok(Plan {
            parts: Parts::Range(start..stop),
            selected: stop - start,
        })
    }
}

impl Plan<'_> {
    /// The number of windows.
    pub(super) fn windows(&self) -> usize {
        let keys = match &self.parts {
            Parts::Range(range) => range.end - range.start,
            Parts::Places(places) => places.len() as u64,
            Parts::Bitmap(bitmap) => 8 * bitmap.len() as u64,
        };
        usize::try_from(keys.div_ceil(READ_KEYS)).unwrap_or(usize::MAX)
    }

    /// The reads of one window.
    pub(super) fn window(&self, window: usize) -> Vec<Span> {
        let start = window as u64 * READ_KEYS;
        match &self.parts {
            Parts::Range(range) => {
                let start = range.start + start;
                let range = start..range.end.min(start + READ_KEYS);
                vec![Span {
                    range,
                    places: None,
                }]
            }
            Parts::Places(places) => by_places(part(places, window, READ_KEYS).iter().copied()),
            Parts::Bitmap(bitmap) => {
                by_places(set_bits(part(bitmap, window, READ_KEYS / 8)).map(|place| start + place))
            }
        }
    }
}

/// The part of a list that belongs to a window.
fn part<T>(list: &[T], window: usize, size: u64) -> &[T] {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    list.chunks(size).nth(window).unwrap_or_default()
}

fn sorted(places: &[u64], count: u64) -> Result<Vec<u64>, Error> {
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    match sorted.last() {
        None => {
            return Err(Error::SelectionInvalid {
                count,
                found: "none",
            })
        }
        Some(last) if *last >= count => {
            return Err(Error::SelectionInvalid {
                count,
                found: "one beyond the last",
            });
        }
        Some(_) => {}
    }
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        let twice = places.iter().rposition(|place| *place == pair[0]);
        return Err(Error::DuplicateSigner {
            index: twice.unwrap_or_default(),
        });
    }
    Ok(sorted)
}

/// How many bits of a bitmap over `count` keys are set: at least one, and none beyond the last key.
pub(crate) fn count_bits(bitmap: &[u8], count: u64) -> Result<u64, Error> {
    let invalid = |found| Err(Error::SelectionInvalid { count, found });
    if bitmap.len() as u64 != count.div_ceil(8) {
        return invalid("a bitmap of another length");
    }
    let beyond = match count % 8 {
        0 => 0,
        used => bitmap.last().map_or(0, |last| last >> used),
    };
    if beyond != 0 {
        return invalid("one beyond the last");
    }
    match bitmap.iter().map(|byte| u64::from(byte.count_ones())).sum() {
        0 => invalid("none"),
        total => Ok(total),
    }
}

/// The places of the bits that are set, in order.
pub(crate) fn set_bits(bitmap: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bitmap
        .iter()
        .zip((0..).step_by(8))
        .flat_map(|(byte, start)| {
            (0..8)
                .filter(move |bit| byte >> bit & 1 == 1)
                .map(move |bit| start + bit)
        })
}

/// Reads for places that are in order and differ.
fn by_places(places: impl Iterator<Item = u64>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut open: Vec<u64> = Vec::new();
    for place in places {
        if let (Some(first), Some(last)) = (open.first(), open.last()) {
            if place - last > GAP || place - first >= READ_KEYS {
                spans.push(span(core::mem::take(&mut open)));
            }
        }
        open.push(place);
    }
    if !open.is_empty() {
        spans.push(span(open));
    }
    spans
}

fn span(places: Vec<u64>) -> Span {
    let first = places.first().copied().unwrap_or_default();
    let end = places.last().map_or(first, |last| last + 1);
    let whole = places.len() as u64 == end - first;
    Span {
        range: first..end,
        places: (!whole).then_some(places),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(selection: Selection<'_>, count: u64) -> Vec<u64> {
        let plan = selection.plan(count).expect("a good selection");
        let all: Vec<u64> = (0..plan.windows())
            .flat_map(|window| plan.window(window))
            .flat_map(|span| span.places.unwrap_or_else(|| span.range.collect()))
            .collect();
        assert_eq!(plan.selected, all.len() as u64);
        all
    }

    #[test]
    fn the_reads_cover_what_was_selected() {
        let count = 3 * READ_KEYS + 5;
        assert_eq!(
            (0..count).collect::<Vec<_>>(),
            chosen(Selection::All, count)
        );
        let range = Selection::Range {
            start: 7,
            stop: READ_KEYS + 9,
        };
        assert_eq!((7..READ_KEYS + 9).collect::<Vec<_>>(), chosen(range, count));
        for step in [1, 2, 31, 32, 33, 1000] {
            let places: Vec<u64> = (0..count).step_by(step).collect();
            assert_eq!(places, chosen(Selection::Places(&places), count));
            let mut bitmap = vec![0; usize::try_from(count.div_ceil(8)).expect("small")];
            for place in &places {
                bitmap[usize::try_from(place / 8).expect("small")] |= 1 << (place % 8);
            }
            assert_eq!(places, chosen(Selection::Bitmap(&bitmap), count));
        }
    }

    #[test]
    fn what_is_not_there_is_refused() {
        for selection in [
            Selection::Range { start: 3, stop: 3 },
            Selection::Range { start: 4, stop: 3 },
            Selection::Range { start: 0, stop: 11 },
            Selection::Range {
                start: u64::MAX,
                stop: 0,
            },
            Selection::Places(&[]),
            Selection::Places(&[10]),
            Selection::Places(&[u64::MAX]),
            Selection::Bitmap(&[0, 0]),
            Selection::Bitmap(&[1]),
            Selection::Bitmap(&[1, 0, 0]),
            Selection::Bitmap(&[1, 4]),
        ] {
            let found = selection.plan(10).map(|plan| plan.selected);
            assert!(matches!(found, Err(Error::SelectionInvalid { .. })));
        }
        assert_eq!(
            Err(Error::DuplicateSigner { index: 2 }),
            Selection::Places(&[5, 1, 5])
                .plan(10)
                .map(|plan| plan.selected)
        );
        assert_eq!(vec![0, 9], chosen(Selection::Bitmap(&[1, 2]), 10));
    }
}
