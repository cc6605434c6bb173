"""The status step of the verifying order: was the credential taken back?

Two mechanisms: a place in a list, which the verifier looks up, and a slot in a
registry's accumulator, for which the holder proves that it was not revoked. A
credential that has both must pass both; one that has neither is a matter of
policy; what is not understood refuses.

A proof is made for one verifier, one nonce, one credential and one epoch. So
here, before the holder's signature is looked at, it is held against what this
verifier calls itself and asked, and against the bytes that the issuer signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from trustid.errors import ProofError, StatusUnknownError, TrustidError
from trustid.protocols.presentation import Expected, Membership, Presented, Sources
from trustid.protocols.trust import TrustPolicy
from trustid.status.accumulator_entry import AccumulatorEntry, StatusProof
from trustid.status.check import StatusResult
from trustid.status.epochs.accepting import AcceptedEpoch, EpochTrust
from trustid.status.membership import Presentation
from trustid.status.token_list import VALID

__all__ = ["MembershipChecks", "check_status"]


def check_status(
    presented: Presented, policy: TrustPolicy, sources: Sources, memberships: MembershipChecks
) -> StatusResult | None:
    """Refuse what was taken back, and what cannot be known; None for a credential without status.

    Raises:
        RevokedError: `revoked`, `suspended`, `status_application`.
        StatusUnknownError: `status_missing`, `status_unavailable`, or as
            `StatusChecker.check` and `MembershipChecks.check`.
        ProofError: `acc_proof_invalid`.
    """
    reference, membership = presented.status_reference(), presented.membership()
    if reference is None and membership is None:
        if policy.require_status:
            raise StatusUnknownError("status_missing", "the credential has no status")
        return None
    proved = None
    if membership is not None:
        proved = memberships.check(membership, max_age_seconds=policy.max_status_age_seconds)
    if reference is None:
        return proved
    if sources.status is None:
        raise StatusUnknownError("status_unavailable", "no status can be looked up here")
    listed = sources.status.check(
        reference,
        issuer=presented.issuer,
        key_of=presented.list_keys(policy, sources),
        max_age_seconds=policy.max_status_age_seconds,
    )
    return listed if proved is None else _both(listed, proved)


def _both(listed: StatusResult, proved: StatusResult) -> StatusResult:
    """What two mechanisms say together: as old as the older one."""
    age = max(listed.age_seconds, proved.age_seconds)
    return StatusResult(listed.value, age, listed.uri, listed.entries, proved.epoch)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A proof together with everything that it must be for."""

    registry: str
    epoch: int
    presentation: Presentation
    name: tuple[bytes, ...]


class MembershipChecks:
    """Checks the proofs of one answer; those of one epoch together, when the first of them is due.

    Args:
        epochs: Which registries and epochs are accepted; None accepts none.
        expected: What the verifier calls itself, and its nonce.
        others: The memberships of all presentations of the answer, where there are several.
    """

    def __init__(
        self,
        epochs: EpochTrust | None,
        expected: Expected | None,
        others: Callable[[], Iterable[Membership]] = tuple,
    ) -> None:
        self._epochs = epochs
        self._expected = expected
        self._others = others
        self._proved: set[tuple[bytes, ...]] = set()

    def check(self, membership: Membership, *, max_age_seconds: int) -> StatusResult:
        """Refuse a credential unless it is proved that it was not revoked.

        Args:
            membership: Entry and proof of the presentation.
            max_age_seconds: How old the epoch's statement may be, where the
                caller is stricter than the policy of the registry.

        Returns:
            The status (valid), the age of the epoch's statement, and the epoch.

        Raises:
            StatusUnknownError: `status_malformed`, `acc_registry_unknown`,
                `acc_proof_missing`, or whatever `EpochTrust.accept` refuses.
            ProofError: `acc_proof_invalid`.
            MalformedError: `point_…`: an entry or proof that cannot be read.

        Cost:
            Two Miller loops and one final exponentiation; nothing more for a
            proof that was checked together with an earlier one.
        """
        entry = AccumulatorEntry.parse(membership.entry)
        if self._epochs is None:
            raise StatusUnknownError("acc_registry_unknown", "no revocation registry is trusted here")
        self._epochs.known(entry.registry)
        claim = self._claim(entry, membership)
        accepted = self._epochs.accept(claim.registry, claim.epoch)
        if accepted.age_seconds > max_age_seconds:
            raise StatusUnknownError("acc_epoch_stale", f"the epoch is {accepted.age_seconds} seconds old")
        if claim.name not in self._proved:
            self._verify(claim, accepted)
        return StatusResult(VALID, accepted.age_seconds, claim.registry, epoch=claim.epoch)

    def _claim(self, entry: AccumulatorEntry, membership: Membership) -> _Claim:
        if membership.proof is None or self._expected is None:
            raise StatusUnknownError("acc_proof_missing", "expected a proof for this request")
        shown = StatusProof.parse(membership.proof)
        presentation = Presentation(
            shown.proof,
            entry.commitment,
            verifier=self._expected.audience.encode(),
            nonce=self._expected.nonce.encode(),
            credential_hash=membership.credential_hash,
        )
        name = (
            entry.registry.encode(),
            str(shown.epoch).encode(),
            bytes(entry.commitment),
            bytes(shown.proof),
            membership.credential_hash,
        )
        return _Claim(entry.registry, shown.epoch, presentation, name)

    def _verify(self, claim: _Claim, accepted: AcceptedEpoch) -> None:
        """Check one proof, with all others of the answer that are of its epoch."""
        together = {claim.name: claim} | {
            other.name: other
            for other in self._readable()
            if (other.registry, other.epoch) == (claim.registry, claim.epoch)
        }
        if len(together) > 1:
            try:
                accepted.verifier.verify_batch([one.presentation for one in together.values()])
            except ProofError:
                pass  # One of them fails: each is then judged alone, in its own turn.
            else:
                self._proved |= together.keys()
                return
        accepted.verifier.verify(claim.presentation)
        self._proved.add(claim.name)

    def _readable(self) -> Iterable[_Claim]:
        for membership in self._others():
            try:
                yield self._claim(AccumulatorEntry.parse(membership.entry), membership)
            except TrustidError:
                continue  # It is refused when its own turn comes.
