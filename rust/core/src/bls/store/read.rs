//! Opening a store and summing its keys.

use core::ops::Range;
use std::fs::{self, File, Metadata};
use std::marker::PhantomData;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use trustid_lanes::{sha256, Affine, Digest, Jacobian};

use super::file::{check_owner, read_header};
use super::select::{Plan, Selection, READ_KEYS};
use super::{header, key_bytes, root, Kind, HEADER, LEAF_KEYS};
use crate::bls::aggregation::check_sum;
use crate::bls::public::{ProvenKey, PublicKey};
use crate::bls::signature::Signature;
use crate::bls::suite::{Possession, Suite};
use crate::files::unavailable;
use crate::parallel::{by_ranges, check_threads};
use crate::Error;

/// Why a store may be believed: nothing in the file itself can say so.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// It has this digest, known from elsewhere; the whole file is read to check it.
    Digest(&'a Digest),
    /// Only its owner, who is the caller or root, can write the file and its folder.
    Owner,
}

/// A store of public keys, open for reading.
///
/// Several threads and processes may read one at once.
#[derive(Debug)]
pub struct KeyStore<S: Suite> {
    file: File,
    kind: Kind,
    count: u64,
    digest: Digest,
    stamp: Stamp,
    suite: PhantomData<S>,
}

/// What changes when a file is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    written: (i64, i64),
    changed: Option<(i64, i64)>,
}

impl Stamp {
    fn of(metadata: &Metadata, links: u64) -> Self {
        // The time of change moves as well when another store takes this one's name,
        // which is no harm: then the number of links differs too.
        let same_name = metadata.nlink() == links;
        Self {
            bytes: metadata.size(),
            written: (metadata.mtime(), metadata.mtime_nsec()),
            changed: same_name.then(|| (metadata.ctime(), metadata.ctime_nsec())),
        }
    }

    fn fits(&self, now: &Self) -> bool {
        self.bytes == now.bytes
            && self.written == now.written
            && (now.changed.is_none() || self.changed == now.changed)
    }
}

/// Links of a file that nobody has replaced.
const ONE_LINK: u64 = 1;

impl<S: Suite> KeyStore<S> {
    /// Opens a store of suite `S`.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`], [`Error::StoreFormat`];
    /// [`Error::StoreDamaged`] for a file of another length or digest than it should have;
    /// [`Error::StoreUnsafe`] under [`Trust::Owner`] if somebody else can write it.
    ///
    /// # Cost
    /// Under [`Trust::Digest`] one pass of SHA-256 over the file, shared among
    /// the threads; under [`Trust::Owner`] nothing.
    pub fn open(path: &Path, trust: Trust<'_>, threads: usize) -> Result<Self, Error> {
        check_threads(threads)?;
        let store = Self::open_file(path, matches!(trust, Trust::Owner))?;
        if let Trust::Digest(expected) = trust {
            if store.digest != *expected {
                return Err(Error::StoreDamaged {
                    found: "another digest",
                });
            }
            store.check_digest(threads)?;
        }
        Ok(store)
    }

    /// Opens a store that was just written with this digest.
    pub(super) fn open_known(path: &Path, digest: &Digest) -> Result<Self, Error> {
        let store = Self::open_file(path, false)?;
        if store.digest == *digest {
            Ok(store)
        } else {
            Err(Error::StoreDamaged {
                found: "another digest",
            })
        }
    }

    fn open_file(path: &Path, of_owner: bool) -> Result<Self, Error> {
        let path = fs::canonicalize(path).map_err(|error| unavailable("open", &error))?;
        let file = File::open(&path).map_err(|error| unavailable("open", &error))?;
        let metadata = file
            .metadata()
            .map_err(|error| unavailable("read", &error))?;
        if of_owner {
            check_owner(&metadata, &path)?;
        }
        let (kind, count, digest) = read_header::<S>(&file, &metadata)?;
        let stamp = Stamp::of(&metadata, ONE_LINK);
        Ok(Self {
            file,
            kind,
            count,
            digest,
            stamp,
            suite: PhantomData,
        })
    }

