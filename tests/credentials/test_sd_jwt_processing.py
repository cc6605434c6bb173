"""The core's walk over an SD-JWT gives what RFC 9901, section 7.1, read aloud in Python gives."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sd_jwt_oracle
from trustid.credentials import jose
from trustid.credentials.disclosure import digests_of
from trustid.credentials.sd_jwt import SdJwt
from trustid.encoding import b64url_encode
from trustid.errors import TrustidError
from trustid.keys import generate

KEY = generate("Ed25519")
NAMES = st.sampled_from(["a", "b", "c", "d", "\u00e9", 'quoted"', "_sd", "...", "_sd_alg"])
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(-1e9, 1e9) | st.text(max_size=5)
)


class Maker:
    """Draws a payload, with the disclosures behind its digests; some rules are broken now and then."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.disclosures: list[str] = []
        self.digests: list[str] = []
        self.algorithm = draw(st.sampled_from(["sha-256", "sha-256", "sha-384", "sha-512"]))

    def seldom(self) -> bool:
        return self.draw(st.integers(0, 19)) == 19

    def name(self) -> str:
        name = self.draw(NAMES)
        return name if self.seldom() else name.lstrip("_.") or "e"

    def value(self, depth: int) -> Any:
        kind = self.draw(st.integers(0, 3)) if depth else 0
        if kind == 2:
            return self.object(depth - 1)
        if kind == 3:
            return [self.element(depth - 1) for _ in range(self.draw(st.integers(0, 3)))]
        return self.draw(SCALARS)

    def object(self, depth: int) -> dict[str, Any]:
        members = {self.name(): self.value(depth) for _ in range(self.draw(st.integers(0, 2)))}
        hidden = [self.digest(depth, named=True) for _ in range(self.draw(st.integers(0, 3)))]
        if hidden or self.seldom():
            members["_sd"] = hidden
        return members

    def element(self, depth: int) -> Any:
        if self.draw(st.booleans()):
            stand_in = {"...": self.digest(depth, named=False)}
            return stand_in | {"a": 1} if self.seldom() else stand_in
        return self.value(depth)

    def digest(self, depth: int, *, named: bool) -> Any:
        if self.seldom():
            return self.draw(SCALARS)
        if self.digests and self.seldom():
            return self.draw(st.sampled_from(self.digests))
        salt = f"salt {len(self.digests)}"
        value = self.value(depth)
        parts = [salt, self.name(), value] if named != self.seldom() else [salt, value]
        text = b64url_encode(json.dumps(parts, ensure_ascii=self.draw(st.booleans())).encode())
        self.disclosures.append(text)
        self.digests += digests_of([text], self.algorithm)
        return self.digests[-1]


@st.composite
def presented(draw: st.DrawFn) -> tuple[dict[str, Any], list[str]]:
    maker = Maker(draw)
    payload = maker.object(4)
    if maker.algorithm != "sha-256" or draw(st.booleans()):
        payload["_sd_alg"] = maker.algorithm
    if maker.seldom():
        payload["_sd_alg"] = draw(st.sampled_from(["md5", "", None, 1]))
    # Mostly all of them; parents may miss, so that their children are refused.
    sent = [text for text in maker.disclosures if not maker.seldom()]
    sent = draw(st.permutations(sent))
    return payload, sent + sent[:1] if maker.seldom() else sent


def outcome(payload: dict[str, Any], sent: list[str]) -> Any:
    token = jose.sign({"typ": "example+sd-jwt"}, payload, KEY)
    sd_jwt = SdJwt.parse("~".join([token, *sent, ""]))
    assert sd_jwt.payload == payload
    try:
        return ordered(sd_jwt.claims())
    except TrustidError as err:
        return err.code


def expected(payload: dict[str, Any], sent: list[str]) -> Any:
    try:
        return ordered(sd_jwt_oracle.processed(payload, sent))
    except sd_jwt_oracle.RefusedError as err:
        return err.args[0]


def ordered(claims: Any) -> str:
    """Text that tells 1 from True and from 1.0, and keeps the order of members."""
    return json.dumps(claims)


@settings(deadline=None, max_examples=200)
@given(presented())
def test_as_read_aloud(case: tuple[dict[str, Any], list[str]]) -> None:
    assert outcome(*case) == expected(*case)


def test_the_cases_reach_every_end() -> None:
    """The law above says little unless its cases are both accepted and refused, for every reason."""
    found: Counter[str] = Counter()

    @settings(deadline=None, max_examples=300, database=None, derandomize=True)
    @given(presented())
    def count(case: tuple[dict[str, Any], list[str]]) -> None:
        end = expected(*case)
        found["accepted" if end.startswith("{") else end] += 1

    count()
    assert found.keys() == {
        "accepted",
        "digest_duplicate",
        "disclosure_duplicate",
        "disclosure_malformed",
        "disclosure_name_collision",
        "disclosure_name_forbidden",
        "disclosure_unreferenced",
        "hash_not_allowed",
    }


@pytest.mark.parametrize("containers", [33, 34])
def test_B051_depth_as_read_aloud(containers: int) -> None:
    value: Any = 1
    for level in range(containers - 1):
        value = {"a": value} if level % 2 else [value]
    payload = {"a": value}
    assert outcome(payload, []) == expected(payload, [])
    assert (outcome(payload, []) == "limit_exceeded") == (containers == 34)


def test_numbers_and_texts_stay_what_they_are() -> None:
    """Read by the core or by the standard library: the same values."""
    texts = ["0", "-0", "-0.0", "1E2", "0.1", "1e-400", "9223372036854775808", "-9223372036854775808"]
    texts += ["1" * 308, '"\\ud83d\\ude00\\n\\/"', '"\u20ac"', "true", "false", "null", "[[],{}]"]
    payload = f'{{"all":[{",".join(texts)}],"\\u0061\\"":1}}'
    sd_jwt = SdJwt.parse(jose.sign({}, payload.encode(), KEY) + "~")
    assert ordered(sd_jwt.payload) == ordered(sd_jwt.claims()) == ordered(json.loads(payload))
    with pytest.raises(TrustidError) as caught:
        SdJwt.parse(jose.sign({}, payload.replace("1" * 308, "1" * 309).encode(), KEY) + "~")
    assert caught.value.code == "malformed"
