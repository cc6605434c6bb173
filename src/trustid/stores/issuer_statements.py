"""Statements and rows of the issuer's SQLite store, shared by its methods."""

from __future__ import annotations

from collections.abc import Sequence

from trustid.errors import InternalError, ProtocolError, ReplayError
from trustid.protocols.ports_issuer import (
    Answer,
    CredentialRecord,
    GivenTicket,
    Issuance,
    ListPlace,
    NewIssuance,
    NewOffer,
    Reservation,
    SignedStatusList,
    StatusListRecord,
    StatusPositions,
)
from trustid.stores.sqlite import ConstraintError, Row, Transaction, Value

__all__ = [
    "COUNT_ATTEMPT",
    "CREDENTIAL",
    "FORGET",
    "ISSUANCE",
    "STATUS_CHANGE",
    "TOKEN",
    "change_suspension",
    "collect",
    "credential_of",
    "end_grants",
    "insert_copies",
    "insert_issuance",
    "insert_offer",
    "issuance_of",
    "issuance_or_none",
    "remember",
    "revoke",
    "save_status_token",
    "status_list_of",
    "status_positions",
    "use_nonces",
]

ISSUANCE = (
    "SELECT i.*, (SELECT count(*) FROM credential c WHERE c.issuance_id = i.id AND c.digest IS NOT NULL) AS copies"
    " FROM issuance i"
)
TOKEN = (
    "SELECT t.*, i.configuration_id FROM token t JOIN issuance i ON i.id = t.issuance_id"
    " WHERE t.token_hash = ? AND t.expires_at > ? AND i.state IN ('offered', 'issued')"
    " AND i.suspended_at IS NULL AND (i.collected_by IS NULL OR i.collected_by = t.token_hash)"
)
CREDENTIAL = (
    "SELECT c.*, l.name AS list_name, l.size AS list_size, t.slot, t.sealed AS sealed_handle FROM credential c"
    " LEFT JOIN status_list l ON l.id = c.list_id"
    " LEFT JOIN ticket t ON t.registry = c.registry AND t.issuance_id = c.issuance_id"
)

CHANGES_KEPT = 64
"""Signed changes that are kept of a list; who is further behind fetches the whole list."""
STATUS_CHANGE = "SELECT c.token FROM status_change c JOIN status_list l ON l.id = c.list_id WHERE l.name = ? AND c.base = ?"

COUNT_ATTEMPT = (
    "INSERT INTO attempt (bucket, window_ends, number) VALUES (?1, ?2 + ?3, 1)"
    " ON CONFLICT (bucket) DO UPDATE SET"
    " number = CASE WHEN window_ends <= ?2 THEN 1 ELSE number + 1 END,"
    " window_ends = CASE WHEN window_ends <= ?2 THEN ?2 + ?3 ELSE window_ends END"
    " RETURNING number"
)
FORGET = (
    "DELETE FROM offer WHERE expires_at <= ?",
    "DELETE FROM token WHERE expires_at <= ?",
    "DELETE FROM nonce WHERE expires_at <= ?",
    "DELETE FROM answer WHERE expires_at <= ?",
    "DELETE FROM upload WHERE expires_at <= ?",
    "DELETE FROM attempt WHERE window_ends <= ?",
    # The handle is needed for copies only: nobody can ask for one any more once the token has ended.
    (
        "UPDATE ticket SET sealed = NULL WHERE sealed IS NOT NULL AND issuance_id IS NOT NULL AND issuance_id NOT IN"
        " (SELECT issuance_id FROM token WHERE expires_at > ?)"
    ),
)


def remember(work: Transaction, key_hash: bytes, answer: Answer, expires_at: int) -> None:
    """Keep the answer to an idempotency key, or refuse a key that is in use."""
    try:
        work.execute(
            "INSERT INTO answer (key_hash, request_hash, sealed_body, expires_at) VALUES (?, ?, ?, ?)",
            (key_hash, answer.request_hash, answer.sealed_body, expires_at),
        )
    except ConstraintError as err:
        raise ReplayError("idempotency_conflict", "the idempotency key is in use") from err


def insert_issuance(work: Transaction, new: NewIssuance) -> None:
    """Add one issuance, offered."""
    work.execute(
        "INSERT INTO issuance (id, configuration_id, state, sealed, link_hash, tx_code_mac, attempts_left,"
        " roster_id, row_mac, created_at) VALUES (?, ?, 'offered', ?, ?, ?, ?, ?, ?, ?)",
        (
            new.id,
            new.configuration_id,
            new.sealed,
            new.link_hash,
            new.tx_code_mac,
            new.attempts,
            new.roster_id,
            new.row_mac,
            new.created_at,
        ),
    )


