//! Work on ranges of a list, in as many threads as the caller asked for.
//!
//! There is no pool: threads are made for one call and are gone when it
//! returns, so that a process that forks between calls carries none along.

use core::ops::Range;
use std::thread;

use crate::Error;

/// The most threads that one call may ask for.
pub const MAX_THREADS: usize = 256;

/// Refuses a number of threads that makes no sense.
pub(crate) const fn check_threads(threads: usize) -> Result<(), Error> {
    if threads == 0 || threads > MAX_THREADS {
        return Err(Error::LimitExceeded {
            what: "threads, at least one",
            limit: MAX_THREADS,
            found: threads,
        });
    }
    Ok(())
}

/// Cuts `0..length` into as many ranges as there are threads and works on all of them.
///
/// The results come in the order of the ranges. With one thread, or when the
/// system gives no more, the work is done where it was asked for.
pub(crate) fn by_ranges<T: Send>(
    length: usize,
    threads: usize,
    work: impl Fn(Range<usize>) -> T + Sync,
) -> Vec<T> {
    let parts = threads.clamp(1, length.max(1));
    let cut = |part: usize| part * (length / parts) + part.min(length % parts);
    if parts == 1 {
        return vec![work(0..length)];
    }
    let work = &work;
    thread::scope(|scope| {
        let running: Vec<_> = (0..parts)
            .map(|part| cut(part)..cut(part + 1))
            .map(|range| {
                let copy = range.clone();
                let started = thread::Builder::new().spawn_scoped(scope, move || work(copy));
                (range, started)
            })
            .collect();
        running
            .into_iter()
            .map(|(range, started)| match started {
                Ok(thread) => thread.join().unwrap_or_else(|_| work(range)),
                Err(_) => work(range),
            })
            .collect()
    })
}

/// Works on every place of a list; the first error by place wins.
pub(crate) fn each<T: Send>(
    length: usize,
    threads: usize,
    work: impl Fn(usize) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let parts = by_ranges(length, threads, |range| {
        range
            .map(|index| work(index).map_err(|error| error.at(index)))
            .collect::<Result<Vec<T>, Error>>()
    });
    let mut all = Vec::with_capacity(length);
    for part in parts {
        all.extend(part?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_everything_once_and_in_order() {
        for length in [0, 1, 2, 7, 64, 100] {
            for threads in [1, 2, 3, 8, 200] {
                let ranges = by_ranges(length, threads, |range| range);
                let all: Vec<usize> = ranges.into_iter().flatten().collect();
                assert_eq!((0..length).collect::<Vec<_>>(), all);
            }
        }
    }

    #[test]
    fn the_first_error_by_place_wins() {
        for threads in [1, 2, 5] {
            let found = each(10, threads, |index| {
                if index >= 4 {
                    Err(Error::SignatureInvalid)
                } else {
                    Ok(index)
                }
            });
            assert_eq!(Err(Error::SignatureInvalid.at(4)), found);
        }
    }
}
