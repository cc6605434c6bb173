"""did:jwk against the examples of the method."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustid.did import jwk
from trustid.did.syntax import Did
from trustid.encoding import b64url_encode
from trustid.errors import MalformedError, ResolutionError, TrustError, TrustidError, UnsupportedError
from trustid.keys import generate, public_key_from_jwk

FOLDER = Path(__file__).parents[1] / "vectors" / "did-jwk"
CASES: list[dict[str, Any]] = json.loads((FOLDER / "spec-examples.json").read_text())


def did_of(value: Any) -> Did:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Did.parse(f"did:jwk:{b64url_encode(text)}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_vector(case: dict[str, Any]) -> None:
    assert jwk.resolve(Did.parse(case["did"])).to_json() == case["didDocument"]


def test_there_are_two_vectors() -> None:
    assert len(CASES) == 2


def test_vector_of_p256_verifies_and_that_of_x25519_is_unsupported() -> None:
    p256, x25519 = (jwk.resolve(Did.parse(case["did"])) for case in CASES)
    expected = public_key_from_jwk(CASES[0]["didDocument"]["verificationMethod"][0]["publicKeyJwk"])
    assert p256.verification_method("#0", "assertionMethod").public_key == expected
    assert jwk.create(expected) == CASES[0]["did"]
    with pytest.raises((UnsupportedError, MalformedError)) as caught:
        x25519.verification_method("#0", "keyAgreement")
    assert caught.value.code in ("unsupported", "key_invalid")
    with pytest.raises(TrustError) as unlisted:
        x25519.verification_method("#0", "assertionMethod")
    assert unlisted.value.code == "issuer_key_unknown"


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
def test_create_and_resolve(kind: Any) -> None:
    public = generate(kind).public_key
    did = jwk.create(public)
    document = jwk.resolve(Did.parse(did))
    assert document.verification_method(f"{did}#0", "authentication").public_key == public


@pytest.mark.parametrize(
    ("use", "listed"),
    [
        (
            None,
            {
                "assertionMethod",
                "authentication",
                "capabilityInvocation",
                "capabilityDelegation",
                "keyAgreement",
            },
        ),
        ("sig", {"assertionMethod", "authentication", "capabilityInvocation", "capabilityDelegation"}),
        ("enc", {"keyAgreement"}),
    ],
)
def test_use_decides_what_the_key_is_listed_for(use: str | None, listed: set[str]) -> None:
    value = generate("P-256").public_key.to_jwk() | ({} if use is None else {"use": use})
    document = jwk.resolve(did_of(value)).to_json()
    assert set(document) - {"@context", "id", "verificationMethod"} == listed


def test_kid_of_the_jwk_names_nothing() -> None:
    value = generate("P-256").public_key.to_jwk() | {"kid": "mine"}
    document = jwk.resolve(did_of(value))
    with pytest.raises(TrustError) as caught:
        document.verification_method("#mine")
    assert caught.value.code == "issuer_key_unknown"
    assert document.verification_method("#0").id.endswith("#0")


GOOD = generate("P-256").public_key.to_jwk()


@pytest.mark.parametrize(
    "value",
    [
        GOOD | {"d": "gPh-VvVS8MbvKQ9LSVVmfnxnKjHn4Tqj0bmbpehRlpc"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "p": "AQ"},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "oct"},
        {"kty": ["EC"]},
        {"kty": 1},
        {},
        [],
        "x",
        1,
        b"\xff",
        b"{",
        b"",
        b'{"kty":"EC","kty":"EC"}',
        GOOD | {"use": "both"},
        GOOD | {"use": ["sig"]},
        GOOD | {"x": GOOD["y"]},
        GOOD | {"x": 5},
        {"kty": "EC", "crv": "P-256", "x": GOOD["x"]},
        GOOD | {"nested": {"a": {"b": {"c": {"d": 1}}}}},
        GOOD | {"long": "x" * 3000},
        {"kty": "OKP", "crv": "Ed25519", "x": "AQ"},
    ],
)
def test_malformed(value: Any) -> None:
    with pytest.raises(ResolutionError) as caught:
        jwk.resolve(did_of(value) if value != b"" else Did.parse("did:jwk:A"))
    assert caught.value.code == "did_malformed"
    assert jwk.resolve(did_of(GOOD | {"x-extra": "kept"})).methods()[0].public_key == public_key_from_jwk(
        GOOD
    )


@pytest.mark.parametrize("identifier", ["e30=", "e3$", "e%333", "eyJ.eyJ", "e30:e30", "e3"])
def test_not_base64url(identifier: str) -> None:
    with pytest.raises(ResolutionError) as caught:
        jwk.resolve(Did.parse(f"did:jwk:{identifier}"))
    assert caught.value.code == "did_malformed"


@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "use", "alg", "n", "e"]),
        st.sampled_from(["EC", "OKP", "RSA", "P-256", "Ed25519", "sig", "enc", "", "AQ"])
        | st.integers()
        | st.none()
        | st.lists(st.text()),
    )
)
def test_only_our_errors_come_out_of_any_jwk(value: dict[str, Any]) -> None:
    did = did_of(value)
    try:
        document = jwk.resolve(did)
    except TrustidError as err:
        assert err.code == "did_malformed"
    else:
        assert document.id == str(did)
