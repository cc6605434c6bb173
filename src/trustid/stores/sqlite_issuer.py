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

from trustid.errors import InternalError, ProtocolError
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
    SignedStatusList,
    StatusListRecord,
    StatusPositions,
    Token,
)
from trustid.stores.issuer_schema import ISSUER_MIGRATIONS
from trustid.stores.issuer_statements import (
    COUNT_ATTEMPT,
    CREDENTIAL,
    FORGET,
    ISSUANCE,
    STATUS_CHANGE,
    TOKEN,
    change_suspension,
    collect,
    credential_of,
    end_grants,
    insert_copies,
    insert_issuance,
    insert_offer,
    issuance_of,
    issuance_or_none,
    remember,
    revoke,
    save_status_token,
    status_list_of,
    status_positions,
    use_nonces,
)
from trustid.stores.sqlite import SqliteStore, Value

__all__ = ["SqliteIssuerStore"]

PAGE_MAX: Final = 500
LIVE_OFFERS_MAX: Final = 3


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
                remember(work, *answer)
            for new in issuances:
                if new.row_mac is not None and work.query(
                    "SELECT 1 FROM issuance WHERE row_mac = ? AND state <> 'revoked'", (new.row_mac,)
                ):
                    continue
                insert_issuance(work, new)
                added.add(new.id)
            for offer in offers:
                if offer.issuance_id in added:
                    insert_offer(work, offer)
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
        return issuance_or_none(self.query_one(f"{ISSUANCE} WHERE i.id = ?", (issuance_id,)))

    def issuance_by_link(self, link_hash: bytes) -> Issuance | None:
        """See the port."""
        return issuance_or_none(self.query_one(f"{ISSUANCE} WHERE i.link_hash = ?", (link_hash,)))

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
            f"{ISSUANCE} WHERE {where} ORDER BY i.sequence DESC LIMIT ?",
            [*wanted.values(), min(limit, PAGE_MAX)],
        )
        return [issuance_of(row) for row in rows]

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
            end_grants(work, issuance_id)
            return issuance_or_none(work.query_one(f"{ISSUANCE} WHERE i.id = ?", (issuance_id,)))

    def add_offer(self, offer: NewOffer) -> Issuance | None:
        """See the port."""
        with self.transaction() as work:
            row = work.query_one(f"{ISSUANCE} WHERE i.id = ? AND i.state = 'offered'", (offer.issuance_id,))
            if row is None:
                return None
            work.execute(
                "DELETE FROM offer WHERE issuance_id = ?1 AND reference_hash NOT IN"
                " (SELECT reference_hash FROM offer WHERE issuance_id = ?1 ORDER BY expires_at DESC LIMIT ?2)",
                (offer.issuance_id, LIVE_OFFERS_MAX - 1),
            )
            insert_offer(work, offer)
            return issuance_of(row)

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
                end_grants(work, issuance_id)

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
        row = self.query_one(TOKEN, (token_hash, now))
        if row is None:
            return None
        return Token(row["issuance_id"], row["configuration_id"], row["client_id"], row["expires_at"])

    # --- copies -----------------------------------------------------------------

    def reserve(self, reservation: Reservation) -> Sequence[CredentialRecord]:
        """See the port."""
        with self.transaction() as work:
            token = work.query_one(TOKEN, (reservation.token_hash, reservation.now))
            if token is None:
                raise ProtocolError("invalid_token", "the access token has ended")
            issuance_id: str = token["issuance_id"]
            use_nonces(work, reservation.nonces)
            collect(work, issuance_id, reservation.token_hash)
            held = {
                row["holder_thumbprint"]: row
                for row in work.query(f"{CREDENTIAL} WHERE c.issuance_id = ?", (issuance_id,))
            }
            fresh = [
                new.holder_thumbprint for new in reservation.credentials if new.holder_thumbprint not in held
            ]
            if len(held) + len(fresh) > reservation.maximum:
                raise ProtocolError(
                    "credential_request_denied", f"expected at most {reservation.maximum} copies in all"
                )
            if fresh:
                insert_copies(work, issuance_id, reservation, fresh)
            rows = work.query(f"{CREDENTIAL} WHERE c.issuance_id = ?", (issuance_id,))
        by_key = {row["holder_thumbprint"]: credential_of(row) for row in rows}
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
            revoke(work, issuance_id, now)
            return issuance_or_none(work.query_one(f"{ISSUANCE} WHERE i.id = ?", (issuance_id,)))

    def revoke_many(self, issuance_ids: Sequence[str], now: int) -> int:
        """See the port."""
        with self.transaction() as work:
            for issuance_id in issuance_ids:
                if not work.query("SELECT 1 FROM issuance WHERE id = ?", (issuance_id,)):
                    raise ProtocolError("not_found", "expected ids of issuances")
            return sum(revoke(work, issuance_id, now) for issuance_id in issuance_ids)

    def suspend(self, issuance_id: str, now: int) -> Issuance | None:
        """See the port."""
        return self._change_suspension(issuance_id, now)

    def resume(self, issuance_id: str) -> Issuance | None:
        """See the port."""
        return self._change_suspension(issuance_id, None)

    def _change_suspension(self, issuance_id: str, suspended_at: int | None) -> Issuance | None:
        with self.transaction() as work:
            change_suspension(work, issuance_id, suspended_at)
            return issuance_or_none(work.query_one(f"{ISSUANCE} WHERE i.id = ?", (issuance_id,)))

    # --- status lists -----------------------------------------------------------

    def status_list(self, name: str) -> StatusListRecord | None:
        """See the port."""
        row = self.query_one("SELECT * FROM status_list WHERE name = ?", (name,))
        return None if row is None else status_list_of(row)

    def status_positions(self, name: str) -> StatusPositions:
        """See the port."""
        with self.snapshot() as work:
            return status_positions(work, name)

    def save_status_token(self, name: str, signed: SignedStatusList) -> bool:
        """See the port."""
        with self.transaction() as work:
            return save_status_token(work, name, signed)

    def status_change(self, name: str, base: bytes) -> str | None:
        """See the port."""
        row = self.query_one(STATUS_CHANGE, (name, base))
        return None if row is None else row["token"]

    # --- rosters that staff have not decided about -------------------------------

    def keep_upload(self, upload_id: str, sealed: bytes, expires_at: int) -> None:
        """See the port."""
        with self.transaction() as work:
            work.execute(
                "INSERT INTO upload (id, sealed, expires_at) VALUES (?, ?, ?)",
                (upload_id, sealed, expires_at),
            )

    def upload(self, upload_id: str, now: int) -> bytes | None:
        """See the port."""
        row = self.query_one("SELECT sealed FROM upload WHERE id = ? AND expires_at > ?", (upload_id, now))
        return None if row is None else cast(bytes, row["sealed"])

    # --- counting and forgetting ------------------------------------------------

    def count_attempt(self, bucket: str, now: int, window_seconds: int) -> int:
        """See the port."""
        with self.transaction() as work:
            row = work.query_one(COUNT_ATTEMPT, (bucket, now, window_seconds))
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
            for statement in FORGET:
                work.execute(statement, (now,))
