"""Nonces: known again, for their time only, by their maker only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustid.encoding import b64url_decode, b64url_encode
from trustid.errors import ProtocolError
from trustid.keys.sealing import SealingKey
from trustid.protocols.nonces import NONCE_SECONDS, NonceMint

KEY = SealingKey(bytes(range(32)))
MINT = NonceMint(KEY, "https://issuer.example")
NOW = 1_800_000_000


def test_nonces_are_fresh_and_known_again() -> None:
    nonces = [MINT.make(NOW) for _ in range(100)]
    assert len({MINT.check(nonce, NOW)[0] for nonce in nonces}) == 100


@given(st.integers(0, 10 * NONCE_SECONDS))
def test_a_nonce_holds_for_its_time(later: int) -> None:
    nonce = MINT.make(NOW)
    if later < NONCE_SECONDS:
        assert MINT.check(nonce, NOW + later)[1] == NOW + NONCE_SECONDS
        return
    with pytest.raises(ProtocolError) as caught:
        MINT.check(nonce, NOW + later)
    assert caught.value.code == "invalid_nonce"


@given(st.integers(0, 40 * 8 - 1))
def test_any_flipped_bit_refuses(bit: int) -> None:
    raw = bytearray(b64url_decode(MINT.make(NOW)))
    raw[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(ProtocolError) as caught:
        MINT.check(b64url_encode(bytes(raw)), NOW)
    assert caught.value.code == "invalid_nonce"


@given(st.text(max_size=200))
def test_only_our_error_comes_out_of_any_text(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        MINT.check(text, NOW)
    assert caught.value.code == "invalid_nonce"


def test_another_issuer_or_key_does_not_know_it() -> None:
    nonce = MINT.make(NOW)
    for other in (
        NonceMint(KEY, "https://other.example"),
        NonceMint(SealingKey(bytes(32)), "https://issuer.example"),
    ):
        with pytest.raises(ProtocolError):
            other.check(nonce, NOW)
    MINT.check(nonce, NOW)
