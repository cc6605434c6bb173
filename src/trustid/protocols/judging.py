"""Judging a wallet's answer: its outer form, each presentation, then the whole.

The desk in `presenting` knows sessions and nothing of credentials; a `Judge`
knows credentials and nothing of the question; here the two meet.

Reference:
    OpenID4VP 1.0, section 8.6 (VP Token validation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from trustid.errors import MalformedError, QueryError, ReplayError, TrustidError
from trustid.protocols.dcql import CredentialView, DcqlQuery, check_answer, read_vp_token
from trustid.protocols.presented import CheckResult, PresentedCredential, Result, asked_claims, merge_checks

__all__ = ["Judge", "Judged", "Refused", "judge_answer"]

QUERY_CHECK = "query"
"""The name of the check that the answer fits the question."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One presentation that holds.

    Attributes:
        view: What the query is held against.
        checks: The checks that were made, in their order.
    """

    view: CredentialView
    issuer: str
    checks: tuple[CheckResult, ...]


class Refused(Exception):
    """A presentation that does not hold.

    Args:
        cause: The refusal.
        checks: The checks that were made; the last one failed.
    """

    def __init__(self, cause: TrustidError, checks: Sequence[CheckResult]) -> None:
        super().__init__(cause.code)
        self.cause = cause
        self.checks = tuple(checks)


class Judge(Protocol):
    """Checks one presentation with everything but the question: trust, proof, time, status, holder."""

    def __call__(self, presentation: str, *, audience: str, nonce: str, binding: bool) -> Judged:
        """Judge a presentation.

        Args:
            presentation: An SD-JWT VC with its key binding JWT.
            audience: The verifier's full client identifier.
            nonce: The session's nonce.
            binding: Whether the holder has to prove to be the holder.

        Raises:
            Refused: It does not hold.
        """
        ...


def judge_answer(
    query: DcqlQuery, vp_token: Mapping[str, Any], *, judge: Judge, audience: str, nonce: str, now: int
) -> Result:
    """Judge a whole answer.

    Args:
        query: The question.
        vp_token: The parsed `vp_token` of the answer.
        judge: Checks one presentation.
        audience: The verifier's full client identifier.
        nonce: The session's nonce.
        now: The time, for the result.

    Returns:
        A verified result, with no more claims than were asked for.

    Raises:
        Refused: A check does not hold.
        MalformedError: A presentation is not text.
    """
    try:
        presentations = read_vp_token(query, dict(vp_token))
    except (QueryError, ReplayError) as err:
        raise Refused(err, (CheckResult(QUERY_CHECK, False, err.code),)) from err
    judged: dict[str, list[Judged]] = {}
    done: list[tuple[CheckResult, ...]] = []
    for query_id, texts in presentations.items():
        binding = query.credential(query_id).require_cryptographic_holder_binding
        for text in texts:
            if not isinstance(text, str):
                raise MalformedError("malformed", "expected each dc+sd-jwt presentation as a string")
            try:
                found = judge(text, audience=audience, nonce=nonce, binding=binding)
            except Refused as refusal:
                raise Refused(refusal.cause, merge_checks([*done, refusal.checks])) from refusal
            judged.setdefault(query_id, []).append(found)
            done.append(found.checks)
    checks = merge_checks(done)
    try:
        check_answer(query, {name: [one.view for one in found] for name, found in judged.items()})
    except QueryError as err:
        raise Refused(err, (*checks, CheckResult(QUERY_CHECK, False, err.code))) from err
    return _result(query, judged, (*checks, CheckResult(QUERY_CHECK, True)), now)


def _result(
    query: DcqlQuery, judged: Mapping[str, Sequence[Judged]], checks: tuple[CheckResult, ...], now: int
) -> Result:
    failed = next((check for check in checks if not check.ok), None)
    if failed is not None:
        # The verdict is the AND of its parts, also should a judge return a failed check (CVE-2024-21669).
        raise Refused(QueryError("query_mismatch", f"the check {failed.name} does not hold"), checks)
    credentials = tuple(
        PresentedCredential(
            query_id=query_id,
            issuer=one.issuer,
            credential_type=one.view.credential_types[0],
            claims=asked_claims(one.view.claims, [claim.path for claim in query.credential(query_id).claims]),
        )
        for query_id, found in judged.items()
        for one in found
    )
    return Result("verified", checks, credentials, at=now)
