"""Following a list by its changes: the same verdicts as fetching it whole, with fewer bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from refusing import refused
from trustid import keys
from trustid.encoding import b64url_decode
from trustid.errors import FetchError, TrustidError
from trustid.fetching import Fetched
from trustid.keys.sealing import SealingKey
from trustid.status import list_change, list_token
from trustid.status.bitstring import MIN_ENTRIES
from trustid.status.cache import StoredList
from trustid.status.check import TOKEN_LISTS, MemoryStatusCache, StatusChecker
from trustid.status.keeping import MAX_CHANGES, RETRY_SECONDS
from trustid.status.list_format import WantedList
from trustid.status.list_set import ListSet, TokenLists
from trustid.stores.sqlite_list_set import SqliteListSetStore

NOW = 1_800_000_000
ISSUER = "https://school.example"
BASE = f"{ISSUER}/status/"
KEY = keys.generate("P-256")
TTL = 300


class World:
    """An issuer with a set of lists, and a verifier that fetches from it."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.asked: list[str] = []
        self.spoilt: dict[str, bytes] = {}
        self.down = False
        self.store = SqliteListSetStore(folder / "lists.db")
        kind = TokenLists(key=KEY, uri_of=BASE.__add__, issuer=ISSUER, ttl_seconds=TTL)
        self.lists = ListSet(
            "school",
            kind=kind,
            store=self.store,
            key=SealingKey(bytes(32)),
            clock=lambda: self.now,
            shard_size=MIN_ENTRIES,
        )
        self.name = self.lists.take().names["status"]
        self.uri = BASE + self.name
        self.cache = MemoryStatusCache()
        self.checker = self.new_checker()

    def new_checker(self) -> StatusChecker:
        return StatusChecker(self, self.cache, clock=lambda: self.now)

    def get(
        self, url: str, *, accept: str, max_bytes: int | None = None, max_redirects: int | None = None
    ) -> Fetched:
        """What the issuer serves; which part of it was asked for is remembered."""
        kind = "change" if "/changes/" in url else "list"
        self.asked.append(kind)
        if self.down:
            raise FetchError("fetch_failed", "down")
        if kind in self.spoilt:
            return Fetched(200, {"content-type": accept.partition(",")[0]}, self.spoilt[kind], url)
        try:
            if kind == "list":
                body = self.lists.serve(self.name).token or ""
            else:
                body = self.lists.change(self.name, b64url_decode(url.rpartition("/")[2]))
        except TrustidError as err:
            raise FetchError("fetch_failed", "not there") from err
        return Fetched(200, {"content-type": accept.partition(",")[0]}, body.encode(), url)

    def check(self, index: int) -> None:
        reference = {"status_list": {"idx": index, "uri": self.uri}}
        self.checker.check(reference, issuer=ISSUER, key_of=lambda _header, _now: KEY.public_key)

    def later(self) -> None:
        self.now += TTL
        self.asked.clear()

    def wanted(self) -> WantedList:
        return WantedList(ISSUER, self.uri, lambda _header, _now: KEY.public_key, self.now, 0, ("ES256",))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()


def test_only_changes_are_fetched(world: World) -> None:
    world.check(5)
    assert world.asked == ["list"]
    world.later()
    world.check(5)
    assert world.asked == ["change"]  # nothing changed, and the list is fresh again
    world.lists.revoke([(world.name, 5)])
    world.lists.suspend([(world.name, 6)])
    world.later()
    with refused("revoked"):
        world.check(5)
    with refused("suspended"):
        world.check(6)
    world.check(7)
    assert world.asked == ["change", "change"]


