"""Rows of everybody in a file: written whole or not at all, resumed, checked block by block."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

from trustid.errors import LimitExceededError, MalformedError, ProofError, StoreError, TrustidError
from trustid.status.accumulator import (
    BLOCK_ROWS,
    ROW_BYTES,
    Manager,
    Params,
    RowsFile,
    block_hash,
    check_block,
)
from trustid.status.membership import Witness

REGISTRY = b"https://revocation.example/registry/1"
SECRET = bytes(31) + b"\x07" + bytes(range(32))
CAPACITY = 5 * BLOCK_ROWS + 100
BLOCK_BYTES = BLOCK_ROWS * ROW_BYTES


def manager_of(capacity: int = CAPACITY) -> Manager:
    manager = Manager._create_derand(SECRET, REGISTRY, capacity)
    for slot in range(10):
        manager.take(slot)
    return manager


@pytest.fixture(scope="module")
def manager() -> Manager:
    manager = manager_of()
    manager.revoke([3])
    return manager


@pytest.fixture
def written(manager: Manager, tmp_path: Path) -> RowsFile:
    manager.write_rows(tmp_path / "rows", threads=2)
    return RowsFile.open(tmp_path / "rows", manager.params)


def code_of(kind: type[TrustidError], call: object, *arguments: object) -> str:
    with pytest.raises(kind) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.code


def leaf(entry: bytes) -> bytes:
    return sha256(b"\0" + entry).digest()


def tree_root(entries: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1."""
    if len(entries) == 1:
        return leaf(entries[0])
    split = 1 << (len(entries) - 1).bit_length() - 1
    return sha256(b"\1" + tree_root(entries[:split]) + tree_root(entries[split:])).digest()


def test_the_file_holds_every_block_and_its_root_is_that_of_rfc_9162(
    manager: Manager, written: RowsFile
) -> None:
    params, value = manager.params, manager.accumulator
    blocks = [manager.block(number) for number in range(written.blocks)]
    assert [written.block(number) for number in range(written.blocks)] == blocks
    assert written.accumulator == value
    entries = [block_hash(params, value, number, rows) for number, rows in enumerate(blocks)]
    assert written.root == tree_root(entries)
    written.check(threads=2)
    for number, rows in enumerate(blocks):
        check_block(params, value, written.root, number, rows, written.proof(number))
    row = blocks[0][7 * ROW_BYTES : 8 * ROW_BYTES]
    assert Witness.check(params, value, manager.member(7), row).epoch == 1


def test_B180_a_block_of_another_place_epoch_or_root(manager: Manager, written: RowsFile) -> None:
    """One byte changed, blocks reordered, another epoch's, a proof cut or lengthened: refused."""
    params, value, root = manager.params, manager.accumulator, written.root
    rows, proof = written.block(2), written.proof(2)
    other = manager_of()
    other.revoke([4])
    good = (params, value, root, 2, rows, proof)
    check_block(*good)
    altered = [
        (params, value, root, 2, bytes([rows[0] ^ 1]) + rows[1:], proof),
        (params, value, root, 2, rows[:-1] + bytes([rows[-1] ^ 1]), proof),
        (params, value, root, 2, rows[ROW_BYTES:], proof),
        (params, value, root, 2, rows + rows[:ROW_BYTES], proof),
        (params, value, root, 3, rows, proof),
        (params, value, root, 3, written.block(3), proof),
        (params, value, root, 2**63, rows, proof),
        (params, value, root, 6, b"", proof),
        (params, other.accumulator, root, 2, rows, proof),
        (other_params(), value, root, 2, rows, proof),
        (params, value, root[:31] + bytes([root[31] ^ 1]), 2, rows, proof),
        (params, value, root[:31], 2, rows, proof),
        (params, value, b"", 2, rows, proof),
        (params, value, root, 2, rows, proof[32:]),
        (params, value, root, 2, rows, proof[:-1]),
        (params, value, root, 2, rows, proof + bytes(32)),
        (params, value, root, 2, rows, proof[32:64] + proof[:32] + proof[64:]),
        (params, value, root, 2, rows, bytes([proof[0] ^ 1]) + proof[1:]),
    ]
    for arguments in altered:
        assert code_of(ProofError, check_block, *arguments) == "acc_update_invalid"


