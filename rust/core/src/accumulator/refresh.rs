//! Writing the rows of everybody: in threads, in bounded memory, taken up again after a crash.

use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use rustix::fs::{fallocate, FallocateFlags};
use rustix::io::Errno;
use trustid_lanes::{Digest, Multiples};

use super::params::Params;
use super::rows::{block_hash, block_range, BLOCK_ROWS, ROW_BYTES};
use super::rows_file::{end, read_rows, Layout, END_BYTES};
use super::secret::Secret;
use super::slots::Slots;
use super::tree::Tree;
use super::value::Accumulator;
use crate::files::{sync_folder, unavailable};
use crate::parallel::check_threads;
use crate::Error;

/// How often whoever waits is told.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// What stands for the hash of a block that is not done.
const NOT_DONE: Digest = [0; 32];

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsSummary {
    /// The rows of the file.
    pub rows: u64,
    /// How many of them an earlier run had written.
    pub resumed: u64,
    /// The root of the hash tree over the blocks.
    pub root: Digest,
    /// The epoch and value that the rows belong to.
    pub accumulator: Accumulator,
}

/// The rows of one epoch, to be written: a copy of what that needs of the manager.
///
/// It holds the manager's secret, wiped when dropped; `Debug` does not show it.
pub struct Refresh {
    secret: Secret,
    params: Params,
    accumulator: Accumulator,
    revoked: Slots,
}

impl fmt::Debug for Refresh {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Refresh(redacted)")
    }
}

impl Refresh {
    pub(super) const fn new(
        secret: Secret,
        params: Params,
        accumulator: Accumulator,
        revoked: Slots,
    ) -> Self {
        Self {
            secret,
            params,
            accumulator,
            revoked,
        }
    }

    /// Writes the rows of all slots to `path`, or nothing.
    ///
    /// The file grows beside its place, as `path` with `.part` after it, and takes its
    /// place when all of it is on the disk. After a crash at any point the next call
    /// goes on from the blocks that are done: each is held against its hash first, so
    /// that it does not matter what of the file had reached the disk. The bytes are the
    /// same either way, and for any number of threads.
    ///
    /// # Arguments
    /// * `threads` - how many make rows; the caller's own waits and tells.
    /// * `tell` - called with the rows that are done and those in all, four times a
    ///   second and at the end; for `false` everything stops and the part stays.
    ///
    /// # Returns
    /// What was written, or `None` if it was stopped.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`]: no place on the disk, no right to write, or another
    /// writer at work on this path; the file at `path` stays what it was.
    /// [`Error::LimitExceeded`] for the threads.
    ///
    /// # Cost
    /// Some microseconds a row and thread. Memory: the table of multiples, half a
    /// gigabyte for a hundred million rows, and some megabytes a thread. The table is
    /// read at secret places: run it on a machine of its own.
    pub fn write(
        &self,
        path: &Path,
        threads: usize,
        tell: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Option<RowsSummary>, Error> {
        check_threads(threads)?;
        let layout = Layout::of(&self.params);
        let part = part_of(path);
        let (file, known) = self
            .take_up(&part, layout)
            .map_err(|error| unavailable("write", &error))?;
        let Some((hashes, resumed)) = self.fill(&file, layout, &known, threads, tell)? else {
            return Ok(None);
        };
        file.sync_all()
            .and_then(|()| fs::rename(&part, path))
            .and_then(|()| sync_folder(path))
            .map_err(|error| unavailable("write", &error))?;
        Ok(Some(RowsSummary {
            rows: self.params.capacity(),
            resumed,
            root: Tree::new(&hashes).root(),
            accumulator: self.accumulator,
        }))
    }

    /// The file to be written, locked, and the hashes of its blocks that may be done.
    fn take_up(&self, part: &Path, layout: Layout) -> io::Result<(File, Vec<Digest>)> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(part)?;
        file.try_lock()?;
        // Another writer may have finished between the two: then this is no part any more.
        if fs::metadata(part)?.ino() != file.metadata()?.ino() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let wanted = end(&self.params, &self.accumulator);
        let mut found = [0; END_BYTES];
        let same = file.metadata()?.len() == layout.bytes()
            && file.read_exact_at(&mut found, layout.end_at()).is_ok()
            && found == wanted;
        if !same {
            file.set_len(0)?;
            reserve(&file, layout.bytes())?;
            file.write_all_at(&wanted, layout.end_at())?;
        }
        let known = layout.read_hashes(&file)?;
        Ok((file, known))
    }

