"""What the cryptosuites share that sign two hashes: the proof's options, then the document.

They differ in how a document becomes bytes (canonical JSON, or canonical
statements), in the hash and in the kind of key.

Reference:
    W3C Data Integrity EdDSA Cryptosuites 1.0, section 3; ECDSA Cryptosuites
    1.0, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from trustid.credentials.data_integrity.proof import check_options
from trustid.credentials.json_ld import HashName
from trustid.encoding import JsonObject, base58_decode, base58_encode, canonicalize
from trustid.errors import MalformedError, ProofError, SignatureError
from trustid.keys import PublicKey, SigningKey

__all__ = ["ECDSA", "EDDSA", "Cryptosuite", "HashName", "KeyKind"]

Digest = Callable[[Mapping[str, Any], HashName], bytes]
"""The hash of a document's canonical form."""


@dataclass(frozen=True, slots=True)
class KeyKind:
    """What belongs to one kind of key: the hash, and the size of a signature."""

    hash_name: HashName
    signature_bytes: int


EDDSA: Final[Mapping[str, KeyKind]] = {"EdDSA": KeyKind("sha256", 64)}
"""Ed25519."""

ECDSA: Final[Mapping[str, KeyKind]] = {"ES256": KeyKind("sha256", 64), "ES384": KeyKind("sha384", 96)}
"""P-256 and P-384 (ECDSA Cryptosuites, section 3.2.3)."""


@dataclass(frozen=True, slots=True)
class Cryptosuite:
    """A cryptosuite of this form.

    Attributes:
        name: As it stands in a proof.
        keys: The kinds of key, by their JOSE algorithm.
        digest: How the document and the options become bytes, and these a hash.
        keeps_context: Whether the proof carries the document's @context, as
            proofs over JSON do. Proofs over statements are read with the
            document's, and carry none.
    """

    name: str
    keys: Mapping[str, KeyKind]
    digest: Digest
    keeps_context: bool

    def create(self, document: Mapping[str, Any], options: Mapping[str, Any], key: SigningKey) -> JsonObject:
        """Make a proof for a document; see `eddsa_rdfc_2022.create`."""
        kind = self.keys.get(key.algorithm)
        if kind is None:
            raise ProofError("proof_invalid", f"expected a key that {self.name} signs with")
        proof: JsonObject = {"type": "DataIntegrityProof", "cryptosuite": self.name, **options}
        proof.pop("proofValue", None)
        check_options(proof)
        if proof["cryptosuite"] != self.name or "@context" in proof:
            raise ProofError("proof_invalid", f"expected the cryptosuite {self.name} and no @context")
        configuration = dict(proof)
        if "@context" in document:
            configuration["@context"] = document["@context"]
        signature = key.sign(self.hash_data(document, configuration, kind.hash_name))
        return {
            **(configuration if self.keeps_context else proof),
            "proofValue": "z" + base58_encode(signature),
        }

    def verify(self, document: Mapping[str, Any], proof: Mapping[str, Any], key: PublicKey) -> None:
        """Check a proof of a document; see `eddsa_rdfc_2022.verify`."""
        check_options(proof)
        kind = self.keys.get(key.algorithm)
        if proof["cryptosuite"] != self.name or kind is None:
            raise ProofError("proof_invalid", f"expected the cryptosuite {self.name} and a key of its kind")
        configuration = dict(proof)
        signature = read_signature(configuration.pop("proofValue", None), kind.signature_bytes)
        unsecured = dict(document)
        if self.keeps_context:
            if "@context" in configuration:
                check_context(unsecured.get("@context"), configuration["@context"])
                unsecured["@context"] = configuration["@context"]
        elif "@context" in configuration:
            # It would not be read, so it must not be there to be read by others.
            raise ProofError("proof_invalid", "expected no @context in the proof")
        elif "@context" in unsecured:
            configuration["@context"] = unsecured["@context"]
        try:
            key.verify(signature, self.hash_data(unsecured, configuration, kind.hash_name))
        except SignatureError as err:
            raise ProofError(
                "proof_invalid", "expected a signature over this document and these options"
            ) from err

    def hash_data(
        self, document: Mapping[str, Any], configuration: Mapping[str, Any], hash_name: HashName
    ) -> bytes:
        """What is signed: the hash of the options, then that of the document."""
        return self.digest(configuration, hash_name) + self.digest(document, hash_name)


def read_signature(value: object, size: int) -> bytes:
    """Read a `proofValue` in base58btc, the only base allowed: one signature, one spelling.

    Raises:
        ProofError: proof_invalid.
    """
    # Six bits a character would be base64; base58 has 5.857.
    if type(value) is not str or not value.startswith("z") or len(value) > size * 8 / 5.8 + 2:
        raise ProofError("proof_invalid", "expected proofValue in base58btc")
    try:
        signature = base58_decode(value[1:])
    except MalformedError as err:
        raise ProofError("proof_invalid", "expected proofValue in base58btc") from err
    if len(signature) != size:
        raise ProofError("proof_invalid", f"expected a signature of {size} bytes")
    return signature


def check_context(whole: object, start: object) -> None:
    """Check that a document's contexts begin with those of its proof.

    Raises:
        ProofError: proof_invalid.
    """
    contexts = whole if type(whole) is list else [whole]
    first = start if type(start) is list else [start]
    # Compared in canonical form: 1, 1.0 and True are equal in Python only.
    if not first or canonicalize(contexts[: len(first)]) != canonicalize(first):
        raise ProofError("proof_invalid", "expected the proof's @context to begin the document's")
