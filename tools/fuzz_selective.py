"""Targets for the proof values of ecdsa-sd-2023: CBOR of signatures, labels, pointers and indexes.

The documents are those of the specification's example, and so are the values
to start from; an input is a value's bytes, under the base64url.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from trustid.credentials.data_integrity import ecdsa_sd_2023
from trustid.credentials.data_integrity.ecdsa_sd_proof_value import BaseProofValue, DerivedProofValue
from trustid.credentials.data_integrity.proof import split_proofs
from trustid.encoding import b64url_decode, b64url_encode, parse_json_object
from trustid.keys import PublicKey, public_key_from_multikey

__all__ = ["base_values", "check_base", "check_derived", "derived_values"]

EXAMPLE = Path(__file__).resolve().parents[1] / "tests" / "vectors" / "di-ecdsa" / "ecdsa-sd-2023" / "employ"
POINTERS = ("/credentialSubject",)


@cache
def _example(name: str) -> tuple[dict[str, Any], dict[str, Any], PublicKey]:
    """The document without its proof, the proof, and the key that it names."""
    document, (proof,) = split_proofs(parse_json_object((EXAMPLE / f"{name}.json").read_bytes()))
    return document, proof, public_key_from_multikey(proof["verificationMethod"].partition("#")[2])


def _text(data: bytes) -> str:
    return f"u{b64url_encode(data)}"


def _value(name: str) -> bytes:
    return b64url_decode(_example(name)[1]["proofValue"].removeprefix("u"))


def base_values() -> Iterator[bytes]:
    """The value of the base proof."""
    yield _value("addSignedSDBase")


def derived_values() -> Iterator[bytes]:
    """The value of the derived proof."""
    yield _value("derivedRevealDocument")


def check_base(data: bytes) -> None:
    """What is read is written the same again, and can be derived from or not; it is never a derived proof."""
    text = _text(data)
    assert BaseProofValue.parse(text).to_text() == text
    document, proof, key = _example("addSignedSDBase")
    derived = ecdsa_sd_2023.derive({**document, "proof": {**proof, "proofValue": text}}, POINTERS)
    if data == _value("addSignedSDBase"):
        shown, (shown_proof,) = split_proofs(derived)
        ecdsa_sd_2023.verify(shown, shown_proof, key)


def check_derived(data: bytes) -> None:
    """What is read is written the same again, and only the value that was made holds."""
    text = _text(data)
    assert DerivedProofValue.parse(text).to_text() == text
    document, proof, key = _example("derivedRevealDocument")
    ecdsa_sd_2023.verify(document, {**proof, "proofValue": text}, key)
    assert data == _value("derivedRevealDocument")
