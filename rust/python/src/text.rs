//! Text, the points in keys, and Ed25519 signatures, read strictly.
//!
//! Everything here takes microseconds for what its callers let through, so the
//! interpreter lock is held, except to hash long messages.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use trustid_text::disclosure::{self, Hash, Limits};
use trustid_text::{base58, base64url, ed25519, json, point};

use crate::errors::IntoPython;
use crate::gil::{detached, hashing};

fn ascii<'py>(python: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyString>> {
    PyString::from_bytes(python, text)
}

/// Return if the bytes are one JSON text with one meaning, at most `depth` levels deep.
#[pyfunction]
pub(crate) fn check_json(text: &[u8], depth: usize) -> PyResult<()> {
    json::check(text, depth).into_python()
}

/// The bytes of base64url in its canonical form, without padding.
#[pyfunction]
pub(crate) fn decode_base64url<'py>(
    python: Python<'py>,
    text: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let mut data = Vec::new();
    base64url::decode(text, &mut data).into_python()?;
    Ok(PyBytes::new(python, &data))
}

/// base64url without padding.
#[pyfunction]
pub(crate) fn encode_base64url<'py>(
    python: Python<'py>,
    data: &[u8],
) -> PyResult<Bound<'py, PyString>> {
    let mut text = Vec::new();
    base64url::encode(data, &mut text);
    ascii(python, &text)
}

/// The bytes of base58btc; costs the square of the length.
#[pyfunction]
pub(crate) fn decode_base58<'py>(
    python: Python<'py>,
    text: &[u8],
    max_characters: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let data = base58::decode(text, max_characters).into_python()?;
    Ok(PyBytes::new(python, &data))
}

/// base58btc; costs the square of the length.
#[pyfunction]
pub(crate) fn encode_base58<'py>(
    python: Python<'py>,
    data: &[u8],
    max_characters: usize,
) -> PyResult<Bound<'py, PyString>> {
    ascii(python, &base58::encode(data, max_characters).into_python()?)
}

/// JSON: an array with `[salt, name or null, value]` for each disclosure; a tilde stands between two.
#[pyfunction]
#[pyo3(signature = (texts, *, max_characters, max_depth))]
pub(crate) fn read_disclosures<'py>(
    python: Python<'py>,
    texts: &[u8],
    max_characters: usize,
    max_depth: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let limits = Limits {
        characters: max_characters,
        depth: max_depth,
    };
    let found = disclosure::read(texts, limits).into_python()?;
    Ok(PyBytes::new(python, &found))
}

/// Disclosures with fresh salts, a tilde between two, of a JSON array of `[name, value]` and `[value]`.
#[pyfunction]
#[pyo3(signature = (claims, *, max_characters, max_depth))]
pub(crate) fn make_disclosures<'py>(
    python: Python<'py>,
    claims: &[u8],
    max_characters: usize,
    max_depth: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let limits = Limits {
        characters: max_characters,
        depth: max_depth,
    };
    let made = disclosure::make(claims, limits).into_python()?;
    Ok(PyBytes::new(python, &made))
}

/// The digests of disclosures, a tilde between two.
#[pyfunction]
pub(crate) fn digest_disclosures<'py>(
    python: Python<'py>,
    texts: &[u8],
    algorithm: &str,
) -> PyResult<Bound<'py, PyString>> {
    let hash = Hash::named(algorithm).into_python()?;
    ascii(python, &disclosure::digests(texts, hash))
}

/// An Ed25519 key: canonical, on the curve, of large order.
#[pyclass(frozen, module = "trustid._core")]
pub(crate) struct Ed25519PublicKey(ed25519::Ed25519PublicKey);

#[pymethods]
impl Ed25519PublicKey {
    #[staticmethod]
    fn from_bytes(key: &[u8]) -> PyResult<Self> {
        ed25519::Ed25519PublicKey::from_bytes(key)
            .into_python()
            .map(Self)
    }

    fn __bytes__<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(python, self.0.as_bytes())
    }

    /// Return if the signature holds.
    fn verify(&self, python: Python<'_>, signature: &[u8], message: &[u8]) -> PyResult<()> {
        detached(python, hashing(message.len()), || {
            self.0.verify(message, signature)
        })
        .into_python()
    }
}

/// The X25519 form of an Ed25519 key: 32 bytes.
#[pyfunction]
pub(crate) fn x25519_of_ed25519<'py>(
    python: Python<'py>,
    key: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let found = point::x25519_of_ed25519(key).into_python()?;
    Ok(PyBytes::new(python, &found))
}

/// The uncompressed form, 65 bytes, of a compressed point on P-256.
#[pyfunction]
pub(crate) fn decompress_p256<'py>(
    python: Python<'py>,
    point: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let found = point::decompress_p256(point).into_python()?;
    Ok(PyBytes::new(python, &found))
}