    /// What was checked of every key.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The number of keys.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The digest that the file bears; [`KeyStore::check_digest`] holds the keys against it.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Reads the whole file and holds it against its digest.
    ///
    /// # Errors
    /// [`Error::StoreDamaged`].
    pub fn check_digest(&self, threads: usize) -> Result<(), Error> {
        check_threads(threads)?;
        let leaves = usize::try_from(self.count.div_ceil(LEAF_KEYS as u64)).unwrap_or(usize::MAX);
        let parts = by_ranges(leaves, threads, |range| {
            range
                .map(|leaf| {
                    self.read(self.leaf(leaf as u64))
                        .map(|bytes| sha256(&bytes))
                })
                .collect()
        });
        let leaves = parts
            .into_iter()
            .collect::<Result<Vec<Vec<Digest>>, Error>>()?
            .concat();
        if root(&header::<S>(self.kind, self.count), &leaves) == self.digest {
            Ok(())
        } else {
            Err(Error::StoreDamaged {
                found: "another digest",
            })
        }
    }

    /// The key at a place.
    ///
    /// # Errors
    /// [`Error::SelectionInvalid`], [`Error::StoreDamaged`].
    pub fn key(&self, place: u64) -> Result<PublicKey<S>, Error> {
        if place >= self.count {
            return Err(Error::SelectionInvalid {
                count: self.count,
                found: "one beyond the last",
            });
        }
        let mut points = Vec::new();
        self.read_points(place..place + 1, &mut points)?;
        points
            .pop()
            .map(PublicKey::from_checked)
            .ok_or(Error::StoreDamaged {
                found: "a file cut short",
            })
    }

    /// The sum of the selected keys, compressed, and how many they were.
    ///
    /// A number to look at: a sum of keys whose possession was not proved says
    /// nothing about a signature, and this returns no key.
    ///
    /// # Errors
    /// [`Error::SelectionInvalid`], [`Error::DuplicateSigner`], [`Error::StoreDamaged`].
    ///
    /// # Cost
    /// One batched addition a key, 0.2 to 0.4 microseconds in G1, shared among the threads.
    pub fn sum(
        &self,
        selection: Selection<'_>,
        threads: usize,
    ) -> Result<(<S::Key as Affine>::Compressed, u64), Error> {
        let (total, count) = self.sum_points(selection, threads)?;
        Ok((total.to_affine().compress(), count))
    }

    fn sum_points(
        &self,
        selection: Selection<'_>,
        threads: usize,
    ) -> Result<(<S::Key as Affine>::Jacobian, u64), Error> {
        check_threads(threads)?;
        let plan = selection.plan(self.count)?;
        self.check_unchanged()?;
        let parts = by_ranges(plan.windows(), threads, |range| {
            self.sum_windows(&plan, range)
        });
        let mut total = <S::Key as Affine>::Jacobian::default();
        for part in parts {
            total = total.add(&part?);
        }
        self.check_unchanged()?;
        Ok((total, plan.selected))
    }

    fn sum_windows(
        &self,
        plan: &Plan<'_>,
        windows: Range<usize>,
    ) -> Result<<S::Key as Affine>::Jacobian, Error> {
        let mut total = <S::Key as Affine>::Jacobian::default();
        let most = READ_KEYS.saturating_mul(windows.len() as u64 + 1);
        let full = S::Key::sum_size();
        let room = usize::try_from(most).unwrap_or(usize::MAX).min(2 * full);
        let mut points = Vec::with_capacity(room);
        for span in windows.flat_map(|window| plan.window(window)) {
            let before = points.len();
            self.read_points(span.range.clone(), &mut points)?;
            if let Some(places) = &span.places {
                for (kept, place) in places.iter().enumerate() {
                    let at = usize::try_from(place - span.range.start).unwrap_or(usize::MAX);
                    points[before + kept] = points[before + at];
                }
                points.truncate(before + places.len());
            }
            if points.len() >= full {
                total = total.add(&S::Key::sum(&points));
                points.clear();
            }
        }
        Ok(total.add(&S::Key::sum(&points)))
    }

