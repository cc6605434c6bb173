//! Making a store from Python, with a word in between about how far it is.

use std::path::Path;

use pyo3::prelude::*;
use trustid_core::bls::{
    KeyStore as CoreKeyStore, KeyStoreBuilder, Possession, Suite as CoreSuite,
};
use trustid_core::Error;

use crate::errors::{to_python, IntoPython};

/// Keys that are checked between two calls of a progress callback.
const KEYS_AT_ONCE: usize = 1 << 12;

/// Keys on their way into a store.
pub(super) struct Work<'a, 'py> {
    pub(super) python: Python<'py>,
    pub(super) keys: &'a [u8],
    pub(super) proofs: Option<&'a [u8]>,
    pub(super) threads: usize,
    pub(super) progress: Option<Bound<'py, PyAny>>,
}

impl Work<'_, '_> {
    pub(super) fn any<S: Possession>(&self, path: &Path) -> PyResult<CoreKeyStore<S>> {
        let begun = match self.proofs {
            Some(_) => KeyStoreBuilder::proven(path),
            None => KeyStoreBuilder::validated(path),
        };
        self.fill(path, begun.into_python()?)
    }

    pub(super) fn validated<S: CoreSuite>(&self, path: &Path) -> PyResult<CoreKeyStore<S>> {
        if self.proofs.is_some() {
            return Err(to_python(&Error::SuiteWithoutPossession { suite: S::ID }));
        }
        self.fill_plain(path, KeyStoreBuilder::validated(path).into_python()?)
    }

    pub(super) fn extended<S: Possession>(
        &self,
        path: &Path,
        store: &CoreKeyStore<S>,
    ) -> PyResult<CoreKeyStore<S>> {
        let begun = self
            .python
            .detach(|| KeyStoreBuilder::continuing(path, store));
        self.fill(path, begun.into_python()?)
    }

    pub(super) fn extended_plain<S: CoreSuite>(
        &self,
        path: &Path,
        store: &CoreKeyStore<S>,
    ) -> PyResult<CoreKeyStore<S>> {
        if self.proofs.is_some() {
            return Err(to_python(&Error::SuiteWithoutPossession { suite: S::ID }));
        }
        let begun = self
            .python
            .detach(|| KeyStoreBuilder::continuing(path, store));
        self.fill_plain(path, begun.into_python()?)
    }

    fn fill<S: Possession>(
        &self,
        path: &Path,
        mut builder: KeyStoreBuilder<S>,
    ) -> PyResult<CoreKeyStore<S>> {
        let Some(proofs) = self.proofs else {
            return self.fill_plain(path, builder);
        };
        let (key_size, proof_size) = (S::KEY_BYTES, S::SIGNATURE_BYTES);
        if self.keys.len() / key_size != proofs.len() / proof_size {
            let (keys, found) = (self.keys.len() / key_size, proofs.len() / proof_size);
            return Err(to_python(&Error::AggregateCount { keys, found }));
        }
        let parts = self
            .keys
            .chunks(key_size * KEYS_AT_ONCE)
            .zip(proofs.chunks(proof_size * KEYS_AT_ONCE));
        for (part, (keys, proofs)) in parts.enumerate() {
            let threads = self.threads;
            let added = self
                .python
                .detach(|| builder.add_proven(keys, proofs, threads));
            self.report::<S>(part, added)?;
        }
        self.finish(path, builder)
    }

    fn fill_plain<S: CoreSuite>(
        &self,
        path: &Path,
        mut builder: KeyStoreBuilder<S>,
    ) -> PyResult<CoreKeyStore<S>> {
        // An empty list is added as well, so that a store of proven keys says what it lacks.
        let chunks = self.keys.chunks(S::KEY_BYTES * KEYS_AT_ONCE);
        let none = self.keys.is_empty().then_some(self.keys);
        for (part, keys) in chunks.chain(none).enumerate() {
            let threads = self.threads;
            let added = self.python.detach(|| builder.add(keys, threads));
            self.report::<S>(part, added)?;
        }
        self.finish(path, builder)
    }

    fn report<S: CoreSuite>(&self, part: usize, added: Result<(), Error>) -> PyResult<()> {
        added
            .map_err(|error| error.moved(part * KEYS_AT_ONCE))
            .into_python()?;
        if let Some(progress) = &self.progress {
            let all = self.keys.len() / S::KEY_BYTES;
            progress.call1((all.min((part + 1) * KEYS_AT_ONCE), all))?;
        }
        Ok(())
    }

    fn finish<S: CoreSuite>(
        &self,
        path: &Path,
        builder: KeyStoreBuilder<S>,
    ) -> PyResult<CoreKeyStore<S>> {
        self.python
            .detach(|| builder.finish_and_open(path))
            .into_python()
    }
}
