"""Laws of SD-JWT, over claims and choices that hypothesis makes up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import json_values, member_names
from trustid.credentials import jose, sd_jwt_json
from trustid.credentials.disclosure import RESERVED_NAMES, Disclosure
from trustid.credentials.sd_jwt import SdJwt, check_key_binding, issue
from trustid.errors import TrustidError
from trustid.keys import generate

KEYS = {"ES256": generate("P-256"), "EdDSA": generate("Ed25519")}
HOLDER = generate("Ed25519")
TYP = "example+sd-jwt"


def without_reserved(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: without_reserved(member) for name, member in value.items() if name not in RESERVED_NAMES
        }
    if isinstance(value, list):
        return [without_reserved(item) for item in value]
    return value


def every_path(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    found = [path] if path else []
    for name, member in members:
        found += every_path(member, (*path, name))
    return found


claims_values = st.dictionaries(member_names, json_values, max_size=5).map(without_reserved)


@st.composite
def issued(draw: st.DrawFn) -> tuple[dict[str, Any], list[tuple[Any, ...]], str, str]:
    claims = draw(claims_values)
    paths = every_path(claims)
    hidden = draw(st.lists(st.sampled_from(paths), unique=True)) if paths else []
    algorithm = draw(st.sampled_from(sorted(KEYS)))
    decoys = draw(st.integers(0, 2))
    text = issue(claims, disclosable=hidden, key=KEYS[algorithm], header={"typ": TYP}, decoys=decoys)
    return claims, hidden, text, algorithm


def verified(text: str) -> Any:
    sd_jwt = SdJwt.parse(text)
    key = KEYS[sd_jwt.issuer_jwt.algorithm].public_key
    jose.verify(sd_jwt.issuer_jwt, key, algorithms=KEYS, typ=TYP)
    return sd_jwt.claims()


def projection(
    value: Any, path: tuple[Any, ...], hidden: set[tuple[Any, ...]], wanted: list[tuple[Any, ...]]
) -> Any:
    """What shows of a value: written from the definition, apart from the code it judges."""

    def visible(place: tuple[Any, ...]) -> bool:
        asked = any(one[: len(place)] == place or place[: len(one)] == one for one in wanted)
        return place not in hidden or asked

    if isinstance(value, dict):
        return {
            name: projection(member, (*path, name), hidden, wanted)
            for name, member in value.items()
            if visible((*path, name))
        }
    if isinstance(value, list):
        return [
            projection(item, (*path, index), hidden, wanted)
            for index, item in enumerate(value)
            if visible((*path, index))
        ]
    return value


@settings(deadline=None)
@given(issued())
def test_issue_then_read(case: tuple[Any, ...]) -> None:
    claims, hidden, text, _ = case
    assert verified(text) == claims
    sd_jwt = SdJwt.parse_issued(text)
    assert sd_jwt.serialize() == text
    assert len(sd_jwt.disclosures) == len(hidden)
    assert sd_jwt_json.from_json(sd_jwt_json.to_flattened(sd_jwt)) == (sd_jwt,)
    assert sd_jwt_json.from_json(sd_jwt_json.to_general(sd_jwt)) == (sd_jwt,)


@settings(deadline=None)
@given(issued(), st.data())
def test_select_is_the_projection(case: tuple[Any, ...], data: st.DataObject) -> None:
    claims, hidden, text, _ = case
    paths = every_path(claims)
    wanted = data.draw(st.lists(st.sampled_from(paths), max_size=4)) if paths else []
    chosen = SdJwt.parse(text).select(wanted)
    assert verified(chosen.serialize()) == projection(claims, (), set(hidden), wanted)
    # Disclosed claims are a subset of the signed ones, and the choice is least: one less, and it shows.
    assert {one.text for one in chosen.disclosures} <= {one.text for one in SdJwt.parse(text).disclosures}


@settings(deadline=None, max_examples=30)
@given(claims_values.filter(bool))
def test_two_issuances_share_nothing(claims: dict[str, Any]) -> None:
    paths = every_path(claims)
    first, second = [
        SdJwt.parse(issue(claims, disclosable=paths, key=KEYS["EdDSA"], header={"typ": TYP}))
        for _ in range(2)
    ]
    for one in (lambda d: d.salt, lambda d: d.text, Disclosure.digest):
        mine, yours = {one(d) for d in first.disclosures}, {one(d) for d in second.disclosures}
        assert mine.isdisjoint(yours)
        assert len(mine) == len(first.disclosures)


CLAIMS = {"name": "Ada", "over_18": True, "list": [1, {"deep": "x"}], "open": "o"}
PATHS = [("name",), ("over_18",), ("list",), ("list", None), ("list", 1, "deep")]


def bound_text() -> str:
    text = issue(
        CLAIMS,
        disclosable=PATHS,
        key=KEYS["EdDSA"],
        header={"typ": TYP},
        holder_jwk=HOLDER.public_key.to_jwk(),
    )
    return SdJwt.parse(text).bind(HOLDER, audience="v", nonce="n", issued_at=1000)


def accept(text: str) -> Any:
    sd_jwt = SdJwt.parse(text)
    jose.verify(sd_jwt.issuer_jwt, KEYS["EdDSA"].public_key, algorithms=["EdDSA"], typ=TYP)
    claims = sd_jwt.claims()
    check_key_binding(sd_jwt, audience="v", nonce="n", now=1000)
    return claims


def test_any_changed_character_is_refused() -> None:
    """Every position of a presentation, with the neighbouring character of its alphabet."""
    text = bound_text()
    expected = CLAIMS | {"cnf": {"jwk": HOLDER.public_key.to_jwk()}}
    assert accept(text) == expected
    for position, character in enumerate(text):
        other = "A" if character in "~." else "BA"[character == "B"]
        with pytest.raises(TrustidError):
            accept(text[:position] + other + text[position + 1 :])
    for length in range(0, len(text), 7):
        with pytest.raises(TrustidError):
            accept(text[:length])


@settings(deadline=None)
@given(st.text(max_size=200) | st.text("AQgw.~e_-", max_size=200))
def test_only_our_errors_come_out(text: str) -> None:
    for door in (SdJwt.parse, SdJwt.parse_issued, Disclosure.parse):
        try:
            door(text)
        except TrustidError:
            continue


@settings(deadline=None)
@given(
    json_values
    | st.dictionaries(st.sampled_from(["payload", "protected", "signature", "header"]), json_values)
)
def test_only_our_errors_come_out_of_json(value: Any) -> None:
    if isinstance(value, dict):
        try:
            sd_jwt_json.from_json(value)
        except TrustidError:
            return
        raise AssertionError("accepted")


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["_sd", "...", "_sd_alg", "a", "b"]),
        json_values | st.lists(st.dictionaries(st.sampled_from(["...", "_sd"]), json_values), max_size=3),
    )
)
def test_any_payload_is_processed_or_refused(payload: dict[str, Any]) -> None:
    token = jose.sign({"typ": TYP}, payload, KEYS["EdDSA"])
    try:
        claims = SdJwt.parse(token + "~").claims()
    except TrustidError:
        return
    assert not RESERVED_NAMES & set(names_in(claims))


def names_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(name for member in value.values() for name in names_in(member))]
    if isinstance(value, list):
        return [name for item in value for name in names_in(item)]
    return []
