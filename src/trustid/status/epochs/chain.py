"""Following a registry's statements: none missing, none changed, none twice.

Holders and verifiers do the same thing here. The newest statement is fetched
and walked back, hash by hash, to the last one that was accepted before; then
all of them are accepted. So a manager who shows somebody another history must
go on showing it, and whoever compares two histories has both in the manager's
own signature (`StatementChain.compare`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trustid.encoding import sha256
from trustid.errors import MalformedError, ProofError, StatusUnknownError
from trustid.status.accumulator import Params
from trustid.status.epochs.ports import EpochSource, SeenStatements, StatementSource
from trustid.status.epochs.statement import SignedStatement
from trustid.status.epochs.trust import RegistryTrust

__all__ = ["MAX_GAP", "StatementChain"]

MAX_GAP: Final = 4096
"""How many statements are fetched to catch up: eleven years of daily epochs."""


class StatementChain:
    """The accepted statements of registries.

    Args:
        source: Where statements are fetched.
        seen: Where the accepted ones are kept.
        clock: Epoch seconds.
        skew_seconds: How far a statement's time may lie ahead of ours.
    """

    def __init__(
        self, source: EpochSource, seen: SeenStatements, clock: Callable[[], int], *, skew_seconds: int = 120
    ) -> None:
        self.source = source
        self._seen = seen
        self._clock = clock
        self._skew_seconds = skew_seconds
        self._newest: dict[str, tuple[RegistryTrust, SignedStatement]] = {}

    def latest(self, trust: RegistryTrust) -> SignedStatement | None:
        """The accepted statement of the highest epoch; checked again when this process first meets it."""
        token = self._seen.latest(trust.registry)
        if token is None:
            return None
        trusted, known = self._newest.get(trust.registry, (None, None))
        if known is None or known.token != token or trusted is not trust:
            known = trust.read(token)
            self._newest[trust.registry] = trust, known
        return known

    def statement(self, trust: RegistryTrust, epoch: int) -> SignedStatement | None:
        """The accepted statement of one epoch."""
        token = self._seen.statement(trust.registry, epoch)
        return None if token is None else trust.read(token)

    def renew(self, trust: RegistryTrust) -> SignedStatement:
        """Fetch the newest statement and accept it, with those between.

        The first statement of a registry that is ever seen is accepted for its
        signature; everything after it must follow from it.

        Raises:
            StatusUnknownError: `acc_value_untrusted`; `acc_rollback`, an epoch
                below an accepted one; `acc_equivocation`, another statement than
                the accepted one for its epoch; `acc_epoch_future`, signed ahead
                of our clock; `status_unavailable`.
            ProofError: `acc_update_invalid`: a statement between is not what the
                next one says, or times go back.
            MalformedError: A statement cannot be read.

        Cost:
            One fetch and one signature for each epoch since the last call.
        """
        newest = trust.read(self.source.latest(trust.registry))
        kept = self.latest(trust)
        if kept is not None and newest.epoch < kept.epoch:
            raise StatusUnknownError(
                "acc_rollback", f"expected epoch {kept.epoch} or later, found {newest.epoch}"
            )
        if kept is not None and newest.epoch == kept.epoch:
            _check_same(kept, newest)
            return kept
        if newest.statement.issued_at > self._clock() + self._skew_seconds:
            raise StatusUnknownError("acc_epoch_future", "the statement was signed ahead of this clock")
        trust.check_quorum(newest, self.source)
        for each in reversed(self._walk_back(trust, newest, kept)):
            self._keep(trust, each)
        return newest

    def before(self, trust: RegistryTrust, signed: SignedStatement) -> SignedStatement:
        """The statement before an accepted one, fetched if it was never seen. Not for epoch 0.

        Raises:
            As `renew`.
        """
        kept = self.statement(trust, signed.epoch - 1)
        if kept is None:
            kept = self._fetch_before(trust, signed)
            self._keep(trust, kept)
        return kept

    def params(self, trust: RegistryTrust, signed: SignedStatement) -> Params:
        """The registry's parameters, as an accepted statement names them.

        Raises:
            MalformedError: `params_invalid`.
            StatusUnknownError: `acc_value_untrusted`: they are not those that
                were signed; `status_unavailable`.
        """
        data = self._seen.params(trust.registry)
        if data is None or sha256(data) != signed.statement.params_digest:
            data = self.source.params(trust.registry)
            if sha256(data) != signed.statement.params_digest:
                raise StatusUnknownError(
                    "acc_value_untrusted", "expected the parameters that the statement names"
                )
            self._seen.keep_params(trust.registry, data)
        params = Params.from_bytes(data)
        if params.registry != trust.registry.encode("ascii"):
            raise MalformedError("params_invalid", "expected the parameters of this registry")
        return params

    def compare(self, trust: RegistryTrust, other: StatementSource) -> None:
        """Hold what was accepted against another source: a mirror, a log, another holder's relay.

        Args:
            trust: Whose registry.
            other: Where to look.

        Raises:
            StatusUnknownError: `acc_equivocation`: two statements for one epoch.
                Keep both: they prove it to anybody. Otherwise as `renew`.
        """
        kept = self.latest(trust)
        if kept is None:
            raise StatusUnknownError("status_unavailable", "expected a statement that was accepted before")
        theirs = trust.read(other.latest(trust.registry))
        if theirs.epoch > kept.epoch:
            theirs = _of_epoch(trust, other.statement(trust.registry, kept.epoch), kept.epoch)
        elif theirs.epoch < kept.epoch:
            ours = self.statement(trust, theirs.epoch)
            kept = ours or _of_epoch(trust, self.source.statement(trust.registry, theirs.epoch), theirs.epoch)
        _check_same(kept, theirs)

    def _walk_back(
        self, trust: RegistryTrust, newest: SignedStatement, kept: SignedStatement | None
    ) -> list[SignedStatement]:
        """The statements after `kept` up to `newest`, the newest first."""
        walked = [newest]
        if kept is None:
            return walked
        if newest.epoch - kept.epoch > MAX_GAP:
            raise StatusUnknownError("acc_epoch_stale", f"expected a registry at most {MAX_GAP} epochs ahead")
        while walked[-1].epoch > kept.epoch + 1:
            walked.append(self._fetch_before(trust, walked[-1]))
        if walked[-1].statement.previous != kept.hash:
            raise StatusUnknownError(
                "acc_equivocation", f"another statement for epoch {kept.epoch} was signed"
            )
        _check_order(kept, walked[-1])
        return walked

    def _fetch_before(self, trust: RegistryTrust, signed: SignedStatement) -> SignedStatement:
        epoch = signed.epoch - 1
        before = _of_epoch(trust, self.source.statement(trust.registry, epoch), epoch)
        if before.hash != signed.statement.previous:
            raise StatusUnknownError("acc_equivocation", f"another statement for epoch {epoch} was signed")
        _check_order(before, signed)
        return before

    def _keep(self, trust: RegistryTrust, signed: SignedStatement) -> None:
        token = self._seen.keep(trust.registry, signed.epoch, signed.token)
        # Another worker may have accepted one meanwhile: it must be the same.
        if token != signed.token:
            _check_same(trust.read(token), signed)


def _of_epoch(trust: RegistryTrust, token: str, epoch: int) -> SignedStatement:
    signed = trust.read(token)
    if signed.epoch != epoch:
        raise ProofError(
            "acc_update_invalid", f"expected the statement of epoch {epoch}, found {signed.epoch}"
        )
    return signed


def _check_same(kept: SignedStatement, found: SignedStatement) -> None:
    if kept.hash != found.hash:
        raise StatusUnknownError("acc_equivocation", f"two statements for epoch {kept.epoch} were signed")


def _check_order(before: SignedStatement, after: SignedStatement) -> None:
    if after.statement.issued_at <= before.statement.issued_at:
        raise ProofError("acc_update_invalid", "expected statements whose times go forward")
    if after.statement.params_digest != before.statement.params_digest:
        raise ProofError("acc_update_invalid", "expected parameters that never change")
