//! The accumulator's parameters, values and handles.

#![allow(
    clippy::unused_self,
    reason = "Python's special methods take self, also those that only refuse"
)]

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use trustid_core::accumulator::{
    self, Accumulator as CoreAccumulator, Member as CoreMember, Params as CoreParams,
};

use crate::errors::IntoPython;

/// The public parameters of one registry, checked when they were read.
///
/// Example:
///     >>> params = Manager.create(b"https://example.org/registry", 4096).params
///     >>> Params.from_bytes(bytes(params)) == params
///     True
#[pyclass(frozen, eq, module = "trustid.status.accumulator")]
#[derive(PartialEq)]
pub(crate) struct Params(pub(crate) CoreParams);

#[pymethods]
impl Params {
    /// Read encoded parameters, and check all that can be checked.
    ///
    /// Raises:
    ///     MalformedError: `params_invalid`: another form, other generators, a public
    ///         key that is no point of the group or whose secret anybody knows.
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        Ok(Self(CoreParams::from_bytes(data).into_python()?))
    }

    /// The name of the registry.
    #[getter]
    fn registry<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, self.0.registry())
    }

    /// The number of slots.
    #[getter]
    const fn capacity(&self) -> u64 {
        self.0.capacity()
    }

    /// `alpha*Q`, 96 bytes.
    #[getter]
    fn public_key<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, &self.0.public_key())
    }

    fn __bytes__<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, &self.0.to_bytes())
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.0.to_bytes())
    }
}

/// The value of a registry at one epoch: 56 bytes.
#[pyclass(frozen, eq, module = "trustid.status.accumulator")]
#[derive(PartialEq)]
pub(crate) struct Accumulator(pub(crate) CoreAccumulator);

#[pymethods]
impl Accumulator {
    /// Read the epoch, 8 bytes big-endian, and the value, 48 bytes compressed.
    ///
    /// Raises:
    ///     MalformedError: `point_encoding`, `point_not_on_curve`,
    ///         `point_not_in_subgroup`, `point_identity`.
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        Ok(Self(CoreAccumulator::from_bytes(data).into_python()?))
    }

    /// The number of the epoch.
    #[getter]
    const fn epoch(&self) -> u64 {
        self.0.epoch()
    }

    /// The value alone, 48 bytes.
    #[getter]
    fn value<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, &self.0.value())
    }

    fn __bytes__<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, &self.0.to_bytes())
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.0.to_bytes())
    }
}

/// The secret handle of one slot. Nothing shows, compares or pickles it.
#[pyclass(frozen, module = "trustid.status.accumulator")]
pub(crate) struct Member(pub(crate) CoreMember);

#[pymethods]
impl Member {
    /// Read a handle that a manager made: 32 bytes, big-endian.
    ///
    /// Raises:
    ///     MalformedError: `handle_invalid`.
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        Ok(Self(CoreMember::from_bytes(data).into_python()?))
    }

    /// The 32 bytes: for sealed storage only.
    fn to_bytes<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, self.0.to_bytes().as_slice())
    }

    fn __repr__(&self) -> &'static str {
        "<Member redacted>"
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(secret_stays("pickled or copied"))
    }

    fn __eq__(&self, _other: &Bound<'_, PyAny>) -> PyResult<bool> {
        Err(secret_stays("compared"))
    }

    fn __hash__(&self) -> PyResult<u64> {
        Err(secret_stays("hashed"))
    }
}

/// The hash of one block, bound to its registry, epoch and place.
///
/// Raises:
///     MalformedError: `malformed`, no such block or another number of rows.
#[pyfunction]
pub(crate) fn block_hash<'py>(
    python: Python<'py>,
    params: &Params,
    value: &Accumulator,
    block: u64,
    rows: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let hash = accumulator::block_hash(&params.0, &value.0, block, rows).into_python()?;
    Ok(PyBytes::new(python, &hash))
}

pub(crate) fn hash_of(bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

pub(crate) fn secret_stays(done: &str) -> PyErr {
    PyTypeError::new_err(format!("a secret cannot be {done}"))
}
