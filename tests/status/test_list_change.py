"""Signed changes: the list they lead to is the list itself; what does not fit is refused and changes nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from trustid import keys
from trustid.credentials import jose
from trustid.encoding import b64url_encode
from trustid.errors import TrustidError
from trustid.status import list_change, list_token
from trustid.status.bitstring import Bitstring, BitstringListCredential
from trustid.status.list_token import ListSigning, StatusListToken
from trustid.status.position_coding import encode_positions
from trustid.status.token_list import INVALID, SUSPENDED, TokenStatusList

KEY = keys.generate("P-256")
URI = "https://school.example/status/1"
NOW = 1_800_000_000
SIZE = 1 << 10


def listed(statuses: TokenStatusList, issued_at: int = NOW) -> StatusListToken:
    """As a verifier has it: signed, parsed, verified."""
    token = list_token.issue(
        statuses,
        ListSigning(uri=URI, key=KEY, issued_at=issued_at, expires_at=issued_at + 100, ttl=3600),
    )
    return list_token.verify(list_token.parse(token), KEY.public_key, uri=URI, now=issued_at)


def changed(before: TokenStatusList, after: TokenStatusList, **more: Any) -> str:
    settings = {"uri": URI, "key": KEY, "issued_at": NOW + 60, "expires_at": NOW + 160, "ttl": 600} | more
    return list_change.issue(before.to_bytes(), after.to_bytes(), before.bits, ListSigning(**settings))


def applied(at_hand: StatusListToken, token: str, now: int = NOW + 60) -> StatusListToken:
    return list_change.apply(at_hand, list_change.parse(token), KEY.public_key, now=now)


def statuses(bits: int, entries: dict[int, int]) -> TokenStatusList:
    made = TokenStatusList(bits, SIZE)
    for index, status in entries.items():
        made.set(index, status)
    return made


@given(data=st.data(), bits=st.sampled_from([1, 2, 4, 8]))
def test_law_the_change_leads_to_the_new_list(data: st.DataObject, bits: int) -> None:
    entries = st.dictionaries(st.integers(0, SIZE - 1), st.integers(0, (1 << bits) - 1), max_size=60)
    before, after = statuses(bits, data.draw(entries)), statuses(bits, data.draw(entries))
    at_hand = listed(before)
    found = applied(at_hand, changed(before, after))
    assert found.statuses == after
    assert (found.issued_at, found.expires_at, found.ttl) == (NOW + 60, NOW + 160, 600)
    assert (found.uri, found.issuer) == (at_hand.uri, at_hand.issuer)
    assert at_hand.statuses == before


def test_a_change_of_nothing_makes_the_list_fresh() -> None:
    before = statuses(2, {5: INVALID})
    token = changed(before, before)
    found = applied(listed(before), token)
    assert found.statuses == before
    assert found.issued_at == NOW + 60
    assert list_change.digest_of(found) == list_change.digest_of(listed(before))
    claims = list_change.parse(token).claims()
    assert claims["base"] == claims["result"] == b64url_encode(list_change.digest_of(found))


def test_a_bitstring_list_changes_the_same_way() -> None:
    before, after = Bitstring(), Bitstring()
    before.set(131_071, 1)
    after.set_many([0, 7, 8, 131_071], 1)
    at_hand = BitstringListCredential(
        URI, "did:web:x.example", ("revocation",), None, NOW, None, None, before
    )
    reversed_bytes = [each.to_bytes().translate(list_change.REVERSED) for each in (before, after)]
    token = list_change.issue(*reversed_bytes, 1, ListSigning(uri=URI, key=KEY, issued_at=NOW))
    found = list_change.apply(at_hand, list_change.parse(token), KEY.public_key, now=NOW)
    assert found.statuses.to_bytes() == after.to_bytes()
    assert found.purposes == ("revocation",)
    assert at_hand.statuses.to_bytes() == before.to_bytes()


ONE, TWO, THREE = (
    statuses(2, {5: INVALID}),
    statuses(2, {5: INVALID, 9: SUSPENDED}),
    statuses(2, {5: INVALID}),
)
THREE.set_many([20, 21, 1000], INVALID)


def test_B180_a_chain_only_in_order() -> None:
    """A change that is missing, repeated or out of order is refused; in order they lead to the end."""
    first, second = changed(ONE, TWO), changed(TWO, THREE)
    at_hand = listed(ONE)
    after_first = applied(at_hand, first)
    assert applied(after_first, second).statuses == THREE
    for list_now, token in ((at_hand, second), (after_first, first)):
        with refused("status_change_invalid"):
            applied(list_now, token)
    assert at_hand.statuses == ONE
    assert after_first.statuses == TWO


def test_B180_every_changed_byte_is_refused() -> None:
    token = changed(ONE, TWO)
    assert applied(listed(ONE), token).statuses == TWO
    at_hand = listed(ONE)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place, character in enumerate(token):
        other = random.Random(place).choice(alphabet.replace(character, ""))
        with pytest.raises(TrustidError):
            applied(at_hand, token[:place] + other + token[place + 1 :])
    assert at_hand.statuses == ONE


def forged(change: Callable[[dict[str, Any]], object], typ: str = list_change.CHANGE_TYP) -> str:
    """A change that the issuer signed, with something in it that does not fit."""
    claims = list_change.parse(changed(ONE, TWO)).claims()
    change(claims)
    return jose.sign({"typ": typ}, claims, KEY)


FORGED: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "base": ("status_change_invalid", lambda claims: claims.update(base=claims["result"])),
    "base missing": ("status_change_invalid", lambda claims: claims.pop("base")),
    "result": ("status_change_invalid", lambda claims: claims.update(result=claims["base"])),
    "result missing": ("status_change_invalid", lambda claims: claims.pop("result")),
    "bits": ("status_change_invalid", lambda claims: claims.update(bits=1)),
    "places": (
        "status_change_invalid",
        lambda claims: claims["change"].__setitem__(0, b64url_encode(encode_positions([6], SIZE))),
    ),
    "planes swapped": ("status_change_invalid", lambda claims: claims["change"].reverse()),
    "a plane missing": ("status_malformed", lambda claims: claims["change"].pop()),
    "no planes": ("status_malformed", lambda claims: claims.update(change="AA")),
    "no text": ("status_malformed", lambda claims: claims.update(change=[0, 0])),
    "no coding": ("status_malformed", lambda claims: claims.update(change=["_w", "AA"])),
    "a place outside": (
        "status_malformed",
        lambda claims: claims["change"].__setitem__(0, b64url_encode(encode_positions([SIZE], SIZE))),
    ),
    "another list": ("status_mismatch", lambda claims: claims.update(sub=URI + "2")),
    "no date": ("status_malformed", lambda claims: claims.pop("iat")),
    "in the future": ("status_malformed", lambda claims: claims.update(iat=NOW + 150)),
    "older than the list": ("status_rollback", lambda claims: claims.update(iat=NOW - 1)),
    "expired": ("status_stale", lambda claims: claims.update(exp=NOW + 60)),
}


@pytest.mark.parametrize(("code", "change"), FORGED.values(), ids=FORGED.keys())
def test_B180_what_does_not_fit_is_refused(code: str, change: Callable[[dict[str, Any]], object]) -> None:
    assert applied(listed(ONE), forged(lambda claims: None)).statuses == TWO
    at_hand = listed(ONE)
    with refused(code):
        applied(at_hand, forged(change))
    assert at_hand.statuses == ONE


def test_B118_signed_by_another_key_or_for_another_purpose() -> None:
    at_hand, token = listed(ONE), list_change.parse(changed(ONE, TWO))
    assert list_change.apply(at_hand, token, KEY.public_key, now=NOW + 60).statuses == TWO
    with refused("status_untrusted"):
        list_change.apply(at_hand, token, keys.generate("P-256").public_key, now=NOW + 60)
    with refused("typ_mismatch"):
        list_change.parse(forged(lambda claims: None, typ="statuslist+jwt"))
    for text in ("", "a.b", b"\xff", "e30.e30.e30"):
        with pytest.raises(TrustidError):
            list_change.parse(text)
