"""Whose signature counts under a statement: keys that are trusted, and keys that they handed over to.

A manager who changes the key of its statements says so in a statement that the
old key signs: it names the successor. Every later statement names the epoch in
which its key was handed over. So whoever trusts the first key finds the newest
one by as many fetches as there were handovers, and a successor signs nothing of
an epoch in which it had no say.
"""

from __future__ import annotations

from typing import Final

from trustid.errors import ProofError, StatusUnknownError
from trustid.status.epochs.ports import SeenStatements, StatementSource
from trustid.status.epochs.statement import SignedStatement, UncheckedStatement
from trustid.status.epochs.trust import RegistryTrust

__all__ = ["MAX_HANDOVERS", "check_signer", "read_following"]

MAX_HANDOVERS: Final = 64
"""How many handovers are followed from a trusted key: a new key each year for 64 years."""


def read_following(
    trust: RegistryTrust, token: str, seen: SeenStatements, source: StatementSource | None
) -> tuple[SignedStatement, tuple[SignedStatement, ...]]:
    """Read a statement that a trusted key signed, or one that was handed over to.

    Args:
        trust: The registry, and the keys that are trusted without a handover.
        token: The statement.
        seen: The statements accepted so far: handovers are looked for here first.
        source: Where handovers are fetched that were never seen; None fetches nothing.

    Returns:
        The statement, and the handovers that led to its key, the oldest first.

    Raises:
        StatusUnknownError: `acc_value_untrusted`: no trusted key leads to its
            signature; `status_unavailable`: a handover cannot be had.
        MalformedError: It, or a handover, cannot be read.

    Cost:
        One signature verification; one more, and perhaps a fetch, for each handover.
    """
    last = UncheckedStatement(token, trust.registry)
    path = [last]
    while path[-1].kid not in trust.keys:
        epoch = path[-1].statement().handover
        if epoch is None or len(path) > MAX_HANDOVERS:
            raise StatusUnknownError(
                "acc_value_untrusted", "expected a statement signed by a key of the registry"
            )
        path.append(UncheckedStatement(_handover(trust.registry, epoch, seen, source), trust.registry))
    key = trust.keys[path[-1].kid]
    handovers: list[SignedStatement] = []
    for each, after in zip(reversed(path[1:]), reversed(path[:-1]), strict=True):
        signed = each.verify(key)
        if signed.epoch != after.statement().handover or signed.statement.successor is None:
            raise StatusUnknownError("acc_value_untrusted", "expected a statement that names a successor")
        handovers.append(signed)
        key = signed.statement.successor
    return last.verify(key), tuple(handovers)


def check_signer(before: SignedStatement, after: SignedStatement) -> None:
    """Check that a statement is signed by the key that had the say after the one before it.

    Raises:
        StatusUnknownError: `acc_value_untrusted`: by another key.
        ProofError: `acc_update_invalid`: it names another handover than the last one.
    """
    if after.statement.handover != before.handover_after:
        raise ProofError(
            "acc_update_invalid", f"epoch {after.epoch} names another handover than the last one"
        )
    if None not in (before.signer_after, after.signer) and after.signer != before.signer_after:
        raise StatusUnknownError(
            "acc_value_untrusted",
            f"epoch {after.epoch} is signed by another key than epoch {before.epoch} left it to",
        )


def _handover(registry: str, epoch: int, seen: SeenStatements, source: StatementSource | None) -> str:
    token = seen.statement(registry, epoch)
    if token is not None:
        return token
    if source is None:
        raise StatusUnknownError(
            "acc_value_untrusted", f"the handover of epoch {epoch} was never accepted here"
        )
    return source.statement(registry, epoch)
