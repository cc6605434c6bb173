"""The cryptosuite ecdsa-jcs-2019: canonical JSON; P-256 with SHA-256, or P-384 with SHA-384.

Every member of the document is signed as it stands, and its contexts with it.

Reference:
    W3C Data Integrity ECDSA Cryptosuites 1.0, section 3.3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from trustid.credentials.data_integrity.cryptosuite import ECDSA, Cryptosuite, HashName
from trustid.encoding import JsonObject, canonicalize
from trustid.keys import PublicKey, SigningKey

__all__ = ["CRYPTOSUITE", "create", "verify"]

CRYPTOSUITE: Final = "ecdsa-jcs-2019"


def _digest(document: Mapping[str, Any], hash_name: HashName) -> bytes:
    return hashlib.new(hash_name, canonicalize(document)).digest()


_SUITE: Final = Cryptosuite(CRYPTOSUITE, ECDSA, _digest, keeps_context=True)


def create(document: Mapping[str, Any], options: Mapping[str, Any], key: SigningKey) -> JsonObject:
    """Make a proof for a document.

    Args:
        document: The document, without the proof to be made.
        options: `verificationMethod`, `proofPurpose` and whatever else the
            proof shall say (`created`, `expires`, `challenge`, `domain`);
            type and cryptosuite are set here.
        key: A P-256 or P-384 key, the one that `verificationMethod` names.

    Returns:
        The proof, to be put into the document as `proof`.

    Raises:
        ProofError: proof_invalid: an option is missing, or the key is of another kind.
        MalformedError: malformed: A number that canonical JSON does not know.

    Cost:
        Some 200 microseconds for a usual credential.

    Reference:
        Section 3.3.1.
    """
    return _SUITE.create(document, options, key)


def verify(document: Mapping[str, Any], proof: Mapping[str, Any], key: PublicKey) -> None:
    """Check that a key signed this document, with these options.

    Purpose, time, challenge and the owner of the key are for
    `data_integrity.proof` to check.

    Args:
        document: The document without its proof.
        proof: The proof.
        key: The key that its verification method stands for.

    Raises:
        ProofError: proof_invalid.
        MalformedError: malformed: A number that canonical JSON does not know.

    Reference:
        Section 3.3.2.
    """
    _SUITE.verify(document, proof, key)
