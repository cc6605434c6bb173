"""Sets of status lists in SQLite: each place once over threads, processes, forks and kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trustid import keys
from trustid.keys.sealing import SealingKey
from trustid.status.bitstring import MIN_ENTRIES
from trustid.status.list_set import Act, ListSet, TokenLists
from trustid.status.list_set.changing import rewriting
from trustid.status.list_set.ports import NewShard
from trustid.status.list_token import parse
from trustid.status.token_list import TokenStatusList
from trustid.stores.sqlite import ConstraintError
from trustid.stores.sqlite_list_set import SqliteListSetStore

SECRET = bytes(range(32))
SET = "school"


def lists_at(path: Path, block: int = 64) -> ListSet:
    kind = TokenLists(key=keys.generate("P-256"), uri_of=str, issuer="https://school.example")
    return ListSet(
        SET,
        kind=kind,
        store=SqliteListSetStore(path),
        key=SealingKey(SECRET),
        clock=lambda: 1_800_000_000,
        shard_size=MIN_ENTRIES,
        lease_block=block,
    )


TAKER = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from stores.test_sqlite_list_set import lists_at
lists = lists_at(Path({file!r}))
print("ready", flush=True)
sys.stdin.readline()
for _ in range({count}):
    place = lists.take()
    print(place.names["status"], place.index, flush={flush})
"""


REVOKER = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from stores.test_sqlite_list_set import lists_at
lists = lists_at(Path({file!r}))
print("ready", flush=True)
sys.stdin.readline()
for index in range({first}, 100_000):
    lists.revoke([({name!r}, index)])
    if index % 10 == 9:
        lists.publish()
    print(index, flush=True)
