"""The manager of an accumulator, from Python: states, codes, secrets, concurrency."""

from __future__ import annotations

import copy
import json
import pickle
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from trustid.errors import (
    AccumulatorStateError,
    LimitExceededError,
    MalformedError,
    ProofError,
    StoreError,
    TrustidError,
)
from trustid.status.accumulator import (
    BLOCK_ROWS,
    DEFAULT_CAPACITY,
    ROW_BYTES,
    Accumulator,
    Manager,
    Member,
    Params,
    block_hash,
    encode_slots,
)
from trustid.status.membership import Opening, Witness

REGISTRY = b"https://revocation.example/registry/1"
ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
INFINITY = bytes([0xC0]) + bytes(47)
OWN_VECTORS = Path(__file__).parents[1] / "own_vectors" / "revocation"


@pytest.fixture
def manager() -> Manager:
    """A small registry with ten slots taken."""
    manager = Manager.create(REGISTRY, 5_000)
    for slot in range(10):
        manager.take(slot)
    return manager


def code_of(kind: type[TrustidError], call: Any, *arguments: Any) -> str:
    with pytest.raises(kind) as caught:
        call(*arguments)
    return caught.value.code


def outside_the_subgroup() -> bytes:
    for x in range(1, 256):
        data = bytes([0x80]) + bytes(46) + bytes([x])
        try:
            Accumulator.from_bytes(bytes(8) + data)
        except MalformedError as error:
            if error.code == "point_not_in_subgroup":
                return data
    raise AssertionError("most points of the curve lie outside")


def not_on_the_curve() -> bytes:
    for x in range(1, 256):
        data = bytes([0x80]) + bytes(46) + bytes([x])
        try:
            Accumulator.from_bytes(bytes(8) + data)
        except MalformedError as error:
            if error.code == "point_not_on_curve":
                return data
    raise AssertionError("half of all numbers belong to no point")


def test_B160_handles_that_are_none(manager: Manager) -> None:
    good = manager.member(3).to_bytes()
    assert Member.from_bytes(good).to_bytes() == good
    for bad in (
        bytes(32),
        ORDER.to_bytes(32, "big"),
        (ORDER + 7).to_bytes(32, "big"),
        bytes(1) + good,
        good[1:],
        b"",
    ):
        assert code_of(MalformedError, Member.from_bytes, bad) == "handle_invalid"
    assert code_of(MalformedError, Opening.from_bytes, good + bytes(32)) == "handle_invalid"
    assert code_of(MalformedError, Opening.from_bytes, good) == "handle_invalid"
    assert Opening.from_bytes(good + good).to_bytes() == good + good


def test_B161_no_function_of_the_manager_takes_a_handle(manager: Manager) -> None:
    """Slots come in, handles go out; the same slot of another registry has another handle."""
    with pytest.raises(TypeError):
        manager.revoke([manager.member(1)])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        manager.take(manager.member(1).to_bytes())  # type: ignore[arg-type]
    other = Manager.create(REGISTRY, 5_000)
    handles = {other.take(1).to_bytes(), *(manager.member(slot).to_bytes() for slot in range(10))}
    assert len(handles) == 11


def test_B163_B164_a_slot_is_taken_once(manager: Manager) -> None:
    assert code_of(AccumulatorStateError, manager.take, 3) == "handle_duplicate"
    manager.revoke([3])
    assert code_of(AccumulatorStateError, manager.take, 3) == "handle_revoked_final"
    assert code_of(LimitExceededError, manager.take, 5_000) == "limit_exceeded"
    assert manager.members == 9
    manager.take(4_999)
    assert manager.members == 10


@pytest.mark.parametrize("slots", [[10], [3, 3], [1, 2, 4_000], [2**64 - 1], [0]])
def test_B165_who_is_no_member_cannot_be_revoked(manager: Manager, slots: list[int]) -> None:
    manager.revoke([0])
    before = manager.state_bytes()
    assert code_of(AccumulatorStateError, manager.revoke, slots) == "not_member"
    assert manager.state_bytes() == before
    assert code_of(AccumulatorStateError, lambda: manager.revoke_encoded(encode_slots(slots))) == "not_member"
    assert manager.state_bytes() == before
    assert manager.revoke([9]).epoch == 2
    assert manager.revoke_encoded(encode_slots([8]), threads=2).epoch == 3


