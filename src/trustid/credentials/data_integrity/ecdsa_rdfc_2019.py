"""The cryptosuite ecdsa-rdfc-2019: canonical statements; P-256 with SHA-256, or P-384 with SHA-384.

What is signed is what the document says, not how its JSON says it: see
`trustid.credentials.json_ld` for what is refused so that an application that
reads the JSON is not misled.

Reference:
    W3C Data Integrity ECDSA Cryptosuites 1.0, section 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trustid.credentials.data_integrity.cryptosuite import ECDSA, Cryptosuite
from trustid.credentials.json_ld import Contexts, HashName
from trustid.encoding import JsonObject
from trustid.keys import PublicKey, SigningKey

__all__ = ["CRYPTOSUITE", "create", "cryptosuite", "verify"]

CRYPTOSUITE: Final = "ecdsa-rdfc-2019"


def cryptosuite(contexts: Contexts | None = None) -> Cryptosuite:
    """The cryptosuite with contexts of one's own; those that are bundled if none are given."""

    def digest(document: Mapping[str, Any], hash_name: HashName) -> bytes:
        return (contexts or Contexts.bundled()).digest(document, hash_name=hash_name)

    return Cryptosuite(CRYPTOSUITE, ECDSA, digest, keeps_context=False)


_SUITE: Final = cryptosuite()


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
        TrustidError: What `Contexts.canonicalize` raises: something in the
            document would not be signed.

    Cost:
        Some 200 microseconds for a usual credential.

    Reference:
        Section 3.2.1.
    """
    return _SUITE.create(document, options, key)


def verify(document: Mapping[str, Any], proof: Mapping[str, Any], key: PublicKey) -> None:
    """Check that a key signed what this document says, with these options.

    Purpose, time, challenge and the owner of the key are for
    `data_integrity.proof` to check.

    Args:
        document: The document without its proof.
        proof: The proof.
        key: The key that its verification method stands for.

    Raises:
        ProofError: proof_invalid.
        TrustidError: What `Contexts.canonicalize` raises.

    Reference:
        Section 3.2.2.
    """
    _SUITE.verify(document, proof, key)
