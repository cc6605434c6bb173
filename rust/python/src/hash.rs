//! Hashing to the groups, for tests and for protocols that define their own tags; sums of multiples.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyBytesMethods};

use crate::errors::IntoPython;
use crate::gil::{detached, hashing};

/// Points that are read and multiplied in the time of one pairing.
const POINTS_PER_PAIRING: usize = 10;

/// Bytes of a scalar.
const SCALAR: usize = 32;

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

macro_rules! multi_scalar_function {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[pyfunction]
        #[pyo3(signature = (points, scalars, *, threads = 1))]
        pub(crate) fn $name<'py>(
            python: Python<'py>,
            points: &[u8],
            scalars: &[u8],
            threads: usize,
        ) -> PyResult<Bound<'py, PyBytes>> {
            // Most of it is reading the points, some tenth of a pairing each.
            let cost = scalars.len() / SCALAR / POINTS_PER_PAIRING;
            let sum = detached(python, cost, || {
                trustid_core::multi_scalar::$name(points, scalars, threads)
            });
            Ok(PyBytes::new(python, &sum.into_python()?))
        }
    };
}

multi_scalar_function!(
    multi_scalar_multiply_g1,
    "The sum of multiples of points of G1, `k_1 P_1 + ... + k_n P_n`.

Args:
    points: `n` points, one after the other: compressed, 48 bytes each, or
        uncompressed, 96 bytes each, which saves time. Infinity is allowed.
    scalars: `n` numbers below the group order, 32 bytes each, big-endian.
    threads: threads to use, the caller's included; 1 to 256.

Returns:
    The compressed sum, 48 bytes; it may be infinity.

Raises:
    MalformedError: `scalar_invalid`, `point_encoding`, `point_not_on_curve` or
        `point_not_in_subgroup`, naming the first bad index.
    LimitExceededError: `limit_exceeded`, above 16,777,216 points or 256 threads.

Cost:
    Reading and checking the points, some tens of microseconds each; then, by Pippenger's
    method, about 20 additions for each of 65,536 points and more for fewer. The
    interpreter lock is released. Not in constant time: for public numbers only.
"
);
multi_scalar_function!(
    multi_scalar_multiply_g2,
    "The sum of multiples of points of G2: 96 bytes each compressed, 192 uncompressed.

Otherwise as `multi_scalar_multiply_g1`; an addition costs about three times as much.
"
);
