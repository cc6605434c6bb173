"""Sets of lists: each place once, each entry as it should be, each signed list true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refusing import refused
from trustid import keys
from trustid.keys.sealing import SealingKey
from trustid.status import list_change, list_token
from trustid.status.bitstring import MIN_ENTRIES, open_list
from trustid.status.list_format import WantedList
from trustid.status.list_set import BitstringLists, ListSet, TokenLists
from trustid.status.list_set.lists import NAME_MAX, SHARD_SIZE
from trustid.status.list_set.places import LEASE_MAX
from trustid.status.list_set.ports import NewShard
from trustid.status.list_token import StatusListToken
from trustid.status.token_list import INVALID, SUSPENDED, VALID
from trustid.stores.sqlite_list_set import CHANGES_KEPT, SqliteListSetStore

BASE = "https://school.example/status/"
KEY = keys.generate("P-256")
ED_KEY = keys.generate("Ed25519")
DID = f"did:key:{ED_KEY.public_key.to_multikey()}"
METHOD = f"{DID}#{DID.removeprefix('did:key:')}"
PURPOSE = "status"


@dataclass
class Desk:
    """An issuer of one set, and the clock."""

    store: SqliteListSetStore
    key: SealingKey = field(default_factory=SealingKey.generate)
    now: int = 1_800_000_000

    def token_lists(self, name: str = "tokens", **more: int) -> ListSet:
        kind = TokenLists(key=KEY, uri_of=BASE.__add__, issuer="https://school.example")
        return self.lists(kind, name, **more)

    def bitstring_lists(self, **more: int) -> ListSet:
        kind = BitstringLists(key=ED_KEY, uri_of=BASE.__add__, issuer=DID, kid=METHOD)
        return self.lists(kind, "bitstrings", **more)

    def lists(self, kind: TokenLists | BitstringLists, name: str, **more: int) -> ListSet:
        settings = {"shard_size": MIN_ENTRIES, "lease_block": 16} | more
        return ListSet(name, kind=kind, store=self.store, key=self.key, clock=lambda: self.now, **settings)

    def whole_shard(self, lists: ListSet) -> str:
        """Take every place of a fresh shard at once; the name of its list."""
        fresh = NewShard(token_hex(16), MIN_ENTRIES, {PURPOSE: (token_hex(16), 2)})
        return self.store.lease(lists.name, MIN_ENTRIES, fresh=fresh).names[PURPOSE]

    def seen(self, lists: ListSet, name: str) -> StatusListToken:
        """The list as a verifier sees it."""
        token = list_token.parse(lists.serve(name).token or "")
        return list_token.verify(token, KEY.public_key, uri=BASE + name, now=self.now)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    store = SqliteListSetStore(tmp_path / "lists.db")
    yield Desk(store)
    store.close()


def test_places_go_over_shards_each_once(desk: Desk) -> None:
    lists = desk.token_lists(lease_block=1000)
    places = lists.take_many(MIN_ENTRIES + 1000)
    assert len({(place.names[PURPOSE], place.index) for place in places}) == len(places)
    full, next_one = dict.fromkeys(place.names[PURPOSE] for place in places)
    assert sorted(place.index for place in places if place.names[PURPOSE] == full) == list(range(MIN_ENTRIES))
    assert sum(place.names[PURPOSE] == next_one for place in places) == 1000
    assert lists.take().names[PURPOSE] == next_one


def test_the_order_of_places_is_the_keys(desk: Desk) -> None:
    """Each shard has its own, and it tells nothing."""
    lists = desk.token_lists(lease_block=MIN_ENTRIES // 2)
    indexes = [place.index for place in lists.take_many(2 * MIN_ENTRIES)]
    first, second = indexes[:MIN_ENTRIES], indexes[MIN_ENTRIES:]
    assert first != second
    assert first != sorted(first)


def test_P09_no_shard_is_too_small_to_hide_in(desk: Desk) -> None:
    desk.token_lists(shard_size=MIN_ENTRIES)
    desk.token_lists(shard_size=SHARD_SIZE)
    for size in (MIN_ENTRIES - 8, MIN_ENTRIES + 1, SHARD_SIZE + 8):
        with pytest.raises(ValueError, match="places"):
            desk.token_lists(shard_size=size)
    for block in (0, LEASE_MAX + 1):
        with pytest.raises(ValueError, match="lease"):
            desk.token_lists(lease_block=block)


acts = st.tuples(
    st.sampled_from(["revoke", "suspend", "resume"]),
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 7)), max_size=6),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(acts, max_size=6))
def test_law_a_set_is_what_a_naive_list_is(
    desk: Desk, steps: list[tuple[str, list[tuple[int, int]]]]
) -> None:
    """Two shards, eight entries of each, against a dictionary; only revocation is final."""
    lists = desk.token_lists()
    names = [desk.whole_shard(lists) for _ in range(2)]
    naive: dict[tuple[int, int], int] = {}
    for act, chosen in steps:
        entries = [(names[shard], index) for shard, index in chosen]
        if act == "resume" and any(naive.get(entry) == INVALID for entry in chosen):
            with refused("revocation_final"):
                lists.resume(entries)
            continue
        getattr(lists, act)(entries)
        for entry in chosen:
            if naive.get(entry, VALID) != INVALID:
                naive[entry] = {"revoke": INVALID, "suspend": SUSPENDED, "resume": VALID}[act]
    for shard, name in enumerate(names):
        expected = {index: status for (at, index), status in naive.items() if at == shard and status}
        assert dict(desk.seen(lists, name).statuses.set_entries()) == expected


def test_many_at_once_are_as_one_by_one(desk: Desk) -> None:
    lists, other = desk.token_lists("all"), desk.token_lists("one")
    names = [each.take().names[PURPOSE] for each in (lists, other)]
    indexes = list(range(0, 4000, 7))
    assert lists.revoke((names[0], index) for index in indexes) == 1
    for index in indexes[::50]:
        other.revoke([(names[1], index)])
    other.revoke([(names[1], index) for index in indexes])
    assert desk.seen(lists, names[0]).statuses == desk.seen(other, names[1]).statuses
    assert lists.revoke((names[0], index) for index in indexes) == 0


def test_B127_revocation_is_final_and_suspension_is_not(desk: Desk) -> None:
    """In one list of two bits, and in two lists of one."""
    tokens = desk.token_lists()
    name = tokens.take().names[PURPOSE]
    tokens.suspend([(name, 1), (name, 2)])
    tokens.resume([(name, 1)])
    tokens.revoke([(name, 2), (name, 3)])
    tokens.suspend([(name, 3)])
    with refused("revocation_final"):
        tokens.resume([(name, 2)])
    statuses = desk.seen(tokens, name).statuses
    assert [statuses.get(index) for index in range(4)] == [VALID, VALID, INVALID, INVALID]
    bitstrings = desk.bitstring_lists()
    names = bitstrings.take().names
    bitstrings.suspend([(names["suspension"], 1)])
    bitstrings.resume([(names["suspension"], 1)])
    bitstrings.revoke([(names["revocation"], 1)])
    with refused("revocation_final"):
        bitstrings.resume([(names["revocation"], 1)])
    for act, purpose in ((bitstrings.revoke, "suspension"), (bitstrings.suspend, "revocation")):
        with refused("status_purpose_mismatch"):
            act([(names[purpose], 1)])


def test_suspension_stands_in_a_list_of_its_own(desk: Desk) -> None:
    lists = desk.bitstring_lists()
    place = lists.take()
    lists.suspend([(place.names["suspension"], place.index)])
    for purpose, expected in (("revocation", 0), ("suspension", 1)):
        uri = BASE + place.names[purpose]
        wanted = WantedList(DID, uri, lambda header, now: ED_KEY.public_key, desk.now, 0, ("EdDSA",))
        listed = open_list(lists.serve(place.names[purpose]).token or "", wanted)
        assert listed.purposes == (purpose,)
        assert listed.statuses.get(place.index) == expected
        assert sum(map(int.bit_count, listed.statuses.to_bytes())) == expected


def test_B088_no_such_entry_and_nothing_is_changed(desk: Desk) -> None:
    lists = desk.token_lists()
    name = lists.take().names[PURPOSE]
    for index in (-1, MIN_ENTRIES, 2**40):
        with refused("status_range"):
            lists.revoke([(name, 5), (name, index)])
    with refused("not_found"):
        lists.revoke([(name, 5), ("another", 5)])
    assert not any(desk.seen(lists, name).statuses.to_bytes())
    lists.revoke([(name, 5), (name, MIN_ENTRIES - 1)])
    assert len(list(desk.seen(lists, name).statuses.set_entries())) == 2


def test_a_list_of_another_set_is_not_found(desk: Desk) -> None:
    tokens, bitstrings = desk.token_lists(), desk.bitstring_lists()
    name = tokens.take().names[PURPOSE]
    assert tokens.serve(name).token
    for call in (
        lambda: bitstrings.serve(name),
        lambda: bitstrings.change(name, bytes(32)),
        lambda: bitstrings.revoke([(name, 1)]),
        lambda: tokens.serve(""),
        lambda: tokens.serve("x" * (NAME_MAX + 1)),
    ):
        with refused("not_found"):
            call()


def test_only_what_changed_is_signed(desk: Desk) -> None:
    lists = desk.token_lists()
    names = [desk.whole_shard(lists) for _ in range(3)]
    assert lists.publish().lists == 3
    assert lists.publish().lists == 0
    kept = [lists.serve(name).token for name in names]
    lists.revoke([(names[1], 77)])
    published = lists.publish(threads=2)
    assert published.lists == 1
    assert published.bytes == len(lists.serve(names[1]).token or "")
    assert [lists.serve(name).token == before for name, before in zip(names, kept, strict=True)] == [
        True,
        False,
        True,
    ]
    desk.now += 12 * 3600 + 1
    assert lists.publish().lists == 3


def test_a_list_is_true_when_it_is_served(desk: Desk) -> None:
    """Whether or not anybody published meanwhile; its date never goes back."""
    lists = desk.token_lists()
    place = lists.take()
    name = place.names[PURPOSE]
    first = desk.seen(lists, name)
    desk.now -= 1000
    lists.revoke([(name, place.index)])
    desk.now += 1000
    second = desk.seen(lists, name)
    assert (first.statuses.get(place.index), second.statuses.get(place.index)) == (VALID, INVALID)
    assert second.issued_at >= first.issued_at


def test_changes_lead_from_any_list_that_was_served_to_the_newest(desk: Desk) -> None:
    lists = desk.token_lists()
    name = lists.take().names[PURPOSE]
    at_hand = [desk.seen(lists, name)]
    for step in range(4):
        desk.now += 60
        lists.revoke([(name, step)])
        lists.suspend([(name, 100 + step)])
        if step == 2:
            lists.resume([(name, 100), (name, 101)])
        at_hand.append(desk.seen(lists, name))
    desk.now += 60
    for listed in at_hand:
        followed, steps = listed, 0
        while True:
            token = list_change.parse(lists.change(name, list_change.digest_of(followed)))
            after = list_change.apply(followed, token, KEY.public_key, now=desk.now)
            if after.statuses == followed.statuses:
                break
            followed, steps = after, steps + 1
        assert followed.statuses == at_hand[-1].statuses
        assert steps <= 4
        assert after.issued_at == at_hand[-1].issued_at
    with refused("not_found"):
        lists.change(name, bytes(32))


def test_only_so_many_changes_are_kept(desk: Desk) -> None:
    lists = desk.token_lists()
    name = lists.take().names[PURPOSE]
    first = list_change.digest_of(desk.seen(lists, name))
    assert lists.change(name, first)
    for step in range(CHANGES_KEPT):
        lists.revoke([(name, step)])
        lists.serve(name)
    kept = desk.store.query_one("SELECT count(*) AS number FROM set_change")
    assert kept is not None
    assert kept["number"] == CHANGES_KEPT
    with refused("not_found"):
        lists.change(name, first)


def test_an_older_publication_is_passed_over(desk: Desk) -> None:
    """Two publishers, of which the slower one signed before a revocation."""
    lists = desk.token_lists()
    name = lists.take().names[PURPOSE]
    slow = lists._sign(lists._record(name), desk.now)
    lists.revoke([(name, 3)])
    lists.publish()
    desk.store.publish([slow])
    assert desk.seen(lists, name).statuses.get(3) == INVALID


def test_the_lists_of_a_shard_have_nothing_in_common_by_name(desk: Desk) -> None:
    lists = desk.bitstring_lists()
    names = lists.take().names
    assert len(set(names.values())) == 2
    for name in names.values():
        assert len(bytes.fromhex(name)) == 16