def test_what_was_followed_is_kept_for_others(world: World) -> None:
    """Another process opens it from the cache; a byte of it changed, and it is fetched."""
    world.check(5)
    world.lists.revoke([(world.name, 5)])
    world.later()
    world.check(6)
    world.asked.clear()
    world.checker = world.new_checker()
    with refused("revoked"):
        world.check(5)
    assert world.asked == []
    kept = world.cache.load(ISSUER, world.uri)
    assert kept is not None
    assert list_change.is_kept(kept.token)
    for spoilt in (kept.token[:-2] + "AA", kept.token.replace("~", "~A"), "x" + kept.token):
        world.cache.save(
            ISSUER, world.uri, StoredList(spoilt, kept.issued_at, kept.fetched_at, kept.fresh_until)
        )
        world.checker = world.new_checker()
        with refused("revoked"):
            world.check(5)
        assert world.asked == ["list"]
        world.asked.clear()


def test_a_list_that_was_followed_is_not_taken_for_another(world: World) -> None:
    """The last change signs the digest of the list: with any other it is refused."""
    world.check(5)
    world.later()
    world.check(5)
    kept = world.cache.load(ISSUER, world.uri)
    assert kept is not None
    assert TOKEN_LISTS.changes is not None
    listed = TOKEN_LISTS.changes.open(kept.token, world.wanted())
    listed.statuses.set(5, 1)
    with refused("status_change_invalid"):
        TOKEN_LISTS.changes.open(list_change.keep(listed, kept.token.partition("~")[0]), world.wanted())
    # What is kept is no token that an issuer could serve.
    with refused("status_malformed"):
        TOKEN_LISTS.open(kept.token, world.wanted())


@pytest.mark.parametrize("body", [b"", b"\xff", b"a.b.c", b"<html>"])
def test_B180_a_change_that_cannot_be_used_costs_the_whole_list_and_nothing_else(
    world: World, body: bytes
) -> None:
    world.check(5)
    world.lists.revoke([(world.name, 5)])
    world.later()
    world.spoilt["change"] = body
    with refused("revoked"):
        world.check(5)
    assert world.asked == ["change", "list"]


def test_B180_an_older_change_is_not_followed(world: World) -> None:
    """A server that repeats yesterday's answer: the whole list is asked for."""
    world.check(5)
    listed = list_token.verify(
        list_token.parse(world.lists.serve(world.name).token or ""),
        KEY.public_key,
        uri=world.uri,
        now=world.now,
    )
    content = listed.statuses.to_bytes()
    world.spoilt["change"] = list_change.issue(
        content, content, 2, list_token.ListSigning(uri=world.uri, key=KEY, issued_at=NOW - 1)
    ).encode()
    world.lists.revoke([(world.name, 5)])
    world.later()
    with refused("revoked"):
        world.check(5)
    assert world.asked == ["change", "list"]


def test_who_is_long_out_of_date_fetches_the_list(world: World) -> None:
    world.check(5)
    for index in range(MAX_CHANGES):
        world.lists.revoke([(world.name, 100 + index)])
        world.lists.serve(world.name)
        world.now += 1
    world.later()
    world.check(5)
    assert world.asked == ["change"] * MAX_CHANGES + ["list"]
    world.later()
    world.check(5)
    assert world.asked == ["change"]


def test_an_outage_does_not_cost_each_presentation_a_request(world: World) -> None:
    world.check(5)
    world.later()
    world.down = True
    for _ in range(3):
        with refused("status_stale"):
            world.check(5)
    assert world.asked == ["change", "list"]
    world.down = False
    world.now += RETRY_SECONDS
    world.check(5)


def test_changes_are_asked_for_only_where_they_are_offered(world: World) -> None:
    """A list of somebody who knows nothing of this is fetched as ever."""
    content = list_token.parse(world.lists.serve(world.name).token or "").claims()
    plain = list_token.issue(
        TOKEN_LISTS.open(world.lists.serve(world.name).token or "", world.wanted()).statuses,
        list_token.ListSigning(uri=world.uri, key=KEY, issued_at=NOW, ttl=TTL),
    )
    assert content[list_token.CHANGES_CLAIM] is True
    world.spoilt["list"] = plain.encode()
    for _ in range(2):
        world.later()
        world.check(5)
        assert world.asked == ["list"]
