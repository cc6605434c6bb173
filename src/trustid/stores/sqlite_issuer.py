"""The issuer's state in SQLite: issuances, offers, tokens, copies, status lists.

Every method is one transaction of `trustid.stores.sqlite`. Rules that must
hold whatever happens are rules of the schema as well: a place in a status list
belongs to one copy (UNIQUE), a nonce is used once (PRIMARY KEY), revocation is
final (a trigger refuses to undo it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from trustid.errors import InternalError, ProtocolError, ReplayError
from trustid.protocols.ports_issuer import (
    ISSUANCE_STATES,
    Answer,
    Attempt,
    CredentialRecord,
    Issuance,
    IssuanceState,
    NewIssuance,
    NewOffer,
    NewToken,
    Offer,
    Reservation,
    Signed,
    StatusListRecord,
    Token,
)
from trustid.stores.issuer_schema import ISSUER_MIGRATIONS
from trustid.stores.sqlite import ConstraintError, Row, SqliteStore, Transaction, Value

__all__ = ["SqliteIssuerStore"]

PAGE_MAX: Final = 500
LIVE_OFFERS_MAX: Final = 3

_ISSUANCE = (
    "SELECT i.*, (SELECT count(*) FROM credential c WHERE c.issuance_id = i.id AND c.digest IS NOT NULL) AS copies"
    " FROM issuance i"
)


class SqliteIssuerStore(SqliteStore):
    """Fills the port `trustid.protocols.ports_issuer.IssuerStore`.

    Args:
        path: The SQLite file; made when it is not there.

    Raises:
        StoreError: `store_version` or `store_unavailable`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, component="issuer", migrations=ISSUER_MIGRATIONS)

    # --- issuances and offers ---------------------------------------------------

    def add_issuances(
        self,
        issuances: Sequence[NewIssuance],
        offers: Sequence[NewOffer] = (),
        *,
        answer: tuple[bytes, Answer, int] | None = None,
    ) -> frozenset[str]:
        """See the port."""
        added: set[str] = set()
        with self.transaction() as work:
            if answer is not None:
                _remember(work, *answer)
            for new in issuances:
                if new.row_mac is not None and work.query(
                    "SELECT 1 FROM issuance WHERE row_mac = ? AND state <> 'revoked'", (new.row_mac,)
                ):
                    continue
                _insert_issuance(work, new)
                added.add(new.id)
            for offer in offers:
                if offer.issuance_id in added:
                    _insert_offer(work, offer)
        return frozenset(added)

    def remembered(self, key_hash: bytes, now: int) -> Answer | None:
        """See the port."""
        row = self.query_one(
            "SELECT request_hash, sealed_body FROM answer WHERE key_hash = ? AND expires_at > ?",
            (key_hash, now),
        )
        return None if row is None else Answer(row["request_hash"], row["sealed_body"])

    def issuance(self, issuance_id: str) -> Issuance | None:
        """See the port."""
        return _issuance(self.query_one(f"{_ISSUANCE} WHERE i.id = ?", (issuance_id,)))

    def issuance_by_link(self, link_hash: bytes) -> Issuance | None:
        """See the port."""
        return _issuance(self.query_one(f"{_ISSUANCE} WHERE i.link_hash = ?", (link_hash,)))

    def issuances(
        self,
        *,
        state: IssuanceState | None = None,
        configuration_id: str | None = None,
        roster_id: str | None = None,
        after: int | None = None,
        limit: int,
    ) -> Sequence[Issuance]:
        """See the port."""
        conditions: dict[str, Value] = {
            "i.state = ?": state,
            "i.configuration_id = ?": configuration_id,
            "i.roster_id = ?": roster_id,
            "i.sequence < ?": after,
        }
        wanted = {condition: value for condition, value in conditions.items() if value is not None}
        where = " AND ".join(["1", *wanted])
        rows = self.query(
            f"{_ISSUANCE} WHERE {where} ORDER BY i.sequence DESC LIMIT ?",
            [*wanted.values(), min(limit, PAGE_MAX)],
        )
        return [_filled(row) for row in rows]

    def count_by_state(self) -> Mapping[IssuanceState, int]:
        """See the port."""
        rows = self.query("SELECT state, count(*) AS number FROM issuance GROUP BY state")
        found = {row["state"]: int(row["number"]) for row in rows}
        return {state: found.get(state, 0) for state in ISSUANCE_STATES}

    def replace_link(
        self, issuance_id: str, *, sealed: bytes, link_hash: bytes, tx_code_mac: bytes | None, attempts: int
    ) -> Issuance | None:
        """See the port."""
        with self.transaction() as work:
            changed = work.execute(
                "UPDATE issuance SET sealed = ?, link_hash = ?, tx_code_mac = ?, attempts_left = ?, state = 'offered'"
                " WHERE id = ? AND state IN ('offered', 'locked')",
                (sealed, link_hash, tx_code_mac, attempts, issuance_id),
            )
            if changed == 0:
                return None
            _end_grants(work, issuance_id)
            return _issuance(work.query_one(f"{_ISSUANCE} WHERE i.id = ?", (issuance_id,)))

    def add_offer(self, offer: NewOffer) -> Issuance | None:
        """See the port."""
        with self.transaction() as work:
            row = work.query_one(f"{_ISSUANCE} WHERE i.id = ? AND i.state = 'offered'", (offer.issuance_id,))
            if row is None:
                return None
            work.execute(
                "DELETE FROM offer WHERE issuance_id = ?1 AND reference_hash NOT IN"
                " (SELECT reference_hash FROM offer WHERE issuance_id = ?1 ORDER BY expires_at DESC LIMIT ?2)",
                (offer.issuance_id, LIVE_OFFERS_MAX - 1),
            )
            _insert_offer(work, offer)
            return _filled(row)

    def offer(self, reference_hash: bytes, now: int) -> Offer | None:
        """See the port."""
        row = self.query_one(
            "SELECT o.issuance_id, o.expires_at, i.configuration_id, i.tx_code_mac IS NOT NULL AS tx_code_needed"
            " FROM offer o JOIN issuance i ON i.id = o.issuance_id"
            " WHERE o.reference_hash = ? AND o.expires_at > ? AND i.state = 'offered'",
            (reference_hash, now),
        )
        if row is None:
            return None
        return Offer(
            row["issuance_id"], row["configuration_id"], row["expires_at"], bool(row["tx_code_needed"])
        )

    # --- codes and tokens -------------------------------------------------------

    def take_attempt(self, code_hash: bytes, now: int) -> Attempt | None:
        """See the port."""
        with self.transaction() as work:
            row = work.query_one(
                "UPDATE issuance SET attempts_left = attempts_left - 1"
                " WHERE attempts_left > 0 AND state = 'offered' AND id ="
                " (SELECT issuance_id FROM offer WHERE code_hash = ? AND expires_at > ?)"
                " RETURNING id, configuration_id, tx_code_mac, attempts_left",
                (code_hash, now),
            )
        if row is None:
            return None
        return Attempt(row["id"], row["configuration_id"], row["tx_code_mac"], row["attempts_left"])

    def return_attempt(self, issuance_id: str) -> None:
        """See the port."""
        with self.transaction() as work:
            work.execute(
                "UPDATE issuance SET attempts_left = attempts_left + 1 WHERE id = ? AND state = 'offered'",
                (issuance_id,),
            )

    def lock(self, issuance_id: str) -> None:
        """See the port."""
        with self.transaction() as work:
            changed = work.execute(
                "UPDATE issuance SET state = 'locked' WHERE id = ? AND state = 'offered' AND attempts_left = 0",
                (issuance_id,),
            )
            if changed:
                _end_grants(work, issuance_id)

    def redeem(self, code_hash: bytes, token: NewToken, *, attempts: int, now: int) -> bool:
        """See the port."""
        with self.transaction() as work:
            taken = work.execute(
                "DELETE FROM offer WHERE code_hash = ? AND issuance_id = ? AND expires_at > ?"
                " AND (SELECT state FROM issuance WHERE id = issuance_id) = 'offered'",
                (code_hash, token.issuance_id, now),
            )
            if taken == 0:
                return False
            work.execute("UPDATE issuance SET attempts_left = ? WHERE id = ?", (attempts, token.issuance_id))
            work.execute(
                "INSERT INTO token (token_hash, issuance_id, client_id, expires_at) VALUES (?, ?, ?, ?)",
                (token.token_hash, token.issuance_id, token.client_id, token.expires_at),
            )
            return True

    def token(self, token_hash: bytes, now: int) -> Token | None:
        """See the port."""
        row = self.query_one(_TOKEN, (token_hash, now))
        if row is None:
            return None
        return Token(row["issuance_id"], row["configuration_id"], row["client_id"], row["expires_at"])

    # --- copies -----------------------------------------------------------------

    def reserve(self, reservation: Reservation) -> Sequence[CredentialRecord]:
        """See the port."""
        with self.transaction() as work:
            token = work.query_one(_TOKEN, (reservation.token_hash, reservation.now))
            if token is None:
                raise ProtocolError("invalid_token", "the access token has ended")
            issuance_id: str = token["issuance_id"]
            _use_nonces(work, reservation.nonces)
            _collect(work, issuance_id, reservation.token_hash)
            held = {
                row["holder_thumbprint"]: row
                for row in work.query(f"{_CREDENTIAL} WHERE c.issuance_id = ?", (issuance_id,))
            }
            fresh = [new for new in reservation.credentials if new.holder_thumbprint not in held]
            if len(held) + len(fresh) > reservation.maximum:
                raise ProtocolError(
                    "credential_request_denied", f"expected at most {reservation.maximum} copies in all"
                )
            if fresh:
                list_id, first = _take_positions(work, len(fresh), reservation)
                work.execute_many(
                    "INSERT INTO credential (id, issuance_id, list_id, position, holder_thumbprint, issued_at, expires_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            new.id,
                            issuance_id,
                            list_id,
                            first + offset,
                            new.holder_thumbprint,
                            reservation.issued_at,
                            reservation.expires_at,
                        )
                        for offset, new in enumerate(fresh)
                    ],
                )
            rows = work.query(f"{_CREDENTIAL} WHERE c.issuance_id = ?", (issuance_id,))
        by_key = {row["holder_thumbprint"]: _credential(row) for row in rows}
        return [by_key[new.holder_thumbprint] for new in reservation.credentials]

    def record_signed(
        self, issuance_id: str, signed: Sequence[Signed], now: int
    ) -> Mapping[str, bytes] | None:
        """See the port."""
        with self.transaction() as work:
            changed = work.execute(
                "UPDATE issuance SET state = 'issued', issued_at = coalesce(issued_at, ?)"
                " WHERE id = ? AND state IN ('offered', 'issued')",
                (now, issuance_id),
            )
            if changed == 0:
                return None
            work.execute_many(
                "UPDATE credential SET digest = ?, sealed_copy = ? WHERE id = ? AND digest IS NULL",
                [(one.digest, one.sealed_copy, one.credential_id) for one in signed],
            )
            work.execute("DELETE FROM offer WHERE issuance_id = ?", (issuance_id,))
            rows = work.query(
                "SELECT id, sealed_copy FROM credential WHERE issuance_id = ? AND sealed_copy IS NOT NULL",
                (issuance_id,),
            )
        stored = {row["id"]: cast(bytes, row["sealed_copy"]) for row in rows}
        return {one.credential_id: stored[one.credential_id] for one in signed}

    def revoke(self, issuance_id: str, now: int) -> Issuance | None:
        """See the port."""
        with self.transaction() as work:
            changed = work.execute(
                "UPDATE issuance SET state = 'revoked', revoked_at = ? WHERE id = ? AND state <> 'revoked'",
                (now, issuance_id),
            )
            if changed:
                _end_grants(work, issuance_id)
                work.execute(
                    "UPDATE status_list SET version = version + 1"
                    " WHERE id IN (SELECT list_id FROM credential WHERE issuance_id = ?)",
                    (issuance_id,),
                )
                work.execute(
                    "UPDATE credential SET revoked_at = ?, sealed_copy = NULL WHERE issuance_id = ?",
                    (now, issuance_id),
                )
            return _issuance(work.query_one(f"{_ISSUANCE} WHERE i.id = ?", (issuance_id,)))

    # --- status lists -----------------------------------------------------------

    def status_list(self, name: str) -> StatusListRecord | None:
        """See the port."""
        row = self.query_one("SELECT * FROM status_list WHERE name = ?", (name,))
        if row is None:
            return None
        return StatusListRecord(
            name=row["name"],
            size=row["size"],
            allocated=row["allocated"],
            version=row["version"],
            token=row["token"],
            token_version=row["token_version"],
            token_issued_at=row["token_issued_at"],
            token_expires_at=row["token_expires_at"],
        )

    def revoked_positions(self, name: str) -> tuple[int, Sequence[int]]:
        """See the port."""
        with self.snapshot() as work:
            row = work.query_one("SELECT id, version FROM status_list WHERE name = ?", (name,))
            if row is None:
                raise ProtocolError("not_found", "expected the name of a status list")
            rows = work.query(
                "SELECT position FROM credential WHERE list_id = ? AND revoked_at IS NOT NULL", (row["id"],)
            )
            return int(row["version"]), [int(found["position"]) for found in rows]

    def save_status_token(
        self, name: str, *, version: int, token: str, issued_at: int, expires_at: int
    ) -> bool:
        """See the port."""
        with self.transaction() as work:
            return work.execute(
                "UPDATE status_list SET token = ?, token_version = ?, token_issued_at = ?, token_expires_at = ?"
                " WHERE name = ? AND token_version <= ? AND token_issued_at <= ?",
                (token, version, issued_at, expires_at, name, version, issued_at),
            ) > 0

    # --- rosters that staff have not decided about -------------------------------

    def keep_upload(self, upload_id: str, sealed: bytes, expires_at: int) -> None:
        """See the port."""
        with self.transaction() as work:
            work.execute("INSERT INTO upload (id, sealed, expires_at) VALUES (?, ?, ?)", (upload_id, sealed, expires_at))

    def upload(self, upload_id: str, now: int) -> bytes | None:
        """See the port."""
        row = self.query_one("SELECT sealed FROM upload WHERE id = ? AND expires_at > ?", (upload_id, now))
        return None if row is None else cast(bytes, row["sealed"])

    # --- counting and forgetting ------------------------------------------------

    def count_attempt(self, bucket: str, now: int, window_seconds: int) -> int:
        """See the port."""
        with self.transaction() as work:
            row = work.query_one(
                "INSERT INTO attempt (bucket, window_ends, number) VALUES (?1, ?2 + ?3, 1)"
                " ON CONFLICT (bucket) DO UPDATE SET"
                " number = CASE WHEN window_ends <= ?2 THEN 1 ELSE number + 1 END,"
                " window_ends = CASE WHEN window_ends <= ?2 THEN ?2 + ?3 ELSE window_ends END"
                " RETURNING number",
                (bucket, now, window_seconds),
            )
        if row is None:
            raise InternalError("internal_error", "an attempt was not counted")
        return int(row["number"])

    def purge(self, now: int) -> None:
        """See the port."""
        with self.transaction() as work:
            work.execute(
                "UPDATE credential SET sealed_copy = NULL WHERE sealed_copy IS NOT NULL AND issuance_id NOT IN"
                " (SELECT issuance_id FROM token WHERE expires_at > ?)",
                (now,),
            )
            for statement in (
                "DELETE FROM offer WHERE expires_at <= ?",
                "DELETE FROM token WHERE expires_at <= ?",
                "DELETE FROM nonce WHERE expires_at <= ?",
                "DELETE FROM answer WHERE expires_at <= ?",
                "DELETE FROM upload WHERE expires_at <= ?",
                "DELETE FROM attempt WHERE window_ends <= ?",
            ):
                work.execute(statement, (now,))