def insert_offer(work: Transaction, offer: NewOffer) -> None:
    """Add one offer."""
    work.execute(
        "INSERT INTO offer (reference_hash, code_hash, issuance_id, expires_at) VALUES (?, ?, ?, ?)",
        (offer.reference_hash, offer.code_hash, offer.issuance_id, offer.expires_at),
    )


def end_grants(work: Transaction, issuance_id: str) -> None:
    """End every offer and token of an issuance."""
    work.execute("DELETE FROM offer WHERE issuance_id = ?", (issuance_id,))
    work.execute("DELETE FROM token WHERE issuance_id = ?", (issuance_id,))


def use_nonces(work: Transaction, nonces: Sequence[tuple[bytes, int]]) -> None:
    """Use up nonces, or refuse when one was used before."""
    try:
        work.execute_many("INSERT INTO nonce (nonce_hash, expires_at) VALUES (?, ?)", nonces)
    except ConstraintError as err:
        raise ProtocolError("invalid_nonce", "the nonce was used before; fetch a fresh one") from err


def collect(work: Transaction, issuance_id: str, token_hash: bytes) -> None:
    """The first token that asks is the only one that may; another offer's token finds the door shut."""
    work.execute(
        "UPDATE issuance SET collected_by = ? WHERE id = ? AND collected_by IS NULL",
        (token_hash, issuance_id),
    )


def insert_copies(
    work: Transaction, issuance_id: str, reservation: Reservation, thumbprints: Sequence[str]
) -> None:
    """Store the intent to sign copies for these keys, each with how it can be taken back."""
    fresh = [new for new in reservation.credentials if new.holder_thumbprint in thumbprints]
    if reservation.registry is None:
        list_id, first = _take_positions(work, len(fresh), reservation)
        places: list[tuple[Value, ...]] = [(list_id, first + offset, None) for offset in range(len(fresh))]
    else:
        _take_ticket(work, issuance_id, reservation.registry)
        places = [(None, None, reservation.registry)] * len(fresh)
    work.execute_many(
        "INSERT INTO credential (id, issuance_id, holder_thumbprint, issued_at, expires_at, list_id, position, registry)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                new.id,
                issuance_id,
                new.holder_thumbprint,
                reservation.issued_at,
                reservation.expires_at,
                *place,
            )
            for new, place in zip(fresh, places, strict=True)
        ],
    )


def _take_ticket(work: Transaction, issuance_id: str, registry: str) -> None:
    """Give an issuance its one slot of a registry; the write lock makes each go to one issuance."""
    given = (issuance_id, registry)
    if work.query("SELECT 1 FROM ticket WHERE issuance_id = ? AND registry = ?", given):
        return
    taken = work.execute(
        "UPDATE ticket SET issuance_id = ?1 WHERE id ="
        " (SELECT id FROM ticket WHERE registry = ?2 AND issuance_id IS NULL ORDER BY id LIMIT 1)",
        given,
    )
    if taken == 0:
        raise ProtocolError("acc_no_ticket", "expected a ticket of the registry; run trustid revocation join")


def _request_revocation(work: Transaction, issuance_id: str, now: int) -> None:
    """Ask for the revocation of every slot that an issuance has."""
    work.execute(
        "UPDATE ticket SET requested_at = ? WHERE issuance_id = ? AND requested_at IS NULL",
        (now, issuance_id),
    )


def _take_positions(work: Transaction, number: int, reservation: Reservation) -> tuple[int, int]:
    """Move the counter of the open list; the write lock makes each position go to one copy."""
    take = (
        "UPDATE status_list SET allocated = allocated + ?1 WHERE id ="
        " (SELECT id FROM status_list WHERE signer = ?2 AND allocated + ?1 <= size ORDER BY id LIMIT 1)"
        " RETURNING id, allocated"
    )
    row = work.query_one(take, (number, reservation.list_signer))
    if row is None:
        work.execute(
            "INSERT INTO status_list (name, size, allocated, version, signer) VALUES (?, ?, 0, 0, ?)",
            (reservation.list_name, reservation.list_size, reservation.list_signer),
        )
        row = work.query_one(take, (number, reservation.list_signer))
    if row is None:
        raise InternalError("internal_error", f"a list of {reservation.list_size} has no room for {number}")
    return int(row["id"]), int(row["allocated"]) - number


def revoke(work: Transaction, issuance_id: str, now: int) -> bool:
    """Revoke an issuance with every copy, and end what could still be collected; whether that changed anything."""
    changed = work.execute(
        "UPDATE issuance SET state = 'revoked', revoked_at = ? WHERE id = ? AND state <> 'revoked'",
        (now, issuance_id),
    )
    if changed:
        end_grants(work, issuance_id)
        _request_revocation(work, issuance_id, now)
        _touch_lists(work, issuance_id)
        work.execute(
            "UPDATE credential SET revoked_at = ?, sealed_copy = NULL WHERE issuance_id = ?",
            (now, issuance_id),
        )
    return changed > 0


