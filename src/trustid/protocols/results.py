"""What came of a presentation: the verdict, the named checks, the claims that were asked for.

A result is kept sealed and says itself which state it belongs to, so that a
row edited by hand is noticed. It holds no more than the question asked for: no
salt, hash, key, index, signature or time of the credential.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from trustid.encoding import JsonObject, dump_json, parse_json_object
from trustid.errors import CODES, Check, StoreError, TrustidError
from trustid.protocols.claims_path import UNDISCLOSED, Path
from trustid.protocols.dcql import DcqlQuery
from trustid.protocols.ports_verifier import SessionState
from trustid.protocols.verifying import Verified

__all__ = [
    "ANSWER_CHECK",
    "ProvedCredential",
    "Result",
    "declined",
    "of_refusal",
    "of_verified",
    "unanswered",
]

RESULT_MAX: Final = 1 << 20
ANSWER_CHECK: Final = "answered"
"""The check that comes before all others: a wallet answered at all."""
QUESTION_CHECK: Final = "answers_question"
TECHNICAL_CLAIMS: Final = frozenset(
    {"iss", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "_sd", "_sd_alg", "jti", "sub"}
)
"""Members of an SD-JWT VC that serve its checking; nobody asked for them."""


@dataclass(frozen=True, slots=True)
class ProvedCredential:
    """What one presentation proved, cut down to what was asked.

    Attributes:
        epoch: Where the holder proved that it was not revoked, for which epoch of the registry.
        epoch_age_seconds: How old that epoch was then.
    """

    query_id: str
    issuer: str
    credential_type: str
    claims: JsonObject = field(repr=False)
    epoch: int | None = None
    epoch_age_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How a session stands.

    Attributes:
        checks: Every check that was made; all hold where the state is "verified".
        credentials: Empty unless the state is "verified".
        wallet_error: What the wallet said when it declined: a stranger's words.
        at: When this came about.
    """

    state: SessionState
    checks: tuple[Check, ...] = ()
    credentials: tuple[ProvedCredential, ...] = ()
    wallet_error: tuple[str, str] | None = None
    at: int = 0

    @property
    def claims(self) -> dict[str, list[JsonObject]]:
        """The claims that were asked for: for each query id, one object a presentation."""
        found: dict[str, list[JsonObject]] = {}
        for credential in self.credentials:
            found.setdefault(credential.query_id, []).append(credential.claims)
        return found

    def to_json(self) -> JsonObject:
        """What the back office is told."""
        epochs: dict[str, list[JsonObject]] = {}
        for one in self.credentials:
            if one.epoch is not None:
                entry: JsonObject = {"epoch": one.epoch, "age_seconds": one.epoch_age_seconds}
                epochs.setdefault(one.query_id, []).append(entry)
        return ({"epochs": epochs} if epochs else {}) | {
            "state": self.state,
            "claims": self.claims,
            "checks": [
                {"name": check.name, "ok": check.ok} | ({} if check.ok else {"code": check.code})
                for check in self.checks
            ],
        }

    def to_bytes(self) -> bytes:
        """The form in which it is sealed."""
        return dump_json(
            {
                "state": self.state,
                "at": self.at,
                "checks": [[c.name, c.ok, c.code, c.sentence] for c in self.checks],
                "credentials": [
                    [c.query_id, c.issuer, c.credential_type, c.claims, c.epoch, c.epoch_age_seconds]
                    for c in self.credentials
                ],
                "wallet_error": list(self.wallet_error) if self.wallet_error else None,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes, *, state: SessionState) -> Result:
        """Read an opened result.

        Args:
            data: What `to_bytes` made.
            state: What the row says; it must be what the result says.

        Raises:
            StoreError: `store_tampered`.
        """
        stored = parse_json_object(data, max_bytes=RESULT_MAX)
        if stored.get("state") != state:
            raise StoreError("store_tampered", f"a session says {state}, its sealed result says otherwise")
        error = stored["wallet_error"]
        return cls(
            state=state,
            checks=tuple(Check(*values) for values in stored["checks"]),
            credentials=tuple(ProvedCredential(*values) for values in stored["credentials"]),
            wallet_error=(error[0], error[1]) if error else None,
            at=stored["at"],
        )


def of_verified(query: DcqlQuery, verified: Mapping[str, Sequence[Verified]], *, now: int) -> Result:
    """The result of an answer that holds, with no more claims than were asked for."""
    checks = _merged(one.checks for found in verified.values() for one in found)
    if not all(check.ok for check in checks):
        # The verdict is the AND of its parts, whoever called it verified (CVE-2024-21669).
        return Result("refused", checks, at=now)
    credentials = tuple(
        ProvedCredential(
            query_id=query_id,
            issuer=one.issuer,
            credential_type=one.credential_type,
            claims=asked_claims(one.view.claims, [claim.path for claim in query.credential(query_id).claims]),
            epoch=one.status_epoch,
            epoch_age_seconds=None if one.status_epoch is None else one.status_age_seconds,
        )
        for query_id, found in verified.items()
        for one in found
    )
    return Result("verified", checks, credentials, at=now)


def of_refusal(refusal: TrustidError, *, now: int) -> Result:
    """The result of an answer that does not hold."""
    return Result("refused", refusal.checks or (_failed(QUESTION_CHECK, refusal.code),), at=now)


def declined(error: str, description: str, *, now: int) -> Result:
    """The result when the wallet sends no credential."""
    return Result(
        "refused", (_failed(ANSWER_CHECK, "wallet_declined"),), wallet_error=(error, description), at=now
    )


def unanswered(expired_at: int) -> Result:
    """The result when no answer came in time."""
    return Result("refused", (_failed(ANSWER_CHECK, "session_expired"),), at=expired_at)


def _failed(name: str, code: str) -> Check:
    return Check(name, False, code, CODES[code].public)


def _merged(groups: Iterable[Sequence[Check]]) -> tuple[Check, ...]:
    """One list for several presentations: a check holds when it holds for each of them."""
    merged: dict[str, Check] = {}
    for group in groups:
        for check in group:
            before = merged.get(check.name)
            if before is None or before.ok:
                merged[check.name] = check
    return tuple(merged.values())


def asked_claims(claims: Mapping[str, Any], paths: Sequence[Path]) -> JsonObject:
    """Cut a credential down to the claims that a question asked for.

    Args:
        claims: The processed claims of a verified presentation.
        paths: The claims paths of the question. Without any, nothing that can
            be held back was asked for: then what the issuer always shows is
            kept, but for the members that only serve checking.

    Returns:
        A new object that holds nothing else.
    """
    if not paths:
        return {name: _whole(value) for name, value in claims.items() if name not in TECHNICAL_CLAIMS}
    found = _cut(claims, list(paths))
    return found if isinstance(found, dict) else {}


def _cut(value: Any, paths: list[Path]) -> Any:
    """What the paths select of a value; `UNDISCLOSED` when they select nothing."""
    if any(not path for path in paths):
        return _whole(value)
    if isinstance(value, Mapping):
        members = {
            name: _cut(inner, _below(paths, name)) for name, inner in value.items() if _below(paths, name)
        }
        found = {name: inner for name, inner in members.items() if inner is not UNDISCLOSED}
        return found or UNDISCLOSED
    if isinstance(value, list):
        elements = [
            _cut(inner, _below(paths, place)) for place, inner in enumerate(value) if _below(paths, place)
        ]
        return [inner for inner in elements if inner is not UNDISCLOSED] or UNDISCLOSED
    return UNDISCLOSED


def _below(paths: Sequence[Path], step: str | int) -> list[Path]:
    """The rests of the paths that go through one member or element."""
    whole_array = isinstance(step, int)
    return [path[1:] for path in paths if path[0] == step or (whole_array and path[0] is None)]


def _whole(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value if inner is not UNDISCLOSED]
    return value
