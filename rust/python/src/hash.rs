//! Hashing to the groups, for tests and for protocols that define their own tags.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyBytesMethods};

use crate::errors::IntoPython;
use crate::gil::{detached, hashing};

macro_rules! hash_function {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[pyfunction]
        pub(crate) fn $name<'py>(
            python: Python<'py>,
            message: &[u8],
            tag: &[u8],
        ) -> Bound<'py, PyBytes> {
            let point = detached(python, hashing(message.len()), || {
                trustid_core::hash::$name(message, tag)
            });
            PyBytes::new(python, &point)
        }
    };
}

hash_function!(
    hash_to_g1,
    "Hash to G1, suite BLS12381G1_XMD:SHA-256_SSWU_RO_ (RFC 9380): 48 bytes, compressed."
);
hash_function!(
    hash_to_g2,
    "Hash to G2, suite BLS12381G2_XMD:SHA-256_SSWU_RO_ (RFC 9380): 96 bytes, compressed."
);
hash_function!(
    encode_to_g1,
    "Encode to G1, suite BLS12381G1_XMD:SHA-256_SSWU_NU_ (RFC 9380): 48 bytes, compressed."
);
hash_function!(
    encode_to_g2,
    "Encode to G2, suite BLS12381G2_XMD:SHA-256_SSWU_NU_ (RFC 9380): 96 bytes, compressed."
);

macro_rules! hash_many_function {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[pyfunction]
        #[pyo3(signature = (messages, tag, *, threads = 1))]
        pub(crate) fn $name<'py>(
            python: Python<'py>,
            messages: Vec<Bound<'py, PyBytes>>,
            tag: &[u8],
            threads: usize,
        ) -> PyResult<Bound<'py, PyBytes>> {
            let messages: Vec<&[u8]> = messages.iter().map(PyBytesMethods::as_bytes).collect();
            let cost = messages.len() + hashing(messages.iter().map(|part| part.len()).sum());
            let points = detached(python, cost, || {
                trustid_core::hash::$name(&messages, tag, threads)
            });
            Ok(PyBytes::new(python, &points.into_python()?))
        }
    };
}

hash_many_function!(
    hash_many_to_g1,
    "Hash many messages to G1 (RFC 9380): 48 bytes each, compressed, one after the other."
);
hash_many_function!(
    hash_many_to_g2,
    "Hash many messages to G2 (RFC 9380): 96 bytes each, compressed, one after the other."
);
