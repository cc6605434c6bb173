//! Which keys of a store a call is about.

use pyo3::prelude::*;
use trustid_core::bls::Selection;
use trustid_core::Error;

use crate::errors::to_python;

/// Keys that cost about as much to read and add as one pairing.
const KEYS_PER_PAIRING: u64 = 1 << 11;

/// The selection that arguments name, of which there may be one.
pub(super) fn select<'a>(
    start: Option<u64>,
    stop: Option<u64>,
    places: Option<&'a [u64]>,
    bitmap: Option<&'a [u8]>,
    count: u64,
) -> PyResult<Selection<'a>> {
    match (start, stop, places, bitmap) {
        (None, None, None, None) => Ok(Selection::All),
        (start, stop, None, None) => Ok(Selection::Range {
            start: start.unwrap_or(0),
            stop: stop.unwrap_or(count),
        }),
        (None, None, Some(places), None) => Ok(Selection::Places(places)),
        (None, None, None, Some(bitmap)) => Ok(Selection::Bitmap(bitmap)),
        _ => Err(to_python(&Error::SelectionInvalid {
            count,
            found: "more than one selection",
        })),
    }
}

/// What a sum costs, in pairings.
pub(super) fn cost(selection: &Selection<'_>, count: u64) -> usize {
    let keys = match selection {
        Selection::All | Selection::Bitmap(_) => count,
        Selection::Range { start, stop } => stop.saturating_sub(*start),
        Selection::Places(places) => places.len() as u64,
    };
    usize::try_from(keys / KEYS_PER_PAIRING).unwrap_or(usize::MAX)
}
