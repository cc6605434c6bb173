"""Tickets of registries in the issuer's store: one slot to one credential, given once, revoked for good."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from refusing import refused
from trustid.protocols.ports_issuer import (
    GivenTicket,
    NewCredential,
    NewIssuance,
    NewOffer,
    NewToken,
    Reservation,
    Signed,
    SlotState,
    StatusPositions,
    TicketStore,
)
from trustid.stores.issuer_schema import ISSUER_MIGRATIONS
from trustid.stores.sqlite import SqliteStore
from trustid.stores.sqlite_issuer import SqliteIssuerStore
from trustid.stores.sqlite_tickets import SqliteTicketStore

NOW = 1_800_000_000
REGISTRY = "https://hospital.example/revocation/vaccination"


@pytest.fixture
def store(tmp_path: Path) -> SqliteIssuerStore:
    return SqliteIssuerStore(tmp_path / "issuer.db")


@pytest.fixture
def tickets(store: SqliteIssuerStore) -> SqliteTicketStore:
    return SqliteTicketStore(store.path)


def pool(*slots: int) -> list[tuple[int, bytes]]:
    return [(slot, f"handle {slot}".encode()) for slot in slots]


def with_token(store: SqliteIssuerStore, name: str) -> bytes:
    new = NewIssuance(name, "vaccination", b"sealed", f"link {name}".encode(), None, 5, NOW)
    offer = NewOffer(name, f"reference {name}".encode(), f"code {name}".encode(), NOW + 600)
    store.add_issuances([new], [offer])
    token = NewToken(f"token {name}".encode(), name, None, NOW + 600)
    assert store.redeem(offer.code_hash, token, attempts=5, now=NOW)
    return token.token_hash


def reservation(token: bytes, *keys: str, registry: str | None = REGISTRY) -> Reservation:
    return Reservation(
        token_hash=token,
        nonces=((f"nonce {token!r} {keys} {registry}".encode(), NOW + 300),),
        credentials=tuple(NewCredential(f"credential {token!r} {key}", key) for key in keys),
        maximum=30,
        now=NOW,
        issued_at=NOW,
        expires_at=NOW + 86400,
        list_size=1024,
        list_name=f"list {token!r} {keys}",
        list_signer="credential",
        registry=registry,
    )


def slots_of(records) -> set[int]:
    assert all(isinstance(record.status, GivenTicket) for record in records)
    return {record.status.slot for record in records}


def test_it_fills_the_port(tickets: SqliteTicketStore) -> None:
    filled: TicketStore = tickets
    assert filled.free_tickets(REGISTRY) == 0


def test_copies_that_share_a_slot_are_not_suspended(
    store: SqliteIssuerStore, tickets: SqliteTicketStore
) -> None:
    """A registry knows revocation only; copies with places in lists can be suspended."""
    tickets.add_tickets(REGISTRY, pool(5))
    for name, registry in (("slot", REGISTRY), ("list", None)):
        [record] = store.reserve(reservation(with_token(store, name), "k", registry=registry))
        store.record_signed(name, [Signed(record.id, b"1", b"copy")], NOW)
    found = {name: store.suspend(name, NOW) for name in ("slot", "list")}
    assert [(issuance.suspended_at if issuance else 0) for issuance in found.values()] == [None, NOW]
    assert store.suspend("nothing", NOW) is None


def test_adding_again_changes_nothing(tickets: SqliteTicketStore, store: SqliteIssuerStore) -> None:
    assert tickets.add_tickets(REGISTRY, pool(5, 3)) == 2
    assert tickets.add_tickets(REGISTRY, [(3, b"another"), (9, b"handle 9")]) == 1
    assert tickets.free_tickets(REGISTRY) == 3
    [record] = store.reserve(reservation(with_token(store, "a"), "k"))
    assert record.status == GivenTicket(REGISTRY, 5, b"handle 5")
    # What is given stays given, even when the same join is repeated.
    assert tickets.add_tickets(REGISTRY, pool(5)) == 0
    assert tickets.free_tickets(REGISTRY) == 2


def test_B163_copies_of_one_credential_share_one_slot_and_no_other_credential_gets_it(
    store: SqliteIssuerStore, tickets: SqliteTicketStore
) -> None:
    tickets.add_tickets(REGISTRY, pool(*range(40)))
    tokens = [with_token(store, f"i{number}") for number in range(24)]
    keys = [f"k{number}" for number in range(10)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda token: store.reserve(reservation(token, *keys)), tokens))
    slots = [slots_of(records) for records in found]
    assert all(len(one) == 1 for one in slots)
    assert len(set().union(*slots)) == 24
    # A refill and a repeated request meet the same slot; the list is used for none of them.
    again = store.reserve(reservation(tokens[0], *keys, "k10"))
    assert slots_of(again) == slots[0]
    assert tickets.free_tickets(REGISTRY) == 16
    assert store.query("SELECT * FROM status_list") == []


def test_without_a_ticket_nothing_of_the_reservation_stays(
    store: SqliteIssuerStore, tickets: SqliteTicketStore
) -> None:
    tickets.add_tickets("another registry", pool(1))
    token = with_token(store, "a")
    with refused("acc_no_ticket"):
        store.reserve(reservation(token, "k"))
    assert store.query("SELECT * FROM credential") == store.query("SELECT * FROM nonce") == []
    tickets.add_tickets(REGISTRY, pool(1))
    assert slots_of(store.reserve(reservation(token, "k"))) == {1}


def test_revoking_asks_for_the_slot_once_and_for_good(
    store: SqliteIssuerStore, tickets: SqliteTicketStore
) -> None:
    tickets.add_tickets(REGISTRY, pool(7, 8))
    for name in ("a", "b"):
        store.reserve(reservation(with_token(store, name), "k", "l"))
    assert (tickets.requested_slots(REGISTRY), tickets.slot_state("a")) == (
        [],
        SlotState(REGISTRY, False, None),
    )
    store.revoke("a", NOW)
    store.revoke("a", NOW + 9)
    assert tickets.requested_slots(REGISTRY) == [7]
    assert tickets.slot_state("a") == SlotState(REGISTRY, True, None)
    tickets.slots_revoked(REGISTRY, [7], 4)
    tickets.slots_revoked(REGISTRY, [7], 5)
    assert (tickets.requested_slots(REGISTRY), tickets.slot_state("a")) == ([], SlotState(REGISTRY, True, 4))
    assert tickets.slot_state("b") == SlotState(REGISTRY, False, None)
    assert tickets.slot_state("c") is None
    connection = sqlite3.connect(store.path)
    for statement, reason in (
        ("UPDATE ticket SET requested_at = NULL", "final"),
        ("UPDATE ticket SET revoked_epoch = 9 WHERE slot = 7", "final"),
        ("UPDATE ticket SET issuance_id = 'b' WHERE slot = 7", "one credential"),
        (
            "INSERT INTO ticket (registry, slot, sealed, issuance_id) SELECT registry, 99, x'00', 'b' FROM ticket",
            "UNIQUE",
        ),
    ):
        with pytest.raises(sqlite3.IntegrityError, match=reason):
            connection.execute(statement)
    connection.close()


def test_a_credential_that_was_never_collected_has_no_slot_to_revoke(
    store: SqliteIssuerStore, tickets: SqliteTicketStore
) -> None:
    tickets.add_tickets(REGISTRY, pool(1))
    with_token(store, "a")
    store.revoke("a", NOW)
    assert (tickets.requested_slots(REGISTRY), tickets.free_tickets(REGISTRY)) == ([], 1)


def test_copies_of_both_kinds_are_revoked_together(
    store: SqliteIssuerStore, tickets: SqliteTicketStore
) -> None:
    """A wallet may ask for copies in either way; what is taken back is the credential."""
    tickets.add_tickets(REGISTRY, pool(1))
    token = with_token(store, "a")
    [listed] = store.reserve(reservation(token, "k", registry=None))
    store.reserve(reservation(token, "l"))
    store.revoke("a", NOW)
    assert store.status_positions(listed.status.name) == StatusPositions(1, [listed.status.position], [])
    assert tickets.requested_slots(REGISTRY) == [1]


def test_the_handle_is_erased_when_no_copy_can_be_asked_for(
    store: SqliteIssuerStore, tickets: SqliteTicketStore
) -> None:
    tickets.add_tickets(REGISTRY, pool(1, 2))
    [record] = store.reserve(reservation(with_token(store, "a"), "k"))
    store.record_signed("a", [Signed(record.id, b"1", b"copy")], NOW)
    store.purge(NOW + 599)
    assert len(store.query("SELECT * FROM ticket WHERE sealed IS NOT NULL")) == 2
    store.purge(NOW + 600)
    # The free ticket keeps its handle; the slot of the other one stays, to be revoked.
    [kept] = store.query("SELECT slot FROM ticket WHERE sealed IS NOT NULL")
    assert kept["slot"] == 2
    store.revoke("a", NOW + 700)
    assert tickets.requested_slots(REGISTRY) == [1]


def test_an_older_file_is_brought_forward_with_its_credentials(tmp_path: Path) -> None:
    path = tmp_path / "issuer.db"
    before = SqliteStore(path, component="issuer", migrations=ISSUER_MIGRATIONS[:2])
    with before.transaction() as work:
        work.execute(
            "INSERT INTO issuance (id, configuration_id, state, sealed, link_hash, attempts_left, created_at)"
            " VALUES ('a', 'degree', 'issued', x'00', x'01', 5, 1)"
        )
        work.execute("INSERT INTO status_list (id, name, size, allocated, version) VALUES (3, 'l', 8, 1, 0)")
        work.execute(
            "INSERT INTO credential (id, issuance_id, list_id, position, holder_thumbprint, digest, issued_at,"
            " expires_at) VALUES ('c', 'a', 3, 0, 'k', x'02', 1, 2)"
        )
    before.close()
    store = SqliteIssuerStore(path)
    store.revoke("a", NOW)
    assert store.status_positions("l") == StatusPositions(1, [0], [])
    with pytest.raises(sqlite3.IntegrityError, match="final"), sqlite3.connect(path) as connection:
        connection.execute("UPDATE credential SET revoked_at = 1")
    connection.close()