def test_slots_in_one_buffer_are_whole(manager: Manager) -> None:
    cut = encode_slots([1, 2])[:-1]
    assert code_of(MalformedError, manager.revoke_encoded, cut) == "malformed"
    many = encode_slots([1, 2])
    assert code_of(LimitExceededError, lambda: manager.revoke_encoded(many, threads=0)) == "limit_exceeded"
    assert manager.accumulator.epoch == 0
    assert manager.revoke_encoded(b"").epoch == 0
    assert manager.revoke_encoded(many).epoch == 1
    assert manager.members == 8


def test_B166_a_row_from_before_the_revocation(manager: Manager) -> None:
    member, other, row = manager.member(3), manager.member(4), manager.row(3)
    params, before = manager.params, manager.accumulator
    after = manager.revoke([3])
    assert Witness.check(params, before, member, row).epoch == 0
    assert code_of(ProofError, Witness.check, params, after, member, row) == "acc_witness_invalid"
    replaced = manager.rows(3, 1)
    assert code_of(ProofError, Witness.check, params, after, member, replaced) == "acc_witness_invalid"
    assert code_of(ProofError, Witness.check, params, after, other, row) == "acc_witness_invalid"
    assert Witness.check(params, after, other, manager.row(4)).epoch == 1
    assert code_of(AccumulatorStateError, manager.row, 3) == "not_member"


def test_B174_points_that_are_none(manager: Manager) -> None:
    params, value, member = manager.params, manager.accumulator, manager.member(1)
    wrong = {
        "point_identity": INFINITY,
        "point_not_in_subgroup": outside_the_subgroup(),
        "point_not_on_curve": not_on_the_curve(),
        "point_encoding": bytes(48),
    }
    for code, point in wrong.items():
        assert code_of(MalformedError, Accumulator.from_bytes, bytes(8) + point) == code
        assert code_of(MalformedError, Witness.check, params, value, member, point) == code
        data = bytes(params)
        altered = data[:112] + point + point + data[208:]
        assert code_of(MalformedError, Params.from_bytes, altered) == "params_invalid"
    assert code_of(MalformedError, Accumulator.from_bytes, b"") == "point_encoding"
    assert code_of(MalformedError, Accumulator.from_bytes, bytes(value) + b"\0") == "point_encoding"
    assert Accumulator.from_bytes(bytes(value)) == value
    assert Params.from_bytes(bytes(params)) == params


def test_B179_parameters_that_were_altered(manager: Manager) -> None:
    good = bytes(manager.params)
    one = bytes.fromhex(
        "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
    )
    altered = {
        "generators exchanged": good[:16] + good[64:112] + good[16:64] + good[112:],
        "H is G": good[:64] + good[16:64] + good[112:],
        "alpha is 0": good[:112] + bytes([0xC0]) + bytes(95) + good[208:],
        "alpha is 1": good[:112] + one + good[208:],
        "alpha is -1": good[:112] + bytes([one[0] ^ 0x20]) + one[1:] + good[208:],
        "no capacity": good[:208] + bytes(8) + good[216:],
        "too large": good[:208] + (DEFAULT_CAPACITY + 1).to_bytes(8, "big") + good[216:],
        "no name": good[:216],
        "long name": good[:216] + bytes(1_025),
        "another form": b"X" + good[1:],
        "cut": good[:100],
        "nothing": b"",
    }
    for name, data in altered.items():
        assert code_of(MalformedError, Params.from_bytes, data) == "params_invalid", name
    read = Params.from_bytes(good)
    assert (read, read.capacity, read.registry) == (manager.params, 5_000, REGISTRY)
    assert code_of(MalformedError, Manager.create, b"", 8) == "params_invalid"
    assert code_of(MalformedError, Manager.create, REGISTRY, 0) == "params_invalid"
    assert Manager.create(REGISTRY).params.capacity == DEFAULT_CAPACITY


