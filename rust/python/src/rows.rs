//! Writing, reading and checking the rows of an epoch.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use trustid_core::accumulator::{
    self, Refresh, RowsFile as CoreRowsFile, RowsSummary as CoreSummary,
};

use crate::accumulator::{Accumulator, Params};
use crate::errors::IntoPython;

/// What `Manager.write_rows` wrote.
#[pyclass(frozen, module = "trustid.status.accumulator")]
pub(crate) struct RowsSummary(CoreSummary);

#[pymethods]
impl RowsSummary {
    /// The rows of the file, one a slot.
    #[getter]
    const fn rows(&self) -> u64 {
        self.0.rows
    }

    /// How many of them an earlier run had written.
    #[getter]
    const fn resumed(&self) -> u64 {
        self.0.resumed
    }

    /// The root of the hash tree over the blocks, 32 bytes.
    #[getter]
    fn root<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, &self.0.root)
    }

    /// The epoch and value that the rows belong to.
    #[getter]
    const fn accumulator(&self) -> Accumulator {
        Accumulator(self.0.accumulator)
    }
}

/// Writes rows without the interpreter lock, and tells who asked for it.
pub(crate) fn write(
    python: Python<'_>,
    refresh: &Refresh,
    path: &Path,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<RowsSummary> {
    let progress = progress.map(|progress| progress.clone().unbind());
    let mut raised = None;
    let mut tell = |done: u64, all: u64| {
        Python::attach(|python| {
            let told = python.check_signals().and_then(|()| match &progress {
                Some(progress) => progress.call1(python, (done, all)).map(|_| ()),
                None => Ok(()),
            });
            raised = told.err();
            raised.is_none()
        })
    };
    let written = python.detach(|| refresh.write(path, threads, &mut tell));
    match (raised, written.into_python()?) {
        (None, Some(summary)) => Ok(RowsSummary(summary)),
        (Some(error), _) => Err(error),
        (None, None) => unreachable!("only an exception stops the work"),
    }
}

/// A finished file of rows, open for reading; several threads may read one at once.
///
/// What can be checked here is that the file belongs to the registry and has not
/// changed since it was written. Holders check their block against a signed root.
#[pyclass(frozen, module = "trustid.status.accumulator")]
pub(crate) struct RowsFile(CoreRowsFile);

#[pymethods]
impl RowsFile {
    /// Open the rows of a registry.
    ///
    /// Raises:
    ///     StoreError: `store_unavailable`; `store_tampered`, another file, or the
    ///         rows of another registry.
    ///
    /// Cost:
    ///     Reads the hashes of the blocks, 1 MB at most.
    #[staticmethod]
    fn open(python: Python<'_>, path: PathBuf, params: &Params) -> PyResult<Self> {
        let file = python.detach(|| CoreRowsFile::open(&path, &params.0));
        Ok(Self(file.into_python()?))
    }

    /// The epoch and value that the rows belong to.
    #[getter]
    const fn accumulator(&self) -> Accumulator {
        Accumulator(*self.0.accumulator())
    }

    /// The root of the hash tree over the blocks, 32 bytes.
    #[getter]
    fn root<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, &self.0.root())
    }

    /// How many blocks there are.
    #[getter]
    const fn blocks(&self) -> u64 {
        self.0.blocks()
    }

    /// The rows of one block, as they were written.
    ///
    /// Raises:
    ///     MalformedError: `malformed`, there is no such block.
    ///     StoreError: `store_tampered`, it was changed; `store_unavailable`.
    fn block<'py>(&self, python: Python<'py>, block: u64) -> PyResult<Bound<'py, PyBytes>> {
        let rows = self.0.block(block).into_python()?;
        Ok(PyBytes::new(python, &rows))
    }

    /// What `check_block` needs beside the rows: 32 bytes a level, 480 at most.
    ///
    /// Raises:
    ///     MalformedError: `malformed`, there is no such block.
    fn proof<'py>(&self, python: Python<'py>, block: u64) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(python, &self.0.proof(block).into_python()?))
    }

    /// Hold every block against its hash.
    ///
    /// Raises:
    ///     StoreError: `store_tampered` with the first block that was changed.
    ///     LimitExceededError: `limit_exceeded`, too many threads.
    ///
    /// Cost:
    ///     One pass of SHA-256 over the file.
    #[pyo3(signature = (*, threads = 1))]
    fn check(&self, python: Python<'_>, threads: usize) -> PyResult<()> {
        python.detach(|| self.0.check(threads)).into_python()
    }
}

/// Check that a block of rows belongs to the root of its epoch.
///
/// Args:
///     params: The registry's parameters.
///     value: Epoch and value, from a statement whose signature was checked.
///     root: 32 bytes, from the same statement.
///     block: The number of the block.
///     rows: Its rows, 48 bytes each.
///     proof: What `RowsFile.proof` gave.
///
/// Raises:
///     ProofError: `acc_update_invalid`, they do not belong together.
///
/// Cost:
///     One pass of SHA-256 over the rows, 0.1 to 0.2 ms for 197 kB.
#[pyfunction]
pub(crate) fn check_block(
    params: &Params,
    value: &Accumulator,
    root: &[u8],
    block: u64,
    rows: &[u8],
    proof: &[u8],
) -> PyResult<()> {
    accumulator::check_block(&params.0, &value.0, root, block, rows, proof).into_python()
}