_TOKEN = (
    "SELECT t.*, i.configuration_id FROM token t JOIN issuance i ON i.id = t.issuance_id"
    " WHERE t.token_hash = ? AND t.expires_at > ? AND i.state IN ('offered', 'issued')"
    " AND (i.collected_by IS NULL OR i.collected_by = t.token_hash)"
)
_CREDENTIAL = "SELECT c.*, l.name AS list_name, l.size AS list_size FROM credential c JOIN status_list l ON l.id = c.list_id"


def _remember(work: Transaction, key_hash: bytes, answer: Answer, expires_at: int) -> None:
    try:
        work.execute(
            "INSERT INTO answer (key_hash, request_hash, sealed_body, expires_at) VALUES (?, ?, ?, ?)",
            (key_hash, answer.request_hash, answer.sealed_body, expires_at),
        )
    except ConstraintError as err:
        raise ReplayError("idempotency_conflict", "the idempotency key is in use") from err


def _insert_issuance(work: Transaction, new: NewIssuance) -> None:
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


def _insert_offer(work: Transaction, offer: NewOffer) -> None:
    work.execute(
        "INSERT INTO offer (reference_hash, code_hash, issuance_id, expires_at) VALUES (?, ?, ?, ?)",
        (offer.reference_hash, offer.code_hash, offer.issuance_id, offer.expires_at),
    )