def other_params() -> Params:
    return Manager.create(REGISTRY, CAPACITY).params


def test_a_file_that_was_changed_or_is_another_is_refused(
    manager: Manager, written: RowsFile, tmp_path: Path
) -> None:
    path, params = tmp_path / "rows", manager.params
    good = path.read_bytes()
    assert len(good) == CAPACITY * ROW_BYTES + 6 * 32 + 104

    def opened(data: bytes) -> RowsFile:
        path.write_bytes(data)
        return RowsFile.open(path, params)

    changed = opened(good[:BLOCK_BYTES] + bytes([good[BLOCK_BYTES] ^ 1]) + good[BLOCK_BYTES + 1 :])
    assert changed.block(0) == written.block(0)
    assert code_of(StoreError, changed.block, 1) == "store_tampered"
    assert code_of(StoreError, changed.check) == "store_tampered"
    assert opened(good[:-104] + good[-104:]).root == written.root
    for at in (-104, -80, -50, -1):
        altered = bytearray(good)
        altered[at] ^= 1
        try:
            found = opened(bytes(altered)).accumulator
        except StoreError as error:
            assert error.code == "store_tampered"
        else:  # the number of an epoch is as good as another, until it is held against a statement
            assert found.epoch != 1
    for data in (b"", good[:-1], good + b"\0", good[ROW_BYTES:]):
        assert code_of(StoreError, opened, data) == "store_tampered"
    assert code_of(StoreError, RowsFile.open, path, other_params()) == "store_tampered"
    assert code_of(StoreError, RowsFile.open, tmp_path / "none", params) == "store_unavailable"
    for number in (6, 2**63):
        assert code_of(MalformedError, written.block, number) == "malformed"
        assert code_of(MalformedError, written.proof, number) == "malformed"


def test_what_progress_raises_ends_the_work_and_the_next_run_goes_on(
    manager: Manager, tmp_path: Path
) -> None:
    path = tmp_path / "rows"
    whole = manager.write_rows(tmp_path / "whole", threads=2)
    told: list[tuple[int, int]] = []

    def stop(done: int, rows: int) -> None:
        told.append((done, rows))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        manager.write_rows(path, progress=stop)
    assert not path.exists()
    assert told[-1][1] == CAPACITY
    again = manager.write_rows(path, threads=2, progress=lambda *now: told.append(now))
    assert told[-1] == (CAPACITY, CAPACITY)
    assert (again.root, again.rows, again.accumulator) == (whole.root, CAPACITY, manager.accumulator)
    assert path.read_bytes() == (tmp_path / "whole").read_bytes()
    assert sorted(name.name for name in tmp_path.iterdir()) == ["rows", "whole"]


def test_damage_to_a_part_is_made_good(manager: Manager, tmp_path: Path) -> None:
    """Rows and hashes that reached the disk in part only, and a part of another epoch."""
    path, part = tmp_path / "rows", tmp_path / "rows.part"
    manager.write_rows(path)
    good = path.read_bytes()
    hashes = CAPACITY * ROW_BYTES
    for name, data, resumed in (
        ("all done", good, CAPACITY),
        ("a row lost", bytes(48) + good[48:], CAPACITY - BLOCK_ROWS),
        ("a hash lost", good[:hashes] + bytes(32) + good[hashes + 32 :], CAPACITY - BLOCK_ROWS),
        ("a hash torn", good[:hashes] + bytes(9) + good[hashes + 9 :], CAPACITY - BLOCK_ROWS),
        ("rows lost", bytes(hashes) + good[hashes:], 0),
        ("cut", good[:-1], 0),
        ("another file", bytes(len(good)), 0),
        ("empty", b"", 0),
    ):
        part.write_bytes(data)
        summary = manager.write_rows(path, threads=2)
        assert (summary.resumed, path.read_bytes()) == (resumed, good), name
    later = manager_of()
    later.revoke([3])
    assert later.advance().value == manager.accumulator.value
    part.write_bytes(good)
    assert later.write_rows(path).resumed == 0
    assert path.read_bytes()[:hashes] == good[:hashes]
    assert RowsFile.open(path, later.params).accumulator.epoch == 2