    /// Makes what is not there; returns all hashes, and the rows that were there.
    fn fill(
        &self,
        file: &File,
        layout: Layout,
        known: &[Digest],
        threads: usize,
        tell: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Option<(Vec<Digest>, u64)>, Error> {
        let missing = known.iter().filter(|hash| **hash == NOT_DONE).count();
        let rows = missing * usize::try_from(BLOCK_ROWS).unwrap_or(usize::MAX);
        let work = Work {
            refresh: self,
            file,
            layout,
            known,
            table: Multiples::new(&self.accumulator.value, rows, threads),
            next: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        };
        let mut progress = Progress {
            hashes: known.to_vec(),
            done: 0,
            resumed: 0,
            all: self.params.capacity(),
            told: Instant::now(),
            tell,
        };
        let outcome = thread::scope(|scope| {
            let (sender, receiver) = channel();
            for _ in 1..threads {
                let (sender, work) = (sender.clone(), &work);
                let run = move || work.blocks().all(|block| sender.send(block).is_ok());
                // If the system gives no more threads, fewer do the same work.
                drop(thread::Builder::new().spawn_scoped(scope, run));
            }
            drop(sender);
            let outcome = work
                .blocks()
                .flat_map(|block| core::iter::once(block).chain(receiver.try_iter()))
                .try_for_each(|block| progress.take(block));
            work.stopped.store(outcome.is_err(), Ordering::Relaxed);
            outcome.and_then(|()| receiver.iter().try_for_each(|block| progress.take(block)))
        });
        match outcome {
            Ok(()) => Ok(Some((progress.hashes, progress.resumed))),
            Err(Stop::Asked) => Ok(None),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    /// The rows of one block, made anew.
    fn make(&self, table: &Multiples, block: u64) -> Result<Vec<u8>, Error> {
        let slots = block_range(self.params.capacity(), block)?;
        let scalars = self.secret.row_scalars(slots, &self.revoked);
        Ok(table.compressed(&scalars.ok_or(Error::NotMember)?))
    }
}

/// What the threads share.
struct Work<'a> {
    refresh: &'a Refresh,
    file: &'a File,
    layout: Layout,
    known: &'a [Digest],
    table: Multiples,
    next: AtomicU64,
    stopped: AtomicBool,
}

/// A block that is in the file.
struct Done {
    block: u64,
    hash: Digest,
    rows: u64,
    resumed: bool,
}

impl Work<'_> {
    /// Does one block after the other that no other thread does, until none is left.
    fn blocks(&self) -> impl Iterator<Item = Result<Done, Error>> + '_ {
        core::iter::from_fn(|| {
            let block = self.next.fetch_add(1, Ordering::Relaxed);
            let more = block < self.layout.blocks && !self.stopped.load(Ordering::Relaxed);
            more.then(|| self.block(block))
        })
    }

    fn block(&self, block: u64) -> Result<Done, Error> {
        let (params, accumulator) = (&self.refresh.params, &self.refresh.accumulator);
        let known = usize::try_from(block)
            .ok()
            .and_then(|place| self.known.get(place))
            .filter(|hash| **hash != NOT_DONE);
        if let Some(hash) = known {
            let rows = read_rows(params, self.file, block)?;
            if block_hash(params, accumulator, block, &rows)? == *hash {
                return Ok(Done::new(block, *hash, &rows, true));
            }
        }
        let rows = self.refresh.make(&self.table, block)?;
        let hash = block_hash(params, accumulator, block, &rows)?;
        self.file
            .write_all_at(&rows, Layout::rows_at(block))
            .and_then(|()| self.file.write_all_at(&hash, self.layout.hash_at(block)))
            .map_err(|error| unavailable("write", &error))?;
        Ok(Done::new(block, hash, &rows, false))
    }
}

impl Done {
    const fn new(block: u64, hash: Digest, rows: &[u8], resumed: bool) -> Self {
        Self {
            block,
            hash,
            rows: (rows.len() / ROW_BYTES) as u64,
            resumed,
        }
    }
}

/// Why the work ended before its end.
enum Stop {
    Asked,
    Failed(Error),
}

/// What is done, and whom to tell.
struct Progress<'a> {
    hashes: Vec<Digest>,
    done: u64,
    resumed: u64,
    all: u64,
    told: Instant,
    tell: &'a mut dyn FnMut(u64, u64) -> bool,
}

impl Progress<'_> {
    fn take(&mut self, block: Result<Done, Error>) -> Result<(), Stop> {
        let block = block.map_err(Stop::Failed)?;
        if let Some(hash) = usize::try_from(block.block)
            .ok()
            .and_then(|place| self.hashes.get_mut(place))
        {
            *hash = block.hash;
        }
        self.done += block.rows;
        self.resumed += if block.resumed { block.rows } else { 0 };
        if self.done < self.all && self.told.elapsed() < TELL_EVERY {
            return Ok(());
        }
        self.told = Instant::now();
        if (self.tell)(self.done, self.all) {
            Ok(())
        } else {
            Err(Stop::Asked)
        }
    }
}

/// `path` with `.part` after it.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// Takes the place on the disk before the work begins, where the file system can.
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => file.set_len(bytes),
        other => Ok(other?),
    }
}
