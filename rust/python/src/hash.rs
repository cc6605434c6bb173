//! Hashing to the groups, for tests and for protocols that define their own tags.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

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
