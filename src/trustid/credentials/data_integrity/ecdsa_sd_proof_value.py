"""The two kinds of `proofValue` of ecdsa-sd-2023.

The base proof goes from the issuer to the holder alone: its HMAC key tells
the labels of what the holder keeps back. The derived proof goes to verifiers.

Reference:
    W3C Data Integrity ECDSA Cryptosuites 1.0, sections 3.5.2 to 3.5.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Self

from trustid.credentials.data_integrity.selection import check_pointers
from trustid.credentials.data_integrity.statements import MAX_STATEMENTS
from trustid.encoding import b64url_decode, b64url_encode, cbor_decode, cbor_encode
from trustid.errors import (
    LimitExceededError,
    MalformedError,
    ProofError,
    TrustidError,
    UnsupportedError,
)

__all__ = ["HMAC_KEY_BYTES", "BaseProofValue", "DerivedProofValue", "is_base"]

BASE_HEADER: Final = b"\xd9\x5d\x00"
DERIVED_HEADER: Final = b"\xd9\x5d\x01"
SIGNATURE_BYTES: Final = 64
HMAC_KEY_BYTES: Final = 32
LABEL_BYTES: Final = 32
PUBLIC_KEY_BYTES: Final = 35
"""The prefix of P-256 keys and a compressed point."""
MAX_VALUE_BYTES: Final = 1 << 19
"""`MAX_STATEMENTS` signatures and labels, and as many pointers as there may be."""
COMPONENTS: Final = 5


@dataclass(frozen=True, slots=True)
class BaseProofValue:
    """What the issuer gives to the holder.

    Attributes:
        base_signature: The issuer's, 64 bytes.
        public_key: Of the key pair of this proof alone: two bytes of multicodec, then the compressed point.
        hmac_key: Makes the labels; 32 bytes.
        signatures: One of that key pair for each statement that may be kept back, 64 bytes each.
        mandatory_pointers: What may not be kept back.
    """

    base_signature: bytes
    public_key: bytes
    hmac_key: bytes = field(repr=False)
    signatures: tuple[bytes, ...] = field(repr=False)
    mandatory_pointers: tuple[str, ...]

    def to_text(self) -> str:
        """The `proofValue`."""
        parts = [self.base_signature, self.public_key, self.hmac_key]
        return _write(BASE_HEADER, [*parts, list(self.signatures), list(self.mandatory_pointers)])

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a `proofValue`.

        Raises:
            ProofError: proof_invalid: no base proof.
        """
        signature, public_key, hmac_key, signatures, pointers = _read(value, BASE_HEADER)
        _check_bytes(signature, SIGNATURE_BYTES)
        _check_bytes(public_key, PUBLIC_KEY_BYTES)
        _check_bytes(hmac_key, HMAC_KEY_BYTES)
        try:
            known = check_pointers(pointers)
        except TrustidError as err:
            raise ProofError("proof_invalid", err.message) from err
        return cls(signature, public_key, hmac_key, _signatures(signatures), known)


@dataclass(frozen=True, slots=True)
class DerivedProofValue:
    """What the holder gives to a verifier.

    Attributes:
        base_signature: As in the base proof.
        public_key: As in the base proof.
        signatures: Those of the statements shown that could have been kept back.
        labels: The HMAC label of each canonical one ("c14n0" and so on).
        mandatory_indexes: Which of the statements shown could not, ascending.
    """

    base_signature: bytes
    public_key: bytes
    signatures: tuple[bytes, ...] = field(repr=False)
    labels: Mapping[str, str]
    mandatory_indexes: tuple[int, ...]

    def to_text(self) -> str:
        """The `proofValue`."""
        labels = {
            int(name.removeprefix("c14n")): b64url_decode(label.removeprefix("u"))
            for name, label in self.labels.items()
        }
        rest = [list(self.signatures), labels, list(self.mandatory_indexes)]
        return _write(DERIVED_HEADER, [self.base_signature, self.public_key, *rest])

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a `proofValue`.

        Raises:
            ProofError: proof_invalid: no derived proof; two nodes with one label.
        """
        signature, public_key, signatures, labels, indexes = _read(value, DERIVED_HEADER)
        _check_bytes(signature, SIGNATURE_BYTES)
        _check_bytes(public_key, PUBLIC_KEY_BYTES)
        return cls(signature, public_key, _signatures(signatures), _labels(labels), _indexes(indexes))


def is_base(value: object) -> bool:
    """Whether a `proofValue` is that of a base proof, by its first bytes."""
    return isinstance(value, str) and value.startswith(f"u{b64url_encode(BASE_HEADER)}")


def _write(header: bytes, components: list[Any]) -> str:
    return f"u{b64url_encode(header + cbor_encode(components))}"


def _read(value: object, header: bytes) -> list[Any]:
    if type(value) is not str or not value.startswith("u") or len(value) > MAX_VALUE_BYTES * 4 // 3 + 4:
        raise ProofError("proof_invalid", "expected proofValue in base64url")
    try:
        data = b64url_decode(value[1:])
        if not data.startswith(header):
            raise ProofError("proof_invalid", f"expected proofValue to begin with {header.hex()}")
        components = cbor_decode(data[len(header) :], max_bytes=MAX_VALUE_BYTES)
    except (MalformedError, UnsupportedError, LimitExceededError) as err:
        raise ProofError("proof_invalid", "expected proofValue to be CBOR in base64url") from err
    if type(components) is not list or len(components) != COMPONENTS:
        raise ProofError("proof_invalid", f"expected proofValue to have {COMPONENTS} components")
    return components


def _check_bytes(value: object, size: int) -> None:
    if type(value) is not bytes or len(value) != size:
        raise ProofError("proof_invalid", f"expected {size} bytes in proofValue")


def _signatures(values: object) -> tuple[bytes, ...]:
    if type(values) is not list or len(values) > MAX_STATEMENTS:
        raise ProofError("proof_invalid", f"expected at most {MAX_STATEMENTS} signatures in proofValue")
    for value in values:
        _check_bytes(value, SIGNATURE_BYTES)
    return tuple(values)


def _labels(values: object) -> dict[str, str]:
    if type(values) is not dict or len(values) > MAX_STATEMENTS or set(values) != set(range(len(values))):
        raise ProofError("proof_invalid", "expected labels by numbers from 0 in proofValue")
    for value in values.values():
        _check_bytes(value, LABEL_BYTES)
    if len(set(values.values())) != len(values):
        # One label for two nodes would put together what the issuer kept apart, or part what it did not.
        raise ProofError("proof_invalid", "expected each node to have a label of its own")
    return {f"c14n{number}": f"u{b64url_encode(values[number])}" for number in sorted(values)}


def _indexes(values: object) -> tuple[int, ...]:
    if type(values) is not list or not all(type(value) is int for value in values):
        raise ProofError("proof_invalid", "expected numbers of statements in proofValue")
    if any(value < 0 for value in values) or not all(one < other for one, other in pairwise(values)):
        raise ProofError("proof_invalid", "expected ascending numbers of statements in proofValue")
    return tuple(values)
