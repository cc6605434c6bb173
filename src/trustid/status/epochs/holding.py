"""The holder's side: one's own row, fetched on a schedule and never while presenting.

Whoever serves the blocks sees which 4,096 slots an address asks about. It must
not see when something is presented as well, so nothing here fetches for a
presentation: `witness` works from what is kept, offline.

A block is checked against the statement that the manager signed, and the row
against the holder's own handle by a pairing, before anything is replaced. A row
that is signed and does not answer the handle says one thing: revoked.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from trustid.encoding import b64url_encode, sha256
from trustid.errors import ProofError, RevokedError, StatusUnknownError, TrustidError
from trustid.status.accumulator import BLOCK_ROWS, ROW_BYTES, Member, Params
from trustid.status.epochs.blocks import split_block
from trustid.status.epochs.chain import StatementChain
from trustid.status.epochs.ports import EpochSource, KeptRow, RowStore, SeenStatements, StatementSource
from trustid.status.epochs.statement import EpochStatement, SignedStatement
from trustid.status.epochs.trust import RegistryTrust
from trustid.status.membership import Witness

__all__ = ["HeldSlot", "HolderKeeping", "KeptWitness"]


@dataclass(frozen=True, slots=True)
class HeldSlot:
    """One credential's slot in a registry; all its copies share it.

    Attributes:
        trust: The registry, and whose statements are believed.
        slot: The slot's number. It is a secret of holder, issuer and manager.
        member: The handle.
    """

    trust: RegistryTrust
    slot: int = field(repr=False)
    member: Member = field(repr=False)

    @property
    def place(self) -> str:
        """Under what its row is kept: slot and handle, so that who names a foreign slot spoils no row of it."""
        return f"{self.slot}.{b64url_encode(sha256(_PLACE_TAG + self.member.to_bytes()))}"


@dataclass(frozen=True, slots=True)
class KeptWitness:
    """What a proof is made from.

    Attributes:
        statement: The epoch it is of.
        params: The registry's parameters.
        witness: The checked row; `witness.prove` makes the proof.
        age_seconds: Since the statement was signed.
    """

    statement: EpochStatement
    params: Params
    witness: Witness
    age_seconds: int


_PLACE_TAG: Final = b"TrustID-place-1\n"

_Renewed = list[tuple[RegistryTrust, SignedStatement]]
"""By the trust, not by the name alone: what one issuer says of a registry binds no other's credentials."""


class HolderKeeping:
    """Keeps the rows of a holder's credentials fresh.

    Args:
        source: Where statements and blocks are fetched.
        seen: The statements accepted so far.
        rows: The rows kept so far.
        clock: Epoch seconds.
    """

    def __init__(
        self, source: EpochSource, seen: SeenStatements, rows: RowStore, *, clock: Callable[[], int]
    ) -> None:
        self._chain = StatementChain(source, seen, clock)
        self._source = source
        self._rows = rows
        self._clock = clock

    def refresh(self, held: HeldSlot) -> EpochStatement:
        """Fetch the newest statement and, if the row at hand is older, the block with one's own.

        Whatever is refused, what was kept stays as it was.

        Returns:
            The statement whose row is now kept.

        Raises:
            RevokedError: `revoked`, for good: nothing is fetched again.
            ProofError: `acc_update_invalid`: the block is not the one that was signed.
            StatusUnknownError: As `StatementChain.renew`.
        """
        return self._refresh(held, [])

    def refresh_all(self, held: Iterable[HeldSlot]) -> tuple[tuple[HeldSlot, TrustidError | None], ...]:
        """Refresh several, in an order that says nothing; what went wrong stands beside each.

        Each registry is asked once for its newest statement.
        """
        order = list(held)
        secrets.SystemRandom().shuffle(order)
        renewed: _Renewed = []
        return tuple((each, self._outcome(each, renewed)) for each in order)

    def witness(self, held: HeldSlot, *, max_age_seconds: int | None = None) -> KeptWitness:
        """What is kept, ready for proofs. Fetches nothing.

        Args:
            held: Which slot.
            max_age_seconds: How old the epoch may be; None asks nothing.

        Raises:
            RevokedError: `revoked`.
            StatusUnknownError: `acc_epoch_stale`: nothing is kept, or it is too
                old; refresh, and not while somebody waits.
            ProofError: `acc_witness_invalid`: what is kept is not of this slot.
        """
        kept = self._rows.row(held.trust.registry, held.place)
        _refuse_revoked(kept)
        signed = None if kept is None else self._chain.statement(held.trust, kept.epoch)
        if kept is None or kept.row is None or signed is None:
            raise StatusUnknownError("acc_epoch_stale", "expected a row that was fetched before")
        age = max(0, self._clock() - signed.statement.issued_at)
        if max_age_seconds is not None and age > max_age_seconds:
            raise StatusUnknownError("acc_epoch_stale", f"the row at hand is {age} seconds old")
        params = self._chain.params(held.trust, signed)
        witness = Witness.check(params, signed.statement.accumulator, held.member, kept.row)
        return KeptWitness(signed.statement, params, witness, age)

    def compare(self, trust: RegistryTrust, other: StatementSource) -> None:
        """Hold the accepted statement against another source; see `StatementChain.compare`."""
        self._chain.compare(trust, other)

    def _refresh(self, held: HeldSlot, renewed: _Renewed) -> EpochStatement:
        registry = held.trust.registry
        kept = self._rows.row(registry, held.place)
        _refuse_revoked(kept)
        signed = next((each for trust, each in renewed if trust == held.trust), None)
        if signed is None:
            signed = self._chain.renew(held.trust)
            renewed.append((held.trust, signed))
        if kept is None or kept.epoch < signed.epoch:
            self._fetch(held, signed)
        return signed.statement

    def _outcome(self, held: HeldSlot, renewed: _Renewed) -> TrustidError | None:
        try:
            self._refresh(held, renewed)
        except TrustidError as err:
            return err
        return None

    def _fetch(self, held: HeldSlot, signed: SignedStatement) -> None:
        registry, accumulator = held.trust.registry, signed.statement.accumulator
        params = self._chain.params(held.trust, signed)
        number, place = divmod(held.slot, BLOCK_ROWS)
        rows = split_block(
            params, signed.statement, number, self._source.block(registry, signed.epoch, number)
        )
        row = rows[place * ROW_BYTES : (place + 1) * ROW_BYTES]
        try:
            Witness.check(params, accumulator, held.member, row)
        except ProofError as err:
            self._rows.keep_row(registry, held.place, KeptRow(signed.epoch, None, self._clock()))
            raise RevokedError("revoked", f"the credential was revoked by epoch {signed.epoch}") from err
        self._rows.keep_row(registry, held.place, KeptRow(signed.epoch, row, self._clock()))


def _refuse_revoked(kept: KeptRow | None) -> None:
    if kept is not None and kept.revoked:
        raise RevokedError("revoked", f"the credential was revoked by epoch {kept.epoch}")
