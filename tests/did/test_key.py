"""did:key against the test vectors of the method."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustid.did import key
from trustid.did.syntax import Did
from trustid.encoding import b64url_decode, base58_decode, base58_encode, multibase_decode
from trustid.errors import ResolutionError, TrustidError, UnsupportedError
from trustid.keys import generate, public_key_from_multikey

FOLDER = Path(__file__).parents[1] / "vectors" / "did-key"
RELATIONSHIPS = (
    "authentication",
    "assertionMethod",
    "keyAgreement",
    "capabilityInvocation",
    "capabilityDelegation",
)
SPOKEN = ("z6Mk", "zDn", "z82", "zQ3s")
PREFIX_BYTES = 2


def vectors() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(FOLDER.glob("*.json")):
        for name, case in json.loads(path.read_text()).items():
            if name.startswith("did:"):
                found[name] = case["didDocument"]
            else:  # x25519.json: one case that holds several documents
                found.update(case)
    return found


VECTORS = vectors()


def test_every_official_vector_is_here() -> None:
    # 27 cases by the count of the vectors' README, one of which holds 4 documents.
    assert len(VECTORS) == 26 + 4


@pytest.mark.parametrize("did", VECTORS)
def test_vector(did: str) -> None:
    expected = VECTORS[did]
    found = key.resolve(Did.parse(did)).to_json()
    assert found["id"] == did
    assert [method["id"] for method in found["verificationMethod"]] == [
        method["id"] for method in expected["verificationMethod"]
    ]
    for ours, theirs in zip(found["verificationMethod"], expected["verificationMethod"], strict=True):
        assert ours["controller"] == theirs["controller"]
        assert ours["id"] == f"{did}#{ours['publicKeyMultibase']}"
        assert raw_key(ours) == raw_key(theirs)
    for name in RELATIONSHIPS:
        assert found.get(name) == expected.get(name), name


def raw_key(method: dict[str, Any]) -> bytes:
    """The bytes of a key, from any of the forms that the vectors use."""
    if "publicKeyBase58" in method:
        return base58_decode(method["publicKeyBase58"])
    if "publicKeyMultibase" in method:
        data = multibase_decode(method["publicKeyMultibase"])
        # RSA keys are compared as (modulus, exponent), as the vectors' JWK holds them.
        return rsa_numbers(data[PREFIX_BYTES:]) if data[:2] == b"\x85\x24" else data[PREFIX_BYTES:]
    jwk = method["publicKeyJwk"]
    if jwk["kty"] == "RSA":
        return b64url_decode(jwk["n"]) + b64url_decode(jwk["e"])
    if "y" not in jwk:
        return b64url_decode(jwk["x"])
    return bytes([2 + (b64url_decode(jwk["y"])[-1] & 1)]) + b64url_decode(jwk["x"])


def rsa_numbers(der: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

    public = load_der_public_key(der)
    assert isinstance(public, rsa.RSAPublicKey)
    assert public.public_bytes(Encoding.DER, PublicFormat.PKCS1) == der
    numbers = public.public_numbers()
    return numbers.n.to_bytes(public.key_size // 8, "big") + numbers.e.to_bytes(3, "big")


@pytest.mark.parametrize("did", VECTORS)
def test_vector_keys_verify_or_are_refused_as_unsupported(did: str) -> None:
    document = key.resolve(Did.parse(did))
    name = document.to_json()["verificationMethod"][0]["id"]
    if name.partition("#")[2].startswith(SPOKEN):
        method = document.verification_method(name, "assertionMethod")
        assert method.public_key == public_key_from_multikey(did.removeprefix("did:key:"))
        assert document.methods("assertionMethod") == (method,)
        assert key.create(method.public_key) == did
    else:
        with pytest.raises(UnsupportedError) as caught:
            document.verification_method(name)
        assert caught.value.code == "unsupported"
        assert document.methods() == ()


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
def test_create_and_resolve(kind: Any) -> None:
    public = generate(kind).public_key
    did = key.create(public)
    document = key.resolve(Did.parse(did))
    found = document.verification_method(f"{did}#{did.removeprefix('did:key:')}", "authentication")
    assert found.public_key == public


ED25519 = "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"


def multikey(prefix: bytes, raw: bytes) -> str:
    return "z" + base58_encode(prefix + raw)


@pytest.mark.parametrize(
    "identifier",
    [
        "zO0Il",
        "u7QEg",
        ED25519[1:],
        ED25519.upper(),
        f"1:{ED25519}",
        f"{ED25519}:{ED25519}",
        multikey(b"\xed\x01", bytes(31)),
        multikey(b"\xed\x01", bytes(33)),
        multikey(b"\xed\x01", b"\x01" + bytes(31)),
        multikey(b"\xed\x01", b"\xff" * 32),
        multikey(b"\x80\x24", b"\x02" + b"\xff" * 32),
        multikey(b"\x80\x24", b"\x04" + bytes(64)),
        multikey(b"\xe7\x01", bytes(32)),
        multikey(b"\xea\x01", bytes(47)),
        multikey(b"\x85\x24", bytes(100)),
        "z" + "2" * 2000,
    ],
)
def test_malformed(identifier: str) -> None:
    with pytest.raises(ResolutionError) as caught:
        key.resolve(Did.parse(f"did:key:{identifier}"))
    assert caught.value.code == "did_malformed"
    assert key.resolve(Did.parse(f"did:key:{ED25519}")).id == f"did:key:{ED25519}"


@pytest.mark.parametrize("prefix", [b"\xef\x01", b"\x00\x00", b"\xed\x81", b"\x86\x24", b"\x80\x26"])
def test_unknown_kind_of_key(prefix: bytes) -> None:
    for identifier in (multikey(prefix, bytes(range(32))), ED25519 + "1", "z1" + ED25519[1:], "z1"):
        with pytest.raises(UnsupportedError) as caught:
            key.resolve(Did.parse(f"did:key:{identifier}"))
        assert caught.value.code == "unsupported"
    known = multikey(b"\xec\x01", bytes(range(32)))
    assert key.resolve(Did.parse(f"did:key:{known}")).methods() == ()


@given(
    st.from_regex(r"z[1-9A-HJ-NP-Za-km-z]{1,60}", fullmatch=True)
    | st.binary(max_size=40).map(lambda raw: multikey(b"\xed\x01", raw))
)
def test_only_our_errors_come_out_of_any_identifier(identifier: str) -> None:
    try:
        document = key.resolve(Did.parse(f"did:key:{identifier}"))
    except TrustidError as err:
        assert err.code in ("did_malformed", "unsupported")
        assert isinstance(err, ResolutionError | UnsupportedError)
    else:
        assert document.id == f"did:key:{identifier}"
