"""Resources that a credential relates to: their form, and the digests of those that are at hand."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

import pytest

from tests.refusing import refused
from trustid.credentials.json_ld import Contexts
from trustid.credentials.model import V1_CONTEXT, V2_CONTEXT, Credential
from trustid.encoding import b64url_encode, base58_encode

BODY = Contexts.bundled().document(V2_CONTEXT) or b""
SHA256, SHA384, SHA512 = (getattr(hashlib, name)(BODY).digest() for name in ("sha256", "sha384", "sha512"))
ELSEWHERE = {"id": "https://a.example/x.png", "digestSRI": "sha256-anything+the/grammar_has-room=for"}


def read(*resources: Any, context: str = V2_CONTEXT) -> Credential:
    return Credential.read(
        {
            "@context": [context],
            "type": ["VerifiableCredential"],
            "issuer": "did:example:issuer",
            "issuanceDate": "2026-01-01T00:00:00Z",
            "credentialSubject": {"id": "did:example:ada"},
            "relatedResource": resources[0] if len(resources) == 1 else list(resources),
        }
    )


def integrity(name: str, digest: bytes) -> str:
    return f"{name}-{b64encode(digest).decode()}"


DIGESTS: list[dict[str, Any]] = [
    {"digestSRI": integrity("sha256", SHA256)},
    {"digestSRI": integrity("sha384", SHA384)},
    {"digestSRI": f"{integrity('sha384', bytes(48))} {integrity('sha512', SHA512)}"},
    {"digestMultibase": "u" + b64url_encode(SHA256)},
    {"digestMultibase": "u" + b64url_encode(b"\x12\x20" + SHA256)},
    {"digestMultibase": "z" + base58_encode(b"\x20\x30" + SHA384)},
    {"digestMultibase": "z" + base58_encode(b"\x13\x40" + SHA512)},
    {"digestSRI": integrity("sha384", SHA384), "digestMultibase": "u" + b64url_encode(SHA256)},
    {"digestSRI": integrity("sha384", SHA384), "mediaType": "application/ld+json"},
]


@pytest.mark.parametrize("digests", DIGESTS, ids=range(len(DIGESTS)))
def test_digests_that_fit(digests: dict[str, Any]) -> None:
    assert read({"id": V2_CONTEXT, **digests})
    assert read({"id": V2_CONTEXT, **digests}, ELSEWHERE)
    assert read({"id": "https://a.example/y", **digests})


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("malformed", {}),
    ("malformed", {"mediaType": "text/plain"}),
    ("malformed", {"digestSRI": ""}),
    ("malformed", {"digestSRI": integrity("sha256", bytes(32))}),
    ("malformed", {"digestSRI": f"{integrity('sha256', SHA256)} {integrity('sha384', bytes(48))}"}),
    ("malformed", {"digestSRI": integrity("md5", hashlib.md5(BODY).digest())}),
    ("malformed", {"digestSRI": "sha256-" + SHA256.hex()}),
    ("malformed", {"digestMultibase": "u" + b64url_encode(bytes(32))}),
    ("malformed", {"digestMultibase": "u" + b64url_encode(b"\x12\x20" + SHA384)}),
    ("malformed", {"digestMultibase": b64url_encode(SHA256)}),
    (
        "malformed",
        {"digestSRI": integrity("sha384", SHA384), "digestMultibase": "u" + b64url_encode(bytes(32))},
    ),
    (
        "malformed",
        {"digestSRI": integrity("sha384", bytes(48)), "digestMultibase": "u" + b64url_encode(SHA256)},
    ),
    ("claim_type_invalid", {"digestSRI": 1}),
    ("claim_type_invalid", {"digestMultibase": ["u"]}),
    ("claim_type_invalid", {"digestSRI": "sha256-" + "A" * 1024}),
    ("claim_type_invalid", {"digestSRI": integrity("sha384", SHA384), "mediaType": 1}),
]


@pytest.mark.parametrize(("code", "digests"), WRONG, ids=range(len(WRONG)))
def test_digests_that_do_not_fit(code: str, digests: dict[str, Any]) -> None:
    refused(code, read, {"id": V2_CONTEXT, **digests})
    # Version 1.1 knows no such member.
    assert read({"id": V2_CONTEXT, **digests}, context=V1_CONTEXT)


def test_form() -> None:
    assert read(ELSEWHERE)
    refused("malformed", read, ELSEWHERE, ELSEWHERE)
    refused("claim_type_invalid", read, {"digestSRI": ELSEWHERE["digestSRI"]})
    refused("malformed", read, {**ELSEWHERE, "id": "x.png"})
    refused("claim_type_invalid", read, ELSEWHERE["id"])
    refused("claim_type_invalid", read, ELSEWHERE["id"], V2_CONTEXT)
    many = [{**ELSEWHERE, "id": f"https://a.example/{number}"} for number in range(33)]
    assert read(*many[:32])
    refused("claim_type_invalid", read, *many)
