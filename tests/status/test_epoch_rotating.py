"""What a manager does to hand its statements over to a new key, and how that is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from refusing import refused
from registry_under_test import URI, World, trusting
from trustid import keys
from trustid.keys import PublicKey
from trustid.keys.keystore import Keystore
from trustid.status.epochs.checking import check_published
from trustid.status.epochs.manager_keys import ManagerKeys
from trustid.status.epochs.publishing import Publisher
from trustid.status.epochs.registry import Registry
from trustid.status.epochs.statement import (
    EpochStatement,
    keys_by_thumbprint,
    read_statement,
    sign_statement,
)

HANDED_OVER = 2
"""The epoch in which `rotated` hands over."""


def test_a_handover_that_is_interrupted_goes_on_with_what_was_signed(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for before and after the statement was signed, with a crash between: no epoch has two statements."""
    finish = Registry.finish

    def die(registry: Registry, epoch: int) -> None:
        raise KeyboardInterrupt

    for asked_before in (True, False):
        if asked_before:
            made.hand_over()
        monkeypatch.setattr(Registry, "finish", die)
        with pytest.raises(KeyboardInterrupt):
            made.publish()
        monkeypatch.setattr(Registry, "finish", finish)
        signed = made.registry.statement(1 if asked_before else 3)
        if not asked_before:
            made.hand_over("Ed25519")
        assert made.publish() == signed
        made.publish()
    assert [one.statement.handover for one in map(made.registry.statement, range(5)) if one] == [
        None,
        None,
        1,
        1,
        1,
    ]
    assert made.registry.successor == made.keys.signing_keys[2].public_key
    made.publish()
    first = made.keys.signing_keys[0]
    assert check_published(trusting(first), made.source, clock=made.clock).newest.statement.handover == 4
    made.registry.replay()


def test_a_keystore_from_before_the_handover_signs_nothing(made: World) -> None:
    """Neither once the successor has signed, nor while it only was named: said at once, not after minutes of work."""
    old, store = made.keys, made.store
    made.hand_over()
    made.publish()
    named = Registry(store, old, clock=made.clock)
    with refused("key_missing"):
        Publisher(named, made.folder).publish()
    assert made.registry.status().begun is None
    made.publish()
    with refused("key_missing"):
        Registry(store, old, clock=made.clock)
    assert made.publish().epoch == 3


def test_successors_are_kept_in_the_keystore_once(tmp_path: Path) -> None:
    keystore = Keystore.create(tmp_path / "keystore.json", b"correct horse battery staple")
    first = ManagerKeys.create(keystore, URI, 64)
    again = ManagerKeys.open(keystore)
    second = first.with_successor(keystore, "P-256")
    # Somebody who asked at the same moment gets the same key.
    assert [key.public_key for key in again.with_successor(keystore, "Ed25519").signing_keys] == [
        key.public_key for key in second.signing_keys
    ]
    third = second.with_successor(keystore, "Ed25519")
    assert len(third.signing_keys) == 3
    assert third.signing_keys[0].public_key == first.signing_keys[0].public_key
    assert [key.public_key.algorithm for key in third.signing_keys] == ["EdDSA", "ES256", "EdDSA"]


# --- reading ----------------------------------------------------------------------------------


def test_handovers_are_read_strictly(rotated: World) -> None:
    first = rotated.keys.signing_keys[0]
    signed = rotated.registry.statement(HANDED_OVER)
    assert signed is not None
    good = signed.statement
    trusted = keys_by_thumbprint(first.public_key)

    def read(statement: EpochStatement) -> EpochStatement:
        return read_statement(sign_statement(statement, first).token, trusted, registry=URI).statement

    assert read(good) == good
    assert read(replace(good, handover=1)).handover == 1
    for epoch in (HANDED_OVER, HANDED_OVER + 1, -1):
        with refused("malformed", "claim_type_invalid"):
            read(replace(good, handover=epoch))

    def successor(jwk: Any) -> EpochStatement:
        return EpochStatement.from_claims(good.to_claims() | {"successor": jwk})

    jwk = _jwk(good.successor)
    assert successor(jwk) == good
    for bad in (jwk | {"kid": "1"}, jwk | {"y": jwk["x"]}, {"kty": "EC"}, {}, "key", None, [jwk]):
        with refused("key_invalid", "claim_type_invalid", "malformed", "unsupported"):
            successor(bad)
    with refused("key_invalid"):
        successor(keys.generate("P-384").public_key.to_jwk())


def _jwk(key: PublicKey | None) -> dict[str, Any]:
    assert key is not None
    return key.to_jwk()
