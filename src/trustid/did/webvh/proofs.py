"""Proofs in a did:webvh log: eddsa-jcs-2022, by a key that stands in the proof as a did:key.

Reference:
    did:webvh 1.0, "Authorized Keys", "The Witness Proofs File"; W3C Data
    Integrity EdDSA Cryptosuites 1.0, section 3.3.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from trustid.encoding import JsonObject, canonicalize, canonicalize_parsed, sha256
from trustid.errors import MalformedError, ProofError, ResolutionError, SignatureError
from trustid.keys import Ed25519PublicKey, PublicKey, SigningKey, public_key_from_multikey
from trustid.keys.jcs_proof import CRYPTOSUITE, PROOF_TYPE, read_signature, write_signature

__all__ = ["KeyRing", "Signature", "check_shape", "make_proof", "read_proof"]

PURPOSE = "assertionMethod"
MEMBERS_MAX = 16

_MULTIKEY = re.compile(r"z6Mk[1-9A-HJ-NP-Za-km-z]{44}")
_CREATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


class KeyRing:
    """Keys by their Multikey, each read once for a log."""

    def __init__(self) -> None:
        self._keys: dict[str, PublicKey] = {}

    def key(self, multikey: str) -> PublicKey:
        """Read a key.

        Raises:
            ResolutionError: `did_log_proof`; no Ed25519 key.
        """
        key = self._keys.get(multikey)
        if key is None:
            try:
                key = public_key_from_multikey(multikey)
            except MalformedError as err:
                raise _invalid("expected an Ed25519 key") from err
            self._keys[multikey] = key
        return key


def _invalid(message: str) -> ResolutionError:
    return ResolutionError("did_log_proof", message)


def check_shape(proof: object) -> tuple[JsonObject, str]:
    """Check everything about a proof but its signature.

    Returns:
        The proof, and the Multikey of whoever made it.

    Raises:
        ResolutionError: `did_log_proof`.
    """
    if not isinstance(proof, dict) or len(proof) > MEMBERS_MAX:
        raise _invalid("expected a proof as an object")
    if proof.get("type") != PROOF_TYPE or proof.get("cryptosuite") != CRYPTOSUITE:
        raise _invalid(f"expected a {PROOF_TYPE} of {CRYPTOSUITE}")
    if proof.get("proofPurpose") != PURPOSE or "@context" in proof:
        raise _invalid(f"expected the purpose {PURPOSE}, and no context of its own")
    created = proof.get("created")
    if created is not None and not (isinstance(created, str) and _CREATED.fullmatch(created)):
        raise _invalid("expected a time in created")
    method = proof.get("verificationMethod")
    before, _, multikey = method.partition("#") if isinstance(method, str) else ("", "", "")
    if before != f"did:key:{multikey}" or not _MULTIKEY.fullmatch(multikey):
        raise _invalid("expected a did:key of Ed25519 as verification method")
    return proof, multikey


class Signature(NamedTuple):
    """A signature that is still to be verified."""

    key: PublicKey
    signature: bytes
    message: bytes

    def verify(self) -> None:
        """Return if it holds.

        Raises:
            ResolutionError: `did_log_proof`.
        """
        try:
            self.key.verify(self.signature, self.message)
        except SignatureError as err:
            raise _invalid("expected a signature over this entry and these options") from err


def read_proof(digest: bytes, proof: object, *, allowed: Collection[str], keys: KeyRing) -> Signature:
    """Check everything about a proof, and give its signature to be verified.

    Args:
        digest: SHA-256 of the document in canonical form, without its proof.
        proof: The proof.
        allowed: Multikeys that may have made it.
        keys: Keys read so far.

    Raises:
        ResolutionError: `did_log_proof`.
    """
    checked, multikey = check_shape(proof)
    if multikey not in allowed:
        raise _invalid("expected a proof by a key that may sign here")
    options = dict(checked)
    try:
        signature = read_signature(options.pop("proofValue", None))
        message = sha256(canonicalize_parsed(options)) + digest
    except (ProofError, MalformedError) as err:
        raise _invalid("expected a proof that can be read") from err
    return Signature(keys.key(multikey), signature, message)


def make_proof(document: JsonObject, key: SigningKey, created: str) -> JsonObject:
    """Make a proof over a document.

    Raises:
        ResolutionError: `did_log_proof`; not an Ed25519 key.
    """
    if not isinstance(key.public_key, Ed25519PublicKey):
        raise _invalid("expected an Ed25519 key")
    multikey = key.public_key.to_multikey()
    options: JsonObject = {
        "type": PROOF_TYPE,
        "cryptosuite": CRYPTOSUITE,
        "verificationMethod": f"did:key:{multikey}#{multikey}",
        "created": created,
        "proofPurpose": PURPOSE,
    }
    data = sha256(canonicalize(options)) + sha256(canonicalize(document))
    return {**options, "proofValue": write_signature(key.sign(data))}
