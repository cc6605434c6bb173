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
from trustid.status.epochs.signers import check_signer, read_following
from trustid.status.epochs.statement import SignedStatement, UncheckedStatement
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
        self._before: dict[str, tuple[bytes, SignedStatement]] = {}

    def latest(self, trust: RegistryTrust) -> SignedStatement | None:
        """The accepted statement of the highest epoch; checked again when this process first meets it.

        None where there is none, or where the keys that are trusted now do not
        lead to the one that signed it. Fetches nothing.
        """
        token = self._seen.latest(trust.registry)
        if token is None:
            return None
        trusted, known = self._newest.get(trust.registry, (None, None))
        if known is None or known.token != token or trusted is not trust:
            try:
                known, _ = read_following(trust, token, self._seen, None)
            except StatusUnknownError:
                return None
            self._newest[trust.registry] = trust, known
        return known

    def statement(self, trust: RegistryTrust, epoch: int) -> SignedStatement | None:
        """The accepted statement of one epoch; fetches nothing.

        Raises:
            StatusUnknownError: `acc_value_untrusted`: the keys that are trusted
                now do not lead to the one that signed it.
        """
        token = self._seen.statement(trust.registry, epoch)
        return None if token is None else read_following(trust, token, self._seen, None)[0]

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
        newest, handovers = self._read(trust, self.source.latest(trust.registry))
        kept = self._kept(trust)
        if kept is not None and newest.epoch < kept.epoch:
            raise StatusUnknownError(
                "acc_rollback", f"expected epoch {kept.epoch} or later, found {newest.epoch}"
            )
        if kept is not None and newest.epoch == kept.epoch:
            _check_same(kept, newest)
            # It may have been accepted before a committee was asked for.
            trust.check_quorum(newest, self.source)
            return kept
        if newest.statement.issued_at > self._clock() + self._skew_seconds:
            raise StatusUnknownError("acc_epoch_future", "the statement was signed ahead of this clock")
        trust.check_quorum(newest, self.source)
        walked = {each.epoch: each for each in self._walk_back(trust, newest, kept)}
        # Only now, and only those: a handover that belongs to another history must leave no trace.
        for each in handovers:
            _check_same(walked.setdefault(each.epoch, each), each)
        for epoch in sorted(walked):
            self._keep(trust, walked[epoch])
        return newest

    def before(self, trust: RegistryTrust, signed: SignedStatement) -> SignedStatement:
        """The statement before an accepted one, fetched if it was never seen. Not for epoch 0.

        Raises:
            As `renew`.
        """
        before = self._accepted(trust, signed.epoch - 1)
        if before is not None:
            _check_link(before, signed)
            return before
        after, before = self._before.get(trust.registry, (None, None))
        if before is None or after != signed.hash:
            before = self._fetch_before(trust, signed)
            self._keep(trust, before)
            self._before[trust.registry] = signed.hash, before
        return before

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
        theirs, _ = self._read(trust, other.latest(trust.registry))
        if theirs.epoch > kept.epoch:
            theirs = self._of_epoch(trust, other, kept.epoch)
        elif theirs.epoch < kept.epoch:
            kept = self.statement(trust, theirs.epoch) or self._of_epoch(trust, self.source, theirs.epoch)
        _check_same(kept, theirs)

    def _read(self, trust: RegistryTrust, token: str) -> tuple[SignedStatement, tuple[SignedStatement, ...]]:
        return read_following(trust, token, self._seen, self.source)

    def _kept(self, trust: RegistryTrust) -> SignedStatement | None:
        """As `latest`; where other keys are trusted by now, what was accepted binds all the same."""
        token = self._seen.latest(trust.registry)
        if token is None:
            return None
        return self.latest(trust) or UncheckedStatement(token, trust.registry).without_signature()

    def _accepted(self, trust: RegistryTrust, epoch: int) -> SignedStatement | None:
        """As `statement`; where other keys are trusted by now, what was accepted binds all the same."""
        token = self._seen.statement(trust.registry, epoch)
        if token is None:
            return None
        try:
            return read_following(trust, token, self._seen, None)[0]
        except StatusUnknownError:
            return UncheckedStatement(token, trust.registry).without_signature()

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
        check_signer(kept, walked[-1])
        return walked

    def _fetch_before(self, trust: RegistryTrust, signed: SignedStatement) -> SignedStatement:
        token = self.source.statement(trust.registry, signed.epoch - 1)
        unchecked = UncheckedStatement(token, trust.registry)
        try:
            before, _ = self._read(trust, token)
        except StatusUnknownError:
            # Signed before anybody handed over to the keys that are trusted here: known by its hash alone.
            if unchecked.hash != signed.statement.previous or not _before_trusted_keys(unchecked, signed):
                raise
            before = unchecked.without_signature()
        _check_link(before, signed)
        return before

    def _of_epoch(self, trust: RegistryTrust, source: StatementSource, epoch: int) -> SignedStatement:
        signed, _ = self._read(trust, source.statement(trust.registry, epoch))
        _check_epoch(signed, epoch)
        return signed

    def _keep(self, trust: RegistryTrust, signed: SignedStatement) -> None:
        if signed.signer is None:
            return  # kept is what a key vouches for, so that it may vouch for others
        token = self._seen.keep(trust.registry, signed.epoch, signed.token)
        # Another worker may have accepted one meanwhile: it must be the same.
        if token != signed.token:
            _check_same(UncheckedStatement(token, trust.registry).without_signature(), signed)


def _before_trusted_keys(unchecked: UncheckedStatement, after: SignedStatement) -> bool:
    """Whether nobody here knows the key of a statement: it handed over to the next one's, or came before that."""
    return after.signer is None or unchecked.statement().successor is not None


def _check_epoch(signed: SignedStatement, epoch: int) -> None:
    if signed.epoch != epoch:
        raise ProofError(
            "acc_update_invalid", f"expected the statement of epoch {epoch}, found {signed.epoch}"
        )


def _check_link(before: SignedStatement, after: SignedStatement) -> None:
    """Everything by which one statement follows from another."""
    _check_epoch(before, after.epoch - 1)
    if before.hash != after.statement.previous:
        raise StatusUnknownError("acc_equivocation", f"another statement for epoch {before.epoch} was signed")
    _check_order(before, after)
    check_signer(before, after)


def _check_same(kept: SignedStatement, found: SignedStatement) -> None:
    if kept.hash != found.hash:
        raise StatusUnknownError("acc_equivocation", f"two statements for epoch {kept.epoch} were signed")


def _check_order(before: SignedStatement, after: SignedStatement) -> None:
    if after.statement.issued_at <= before.statement.issued_at:
        raise ProofError("acc_update_invalid", "expected statements whose times go forward")
    if after.statement.params_digest != before.statement.params_digest:
        raise ProofError("acc_update_invalid", "expected parameters that never change")
