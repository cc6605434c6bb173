"""Secrets at rest: what was sealed opens, under its key and in its place only."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from trustid.keys import sealing
from trustid.keys.sealing import OpeningKey, SealingKey, new_salt, seal_to, sealing_key_from_passphrase

KEY = SealingKey(bytes(range(32)))


@given(st.binary(max_size=100), st.binary(max_size=30))
def test_sealing_laws(plaintext, context):
    sealed = KEY.seal(plaintext, context)
    assert KEY.open(sealed, context) == plaintext
    assert KEY.seal(plaintext, context) != sealed
    assert len(sealed) == len(plaintext) + 40
    for other in (SealingKey.generate(), KEY.derive("x")):
        with refused("store_tampered"):
            other.open(sealed, context)
    with refused("store_tampered"):
        KEY.open(sealed, context + b"x")


def test_any_flipped_bit_refuses():
    sealed = KEY.seal(b"secret", b"here")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with refused("store_tampered"):
            KEY.open(bytes(changed), b"here")


@given(st.binary(max_size=80))
def test_any_bytes_as_sealed(data):
    with refused("store_tampered"):
        KEY.open(data, b"")


def test_derived_keys_are_independent_and_stable():
    assert KEY.derive("a").mac(b"x") == KEY.derive("a").mac(b"x")
    assert len({KEY.derive("a").mac(b"x"), KEY.derive("b").mac(b"x"), KEY.mac(b"x"), KEY.mac(b"y")}) == 4
    assert len(KEY.mac(b"")) == 32
    # Fixed, since stores keep what these made.
    assert KEY.mac(b"row").hex() == SealingKey(bytes(range(32))).mac(b"row").hex()


def test_a_sealing_key_keeps_its_manners():
    assert repr(KEY) == "<SealingKey: secret>"
    with pytest.raises(TypeError):
        pickle.dumps(KEY)
    assert SealingKey(bytes(range(32))) != KEY
    for size in (0, 31, 33):
        with refused("key_invalid"):
            SealingKey(bytes(size))


def test_passphrases():
    salt = new_salt()
    key = sealing_key_from_passphrase(b"correct horse", salt)
    sealed = key.seal(b"x", b"")
    assert sealing_key_from_passphrase(b"correct horse", salt).open(sealed, b"") == b"x"
    for passphrase, other in ((b"correct horsf", salt), (b"", salt), (b"correct horse", new_salt())):
        with refused("store_tampered"):
            sealing_key_from_passphrase(passphrase, other).open(sealed, b"")
    with refused("key_invalid"):
        sealing_key_from_passphrase(b"x", salt[1:])


def test_stretching_is_never_cheaper_than_the_interactive_profile():
    assert sealing.MEMORY_BYTES >= 64 << 20
    assert sealing.OPERATIONS >= 2


@given(st.binary(max_size=100), st.binary(max_size=30))
def test_sealing_to_a_public_key_laws(plaintext, context):
    owner = KEY.derive_opening("tickets")
    sealed = seal_to(owner.public_key, plaintext, context)
    assert owner.open(sealed, context) == plaintext
    assert seal_to(owner.public_key, plaintext, context) != sealed
    assert len(sealed) == len(plaintext) + 80
    with refused("store_tampered"):
        owner.open(sealed, context + b"x")
    with refused("store_tampered"):
        KEY.derive_opening("other").open(sealed, context)
    with refused("store_tampered"):
        owner.open(sealed[:-1], context)


def test_what_nobody_can_have_is_no_public_key():
    assert KEY.derive_opening("x").public_key == KEY.derive_opening("x").public_key
    with refused("key_invalid"):
        seal_to(bytes(32), b"secret", b"")
    with refused("key_invalid"):
        seal_to(KEY.derive_opening("x").public_key[:31], b"secret", b"")
    with refused("key_invalid"):
        OpeningKey(bytes(31))
    with pytest.raises(TypeError):
        pickle.dumps(KEY.derive_opening("x"))
