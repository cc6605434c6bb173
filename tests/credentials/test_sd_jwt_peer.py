"""PyPI sd-jwt, the reference library: what it issues we read, what we issue it reads."""

from __future__ import annotations

from typing import Any

import pytest
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from trustid.credentials import jose
from trustid.credentials.sd_jwt import SdJwt, check_key_binding, issue
from trustid.keys import SigningKey, generate

CLAIMS = {
    "name": "Ada Möbius",
    "flags": [True, False],
    "address": {"street": '1 "High" St', "city": "London", "lines": ["a", "b"]},
    "age": 36,
    "ratio": 1.5,
    "none": None,
}
PATHS = [
    ("name",),
    ("flags", None),
    ("address",),
    ("address", "city"),
    ("address", "lines", 0),
    ("age",),
    ("none",),
]
NONCE, AUDIENCE, NOW = "1234567890", "https://verifier.example", 1_700_000_000


def peer_key(key: SigningKey) -> JWK:
    return JWK(**key.to_private_jwk())  # type: ignore[attr-defined]


def marked(value: Any, path: tuple[Any, ...] = ()) -> Any:
    """The claims with the peer's marks where ours are paths."""
    if isinstance(value, dict):
        return {
            (SDObj(name) if (*path, name) in PATHS else name): marked(member, (*path, name))
            for name, member in value.items()
        }
    if isinstance(value, list):
        result = []
        for index, item in enumerate(value):
            inner = marked(item, (*path, index))
            hidden = (*path, index) in PATHS or (*path, None) in PATHS
            result.append(SDObj(inner) if hidden else inner)
        return result
    return value


@pytest.mark.parametrize("decoys", [False, True])
def test_theirs_read_here(decoys: bool) -> None:
    issuer, holder = generate("P-256"), generate("P-256")
    peer = SDJWTIssuer(
        user_claims=marked(CLAIMS),
        issuer_key=peer_key(issuer),
        holder_key=JWK(**holder.public_key.to_jwk()),
        add_decoy_claims=decoys,
        extra_header_parameters={"typ": "example+sd-jwt"},
    )
    sd_jwt = SdJwt.parse_issued(peer.sd_jwt_issuance)
    jose.verify(sd_jwt.issuer_jwt, issuer.public_key, algorithms=["ES256"], typ="example+sd-jwt")
    assert sd_jwt.claims() == {**CLAIMS, "cnf": {"jwk": holder.public_key.to_jwk()}}
    wallet = SDJWTHolder(peer.sd_jwt_issuance)
    wallet.create_presentation({"name": True, "flags": [False, True]}, NONCE, AUDIENCE, peer_key(holder))
    shown = SdJwt.parse(wallet.sd_jwt_presentation)
    claims = shown.claims()
    assert (claims["name"], claims["flags"], "age" in claims) == ("Ada Möbius", [False], False)
    proof = shown.key_binding
    assert proof is not None
    check_key_binding(shown, audience=AUDIENCE, nonce=NONCE, now=proof.claims()["iat"])


@pytest.mark.parametrize("decoys", [0, 3])
def test_ours_read_there(decoys: int) -> None:
    issuer, holder = generate("P-256"), generate("P-256")
    text = issue(
        CLAIMS,
        disclosable=PATHS,
        key=issuer,
        header={"typ": "example+sd-jwt"},
        holder_jwk=holder.public_key.to_jwk(),
        decoys=decoys,
    )
    shown = SdJwt.parse_issued(text).select([("address", "city"), ("flags", 1), ("none",)])
    presentation = shown.bind(holder, audience=AUDIENCE, nonce=NONCE, issued_at=NOW)
    public = JWK(**issuer.public_key.to_jwk())
    theirs = SDJWTVerifier(presentation, lambda *_: public, AUDIENCE, NONCE).get_verified_payload()
    assert theirs == shown.claims()
    assert theirs["address"] == {"city": "London", "lines": ["b"], "street": '1 "High" St'}
    whole = SDJWTVerifier(text, lambda *_: public).get_verified_payload()
    assert whole == {**CLAIMS, "cnf": {"jwk": holder.public_key.to_jwk()}}
