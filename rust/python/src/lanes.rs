//! Which instructions do bulk work.

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use trustid_core::{lanes_path as path, LanesUnavailable, PATH_VARIABLE};

/// Name the instructions that bulk work on keys and signatures is done with.
///
/// It is the quickest path that this processor has, or the one that the environment
/// variable `TRUSTID_LANES` named when the module was loaded. All give the same bytes.
///
/// Returns:
///     `portable` (blst alone), `avx2` (AVX2 and FMA) or `ifma` (AVX-512 IFMA).
#[pyfunction]
pub fn lanes_path() -> PyResult<&'static str> {
    match path() {
        Ok(path) => Ok(path.name()),
        Err(LanesUnavailable) => Err(PyImportError::new_err(format!(
            "{PATH_VARIABLE} names no path that this processor has"
        ))),
    }
}