def test_B181_many_at_once_are_one_by_one() -> None:
    manager = Manager.create(REGISTRY, 1 << 17)
    for slot in range(100_000):
        manager.take(slot)
    singly = Manager.restore(manager.secret_bytes(), manager.params, manager.state_bytes())
    assert manager.revoke([]).epoch == 0
    together = manager.revoke_encoded(encode_slots(range(100_000)), threads=2)
    for first in range(0, 100_000, 10_000):
        singly.revoke(range(first, first + 10_000), threads=2)
    assert (together.epoch, singly.accumulator.epoch) == (1, 10)
    assert together.value == singly.accumulator.value
    assert manager.members == 0
    assert manager.rows(0, 100) == singly.rows(0, 100)


def test_joining_shows_nowhere(manager: Manager) -> None:
    before = bytes(manager.accumulator), manager.block(0)
    manager.take(100)
    assert (bytes(manager.accumulator), manager.block(0)) == before


def test_rows_and_blocks(manager: Manager) -> None:
    manager.revoke([2])
    rows = manager.block(0, threads=2)
    assert rows == manager.rows(0, BLOCK_ROWS)
    assert rows[4 * ROW_BYTES : 5 * ROW_BYTES] == manager.row(4)
    assert len(manager.block(1)) == (5_000 - BLOCK_ROWS) * ROW_BYTES
    params, value = manager.params, manager.accumulator
    digest = block_hash(params, value, 0, rows)
    assert block_hash(params, value, 0, bytes([rows[0]]) + rows[1:]) == digest
    assert block_hash(params, value, 0, bytes([rows[0] ^ 1]) + rows[1:]) != digest
    for block, part in ((0, rows[48:]), (1, rows), (2, b"")):
        assert code_of(MalformedError, block_hash, params, value, block, part) == "malformed"
    assert code_of(MalformedError, manager.block, 2) == "malformed"
    assert code_of(LimitExceededError, manager.rows, 4_999, 2) == "limit_exceeded"
    assert manager.rows(5_000, 0) == b""


def test_state_fits_the_secret_or_is_refused(manager: Manager) -> None:
    manager.revoke([1, 2])
    secret, params, state = manager.secret_bytes(), manager.params, manager.state_bytes()
    again = Manager.restore(secret, params, state)
    assert (again.state_bytes(), again.row(3)) == (state, manager.row(3))
    for at in (8, 30, 60, len(state) - 1):
        bad = state[:at] + bytes([state[at] ^ 1]) + state[at + 1 :]
        assert code_of(StoreError, Manager.restore, secret, params, bad) == "store_tampered"
    stranger = Manager.create(REGISTRY, 5_000)
    assert code_of(StoreError, Manager.restore, stranger.secret_bytes(), params, state) == "store_tampered"
    assert code_of(MalformedError, Manager.restore, secret[1:], params, state) == "key_invalid"
    assert code_of(MalformedError, Manager.restore, bytes(64), params, state) == "key_invalid"


def test_secrets_are_not_shown_compared_or_copied(manager: Manager) -> None:
    opening = Opening.generate(manager.member(1))
    witness = Witness.check(manager.params, manager.accumulator, opening.member, manager.row(1))
    hidden = [manager.secret_bytes().hex(), opening.to_bytes().hex()[:64]]
    for secret in (manager, manager.member(1), opening, witness):
        assert "redacted" in repr(secret)
        assert all(text not in repr(secret) for text in hidden)
        for refused in (pickle.dumps, copy.copy, copy.deepcopy, hash, lambda one: one == one):
            with pytest.raises(TypeError):
                refused(secret)


def test_threads_take_each_slot_once() -> None:
    manager = Manager.create(REGISTRY, 400)
    taken: list[int] = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    def take_all() -> None:
        for slot in range(400):
            try:
                manager.take(slot)
            except AccumulatorStateError:
                continue
            taken.append(slot)

    threads = [threading.Thread(target=take_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(interval)
    assert sorted(taken) == list(range(400))


def test_the_vectors_are_what_the_code_makes() -> None:
    sys.path.insert(0, str(OWN_VECTORS))
    try:
        import generate
    finally:
        sys.path.remove(str(OWN_VECTORS))
    kept = json.loads((OWN_VECTORS / "membership.json").read_text(encoding="utf-8"))
    assert generate.vectors() == kept