def change_suspension(work: Transaction, issuance_id: str, suspended_at: int | None) -> None:
    """Suspend what was collected, or with None end that; copies that share a slot cannot be suspended."""
    changed = work.execute(
        "UPDATE issuance SET suspended_at = ?1 WHERE id = ?2 AND state = 'issued'"
        " AND (suspended_at IS NULL) = (?1 IS NOT NULL)"
        " AND NOT EXISTS (SELECT 1 FROM credential WHERE issuance_id = ?2 AND registry IS NOT NULL)",
        (suspended_at, issuance_id),
    )
    if changed:
        _touch_lists(work, issuance_id)


def _touch_lists(work: Transaction, issuance_id: str) -> None:
    """Count a change of every list in which an issuance has a copy."""
    work.execute(
        "UPDATE status_list SET version = version + 1"
        " WHERE id IN (SELECT list_id FROM credential WHERE issuance_id = ?)",
        (issuance_id,),
    )


def status_positions(work: Transaction, name: str) -> StatusPositions:
    """What is set in a list; who was revoked while suspended counts as revoked."""
    row = work.query_one("SELECT id, version FROM status_list WHERE name = ?", (name,))
    if row is None:
        raise ProtocolError("not_found", "expected the name of a status list")
    revoked = work.query(
        "SELECT position FROM credential WHERE list_id = ? AND revoked_at IS NOT NULL", (row["id"],)
    )
    # The few suspended ones lead, not the million credentials of the list.
    suspended = work.query(
        "SELECT c.position FROM issuance i INDEXED BY issuance_suspended"
        " CROSS JOIN credential c ON c.issuance_id = i.id"
        " WHERE i.suspended_at IS NOT NULL AND c.list_id = ? AND c.revoked_at IS NULL",
        (row["id"],),
    )
    return StatusPositions(
        row["version"], [found["position"] for found in revoked], [found["position"] for found in suspended]
    )


def save_status_token(work: Transaction, name: str, signed: SignedStatusList) -> bool:
    """Keep a signed list with its changes, unless one for a newer version or a later time is there."""
    row = work.query_one(
        "UPDATE status_list SET token = ?1, token_version = ?2, token_issued_at = ?3, token_expires_at = ?4"
        " WHERE name = ?5 AND token_version <= ?2 AND token_issued_at <= ?3 RETURNING id",
        (signed.token, signed.version, signed.issued_at, signed.expires_at, name),
    )
    if row is None:
        return False
    work.execute_many(
        "INSERT OR REPLACE INTO status_change (list_id, base, token) VALUES (?, ?, ?)",
        [(row["id"], base, token) for base, token in signed.changes.items()],
    )
    work.execute(
        "DELETE FROM status_change WHERE list_id = ?1 AND id NOT IN"
        " (SELECT id FROM status_change WHERE list_id = ?1 ORDER BY id DESC LIMIT ?2)",
        (row["id"], CHANGES_KEPT),
    )
    return True


def issuance_or_none(row: Row | None) -> Issuance | None:
    """The issuance in a row, if there is a row."""
    return None if row is None else issuance_of(row)


def issuance_of(row: Row) -> Issuance:
    """The issuance in a row of `ISSUANCE`."""
    return Issuance(
        sequence=row["sequence"],
        id=row["id"],
        configuration_id=row["configuration_id"],
        state=row["state"],
        sealed=row["sealed"],
        tx_code_mac=row["tx_code_mac"],
        attempts_left=row["attempts_left"],
        roster_id=row["roster_id"],
        created_at=row["created_at"],
        issued_at=row["issued_at"],
        revoked_at=row["revoked_at"],
        suspended_at=row["suspended_at"],
        credentials=row["copies"],
    )


def credential_of(row: Row) -> CredentialRecord:
    """The intent in a row of `CREDENTIAL`."""
    return CredentialRecord(
        id=row["id"],
        issuance_id=row["issuance_id"],
        holder_thumbprint=row["holder_thumbprint"],
        status=_status_of(row),
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        sealed_copy=row["sealed_copy"],
    )


def _status_of(row: Row) -> ListPlace | GivenTicket:
    if row["registry"] is None:
        return ListPlace(row["list_name"], row["list_size"], row["position"])
    if row["sealed_handle"] is None:
        raise InternalError("internal_error", "a copy was asked for after its handle was erased")
    return GivenTicket(row["registry"], row["slot"], row["sealed_handle"])


def status_list_of(row: Row) -> StatusListRecord:
    """The status list in a row."""
    return StatusListRecord(
        name=row["name"],
        size=row["size"],
        allocated=row["allocated"],
        version=row["version"],
        token=row["token"],
        token_version=row["token_version"],
        token_issued_at=row["token_issued_at"],
        token_expires_at=row["token_expires_at"],
        signer=row["signer"],
    )
