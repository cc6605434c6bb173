"""The cryptographic part of the cryptosuite eddsa-jcs-2022, for whoever holds a key already.

What is signed is the hash of the proof's own options, followed by the hash of
the document without its proof, both in canonical form. Whose key it is, what
it may sign and what the options must say are for the caller to check: DID logs
and credentials have their own rules for that.

Reference:
    W3C Data Integrity EdDSA Cryptosuites 1.0, section 3.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trustid.encoding import base58_decode, base58_encode, canonicalize, sha256
from trustid.errors import MalformedError, ProofError

__all__ = ["CRYPTOSUITE", "PROOF_TYPE", "hash_data", "read_signature", "write_signature"]

CRYPTOSUITE: Final = "eddsa-jcs-2022"
PROOF_TYPE: Final = "DataIntegrityProof"
SIGNATURE_BYTES: Final = 64
SIGNATURE_CHARACTERS_MAX: Final = 89
"""Base58 of 64 bytes with its multibase letter."""


def hash_data(document: Mapping[str, Any], options: Mapping[str, Any]) -> bytes:
    """What is signed: the hash of the options, then that of the document, 64 bytes (section 3.3.4)."""
    return sha256(canonicalize(options)) + sha256(canonicalize(document))


def read_signature(value: object) -> bytes:
    """Read a `proofValue`: 64 bytes in base58btc.

    Only base58btc: a second spelling of one signature would be a second proof
    (section 2.2.1).

    Raises:
        ProofError: proof_invalid.
    """
    if type(value) is not str or not value.startswith("z") or len(value) > SIGNATURE_CHARACTERS_MAX:
        raise ProofError("proof_invalid", "expected proofValue in base58btc")
    try:
        signature = base58_decode(value[1:])
    except MalformedError as err:
        raise ProofError("proof_invalid", "expected proofValue in base58btc") from err
    if len(signature) != SIGNATURE_BYTES:
        raise ProofError("proof_invalid", f"expected a signature of {SIGNATURE_BYTES} bytes")
    return signature


def write_signature(signature: bytes) -> str:
    """The `proofValue` of a signature."""
    return "z" + base58_encode(signature)
