"""Taking credentials back, for good or for a time.

Revocation is of an issuance: every copy that was made for it goes at once, and
whatever could still be collected ends. It is final; who was revoked by mistake
gets a new credential (ARF 2.4, VCR_04). A suspension can be ended; while it
lasts, no further copy can be collected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trustid.errors import LimitExceededError, ProtocolError
from trustid.protocols.ports import Clock
from trustid.protocols.ports_issuer import Issuance, IssuerStore

__all__ = ["REVOKED_AT_ONCE", "Revoking"]

REVOKED_AT_ONCE: Final = 1_000
"""Issuances in one transaction, during which no other worker writes: some tenths of a second."""


class Revoking:
    """Revokes, suspends and resumes issuances.

    Args:
        store: Where they are.
        clock: The time.
    """

    def __init__(self, *, store: IssuerStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def revoke(self, issuance_id: str) -> Issuance:
        """Revoke an issuance; again changes nothing and says the same.

        Raises:
            ProtocolError: `not_found`.
        """
        issuance = self._store.revoke(issuance_id, self._clock())
        if issuance is None:
            raise ProtocolError("not_found", "expected the id of an issuance")
        return issuance

    def revoke_many(self, issuance_ids: Sequence[str]) -> int:
        """Revoke several issuances at once, all or none; again changes nothing.

        Args:
            issuance_ids: At most `REVOKED_AT_ONCE`.

        Returns:
            How many were not revoked before.

        Raises:
            ProtocolError: `not_found`: one of them is unknown; none was revoked.
            LimitExceededError: `limit_exceeded`.
        """
        if len(issuance_ids) > REVOKED_AT_ONCE:
            raise LimitExceededError("limit_exceeded", f"expected at most {REVOKED_AT_ONCE} ids")
        return self._store.revoke_many(issuance_ids, self._clock())

    def suspend(self, issuance_id: str) -> Issuance:
        """Suspend an issuance that was collected; again changes nothing.

        Raises:
            ProtocolError: `not_found`; `revocation_final`: it was revoked;
                `not_suspendable`: nothing was collected yet, or its copies
                share a slot of a registry, which knows revocation only.
        """
        issuance = self._known(self._store.suspend(issuance_id, self._clock()))
        if issuance.suspended_at is None:
            raise ProtocolError("not_suspendable", "expected collected copies with places in a status list")
        return issuance

    def resume(self, issuance_id: str) -> Issuance:
        """End a suspension; again changes nothing.

        Raises:
            ProtocolError: `not_found`; `revocation_final`: it was revoked.
        """
        return self._known(self._store.resume(issuance_id))

    @staticmethod
    def _known(issuance: Issuance | None) -> Issuance:
        if issuance is None:
            raise ProtocolError("not_found", "expected the id of an issuance")
        if issuance.state == "revoked":
            raise ProtocolError("revocation_final", "a revoked credential never becomes valid again")
        return issuance

    def refuse_restoring(self, issuance_id: str) -> None:
        """Answer the wish to undo a revocation.

        Raises:
            ProtocolError: `revocation_final`; `not_found` where nothing was revoked.
        """
        issuance = self._store.issuance(issuance_id)
        if issuance is None or issuance.state != "revoked":
            raise ProtocolError("not_found", "expected the id of a revoked issuance")
        raise ProtocolError("revocation_final", "a revoked credential never becomes valid again")
