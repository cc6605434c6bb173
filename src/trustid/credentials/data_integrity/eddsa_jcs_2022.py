"""The cryptosuite eddsa-jcs-2022: JSON in canonical form, SHA-256, Ed25519.

What is signed is the hash of the proof's own options, followed by the hash of
the document without its proof.

Reference:
    W3C Data Integrity EdDSA Cryptosuites 1.0, section 3.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trustid.credentials.data_integrity.proof import check_options
from trustid.encoding import JsonObject, canonicalize
from trustid.errors import MalformedError, ProofError, SignatureError
from trustid.keys import PublicKey, SigningKey
from trustid.keys.jcs_proof import CRYPTOSUITE, hash_data, read_signature, write_signature

__all__ = ["CRYPTOSUITE", "create", "hash_data", "verify"]

_ALGORITHM: Final = "EdDSA"


def create(document: Mapping[str, Any], options: Mapping[str, Any], key: SigningKey) -> JsonObject:
    """Make a proof for a document.

    Args:
        document: The document, without the proof to be made.
        options: `verificationMethod`, `proofPurpose` and whatever else the
            proof shall say (`created`, `expires`, `challenge`, `domain`);
            type and cryptosuite are set here.
        key: An Ed25519 key, the one that `verificationMethod` names.

    Returns:
        The proof, to be put into the document as `proof`.

    Raises:
        ProofError: proof_invalid: an option is missing, or the key is of another kind.

    Reference:
        Section 3.3.1.
    """
    if key.algorithm != _ALGORITHM:
        raise ProofError("proof_invalid", "expected an Ed25519 key")
    proof: JsonObject = {"type": "DataIntegrityProof", "cryptosuite": CRYPTOSUITE, **options}
    proof.pop("proofValue", None)
    check_options(proof)
    if proof["cryptosuite"] != CRYPTOSUITE:
        raise ProofError("proof_invalid", f"expected the cryptosuite {CRYPTOSUITE}")
    if "@context" in document:
        proof["@context"] = document["@context"]
    return {**proof, "proofValue": write_signature(key.sign(hash_data(document, proof)))}


def verify(document: Mapping[str, Any], proof: Mapping[str, Any], key: PublicKey) -> None:
    """Check that a key signed this document with these options.

    Purpose, time, challenge and the owner of the key are for
    `data_integrity.proof` to check.

    Args:
        document: The document without its proof.
        proof: The proof.
        key: The key that its verification method stands for.

    Raises:
        ProofError: proof_invalid.

    Reference:
        Section 3.3.2.
    """
    check_options(proof)
    if proof["cryptosuite"] != CRYPTOSUITE or key.algorithm != _ALGORITHM:
        raise ProofError("proof_invalid", f"expected the cryptosuite {CRYPTOSUITE} and an Ed25519 key")
    options = dict(proof)
    signature = read_signature(options.pop("proofValue", None))
    unsecured = dict(document)
    if "@context" in options:
        if not _begins_with(document.get("@context"), options["@context"]):
            raise ProofError("proof_invalid", "expected the proof's @context to begin the document's")
        unsecured["@context"] = options["@context"]
    try:
        key.verify(signature, hash_data(unsecured, options))
    except (SignatureError, MalformedError) as err:
        raise ProofError(
            "proof_invalid", "expected a signature over this document and these options"
        ) from err


def _begins_with(whole: object, start: object) -> bool:
    contexts = whole if type(whole) is list else [whole]
    first = start if type(start) is list else [start]
    # Compared in canonical form: 1, 1.0 and True are equal in Python only.
    return bool(first) and canonicalize(contexts[: len(first)]) == canonicalize(first)