"""


def taker(file: Path, count: int, *, flush: bool = False) -> subprocess.Popen[str]:
    """A process that takes places one by one, and prints each before it takes the next."""
    code = TAKER.format(path=sys.path, file=str(file), count=count, flush=flush)
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()


def test_each_place_once_over_four_processes(tmp_path: Path) -> None:
    """The same million wide in `make bench-lists`."""
    file = tmp_path / "lists.db"
    takers = [taker(file, 5000) for _ in range(4)]
    for process in takers:
        begin(process)
    printed = [process.communicate()[0].splitlines() for process in takers]
    assert [len(lines) for lines in printed] == [5000] * 4
    assert len({line for lines in printed for line in lines}) == 20_000


def test_each_place_once_when_processes_are_killed(tmp_path: Path) -> None:
    """Whoever comes after a kill begins behind the block that died; what was printed is never given again."""
    file = tmp_path / "lists.db"
    seen: list[str] = []
    for lines in (1, 63, 64, 200):
        with taker(file, 1_000_000, flush=True) as process:
            begin(process)
            assert process.stdout is not None
            printed = "".join(process.stdout.readline() for _ in range(lines))
            process.send_signal(signal.SIGKILL)
            # The last line may be cut short; whoever reads only part of it has no place.
            printed += process.stdout.read().rpartition("\n")[0]
        assert process.returncode == -signal.SIGKILL
        seen += printed.splitlines()
    last = taker(file, 100)
    begin(last)
    seen += last.communicate()[0].splitlines()
    assert len(set(seen)) == len(seen)


def test_no_acknowledged_revocation_is_lost_when_processes_are_killed(tmp_path: Path) -> None:
    """Nor one published that goes again: what was signed before a kill is still true after it."""
    file = tmp_path / "lists.db"
    name = lists_at(file).take().names["status"]
    first = 0
    for lines in (1, 9, 10, 31):
        code = REVOKER.format(path=sys.path, file=str(file), first=first, name=name)
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            begin(process)
            assert process.stdout is not None
            printed = "".join(process.stdout.readline() for _ in range(lines))
            process.send_signal(signal.SIGKILL)
            printed += process.stdout.read().rpartition("\n")[0]
        acknowledged = int(printed.split()[-1])
        after = lists_at(file)
        claims = parse(after.serve(name).token or "").claims()
        revoked = [index for index, _ in TokenStatusList.from_claim(claims["status_list"]).set_entries()]
        # One more may have reached the disk than was told.
        assert revoked in (list(range(acknowledged + 1)), list(range(acknowledged + 2)))
        first = len(revoked)
        assert SqliteListSetStore(file).query_one("PRAGMA integrity_check")["integrity_check"] == "ok"  # type: ignore[index]


def test_each_place_once_over_threads_and_a_fork(tmp_path: Path) -> None:
    """A fork copies what was leased; only the parent gives it out."""
    lists = lists_at(tmp_path / "lists.db")
    with ThreadPoolExecutor(4) as pool:
        taken = [place.index for places in pool.map(lists.take_many, [30] * 40) for place in places]
    taken.append(lists.take().index)
    from_child, to_parent = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover
        try:
            places = lists.take_many(100)
            os.write(to_parent, " ".join(str(place.index) for place in places).encode())
        finally:
            os._exit(0)
    os.close(to_parent)
    taken += [place.index for place in lists.take_many(100)]
    with os.fdopen(from_child) as answer:
        taken += [int(index) for index in answer.read().split()]
    os.waitpid(child, 0)
    assert len(taken) == 1401
    assert len(set(taken)) == len(taken)


def test_R07_no_change_is_lost_among_many_at_once(tmp_path: Path) -> None:
    lists = lists_at(tmp_path / "lists.db")
    name = lists.take().names["status"]

    def revoke(index: int) -> None:
        lists.revoke([(name, index)])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(revoke, range(200)))
    store = SqliteListSetStore(tmp_path / "lists.db")
    record = store.record(SET, name)
    assert record is not None
    assert record.version == 200
    assert int.from_bytes(record.content, "little") == sum(1 << 2 * index for index in range(200))


@pytest.fixture
def store(tmp_path: Path) -> SqliteListSetStore:
    return SqliteListSetStore(tmp_path / "lists.db")


def shard(name: str, size: int = 16) -> NewShard:
    return NewShard(f"seed-{name}", size, {"revocation": (f"{name}-r", 1), "suspension": (f"{name}-s", 1)})


def test_a_lease_stays_in_its_shard(store: SqliteListSetStore) -> None:
    leases = [store.lease(SET, 10, fresh=shard(str(number))) for number in range(4)]
    assert [(lease.seed, lease.first, lease.count) for lease in leases] == [
        ("seed-0", 0, 10),
        ("seed-0", 10, 6),
        ("seed-2", 0, 10),
        ("seed-2", 10, 6),
    ]
    assert leases[0].names == {"revocation": "0-r", "suspension": "0-s"}
    assert store.lease("hospital", 10, fresh=shard("h")).seed == "seed-h"


def test_a_counter_never_goes_back(store: SqliteListSetStore) -> None:
    store.lease(SET, 10, fresh=shard("a"))
    with pytest.raises(ConstraintError), store.transaction() as work:
        work.execute("UPDATE set_shard SET allocated = 9")
    assert store.lease(SET, 1, fresh=shard("b")).first == 10


def test_a_change_that_raises_changes_no_list(store: SqliteListSetStore) -> None:
    store.lease(SET, 1, fresh=shard("a"))
    fine, bad = rewriting(Act.REVOKE, [3]), rewriting(Act.REVOKE, [16])
    broken: dict[str, Callable[..., bytes]] = {"a-r": fine, "a-s": bad}
    with pytest.raises(Exception, match=r"revoke|below"):
        store.rewrite(SET, broken)
    before = store.record(SET, "a-r")
    assert before is not None
    assert (before.version, before.content) == (0, bytes(2))
    assert store.rewrite(SET, {"a-r": fine}) == 1
    after = store.record(SET, "a-r")
    assert after is not None
    assert (after.version, after.content) == (1, b"\x08\0")
    assert store.outdated(SET, 0) == ["a-r", "a-s"]
    assert store.outdated("hospital", 0) == []
