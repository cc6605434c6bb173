"""Issuing an SD-JWT: claims are hidden behind salted digests, then signed.

Salts are made with the disclosures and nowhere else: no caller can supply,
shorten or repeat one.

Reference:
    RFC 9901, sections 4.1, 4.2 and 9.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trustid import _core
from trustid.credentials import jose
from trustid.credentials.disclosure import (
    BETWEEN,
    MAX_CLAIMS_DEPTH,
    MAX_DISCLOSURE_CHARS,
    MAX_DISCLOSURES,
    Path,
)
from trustid.encoding import JsonObject, dump_json
from trustid.errors import DisclosureError, LimitExceededError, MalformedError
from trustid.keys import SigningKey

__all__ = ["MAX_DECOYS", "conceal", "issue"]

MAX_DECOYS: Final = 64
"""How many decoy digests one object or array may get."""

_CONTAINERS: Final = (dict, list, tuple)
_ONLY_TEXT: Final = frozenset({str})


def issue(
    claims: Mapping[str, Any],
    *,
    disclosable: Sequence[Path],
    key: SigningKey,
    header: Mapping[str, Any],
    holder_jwk: Mapping[str, Any] | None = None,
    decoys: int = 0,
) -> str:
    """Sign claims of which the holder will show only what is asked.

    Args:
        claims: What is stated; not changed.
        disclosable: Paths of the claims to hide, parents and children both
            where disclosures shall be recursive. A path that selects nothing
            is passed over, since a claim may be optional.
        key: The issuer's key.
        header: JOSE header besides `alg`, for instance `typ` and `kid`.
        holder_jwk: The holder's public key, to become `cnf.jwk`.
        decoys: How many digests without a disclosure to add to each object
            and array that has hidden parts. To hide how many claims there
            are, choose it anew for each credential.

    Returns:
        The compact serialization, which ends in a tilde.

    Raises:
        DisclosureError: disclosure_name_forbidden: a claim has a reserved
            name. claim_not_disclosable: a path has one, or hides `cnf`.
        MalformedError: A path or a claim is of the wrong type, the holder's
            key is private, or `cnf` is given twice.
        LimitExceededError: Too many, too long or too deep.

    Reference:
        RFC 9901, sections 4.1 and 4.2.
    """
    if holder_jwk is not None:
        claims = _bound(claims, disclosable, holder_jwk)
    payload, disclosures = conceal(claims, disclosable, decoys=decoys)
    token = jose.sign(header, payload, key)
    return BETWEEN.join((token, disclosures, "") if disclosures else (token, ""))


def _bound(
    claims: Mapping[str, Any], disclosable: Sequence[Path], holder_jwk: Mapping[str, Any]
) -> JsonObject:
    if "cnf" in claims:
        raise MalformedError("malformed", "expected cnf or a holder key, found both")
    if any(path[:1] == ("cnf",) for path in disclosable):
        raise DisclosureError("claim_not_disclosable", "expected cnf not to be disclosable")
    if "d" in holder_jwk or "k" in holder_jwk:
        raise MalformedError("key_invalid", "expected a public key for cnf, found a secret one")
    return {**claims, "cnf": {"jwk": dict(holder_jwk)}}


def conceal(claims: Mapping[str, Any], disclosable: Sequence[Path], *, decoys: int = 0) -> tuple[bytes, str]:
    """Replace disclosable claims by digests.

    Returns:
        The payload to sign, as JSON, and the disclosures to send with it, a
        tilde between two. The disclosure of a parent holds the digests of its children.

    Raises:
        As `issue`.

    Cost:
        Linear; one hash of each disclosure.
    """
    if not 0 <= decoys <= MAX_DECOYS:
        raise LimitExceededError("limit_exceeded", f"expected 0 to {MAX_DECOYS} decoys, found {decoys}")
    claims = dict(claims)
    text = dump_json(claims)
    _refuse_other_names(claims)
    return _core.conceal_claims(
        text,
        dump_json(list(disclosable)),
        decoys=decoys,
        max_disclosures=MAX_DISCLOSURES,
        max_characters=MAX_DISCLOSURE_CHARS,
        max_depth=MAX_CLAIMS_DEPTH,
    )


def _refuse_other_names(claims: JsonObject) -> None:
    """Refuse names that are no text, which JSON would make into text; the claims were written, so they end."""
    work: list[Any] = [claims]
    while work:
        members = work.pop()
        if isinstance(members, dict):
            if not _ONLY_TEXT.issuperset(map(type, members)):
                raise MalformedError("claim_type_invalid", "expected strings as claim names")
            members = members.values()
        work += [member for member in members if isinstance(member, _CONTAINERS)]
