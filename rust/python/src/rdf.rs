//! Documents as canonical statements.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use trustid_rdf::{Error, Hash, Limits, Options};

use crate::errors::IntoPython;

/// Documents up to this size are read with the interpreter lock held: it takes
/// less time than the lock may take to come back (see `gil`).
const HELD_BYTES_MAX: usize = 16 << 10;
/// And as long as their blank nodes need no more steps than this.
const HELD_WORK_MAX: usize = 1 << 10;

/// The amounts that one document may ask for.
#[pyclass(frozen, module = "trustid._core")]
pub(crate) struct RdfLimits(Limits);

#[pymethods]
impl RdfLimits {
    #[new]
    #[pyo3(signature = (*, max_bytes, max_depth, max_contexts, max_quads, max_work))]
    fn new(
        max_bytes: usize,
        max_depth: usize,
        max_contexts: usize,
        max_quads: usize,
        max_work: usize,
    ) -> Self {
        Self(Limits {
            bytes: max_bytes,
            depth: max_depth,
            contexts: max_contexts,
            quads: max_quads,
            work: max_work,
            ..Limits::default()
        })
    }
}

/// Contexts by address: nothing else is ever loaded.
#[pyclass(frozen, module = "trustid._core")]
pub(crate) struct ContextSet(trustid_rdf::ContextSet);

#[pymethods]
impl ContextSet {
    #[new]
    fn new(addresses: Vec<String>, documents: Vec<Bound<'_, PyBytes>>) -> PyResult<Self> {
        let documents = documents.iter().map(PyBytesMethods::as_bytes);
        trustid_rdf::ContextSet::new(addresses.into_iter().zip(documents))
            .into_python()
            .map(Self)
    }
}

fn read_hash(sha384: bool) -> Hash {
    if sha384 {
        Hash::Sha384
    } else {
        Hash::Sha256
    }
}

/// Runs `work` with the lock held while it is short, without it otherwise.
fn released_if_long(
    python: Python<'_>,
    bytes: usize,
    limits: Limits,
    work: impl Fn(Limits) -> Result<Vec<u8>, Error> + Send + Sync,
) -> PyResult<Bound<'_, PyBytes>> {
    let short = Limits {
        work: limits.work.min(HELD_WORK_MAX),
        ..limits
    };
    let quick = (bytes <= HELD_BYTES_MAX).then(|| work(short));
    let made = match quick {
        Some(Err(Error::Work { .. })) | None => python.detach(|| work(limits)),
        Some(made) => made,
    };
    made.into_python().map(|text| PyBytes::new(python, &text))
}

/// The canonical N-Quads of a secured document.
#[pyfunction]
#[pyo3(signature = (document, contexts, *, limits, inline, sha384 = false))]
pub(crate) fn canonicalize_jsonld<'py>(
    python: Python<'py>,
    document: &[u8],
    contexts: &ContextSet,
    limits: &RdfLimits,
    inline: &[u8],
    sha384: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let options = Options::secured(inline, limits.0).into_python()?;
    released_if_long(python, document.len(), limits.0, |limits| {
        let options = Options {
            limits,
            ..options.clone()
        };
        trustid_rdf::canonicalize(document, &contexts.0, &options, read_hash(sha384))
    })
}

/// The hash of the canonical N-Quads of a secured document.
#[pyfunction]
#[pyo3(signature = (document, contexts, *, limits, inline, sha384 = false))]
pub(crate) fn digest_jsonld<'py>(
    python: Python<'py>,
    document: &[u8],
    contexts: &ContextSet,
    limits: &RdfLimits,
    inline: &[u8],
    sha384: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let options = Options::secured(inline, limits.0).into_python()?;
    released_if_long(python, document.len(), limits.0, |limits| {
        let options = Options {
            limits,
            ..options.clone()
        };
        trustid_rdf::digest(document, &contexts.0, &options, read_hash(sha384))
    })
}

/// The canonical form of N-Quads.
#[pyfunction]
#[pyo3(signature = (text, *, limits, sha384 = false))]
pub(crate) fn canonicalize_nquads<'py>(
    python: Python<'py>,
    text: &[u8],
    limits: &RdfLimits,
    sha384: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    released_if_long(python, text.len(), limits.0, |limits| {
        trustid_rdf::canonicalize_nquads(text, read_hash(sha384), &limits)
    })
}

/// A secured document with an identifier in every node that has none.
#[pyfunction]
#[pyo3(signature = (document, contexts, *, limits, inline))]
pub(crate) fn skolemize_jsonld<'py>(
    python: Python<'py>,
    document: &[u8],
    contexts: &ContextSet,
    limits: &RdfLimits,
    inline: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let options = Options::secured(inline, limits.0).into_python()?;
    released_if_long(python, document.len(), limits.0, |_| {
        trustid_rdf::skolemize(document, &contexts.0, &options)
    })
}

/// The N-Quads of a skolemized document, or of a part of it.
#[pyfunction]
#[pyo3(signature = (document, contexts, *, limits, inline))]
pub(crate) fn deskolemized_nquads<'py>(
    python: Python<'py>,
    document: &[u8],
    contexts: &ContextSet,
    limits: &RdfLimits,
    inline: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let options = Options::secured(inline, limits.0).into_python()?;
    released_if_long(python, document.len(), limits.0, |_| {
        trustid_rdf::deskolemized_nquads(document, &contexts.0, &options)
    })
}

/// The canonical label of each blank node of some N-Quads: lines of its label there and this one.
#[pyfunction]
#[pyo3(signature = (text, *, limits))]
pub(crate) fn canonical_labels<'py>(
    python: Python<'py>,
    text: &[u8],
    limits: &RdfLimits,
) -> PyResult<Bound<'py, PyBytes>> {
    released_if_long(python, text.len(), limits.0, |limits| {
        let labels = trustid_rdf::canonical_labels(text, Hash::Sha256, &limits)?;
        let lines = labels
            .iter()
            .map(|(label, canonical)| format!("{label} {canonical}\n"));
        Ok(lines.collect::<String>().into_bytes())
    })
}
