"""What a DCQL query asks, for the wallet that answers and the verifier that checks.

A wallet calls `match` and sends no claim that was not selected. A verifier
calls `read_vp_token` before anything costly, verifies each presentation, and
calls `check_answer` at the end: the specification forbids to rely on the
wallet for any of it (OpenID4VP 1.0, sections 6.4.1 and 8.6).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trustid.encoding import JsonObject, canonicalize, sha256
from trustid.errors import QueryError, ReplayError
from trustid.protocols.claims_path import Path, covers, select
from trustid.protocols.dcql_query import (
    ClaimQuery,
    CredentialQuery,
    CredentialSetQuery,
    DcqlQuery,
    TrustedAuthority,
)

__all__ = [
    "ClaimQuery",
    "CredentialQuery",
    "CredentialSetQuery",
    "CredentialView",
    "DcqlQuery",
    "Match",
    "Matching",
    "TrustedAuthority",
    "check_answer",
    "check_credential",
    "match",
    "read_vp_token",
]

MAX_PRESENTATIONS = 64

SD_JWT_FORMATS = frozenset({"dc+sd-jwt", "vc+sd-jwt"})
W3C_FORMATS = frozenset({"ldp_vc", "jwt_vc_json"})


@dataclass(frozen=True, slots=True)
class CredentialView:
    """What a query can be held against: one credential or presentation, whatever its format.

    Attributes:
        id: The holder's handle for the credential; the same credential under
            two queries has the same id. A verifier takes a hash of what the
            issuer signed.
        format: As in the query, for example dc+sd-jwt or ldp_vc.
        credential_types: The vct with the types that it extends, or the
            (expanded) types of a W3C credential, or the doctype.
        claims: The credential as a JSON object. For a W3C credential the
            whole credential, since paths start at its root.
        disclosed: The places that were selectively disclosed, or None for a
            format or a stored credential in which nothing can be held back.
        holder_bound: Whether the credential can prove (wallet) or did prove
            (verifier) who holds it.
        authority_key_ids: Authority key identifiers of its certificate chain,
            base64url.
    """

    id: str
    format: str
    credential_types: tuple[str, ...]
    claims: JsonObject = field(repr=False)
    disclosed: tuple[Path, ...] | None = None
    holder_bound: bool = True
    authority_key_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A credential that answers one part of the query, and what to show of it.

    Attributes:
        query_id: The part of the query.
        credential: The credential that fits.
        paths: The claims to disclose, nothing else.
    """

    query_id: str
    credential: CredentialView
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """Everything a holder can answer.

    Attributes:
        matches: For every query id the credentials that fit, in the order in
            which the candidates were given; possibly none.
        required: The ids to answer: the first option of each required set
            that can be satisfied.
        optional: The ids of each optional set that can be satisfied.
    """

    matches: Mapping[str, tuple[Match, ...]]
    required: tuple[str, ...]
    optional: tuple[tuple[str, ...], ...] = ()


def match(query: DcqlQuery, candidates: Sequence[CredentialView]) -> Matching:
    """Find the credentials that answer a query, and the least to show of each.

    Args:
        query: The question.
        candidates: What the wallet holds, preferred ones first.

    Returns:
        The possible answers.

    Raises:
        QueryError: `query_mismatch`: a required part has no answer, so that
            nothing may be sent at all.

    Reference:
        OpenID4VP 1.0, section 6.4.
    """
    matches = {
        wanted.id: tuple(
            Match(wanted.id, candidate, paths)
            for candidate in candidates
            if (paths := _paths_to_disclose(wanted, candidate)) is not None
        )
        for wanted in query.credentials
    }
    available = {query_id for query_id, found in matches.items() if found}
    if not query.credential_sets:
        return Matching(matches, _all_of(tuple(matches), available))
    required: dict[str, None] = {}
    optional = []
    for wanted_set in query.credential_sets:
        option = next((ids for ids in wanted_set.options if available.issuperset(ids)), None)
        if option is not None and wanted_set.required:
            required.update(dict.fromkeys(option))
        elif option is not None:
            optional.append(option)
        elif wanted_set.required:
            raise QueryError("query_mismatch", "no credential answers a required part of the question")
    return Matching(matches, tuple(required), tuple(optional))