WRITER = """
import sys
from trustid.status.accumulator import Manager
manager = Manager._create_derand(bytes.fromhex(sys.argv[1]), sys.argv[2].encode(), int(sys.argv[3]))
if len(sys.argv) > 5:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[5]),) * 2)
print("ready", flush=True)
manager.write_rows(sys.argv[4], threads=2)
"""


def writer(path: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, SECRET.hex(), REGISTRY.decode(), str(CAPACITY), str(path), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_at_any_point_and_taken_up_again(tmp_path: Path) -> None:
    """SIGKILL after more and more of the time a whole run takes; the bytes stay the same."""
    manager = manager_of()
    manager.write_rows(tmp_path / "whole")
    good = (tmp_path / "whole").read_bytes()
    path = tmp_path / "rows"
    path.write_bytes(b"the rows of the epoch before")
    for tries in range(20):
        with writer(path) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.004 * tries)
            process.send_signal(signal.SIGKILL)
        if path.read_bytes() == good:
            path.write_bytes(b"the rows of the epoch before")
        else:
            assert path.read_bytes() == b"the rows of the epoch before"
    manager.write_rows(path)
    assert path.read_bytes() == good


def test_a_full_disk_leaves_the_old_file(manager: Manager, tmp_path: Path) -> None:
    """The limit on a file's size stands for the disk; with room enough the same call goes through."""
    path = tmp_path / "rows"
    path.write_bytes(b"old")
    with writer(path, str(CAPACITY * ROW_BYTES // 2)) as process:
        _, errors = process.communicate()
        assert "store_unavailable" in errors
    assert path.read_bytes() == b"old"
    with writer(path, str(CAPACITY * ROW_BYTES * 2)) as process:
        process.communicate()
    assert process.returncode == 0
    assert RowsFile.open(path, manager.params).accumulator.epoch == 0


def test_who_else_writes_there_and_where_nobody_can(manager: Manager, tmp_path: Path) -> None:
    codes: list[str] = []

    def second(_done: int, _all: int) -> None:
        codes.append(code_of(StoreError, manager.write_rows, tmp_path / "rows"))

    manager.write_rows(tmp_path / "rows", progress=second)
    assert set(codes) == {"store_unavailable"}
    assert code_of(StoreError, manager.write_rows, tmp_path / "no" / "rows") == "store_unavailable"
    assert code_of(StoreError, manager.write_rows, tmp_path) == "store_unavailable"
    with pytest.raises(LimitExceededError):
        manager.write_rows(tmp_path / "rows", threads=0)


def test_the_manager_goes_on_meanwhile(tmp_path: Path) -> None:
    """A slot that is revoked while rows are written keeps its row in that file."""
    manager = manager_of()
    before = manager.block(0)

    def revoke(done: int, rows: int) -> None:
        if done == rows:
            manager.take(11)
            manager.revoke([5])

    summary = manager.write_rows(tmp_path / "rows", progress=revoke)
    assert (summary.accumulator.epoch, manager.accumulator.epoch) == (0, 1)
    assert RowsFile.open(tmp_path / "rows", manager.params).block(0) == before != manager.block(0)


def test_an_epoch_without_revocations() -> None:
    """The number moves on, the value stays, and stored state fits its secret; not at epoch 0."""
    manager = manager_of()
    value = manager.accumulator.value
    assert manager.advance().epoch == 1
    assert manager.accumulator.value == value
    again = Manager.restore(manager.secret_bytes(), manager.params, manager.state_bytes())
    assert (again.accumulator, again.revoke([3]).epoch) == (manager.accumulator, 2)
    state = again.state_bytes()
    forged = bytes(8) + state[8:]
    assert (
        code_of(StoreError, Manager.restore, again.secret_bytes(), again.params, forged) == "store_tampered"
    )
