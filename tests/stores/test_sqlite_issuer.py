"""The issuer's store: what must hold whatever the engine above it does."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trustid.errors import ProtocolError, ReplayError
from trustid.protocols.ports_issuer import (
    Answer,
    IssuerStore,
    NewCredential,
    NewIssuance,
    NewOffer,
    NewToken,
    Reservation,
    Signed,
    SignedStatusList,
    StatusPositions,
)
from trustid.stores.sqlite import ConstraintError
from trustid.stores.sqlite_issuer import SqliteIssuerStore

NOW = 1_800_000_000


@pytest.fixture
def store(tmp_path: Path) -> SqliteIssuerStore:
    return SqliteIssuerStore(tmp_path / "issuer.db")


def new(name: str, **more: object) -> NewIssuance:
    values: dict[str, object] = {
        "id": name,
        "configuration_id": "degree",
        "sealed": b"sealed",
        "link_hash": f"link {name}".encode(),
        "tx_code_mac": None,
        "attempts": 5,
        "created_at": NOW,
    }
    return NewIssuance(**values | more)  # type: ignore[arg-type]


def offered(store: IssuerStore, name: str, **more: object) -> bytes:
    offer = NewOffer(name, f"reference {name}".encode(), f"code {name}".encode(), NOW + 600)
    store.add_issuances([new(name, **more)], [offer])
    return offer.code_hash


def with_token(store: IssuerStore, name: str) -> bytes:
    code = offered(store, name)
    token = NewToken(f"token {name}".encode(), name, None, NOW + 600)
    assert store.redeem(code, token, attempts=5, now=NOW)
    return token.token_hash


def reservation(
    token: bytes, *keys: str, nonce: str = "", size: int = 1024, maximum: int = 10, signer: str = "credential"
) -> Reservation:
    return Reservation(
        token_hash=token,
        nonces=((f"nonce {nonce or (token, keys)}".encode(), NOW + 300),),
        credentials=tuple(NewCredential(f"credential {token!r} {key}", key) for key in keys),
        maximum=maximum,
        now=NOW,
        issued_at=NOW,
        expires_at=NOW + 86400,
        list_size=size,
        list_name=f"list {token!r} {keys}",
        list_signer=signer,
    )


def test_it_fills_the_port(store: SqliteIssuerStore) -> None:
    filled: IssuerStore = store
    assert filled.issuance("nothing") is None


def test_rows_that_live_are_not_made_twice(store: SqliteIssuerStore) -> None:
    assert store.add_issuances([new("a", row_mac=b"1"), new("b", row_mac=b"1"), new("c", row_mac=b"2")]) == {
        "a",
        "c",
    }
    assert store.add_issuances([new("d", row_mac=b"2")]) == frozenset()
    store.revoke("c", NOW)
    assert store.add_issuances([new("e", row_mac=b"2")]) == {"e"}


def test_issuances_are_added_all_or_none(store: SqliteIssuerStore) -> None:
    store.add_issuances([new("a")])
    with pytest.raises(ConstraintError):
        store.add_issuances([new("b"), new("a")])
    assert store.issuance("b") is None


def test_an_idempotency_key_is_used_once(store: SqliteIssuerStore) -> None:
    answer = (b"key", Answer(b"request", b"sealed"), NOW + 10)
    store.add_issuances([new("a")], answer=answer)
    with pytest.raises(ReplayError) as caught:
        store.add_issuances([new("b")], answer=answer)
    assert caught.value.code == "idempotency_conflict"
    assert store.issuance("b") is None
    assert store.remembered(b"key", NOW) == answer[1]
    assert store.remembered(b"key", NOW + 10) is None


def test_a_code_is_redeemed_by_one_of_many(store: SqliteIssuerStore) -> None:
    code = offered(store, "a")
    tokens = [NewToken(f"token {number}".encode(), "a", None, NOW + 600) for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda token: store.redeem(code, token, attempts=5, now=NOW), tokens))
    assert won.count(True) == 1
    assert len(store.query("SELECT * FROM token")) == 1


def test_tries_run_out_for_everybody_together(store: SqliteIssuerStore) -> None:
    code = offered(store, "a", tx_code_mac=b"mac")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: store.take_attempt(code, NOW), range(16)))
    assert sorted(one.attempts_left for one in found if one is not None) == [0, 1, 2, 3, 4]
    store.lock("a")
    issuance = store.issuance("a")
    assert issuance is not None
    assert issuance.state == "locked"


def test_locking_needs_that_no_try_is_left(store: SqliteIssuerStore) -> None:
    offered(store, "a", tx_code_mac=b"mac")
    store.lock("a")
    issuance = store.issuance("a")
    assert issuance is not None
    assert issuance.state == "offered"


def test_nothing_of_a_refused_reservation_stays(store: SqliteIssuerStore) -> None:
    first, second = with_token(store, "a"), with_token(store, "b")
    store.reserve(reservation(first, "k1", nonce="n"))
    for bad, code in (
        (reservation(second, "k2", nonce="n"), "invalid_nonce"),
        (reservation(second, "k2", "k3", maximum=1), "credential_request_denied"),
        (reservation(b"no token", "k4"), "invalid_token"),
    ):
        with pytest.raises(ProtocolError) as caught:
            store.reserve(bad)
        assert caught.value.code == code
    assert len(store.query("SELECT * FROM credential")) == 1
    assert len(store.query("SELECT * FROM nonce")) == 1
    # The token that was refused has not been taken for the collecting one.
    assert len(store.reserve(reservation(second, "k2", "k3"))) == 2


def test_places_are_distinct_over_threads_and_lists(store: SqliteIssuerStore) -> None:
    tokens = [with_token(store, f"i{number}") for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda token: store.reserve(reservation(token, "a", "b", "c", size=16)), tokens)
        )
    places = [(record.status.name, record.status.position) for records in found for record in records]
    assert len(set(places)) == len(places) == 72
    assert all(0 <= position < 16 for _, position in places)
    assert all(len({record.status.name for record in records}) == 1 for records in found)


def test_the_first_signature_counts(store: SqliteIssuerStore) -> None:
    token = with_token(store, "a")
    [record] = store.reserve(reservation(token, "k"))
    assert store.record_signed("a", [Signed(record.id, b"1", b"first")], NOW) == {record.id: b"first"}
    assert store.record_signed("a", [Signed(record.id, b"2", b"second")], NOW) == {record.id: b"first"}
    assert store.query_one("SELECT digest FROM credential")["digest"] == b"1"  # type: ignore[index]


def test_what_is_signed_after_a_revocation_does_not_leave(store: SqliteIssuerStore) -> None:
    token = with_token(store, "a")
    [record] = store.reserve(reservation(token, "k"))
    store.revoke("a", NOW)
    assert store.record_signed("a", [Signed(record.id, b"1", b"first")], NOW) is None
    assert store.status_positions(record.status.name) == StatusPositions(1, [record.status.position], [])


def test_revocation_cannot_be_undone_even_by_hand(store: SqliteIssuerStore) -> None:
    token = with_token(store, "a")
    store.reserve(reservation(token, "k"))
    store.revoke("a", NOW)
    connection = sqlite3.connect(store.path)
    for statement in (
        "UPDATE issuance SET state = 'issued'",
        "UPDATE credential SET revoked_at = NULL",
        "UPDATE credential SET revoked_at = 1",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="final"):
            connection.execute(statement)
    connection.close()


def test_an_older_list_does_not_replace_a_newer_one(store: SqliteIssuerStore) -> None:
    token = with_token(store, "a")
    [record] = store.reserve(reservation(token, "k"))
    name = record.status.name
    assert store.save_status_token(name, SignedStatusList(1, "new", NOW, NOW + 9))
    assert not store.save_status_token(name, SignedStatusList(0, "old", NOW + 1, NOW + 9))
    assert not store.save_status_token(name, SignedStatusList(2, "back", NOW - 1, NOW + 9))
    found = store.status_list(name)
    assert found is not None
    assert found.token == "new"


def test_attempts_are_counted_in_windows(store: SqliteIssuerStore) -> None:
    assert [store.count_attempt("a", NOW + second, 60) for second in (0, 1, 59, 60, 61)] == [1, 2, 3, 1, 2]
    assert store.count_attempt("b", NOW, 60) == 1


def test_purging_forgets_what_has_ended_and_nothing_else(store: SqliteIssuerStore) -> None:
    token = with_token(store, "a")
    [record] = store.reserve(reservation(token, "k"))
    store.record_signed("a", [Signed(record.id, b"1", b"copy")], NOW)
    offered(store, "b")
    store.count_attempt("x", NOW, 60)
    store.keep_upload("u", b"sealed", NOW + 60)
    store.purge(NOW + 1)
    kept = {
        name: len(store.query(f"SELECT * FROM {name}"))
        for name in ("offer", "token", "nonce", "attempt", "upload")
    }
    assert kept == {"offer": 1, "token": 1, "nonce": 1, "attempt": 1, "upload": 1}
    assert store.query("SELECT sealed_copy FROM credential")[0]["sealed_copy"] == b"copy"
    store.purge(NOW + 600)
    gone = {name: len(store.query(f"SELECT * FROM {name}")) for name in kept}
    assert set(gone.values()) == {0}
    [row] = store.query("SELECT digest, sealed_copy FROM credential")
    assert (row["digest"], row["sealed_copy"]) == (b"1", None)
    assert len(store.query("SELECT * FROM issuance")) == 2


def test_few_offers_of_one_issuance_live(store: SqliteIssuerStore) -> None:
    store.add_issuances([new("a")])
    for number in range(5):
        name = str(number).encode()
        assert store.add_offer(NewOffer("a", name, b"code " + name, NOW + 600 + number)) is not None
    alive = [number for number in range(5) if store.offer(str(number).encode(), NOW) is not None]
    assert alive == [2, 3, 4]
    assert store.add_offer(NewOffer("nothing", b"x", b"y", NOW + 600)) is None


def test_each_signer_has_a_list_of_its_own(store: SqliteIssuerStore) -> None:
    """Wallets check a list with the key of the credential, so one list is for one key."""
    places: dict[str, list[tuple[str, int]]] = {}
    for number, signer in enumerate(("school", "hospital", "school")):
        token = with_token(store, f"i{number}")
        (record,) = store.reserve(reservation(token, "key", signer=signer))
        found = store.status_list(record.status.name)
        assert found is not None
        assert found.signer == signer
        places.setdefault(signer, []).append((record.status.name, record.status.position))
    assert places["school"][0][0] == places["school"][1][0] != places["hospital"][0][0]
    assert [position for _, position in places["school"]] == [0, 1]
