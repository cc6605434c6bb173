//! Text, the points in keys, and Ed25519 signatures, read strictly.
//!
//! Everything here takes microseconds for what its callers let through, so the
//! interpreter lock is held, except to hash long messages.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use trustid_text::disclosure::{self, Hash, Limits};
use trustid_text::point::{self, Curve};
use trustid_text::revealing::{At, Place, Presented};
use trustid_text::{base58, base64url, concealing, ecdsa, ed25519};

use crate::errors::IntoPython;
use crate::gil::{detached, hashing};
use crate::json::Builder;

fn ascii<'py>(python: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyString>> {
    PyString::from_bytes(python, text)
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

/// The payload of an issuer-signed JWT with the disclosures sent beside it, both read.
#[pyclass(frozen, module = "trustid.credentials.disclosed_claims")]
pub(crate) struct PresentedSdJwt(Presented);

#[pymethods]
impl PresentedSdJwt {
    /// Read a payload, one JSON object, and disclosures with a tilde between two.
    #[staticmethod]
    #[pyo3(signature = (payload, disclosures, *, max_payload_depth, max_characters, max_depth))]
    fn read(
        payload: &[u8],
        disclosures: &str,
        max_payload_depth: usize,
        max_characters: usize,
        max_depth: usize,
    ) -> PyResult<Self> {
        let limits = Limits {
            characters: max_characters,
            depth: max_depth,
        };
        Presented::read(payload, max_payload_depth, disclosures.as_bytes(), limits)
            .into_python()
            .map(Self)
    }

    /// The payload, digests and all.
    fn payload<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let mut payload = Builder::new(python);
        self.0.payload(&mut payload);
        payload.finish()
    }

    /// The processed payload.
    #[pyo3(signature = (*, max_depth))]
    fn reveal<'py>(&self, python: Python<'py>, max_depth: usize) -> PyResult<Bound<'py, PyAny>> {
        let mut claims = Builder::new(python);
        self.0.reveal(max_depth, &mut claims).into_python()?;
        claims.finish()
    }

    /// Where each disclosure goes: which object or array of the claims, in the
    /// order in which they begin, and under which name or index there.
    #[pyo3(signature = (*, max_depth))]
    fn places<'py>(
        &self,
        python: Python<'py>,
        max_depth: usize,
    ) -> PyResult<Vec<(usize, Bound<'py, PyAny>)>> {
        let mut places = self.0.reveal(max_depth, &mut ()).into_python()?;
        places.sort_unstable_by_key(|place| place.disclosure);
        let pair = |place: Place| {
            let at = match place.at {
                At::Name(name) => {
                    let name = name.characters().unwrap_or_default();
                    PyString::from_bytes(python, &name)?.into_any()
                }
                At::Index(index) => index.into_pyobject(python)?.into_any(),
            };
            Ok((place.container, at))
        };
        places.into_iter().map(pair).collect()
    }
}

/// The payload to sign, as JSON, and the disclosures, a tilde between two, of claims with some of them hidden.
#[pyfunction]
#[pyo3(signature = (claims, paths, *, decoys, max_disclosures, max_characters, max_depth))]
pub(crate) fn conceal_claims<'py>(
    python: Python<'py>,
    claims: &[u8],
    paths: &[u8],
    decoys: usize,
    max_disclosures: usize,
    max_characters: usize,
    max_depth: usize,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyString>)> {
    let limits = Limits {
        characters: max_characters,
        depth: max_depth,
    };
    let made = concealing::conceal(claims, paths, decoys, limits, max_disclosures).into_python()?;
    Ok((
        PyBytes::new(python, &made.payload),
        ascii(python, &made.disclosures)?,
    ))
}

/// DER of an ECDSA signature of two halves.
#[pyfunction]
pub(crate) fn ecdsa_der_of_fixed<'py>(
    python: Python<'py>,
    signature: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let der = ecdsa::der_of_fixed(signature).into_python()?;
    Ok(PyBytes::new(python, &der))
}

/// The ECDSA signature that DER holds, each half of `size` bytes.
#[pyfunction]
pub(crate) fn ecdsa_fixed_of_der<'py>(
    python: Python<'py>,
    der: &[u8],
    size: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let fixed = ecdsa::fixed_of_der(der, size).into_python()?;
    Ok(PyBytes::new(python, &fixed))
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

/// The uncompressed form of a compressed point on `P-256`, `P-384` or `secp256k1`.
#[pyfunction]
pub(crate) fn decompress_point<'py>(
    python: Python<'py>,
    curve: &str,
    point: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let curve = Curve::named(curve).into_python()?;
    let found = point::decompress(curve, point).into_python()?;
    Ok(PyBytes::new(python, &found))
}