def _end_grants(work: Transaction, issuance_id: str) -> None:
    work.execute("DELETE FROM offer WHERE issuance_id = ?", (issuance_id,))
    work.execute("DELETE FROM token WHERE issuance_id = ?", (issuance_id,))


def _use_nonces(work: Transaction, nonces: Sequence[tuple[bytes, int]]) -> None:
    try:
        work.execute_many("INSERT INTO nonce (nonce_hash, expires_at) VALUES (?, ?)", nonces)
    except ConstraintError as err:
        raise ProtocolError("invalid_nonce", "the nonce was used before; fetch a fresh one") from err


def _collect(work: Transaction, issuance_id: str, token_hash: bytes) -> None:
    """The first token that asks is the only one that may; another offer's token finds the door shut."""
    work.execute(
        "UPDATE issuance SET collected_by = ? WHERE id = ? AND collected_by IS NULL",
        (token_hash, issuance_id),
    )


def _take_positions(work: Transaction, number: int, reservation: Reservation) -> tuple[int, int]:
    """Move the counter of the open list; the write lock makes each position go to one copy."""
    take = (
        "UPDATE status_list SET allocated = allocated + ?1 WHERE id ="
        " (SELECT id FROM status_list WHERE allocated + ?1 <= size ORDER BY id LIMIT 1) RETURNING id, allocated"
    )
    row = work.query_one(take, (number,))
    if row is None:
        work.execute(
            "INSERT INTO status_list (name, size, allocated, version) VALUES (?, ?, 0, 0)",
            (reservation.list_name, reservation.list_size),
        )
        row = work.query_one(take, (number,))
    if row is None:
        raise InternalError("internal_error", f"a list of {reservation.list_size} has no room for {number}")
    return int(row["id"]), int(row["allocated"]) - number


def _issuance(row: Row | None) -> Issuance | None:
    return None if row is None else _filled(row)


def _filled(row: Row) -> Issuance:
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
        credentials=row["copies"],
    )


def _credential(row: Row) -> CredentialRecord:
    return CredentialRecord(
        id=row["id"],
        issuance_id=row["issuance_id"],
        holder_thumbprint=row["holder_thumbprint"],
        list_name=row["list_name"],
        list_size=row["list_size"],
        position=row["position"],
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        sealed_copy=row["sealed_copy"],
    )
