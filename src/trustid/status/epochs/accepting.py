"""The verifier's side: which epoch a proof may be of.

A verifier knows its registries by name, with the keys that sign for them. It
keeps every statement that it has accepted, in a store that its workers share,
and asks for a newer one on a schedule, or when a holder shows an epoch that it
has not seen, never more often than every `RETRY_SECONDS`.

Unknown refuses: a registry without trust, a statement that is too old, an
epoch that nobody signed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from trustid.errors import StatusUnknownError, TrustidError
from trustid.status.accumulator import Params
from trustid.status.epochs.chain import StatementChain
from trustid.status.epochs.ports import EpochSource, SeenStatements, StatementSource
from trustid.status.epochs.statement import EpochStatement, SignedStatement
from trustid.status.epochs.trust import EpochPolicy, RegistryTrust
from trustid.status.membership import MembershipVerifier

__all__ = ["AcceptedEpoch", "EpochTrust"]

RETRY_SECONDS: Final = 10
"""After asking for a newer statement nobody asks again for so long, whatever holders show."""

NOTHING_NEWER: Final = frozenset({"status_unavailable", "limit_exceeded", "acc_rollback"})

MEMORY_EPOCHS_MAX: Final = 64
"""How many epochs one process keeps ready for checking."""


@dataclass(frozen=True, slots=True)
class AcceptedEpoch:
    """An epoch that the policy takes now.

    Attributes:
        statement: What was signed.
        params: The registry's parameters.
        verifier: Checks proofs of this epoch, one or many.
        age_seconds: Since the statement was signed.
        newest: Whether no later epoch is known.
    """

    statement: EpochStatement
    params: Params
    verifier: MembershipVerifier
    age_seconds: int
    newest: bool


class EpochTrust:
    """Accepts and refuses epochs.

    Args:
        registries: Which registries are believed, and whose signatures.
        source: Where statements are fetched.
        seen: Keeps the accepted ones, for all workers.
        clock: Epoch seconds.
        policy: How old an epoch may be.
    """

    def __init__(
        self,
        registries: Iterable[RegistryTrust],
        source: EpochSource,
        seen: SeenStatements,
        *,
        clock: Callable[[], int],
        policy: EpochPolicy | None = None,
    ) -> None:
        self.policy = policy or EpochPolicy()
        self._registries = {trust.registry: trust for trust in registries}
        self._chain = StatementChain(source, seen, clock, skew_seconds=self.policy.skew_seconds)
        self._clock = clock
        self._asked_at: dict[str, int] = {}
        self._ready: OrderedDict[tuple[str, bytes], tuple[Params, MembershipVerifier]] = OrderedDict()
        self._lock = threading.Lock()
        self._renewing = {registry: threading.Lock() for registry in self._registries}

    def accept(self, registry: str, epoch: int) -> AcceptedEpoch:
        """The epoch that a proof is of, if the policy takes it now.

        Raises:
            StatusUnknownError: `acc_registry_unknown`; `acc_epoch_stale`, older
                than the policy allows, or nothing new enough is known here;
                `acc_epoch_future`, an epoch that is not published;
                `status_unavailable`; or what `StatementChain.renew` refuses
                (`acc_value_untrusted`, `acc_rollback`, `acc_equivocation`).

        Cost:
            One signature verification; a fetch now and then.
        """
        trust = self._trust(registry)
        newest = self._newest(trust, epoch)
        now = self._clock()
        age = now - newest.statement.issued_at
        if age > self.policy.max_age_seconds:
            raise StatusUnknownError("acc_epoch_stale", f"the newest statement known is {age} seconds old")
        if epoch > newest.epoch:
            raise StatusUnknownError("acc_epoch_future", f"expected epoch {newest.epoch}, found {epoch}")
        if epoch == newest.epoch:
            return self._accepted(trust, newest, now, newest=True)
        if epoch < newest.epoch - 1 or age >= self.policy.previous_seconds:
            raise StatusUnknownError("acc_epoch_stale", f"expected epoch {newest.epoch}, found {epoch}")
        return self._accepted(trust, self._chain.before(trust, newest), now, newest=False)

    def known(self, registry: str) -> None:
        """Refuse a registry that is not trusted here; fetches nothing.

        Raises:
            StatusUnknownError: `acc_registry_unknown`.
        """
        self._trust(registry)

    def renew(self, registry: str) -> EpochStatement:
        """Ask for the newest statement now.

        Raises:
            As `accept`.
        """
        trust = self._trust(registry)
        with self._lock:
            self._asked_at[registry] = self._clock()
        signed = self._chain.renew(trust)
        self._chain.params(trust, signed)  # now, so that the first presentation need not fetch them
        return signed.statement

    def renew_all(self) -> tuple[tuple[str, TrustidError | None], ...]:
        """Ask for the newest statement of every registry, as a schedule does; what went wrong stands beside its URI."""
        return self._renew_each(self._registries)

    def renew_due(self, ahead_seconds: int = 0) -> tuple[tuple[str, TrustidError | None], ...]:
        """As `renew_all`, for the registries that were last asked `renew_seconds` ago, or will have been by then.

        Called on a schedule, it spares presentations the fetch, and the
        registry's host learns nothing of when one was checked.
        """
        least = self.policy.renew_seconds - ahead_seconds
        with self._lock:
            asked = dict(self._asked_at)
        now = self._clock()
        return self._renew_each(
            [one for one in self._registries if one not in asked or not 0 <= now - asked[one] < least]
        )

    def _renew_each(self, registries: Iterable[str]) -> tuple[tuple[str, TrustidError | None], ...]:
        outcomes: list[tuple[str, TrustidError | None]] = []
        for registry in registries:
            try:
                self.renew(registry)
                outcomes.append((registry, None))
            except TrustidError as err:
                outcomes.append((registry, err))
        return tuple(outcomes)

    def compare(self, registry: str, other: StatementSource) -> None:
        """Hold the accepted statement against another source; see `StatementChain.compare`."""
        self._chain.compare(self._trust(registry), other)

    def _trust(self, registry: str) -> RegistryTrust:
        trust = self._registries.get(registry)
        if trust is None:
            raise StatusUnknownError(
                "acc_registry_unknown", "expected a revocation registry that is trusted here"
            )
        return trust

    def _newest(self, trust: RegistryTrust, epoch: int) -> SignedStatement:
        """The newest accepted statement; asks for a later one where it is time to, or the holder shows one."""
        kept = self._chain.latest(trust)
        if kept is not None and epoch <= kept.epoch and not self._due(trust.registry, kept, epoch):
            return kept
        with self._renewing[trust.registry]:  # many presentations at once wait for one fetch
            kept = self._chain.latest(trust)
            if self._due(trust.registry, kept, epoch):
                kept = self._renewed(trust, kept)
        if kept is None:
            raise StatusUnknownError("status_unavailable", "the registry's statement was not fetched yet")
        return kept

    def _renewed(self, trust: RegistryTrust, kept: SignedStatement | None) -> SignedStatement | None:
        try:
            self.renew(trust.registry)
        except TrustidError as err:
            # What was accepted stays true while nothing newer can be had, and beside an old
            # copy from some cache on the way. Two statements for one epoch are another matter.
            if kept is None or err.code not in NOTHING_NEWER:
                raise
        return self._chain.latest(trust)

    def _due(self, registry: str, kept: SignedStatement | None, epoch: int) -> bool:
        with self._lock:
            asked_at = self._asked_at.get(registry)
        now = self._clock()
        if asked_at is not None and 0 <= now - asked_at < RETRY_SECONDS:
            return False
        if kept is None or epoch > kept.epoch or now >= kept.statement.next_at:
            return True
        return asked_at is None or now - asked_at >= self.policy.renew_seconds

    def _accepted(
        self, trust: RegistryTrust, signed: SignedStatement, now: int, *, newest: bool
    ) -> AcceptedEpoch:
        place = (trust.registry, signed.hash)
        with self._lock:
            ready = self._ready.get(place)
        if ready is None:
            params = self._chain.params(trust, signed)
            ready = params, MembershipVerifier(params, signed.statement.accumulator)
            with self._lock:
                self._ready[place] = ready
                if len(self._ready) > MEMORY_EPOCHS_MAX:
                    self._ready.popitem(last=False)
        params, verifier = ready
        age = max(0, now - signed.statement.issued_at)
        return AcceptedEpoch(signed.statement, params, verifier, age, newest)
