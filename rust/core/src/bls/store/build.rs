//! Making a store: everything is checked before the first byte of it is written.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use trustid_lanes::{sha256, Affine, Digest};

use super::read::KeyStore;
use super::{header, key_bytes, root, Kind, DIGEST_AT, HEADER, LEAF_KEYS};
use crate::bls::batch::verify_proofs;
use crate::bls::bulk::{read_keys, read_proofs};
use crate::bls::public::PublicKey;
use crate::bls::suite::{Possession, Suite};
use crate::files::{sync_folder, unavailable};
use crate::Error;

/// Proofs that are checked together: enough to share what can be shared.
const PROOFS_AT_ONCE: usize = 1 << 12;

/// Writes a new store beside its final place and puts it there in one step.
///
/// Until [`KeyStoreBuilder::finish`] the path keeps what it had; a builder that
/// is dropped before takes its unfinished file away.
#[derive(Debug)]
pub struct KeyStoreBuilder<S: Suite> {
    target: PathBuf,
    partial: PathBuf,
    file: Option<File>,
    kind: Kind,
    count: u64,
    leaves: Vec<Digest>,
    pending: Vec<u8>,
    suite: PhantomData<S>,
}

impl<S: Suite> KeyStoreBuilder<S> {
    /// Begins a store of keys that are checked, but not proved.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub fn validated(path: &Path) -> Result<Self, Error> {
        Self::begin(path, Kind::Validated)
    }

    fn begin(path: &Path, kind: Kind) -> Result<Self, Error> {
        let mut name = path.as_os_str().to_owned();
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|_| Error::RandomnessUnavailable)?;
        name.push(format!(".{:016x}.partial", u64::from_le_bytes(random)));
        let partial = PathBuf::from(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&partial)
            .map_err(|error| unavailable("create", &error))?;
        let written = file.write_all(&[0; HEADER]);
        let builder = Self {
            target: path.to_owned(),
            partial,
            file: Some(file),
            kind,
            count: 0,
            leaves: Vec::new(),
            pending: Vec::new(),
            suite: PhantomData,
        };
        written.map_err(|error| unavailable("write", &error))?;
        Ok(builder)
    }

    /// Begins with the keys of another store, whose place it may take: this is how keys are added.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`]; [`Error::StoreDamaged`] if the other store
    /// does not answer its digest.
    pub fn continuing(path: &Path, store: &KeyStore<S>) -> Result<Self, Error> {
        let mut builder = Self::begin(path, store.kind())?;
        store.read_leaves(|bytes| builder.write(bytes))?;
        builder.count = store.count();
        if root(
            &header::<S>(builder.kind, builder.count),
            &builder.all_leaves(),
        ) == *store.digest()
        {
            Ok(builder)
        } else {
            Err(Error::StoreDamaged {
                found: "another digest",
            })
        }
    }

    /// The number of keys so far.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Adds compressed keys, one after the other, to a store of validated keys.
    ///
    /// All of them are checked before any is added.
    ///
    /// # Errors
    /// [`Error::At`] with the first bad place; [`Error::PossessionNotProved`] if
    /// the store is one of proven keys; [`Error::StoreUnavailable`].
    ///
    /// # Cost
    /// That of [`PublicKey::from_bytes`] for each.
    pub fn add(&mut self, keys: &[u8], threads: usize) -> Result<(), Error> {
        if self.kind == Kind::Proven {
            return Err(Error::PossessionNotProved);
        }
        let keys = read_keys::<S>(keys, threads)?;
        self.write_keys(&keys)
    }

    /// Puts the store in its place and returns its digest.
    ///
    /// The bytes are on the disk before the name points to them.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub fn finish(mut self) -> Result<Digest, Error> {
        let start = header::<S>(self.kind, self.count);
        let digest = root(&start, &self.all_leaves());
        let Some(mut file) = self.file.take() else {
            return Err(Error::StoreDamaged {
                found: "an unfinished file",
            });
        };
        let mut first = [0; HEADER];
        first[..DIGEST_AT].copy_from_slice(&start);
        first[DIGEST_AT..].copy_from_slice(&digest);
        let placed = file
            .seek(SeekFrom::Start(0))
            .and_then(|_| file.write_all(&first))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&self.partial, &self.target))
            .and_then(|()| sync_folder(&self.target));
        if let Err(error) = placed {
            self.file = Some(file);
            return Err(unavailable("write", &error));
        }
        Ok(digest)
    }

    /// Puts the store in its place and opens it.
    ///
    /// The digest is the one just computed, so the file need not be trusted or read again.
    ///
    /// # Errors
    /// As [`KeyStoreBuilder::finish`] and [`KeyStore::open`].
    pub fn finish_and_open(self, path: &Path) -> Result<KeyStore<S>, Error> {
        let digest = self.finish()?;
        KeyStore::open_known(path, &digest)
    }

    fn write_keys(&mut self, keys: &[PublicKey<S>]) -> Result<(), Error> {
        for part in keys.chunks(LEAF_KEYS) {
            let mut bytes = Vec::with_capacity(part.len() * key_bytes::<S>());
            for key in part {
                key.point().store(&mut bytes);
            }
            self.write(&bytes)?;
        }
        self.count += keys.len() as u64;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let Some(file) = &mut self.file else {
            return Err(Error::StoreDamaged {
                found: "an unfinished file",
            });
        };
        file.write_all(bytes)
            .map_err(|error| unavailable("write", &error))?;
        self.pending.extend_from_slice(bytes);
        let leaf = LEAF_KEYS * key_bytes::<S>();
        let whole = self.pending.len() / leaf * leaf;
        self.leaves
            .extend(self.pending[..whole].chunks_exact(leaf).map(sha256));
        self.pending.drain(..whole);
        Ok(())
    }

    fn all_leaves(&self) -> Vec<Digest> {
        let mut leaves = self.leaves.clone();
        if !self.pending.is_empty() {
            leaves.push(sha256(&self.pending));
        }
        leaves
    }
}

impl<S: Possession> KeyStoreBuilder<S> {
    /// Begins a store of keys whose possession is proved.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub fn proven(path: &Path) -> Result<Self, Error> {
        Self::begin(path, Kind::Proven)
    }

    /// Adds compressed keys with their compressed proofs, each list one after the other.
    ///
    /// All of them are checked before any is added.
    ///
    /// # Errors
    /// [`Error::At`] with the first bad place; [`Error::AggregateCount`] for lists
    /// of different lengths; [`Error::StoreUnavailable`].
    ///
    /// # Cost
    /// Reading key and proof, and about two thirds of a verification, for each.
    pub fn add_proven(&mut self, keys: &[u8], proofs: &[u8], threads: usize) -> Result<(), Error> {
        let keys = read_keys::<S>(keys, threads)?;
        let proofs = read_proofs::<S>(proofs, threads)?;
        if keys.len() != proofs.len() {
            return Err(Error::AggregateCount {
                keys: keys.len(),
                found: proofs.len(),
            });
        }
        let parts = keys
            .chunks(PROOFS_AT_ONCE)
            .zip(proofs.chunks(PROOFS_AT_ONCE));
        for (part, (keys, proofs)) in parts.enumerate() {
            verify_proofs(keys, proofs, threads)
                .map_err(|error| error.moved(part * PROOFS_AT_ONCE))?;
        }
        self.write_keys(&keys)
    }
}

impl<S: Suite> Drop for KeyStoreBuilder<S> {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // Nobody is left to tell if even this fails.
            let _ = fs::remove_file(&self.partial);
        }
    }
}
