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
from trustid.encoding import JsonObject, base58_decode, base58_encode, canonicalize, sha256
from trustid.errors import MalformedError, ProofError, SignatureError
from trustid.keys import PublicKey, SigningKey

__all__ = ["CRYPTOSUITE", "create", "hash_data", "verify"]

CRYPTOSUITE: Final = "eddsa-jcs-2022"
_ALGORITHM: Final = "EdDSA"
_SIGNATURE_BYTES: Final = 64


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
    return {**proof, "proofValue": "z" + base58_encode(key.sign(hash_data(document, proof)))}


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
    signature = _signature(options.pop("proofValue", None))
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


def hash_data(document: Mapping[str, Any], options: Mapping[str, Any]) -> bytes:
    """What is signed: the hash of the options, then that of the document, 64 bytes (section 3.3.4)."""
    return sha256(canonicalize(options)) + sha256(canonicalize(document))


def _signature(value: object) -> bytes:
    # Only base58btc: a second spelling of one signature would be a second proof (section 2.2.1).
    if type(value) is not str or not value.startswith("z"):
        raise ProofError("proof_invalid", "expected proofValue in base58btc")
    try:
        signature = base58_decode(value[1:])
    except MalformedError as err:
        raise ProofError("proof_invalid", "expected proofValue in base58btc") from err
    if len(signature) != _SIGNATURE_BYTES:
        raise ProofError("proof_invalid", f"expected a signature of {_SIGNATURE_BYTES} bytes")
    return signature


def _begins_with(whole: object, start: object) -> bool:
    contexts = whole if type(whole) is list else [whole]
    first = start if type(start) is list else [start]
    # Compared in canonical form: 1, 1.0 and True are equal in Python only.
    return bool(first) and canonicalize(contexts[: len(first)]) == canonicalize(first)