def _all_of(wanted: tuple[str, ...], available: Collection[str]) -> tuple[str, ...]:
    missing = [query_id for query_id in wanted if query_id not in available]
    if missing:
        raise QueryError(
            "query_mismatch", f"no answer for {len(missing)} of {len(wanted)} parts of the question"
        )
    return wanted


def _paths_to_disclose(wanted: CredentialQuery, candidate: CredentialView) -> tuple[Path, ...] | None:
    try:
        _check_kind(wanted, candidate)
        # Only here: a verifier decides by its own trust policy, never by the hint it gave.
        _check_authority(wanted.trusted_authorities, candidate)
    except QueryError:
        return None
    for claims in wanted.alternatives():
        try:
            _check_claims(claims, candidate.claims)
        except QueryError:
            continue
        return tuple(dict.fromkeys(claim.path for claim in claims))
    return None


def _check_kind(wanted: CredentialQuery, view: CredentialView) -> None:
    """Everything that a query demands of a credential besides its claims."""
    if view.format != wanted.format:
        raise QueryError("query_mismatch", f"expected the format {wanted.format}, found {view.format}")
    present = frozenset(view.credential_types)
    if wanted.format in SD_JWT_FORMATS and wanted.vct_values and present.isdisjoint(wanted.vct_values):
        raise QueryError("query_mismatch", "the credential is not of a type that was asked for")
    if (
        wanted.format in W3C_FORMATS
        and wanted.type_values
        and not any(present.issuperset(types) for types in wanted.type_values)
    ):
        raise QueryError("query_mismatch", "the credential is not of the types that were asked for")
    if wanted.doctype_value is not None and wanted.doctype_value not in present:
        raise QueryError("query_mismatch", "the document is not of the type that was asked for")
    if wanted.require_cryptographic_holder_binding and not view.holder_bound:
        raise QueryError("query_mismatch", "the question needs a credential that is bound to its holder")


def _check_authority(authorities: Sequence[TrustedAuthority], view: CredentialView) -> None:
    """One hint has to fit. Only `aki` can be decided here; the others never fit.

    To answer a hint that cannot be decided would show a credential that the
    verifier most likely refuses (section 6.1.1).
    """
    known = frozenset(view.authority_key_ids)
    if authorities and not any(one.type == "aki" and not known.isdisjoint(one.values) for one in authorities):
        raise QueryError("query_mismatch", "the credential is not from an authority that was asked for")


def _check_claims(claims: Sequence[ClaimQuery], document: JsonObject) -> None:
    for claim in claims:
        if not any(claim.accepts(value) for value in select(document, claim.path)):
            raise QueryError("query_mismatch", "a claim does not have one of the values that were asked for")


def read_vp_token(query: DcqlQuery, vp_token: Any) -> dict[str, tuple[str | JsonObject, ...]]:
    """Check the outer form of an answer, before any presentation is looked at.

    Args:
        query: The question.
        vp_token: The parsed JSON value of the answer's `vp_token`.

    Returns:
        The presentations for each query id that was answered.

    Raises:
        QueryError: `query_mismatch`: not an object of arrays, an id that was
            not asked, too many or too few presentations, a part missing.
        ReplayError: `presentation_reused`.

    Reference:
        OpenID4VP 1.0, section 8.1.
    """
    if not isinstance(vp_token, dict) or len(vp_token) > len(query.credentials):
        raise QueryError(
            "query_mismatch", "expected vp_token to be an object with one member for each query id"
        )
    known = {credential.id: credential for credential in query.credentials}
    answer: dict[str, tuple[str | JsonObject, ...]] = {}
    for query_id, presentations in vp_token.items():
        if query_id not in known:
            raise QueryError("query_mismatch", "vp_token answers an id that was not asked")
        if not isinstance(presentations, list) or not all(
            isinstance(one, str | dict) for one in presentations
        ):
            raise QueryError("query_mismatch", "expected an array of presentations for each query id")
        _check_count(known[query_id], len(presentations))
        answer[query_id] = tuple(presentations)
    _check_sets(query, answer.keys())
    _check_distinct(answer)
    return answer


