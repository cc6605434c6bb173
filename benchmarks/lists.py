"""Status lists at a hundred million entries: giving out places, signing, changes, reading.

    python -m benchmarks.lists [--json] [--quick]

- Places: four processes take a million, one by one, through one SQLite file with
  full durability; no place may come twice. Wall time. Peer: drawing an index and
  trying again when it is taken, each draw a row with a UNIQUE key.
- Signing: the lists of the set (96 of 1,048,576 entries, 1 % set) built, compressed
  and signed (ES256). Peers: zlib at its default and at its highest level, which
  the Token Status List draft recommends, for the compression alone.
- Publishing: the same with the store, from the last change to the last durable
  byte, with signed changes beside the lists. After 0.01 % more were revoked all
  lists have changed; after one more, one has.
- Change: bytes that tell which entries changed, beside their entropy. A ratio of
  0.98 is two percent above it.
- Reading: a verifier parses, checks the signature, opens a list and looks up an
  entry. Peer: inflating alone.
"""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
import tempfile
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from math import log2
from pathlib import Path

from benchmarks.harness import Row, Run, main
from trustid import keys
from trustid.keys.sealing import SealingKey
from trustid.status import list_token
from trustid.status.list_change import encode_change
from trustid.status.list_set import ListSet, TokenLists
from trustid.status.list_set.ports import ListRecord, NewShard
from trustid.status.token_list import VALID
from trustid.stores.sqlite_list_set import SqliteListSetStore