    /// Appends the keys of a range, read straight into their place.
    fn read_points(&self, keys: Range<u64>, points: &mut Vec<S::Key>) -> Result<(), Error> {
        let before = points.len();
        let length = usize::try_from(keys.end - keys.start).unwrap_or(usize::MAX);
        points.resize(before + length, S::Key::default());
        S::Key::read_stored(
            &mut points[before..],
            |bytes| self.read_exact(keys.start, bytes),
            |_| Error::StoreDamaged {
                found: "a coordinate out of range",
            },
        )
    }

    /// Gives the stored bytes of all keys, a leaf at a time.
    pub(super) fn read_leaves(
        &self,
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for leaf in 0..self.count.div_ceil(LEAF_KEYS as u64) {
            take(&self.read(self.leaf(leaf))?)?;
        }
        self.check_unchanged()
    }

    fn leaf(&self, leaf: u64) -> Range<u64> {
        let start = leaf * LEAF_KEYS as u64;
        start..self.count.min(start + LEAF_KEYS as u64)
    }

    fn read(&self, keys: Range<u64>) -> Result<Vec<u8>, Error> {
        let length = usize::try_from(keys.end - keys.start).unwrap_or(usize::MAX);
        let mut bytes = vec![0; key_bytes::<S>() * length];
        self.read_exact(keys.start, &mut bytes)?;
        Ok(bytes)
    }

    fn read_exact(&self, first: u64, bytes: &mut [u8]) -> Result<(), Error> {
        self.file
            .read_exact_at(bytes, HEADER as u64 + key_bytes::<S>() as u64 * first)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => Error::StoreDamaged {
                    found: "a file cut short",
                },
                _ => unavailable("read", &error),
            })
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        let metadata = self
            .file
            .metadata()
            .map_err(|error| unavailable("read", &error))?;
        if self.stamp.fits(&Stamp::of(&metadata, ONE_LINK)) {
            Ok(())
        } else {
            Err(Error::StoreDamaged {
                found: "a file that was changed after it was opened",
            })
        }
    }
}

impl<S: Possession> KeyStore<S> {
    /// The key at a place of a store of proven keys.
    ///
    /// # Errors
    /// [`Error::PossessionNotProved`] if the store is not one; as [`KeyStore::key`].
    pub fn proven_key(&self, place: u64) -> Result<ProvenKey<S>, Error> {
        self.check_proven()?;
        self.key(place).map(ProvenKey::from_proved)
    }

    /// Checks one signature of the selected signers over one message; returns how many they are.
    ///
    /// # Errors
    /// [`Error::PossessionNotProved`] if the keys of the store were not proved;
    /// [`Error::AggregateInvalid`]; as [`KeyStore::sum`].
    ///
    /// # Cost
    /// That of [`KeyStore::sum`] and of one verification.
    ///
    /// # Reference
    /// draft-irtf-cfrg-bls-signature-06, section 3.3.4.
    pub fn fast_aggregate_verify(
        &self,
        signature: &Signature<S>,
        selection: Selection<'_>,
        message: &[u8],
        threads: usize,
    ) -> Result<u64, Error> {
        self.check_proven()?;
        let (total, count) = self.sum_points(selection, threads)?;
        check_sum::<S>(signature, &total, message)?;
        Ok(count)
    }

    fn check_proven(&self) -> Result<(), Error> {
        match self.kind {
            Kind::Proven => Ok(()),
            Kind::Validated => Err(Error::PossessionNotProved),
        }
    }
}
