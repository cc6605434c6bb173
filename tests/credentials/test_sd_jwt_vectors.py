"""The examples of RFC 9901, and the issuing test cases of the sd-jwt reference library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from trustid.credentials import jose, sd_jwt_json
from trustid.credentials.sd_jwt import Disclosure, SdJwt, check_key_binding, issue
from trustid.keys import PublicKey, public_key_from_jwk, signing_key_from_jwk

VECTORS = Path(__file__).parents[1] / "vectors" / "sd-jwt"
SECTIONS = json.loads((VECTORS / "rfc9901-examples.json").read_text())
CASES = sorted(path for path in (VECTORS / "testcases").glob("*.yml") if path.name != "settings.yml")
TYPS = ("example+sd-jwt", None)


def issuer_key() -> PublicKey:
    return public_key_from_jwk(SECTIONS[-1]["blocks"][-1]["value"])


def blocks(kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(s["section"], b) for s in SECTIONS for b in s["blocks"] if b["kind"] == kind]


def section(number: str) -> list[dict[str, Any]]:
    return next(s["blocks"] for s in SECTIONS if s["section"] == number)


DISCLOSURES = blocks("disclosure")


@pytest.mark.parametrize("index", range(len(DISCLOSURES)))
def test_disclosure_digest(index: int) -> None:
    """Each of the 46 disclosures has the digest that the RFC prints."""
    value = DISCLOSURES[index][1]["value"]
    disclosure = Disclosure.parse(value["disclosure"])
    assert disclosure.digest() == value["sha256"]
    named = "Array Entry" not in DISCLOSURES[index][1]["intro"]
    assert (disclosure.name is not None) == named


def test_number_of_vectors() -> None:
    assert (len(DISCLOSURES), len(blocks("token")), len(CASES)) == (46, 5, 9)


def test_issuer_signed_jwt() -> None:
    """Section 5.1, first token: the JWS alone, whose payload is the one shown."""
    token = next(b["value"] for b in section("5.1") if b["kind"] == "token")
    jws = jose.parse(token)
    jose.verify(jws, issuer_key(), algorithms=["ES256"], typ=TYPS)
    assert jws.claims() == section("5.1")[1]["value"]


def test_issued_sd_jwt() -> None:
    """Section 5.1, second token: with every disclosure the user's claims are whole again."""
    token = [b["value"] for b in section("5.1") if b["kind"] == "token"][1]
    sd_jwt = SdJwt.parse_issued(token)
    jose.verify(sd_jwt.issuer_jwt, issuer_key(), algorithms=["ES256"], typ=TYPS)
    claims = sd_jwt.claims()
    user = section("5.1")[0]["value"]
    assert {name: claims[name] for name in user} == user
    assert set(claims) - set(user) == {"iss", "iat", "exp", "cnf"}


@pytest.mark.parametrize("number", ["5.2", "A.1", "A.2"])
def test_presentation(number: str) -> None:
    token = next(b["value"] for b in section(number) if b["kind"] == "token")
    expected = [b["value"] for b in section(number) if b["kind"] == "json"][-1]
    sd_jwt = SdJwt.parse(token)
    jose.verify(sd_jwt.issuer_jwt, issuer_key(), algorithms=["ES256"], typ=TYPS)
    assert sd_jwt.claims() == expected
    assert sd_jwt.serialize() == token


def test_presentation_key_binding() -> None:
    """Section 5.2: the proof is the one shown, and holds for its verifier, nonce and time."""
    token = next(b["value"] for b in section("5.2") if b["kind"] == "token")
    payload = section("5.2")[1]["value"]
    sd_jwt = SdJwt.parse(token)
    assert sd_jwt.key_binding is not None
    assert sd_jwt.key_binding.claims() == payload
    assert sd_jwt.sd_hash() == payload["sd_hash"]
    check_key_binding(sd_jwt, audience=payload["aud"], nonce=payload["nonce"], now=payload["iat"])