def _check_count(wanted: CredentialQuery, count: int) -> None:
    limit = MAX_PRESENTATIONS if wanted.multiple else 1
    if not 1 <= count <= limit:
        raise QueryError(
            "query_mismatch", f"expected 1 to {limit} presentations for a query id, found {count}"
        )


def _check_distinct(answer: Mapping[str, tuple[str | JsonObject, ...]]) -> None:
    """One presentation proves one thing once, even where two queries ask for one credential."""
    seen = set()
    for presentations in answer.values():
        for presentation in presentations:
            if isinstance(presentation, str):
                digest = sha256(presentation.encode("utf-8", "surrogatepass"))
            else:
                digest = sha256(canonicalize(presentation))
            if digest in seen:
                raise ReplayError("presentation_reused", "expected each presentation once")
            seen.add(digest)


def _check_sets(query: DcqlQuery, answered: Collection[str]) -> None:
    """All that is required is there, and nothing that no fulfilled option names."""
    present = frozenset(answered)
    if not query.credential_sets:
        _all_of(tuple(credential.id for credential in query.credentials), present)
        return
    explained: set[str] = set()
    for wanted_set in query.credential_sets:
        fulfilled = [option for option in wanted_set.options if present.issuperset(option)]
        if wanted_set.required and not fulfilled:
            raise QueryError("query_mismatch", "a required set of credentials is missing from the answer")
        explained.update(*fulfilled)
    if not explained.issuperset(present):
        raise QueryError("query_mismatch", "the answer holds a credential that completes no option")


def check_credential(
    wanted: CredentialQuery, view: CredentialView, *, also_asked: Sequence[Path] = ()
) -> None:
    """Check one verified presentation against its part of the query.

    Args:
        wanted: The part of the query.
        view: The presentation, verified.
        also_asked: Claims that other parts of the query ask of the very same
            credential; these may be shown along (section 6.4).

    Raises:
        QueryError: `query_mismatch`: wrong kind, a claim missing or with a
            value that was not asked for, or a claim disclosed that nobody
            asked for.

    Reference:
        OpenID4VP 1.0, sections 6.4.1 and 8.6.
    """
    _check_kind(wanted, view)
    refusal = QueryError("query_mismatch", "no combination of claims was asked for that fits the answer")
    for claims in wanted.alternatives():
        try:
            _check_claims(claims, view.claims)
            _check_nothing_unasked([*(claim.path for claim in claims), *also_asked], view)
        except QueryError as err:
            refusal = err
            continue
        return
    raise refusal


def _check_nothing_unasked(asked: Sequence[Path], view: CredentialView) -> None:
    unasked = sum(not any(covers(path, shown) for path in asked) for shown in view.disclosed or ())
    if unasked:
        raise QueryError("query_mismatch", f"the answer discloses {unasked} claims that were not asked for")


def check_answer(query: DcqlQuery, answer: Mapping[str, Sequence[CredentialView]]) -> None:
    """Check a whole verified answer against the question.

    Args:
        query: The question.
        answer: For each query id that was answered, the verified presentations.

    Raises:
        QueryError: `query_mismatch`.

    Reference:
        OpenID4VP 1.0, section 8.6.
    """
    known = {credential.id: credential for credential in query.credentials}
    if not known.keys() >= answer.keys():
        raise QueryError("query_mismatch", "the answer names an id that was not asked")
    _check_sets(query, answer.keys())
    for query_id, views in answer.items():
        _check_count(known[query_id], len(views))
        for view in views:
            check_credential(known[query_id], view, also_asked=_also_asked(known, answer, query_id, view))


def _also_asked(
    known: Mapping[str, CredentialQuery],
    answer: Mapping[str, Sequence[CredentialView]],
    query_id: str,
    view: CredentialView,
) -> list[Path]:
    return [
        claim.path
        for other_id, views in answer.items()
        if other_id != query_id and any(other.id == view.id for other in views)
        for claim in known[other_id].claims
    ]