ENTRIES = 100_000_000
SHARD = 1 << 20
SHARDS = -(-ENTRIES // SHARD)
REVOKED = 0.01
SECRET = bytes(range(32))
URI = "https://issuer.example/status/"
NOW = 1_800_000_000
PROCESSES = 4
LEASE_BLOCK = 4096
MILLISECONDS = 1000


def kind_of_lists() -> TokenLists:
    """Token Status Lists of one bit."""
    return TokenLists(
        key=keys.generate("P-256"),
        uri_of=URI.__add__,
        issuer="https://issuer.example",
        suspending=False,
    )


def lists_at(path: Path) -> ListSet:
    """A set of them in a file."""
    return ListSet(
        "benchmark",
        kind=kind_of_lists(),
        store=SqliteListSetStore(path),
        key=SealingKey(SECRET),
        clock=lambda: NOW,
        lease_block=LEASE_BLOCK,
    )


def content_of(share: float, seed: int) -> bytes:
    """A list of a million entries with this share of them set, at random."""
    content = bytearray(SHARD // 8)
    for place in random.Random(seed).sample(range(SHARD), round(SHARD * share)):
        content[place >> 3] |= 1 << (place & 7)
    return bytes(content)


def least(call: Callable[[], object], rounds: int) -> float:
    """Least CPU time of a call, in seconds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return best


def row(
    name: str, ours: float, peer: float, peer_name: str, unit: str, *, more_is_better: bool = False
) -> Row:
    """One figure beside a peer's."""
    ratio = ours / peer if more_is_better else peer / ours
    return Row(name, round(ours, 4), round(peer, 4), peer_name, unit, round(ratio, 3))


# --- places -----------------------------------------------------------------------


def take(path: str, count: int, start_at: float) -> tuple[float, float, list[int]]:
    """Take places one by one; when it began and ended, and each place as one number."""
    lists = lists_at(Path(path))
    time.sleep(max(0.0, start_at - time.monotonic()))
    begun = time.monotonic()
    places = [lists.take() for _ in range(count)]
    ended = time.monotonic()
    return begun, ended, [int(place.names["status"], 16) << 20 | place.index for place in places]


def draw(path: str, count: int, start_at: float) -> tuple[float, float, list[int]]:
    """The peer: an index at random, again when it is taken, each in a transaction of its own."""
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS place (id INTEGER PRIMARY KEY) STRICT")
    source = random.SystemRandom()
    time.sleep(max(0.0, start_at - time.monotonic()))
    begun = time.monotonic()
    taken: list[int] = []
    while len(taken) < count:
        place = source.randrange(SHARD)
        try:
            connection.execute("INSERT INTO place VALUES (?)", (place,))
        except sqlite3.IntegrityError:
            continue
        taken.append(place)
    return begun, time.monotonic(), taken


def rate(
    worker: Callable[[str, int, float], tuple[float, float, list[int]]], path: Path, count: int
) -> float:
    """Places a second over all processes; none twice."""
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        start_at = time.monotonic() + 2
        tasks = [(str(path), count // PROCESSES, start_at)] * PROCESSES
        results = pool.starmap(worker, tasks, chunksize=1)
    places = [place for _, _, taken in results for place in taken]
    if len(set(places)) != len(places):
        raise RuntimeError("a place was given out twice")
    return len(places) / (max(ended for _, ended, _ in results) - min(begun for begun, _, _ in results))


def allocation(run: Run, folder: Path) -> Iterator[Row]:
    """A million places over four processes."""
    count = 200_000 if run.quick else 1_000_000
    ours = rate(take, folder / "ours.db", count)
    peer = rate(draw, folder / "peer.db", 4000)
    name = f"{count:,} places"
    yield row(name, ours, peer, "draw and try again", "a second", more_is_better=True)


# --- signing ----------------------------------------------------------------------


def signing(run: Run) -> Iterator[Row]:
    """All lists of the set built, compressed and signed, beside compressing them alone."""
    kind = kind_of_lists()
    contents = [content_of(REVOKED, seed) for seed in range(2 if run.quick else 8)]
    records = [
        ListRecord(f"{shard:032x}", "status", 1, SHARD, 1, contents[shard % len(contents)], 0, None)
        for shard in range(SHARDS)
    ]
    ours = least(lambda: [kind.sign(record, NOW) for record in records], 3 if run.quick else 10)
    size = sum(len(kind.sign(record, NOW)) for record in records)
    name = f"{SHARDS} lists: build, compress, sign"
    for level in (6, 9):
        # The highest level takes seconds for all lists: some of them stand for the rest.
        peer = least(lambda: [zlib.compress(content, level) for content in contents], 2)  # noqa: B023
        yield row(
            name,
            ours * MILLISECONDS,
            peer * MILLISECONDS * SHARDS / len(contents),
            f"zlib level {level} alone",
            "ms",
        )
    compressed = sum(len(zlib.compress(content, 9)) for content in contents) * SHARDS / len(contents)
    # Base64url twice: the list in the claims, and the claims in the token.
    yield row(f"{SHARDS} signed lists", size / 1000, compressed * 16 / 9 / 1000, "zlib level 9", "kB")


def publishing(folder: Path) -> Iterator[Row]:
    """A million revoked in one call and published; then 0.01 % more; then one more."""
    lists, store = lists_at(folder / "set.db"), SqliteListSetStore(folder / "set.db")
    names = [f"{shard:032x}" for shard in range(SHARDS)]
    for name in names:
        store.lease(lists.name, SHARD, fresh=NewShard(name, SHARD, {"status": (name, 1)}))
    source = random.Random(1)
    alone = least(lambda: zlib.compress(content_of(REVOKED, 1), 6), 1) - least(
        lambda: content_of(REVOKED, 1), 1
    )
    for title, count in (("1,000,000", ENTRIES // 100), ("10,000 more", ENTRIES // 10_000), ("1 more", 1)):
        entries = [
            (names[place >> 20], place & SHARD - 1) for place in source.sample(range(SHARDS * SHARD), count)
        ]
        plain = timed(lambda: set_one_by_one(entries))[0]  # noqa: B023
        taken = timed(lambda: lists.revoke(entries))[0]  # noqa: B023
        yield row(
            f"revoking {title} in one call",
            taken * MILLISECONDS,
            plain * MILLISECONDS,
            "bits in memory",
            "ms",
        )
        changed = min(count, SHARDS)
        taken, wall = timed(lambda: lists.publish(threads=2))
        peer = alone * changed * MILLISECONDS
        yield row(f"publishing, {changed} changed", taken * MILLISECONDS, peer, "zlib level 6 alone", "ms")
        yield row(f"publishing, {changed}, wall time", wall * MILLISECONDS, peer, "zlib level 6 alone", "ms")


def set_one_by_one(entries: list[tuple[str, int]]) -> None:
    """The plainest way of revoking: in memory, with nothing kept."""
    contents: defaultdict[str, bytearray] = defaultdict(lambda: bytearray(SHARD // 8))
    for name, index in entries:
        contents[name][index >> 3] |= 1 << (index & 7)


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall time of one call, in seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return time.process_time() - cpu, time.perf_counter() - wall


# --- changes ----------------------------------------------------------------------


def changes() -> Iterator[Row]:
    """Bytes of what changed, over as many lists as give a fair mean, beside the entropy."""
    before = content_of(REVOKED, 100)
    for share in (0.0001, 0.001, 0.01, 0.05):
        lists = 8 if share < 0.01 else 2
        ours = entropy = 0.0
        for seed in range(lists):
            flips = content_of(share, 200 + seed)
            after = bytes(one ^ other for one, other in zip(before, flips, strict=True))
            ours += len(encode_change(before, after, 1)[0])
            exact = round(SHARD * share) / SHARD
            entropy += SHARD * (-exact * log2(exact) - (1 - exact) * log2(1 - exact)) / 8
        scale = SHARDS / lists / 1e3
        yield row(f"change of {share:.2%} of the set", ours * scale, entropy * scale, "entropy", "kB")


# --- reading ----------------------------------------------------------------------


def reading(run: Run) -> Iterator[Row]:
    """A verifier opens a signed list and looks up an entry."""
    kind = kind_of_lists()
    record = ListRecord("a", "status", 1, SHARD, 1, content_of(REVOKED, 3), 0, None)
    text, key = kind.sign(record, NOW), kind.key.public_key
    compressed = zlib.compress(record.content, 6)

    def read() -> int:
        listed = list_token.verify(list_token.parse(text), key, uri=URI + "a", now=NOW)
        return listed.statuses.get(12345)

    if read() not in (VALID, 1):
        raise RuntimeError("expected a status")
    rounds = 50 if run.quick else 400
    ours, peer = least(read, rounds), least(lambda: zlib.decompress(compressed), rounds)
    yield row(
        "reading a signed list",
        ours * MILLISECONDS,
        peer * MILLISECONDS,
        "zlib inflating alone",
        "ms",
    )


def measure(run: Run) -> Iterator[Row]:
    """Everything."""
    with tempfile.TemporaryDirectory() as folder:
        yield from allocation(run, Path(folder))
        yield from publishing(Path(folder))
    yield from signing(run)
    yield from changes()
    yield from reading(run)


if __name__ == "__main__":
    main(measure, packages=["trustid"], summary="Status lists at a hundred million entries.")