def test_json_serialization() -> None:
    """Section 8.2: as issued, and as presented with a key binding JWT."""
    issued, presented = [b["value"] for b in section("8.2")]
    (first,) = sd_jwt_json.from_json(issued)
    (second,) = sd_jwt_json.from_json(presented)
    for sd_jwt, original in ((first, issued), (second, presented)):
        jose.verify(sd_jwt.issuer_jwt, issuer_key(), algorithms=["ES256"], typ=TYPS)
        assert sd_jwt_json.to_flattened(sd_jwt) == original
        assert sd_jwt_json.from_json(sd_jwt_json.to_general(sd_jwt)) == (sd_jwt,)
    assert set(first.claims()) - set(second.claims()) == {"sub", "given_name", "birthdate"} - set(
        second.claims()
    )
    assert second.key_binding is not None
    proof = second.key_binding.claims()
    check_key_binding(second, audience="https://verifier.example.org", nonce="1234567890", now=proof["iat"])


class _Sd:
    """What a YAML test case marks with !sd."""

    def __init__(self, value: Any) -> None:
        self.value = value


class _Loader(yaml.SafeLoader):
    pass


def _construct(loader: _Loader, node: yaml.Node) -> _Sd:
    if isinstance(node, yaml.MappingNode):
        return _Sd(loader.construct_mapping(node, deep=True))
    if isinstance(node, yaml.SequenceNode):
        return _Sd(loader.construct_sequence(node, deep=True))
    assert isinstance(node, yaml.ScalarNode)
    tag = loader.resolve(yaml.ScalarNode, node.value, (node.style is None, node.style is not None))
    return _Sd(loader.construct_object(yaml.ScalarNode(tag, node.value), deep=True))


_Loader.add_constructor("!sd", _construct)


def plain(value: Any, path: tuple[Any, ...], paths: list[tuple[Any, ...]]) -> Any:
    """Take the marks off a test case's claims, and note where they were."""
    if isinstance(value, _Sd):
        paths.append(path)
        return plain(value.value, path, paths)
    if isinstance(value, dict):
        result = {}
        for key, member in value.items():
            name = key.value if isinstance(key, _Sd) else key
            if isinstance(key, _Sd):
                paths.append((*path, name))
            result[name] = plain(member, (*path, name), paths)
        return result
    if isinstance(value, list):
        return [plain(item, (*path, index), paths) for index, item in enumerate(value)]
    return value


def shown(wanted: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    if isinstance(wanted, dict):
        return [found for name, inner in wanted.items() for found in shown(inner, (*path, name))]
    if isinstance(wanted, list):
        return [found for index, inner in enumerate(wanted) for found in shown(inner, (*path, index))]
    return [path] if wanted else []


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    """Issue, select, present, verify: what comes out is what the case says."""
    case = yaml.load(path.read_text(), Loader=_Loader)
    settings = yaml.safe_load((VECTORS / "testcases" / "settings.yml").read_text())["key_settings"]
    keys = [signing_key_from_jwk(jwk) for jwk in settings["issuer_keys"]]
    holder = signing_key_from_jwk(settings["holder_key"])
    disclosable: list[tuple[Any, ...]] = []
    claims = plain(case["user_claims"], (), disclosable)
    header = {name: str(value) for name, value in case.get("extra_header_parameters", {}).items()}
    bound = case.get("key_binding", False)
    token = issue(
        claims,
        disclosable=disclosable,
        key=keys[0],
        header={"typ": "example+sd-jwt", **header},
        holder_jwk=holder.public_key.to_jwk() if bound else None,
        decoys=3 if case.get("add_decoy_claims") else 0,
    )
    chosen = SdJwt.parse_issued(token).select(shown(case["holder_disclosed_claims"], ()))
    text = chosen.serialize()
    if bound:
        text = chosen.bind(
            holder, audience="https://example.com/verifier", nonce="1234567890", issued_at=1000
        )
    received = SdJwt.parse(text)
    if case.get("serialization_format") == "json":
        (received,) = sd_jwt_json.from_json(json.loads(json.dumps(sd_jwt_json.to_flattened(received))))
    jose.verify(received.issuer_jwt, keys[0].public_key, algorithms=["ES256"], typ="example+sd-jwt")
    if bound:
        check_key_binding(received, audience="https://example.com/verifier", nonce="1234567890", now=1000)
    result = received.claims()
    result.pop("cnf", None)
    assert result == case["expect_verified_user_claims"]
