"""The ready-made questions of the catalogue, for the types that this verifier trusts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trustid import catalogue
from trustid.catalogue import Claim, CredentialType, Question
from trustid.encoding import JsonObject
from trustid.protocols.trust import TrustPolicy

__all__ = ["ReadyQuestion", "claim_label", "ready_questions", "type_title"]

LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class ReadyQuestion:
    """A question that can be asked with one click.

    Attributes:
        name: Its name in the form: type and question.
        kind: The type of credential that answers it.
        vct_values: The trusted types, as their issuers write them.
    """

    name: str
    kind: CredentialType
    question: Question
    vct_values: tuple[str, ...]

    def query(self) -> JsonObject:
        """The DCQL query."""
        return self.question.query(self.vct_values)


def ready_questions(policy: TrustPolicy) -> Mapping[str, ReadyQuestion]:
    """Every ready-made question about a type that somebody is trusted for."""
    found: dict[str, ReadyQuestion] = {}
    for kind in catalogue.load().values():
        vct_values = tuple(vct for vct in policy.issuers if _is_of(vct, kind))
        for question in kind.questions if vct_values else ():
            name = f"{kind.configuration_id}.{question.id}"
            found[name] = ReadyQuestion(name, kind, question, vct_values)
    return found


def type_title(vct: str) -> str:
    """What people call a type; the type itself where the catalogue does not know it."""
    kind = _kind_of(vct)
    return kind.title if kind is not None else vct


def claim_label(vct: str, path: Sequence[str | int]) -> str:
    """What people call a claim; its own name, made readable, where the catalogue does not know it."""
    for length in range(len(path), 0, -1):
        claim = _claim_at(vct, path[:length])
        if claim is not None:
            name = claim.names.get(LANGUAGE) or next(iter(claim.names.values()))
            rest = [part.replace("_", " ") for part in path[length:] if isinstance(part, str)]
            return ": ".join([name, *rest])
    names = [part for part in path if isinstance(part, str)]
    return names[-1].replace("_", " ").capitalize() if names else "Value"


def claim_place(vct: str, path: Sequence[str | int]) -> int:
    """Where a claim stands among those of its type; behind all where the catalogue does not know it."""
    claims = _claims_of(vct)
    for length in range(len(path), 0, -1):
        claim = _claim_at(vct, path[:length])
        if claim is not None:
            return claims.index(claim)
    return len(claims)


def _claim_at(vct: str, path: Sequence[str | int]) -> Claim | None:
    for claim in _claims_of(vct):
        if len(claim.path) == len(path) and all(
            wanted == found or (wanted is None and isinstance(found, int))
            for wanted, found in zip(claim.path, path, strict=True)
        ):
            return claim
    return None


def _claims_of(vct: str) -> tuple[Claim, ...]:
    kind = _kind_of(vct)
    return kind.claims if kind is not None else ()


def _kind_of(vct: str) -> CredentialType | None:
    return next((kind for kind in catalogue.load().values() if _is_of(vct, kind)), None)


def _is_of(vct: str, kind: CredentialType) -> bool:
    return vct.endswith(f"/{kind.vct_path}")
