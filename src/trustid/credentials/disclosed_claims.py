"""The claims that disclosures show, and which disclosures show which claims.

The rules of RFC 9901, section 7.1, are the core's: it reads payload and
disclosures once, and puts each disclosure where its digest stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trustid._core import PresentedSdJwt
from trustid.credentials.disclosure import (
    DEFAULT_HASH,
    HASH_KEY,
    HASHES,
    MAX_CLAIMS_DEPTH,
    MAX_DISCLOSURE_CHARS,
    Path,
)
from trustid.encoding import MAX_JSON_DEPTH, JsonObject
from trustid.errors import DisclosureError, QueryError

__all__ = ["disclosures_for", "hash_algorithm", "read_presented", "reveal"]

_CONTAINERS: Final = (dict, list)


def hash_algorithm(payload: Mapping[str, Any]) -> str:
    """The hash algorithm that an issuer used.

    Raises:
        DisclosureError: hash_not_allowed.

    Reference:
        RFC 9901, section 4.1.1.
    """
    algorithm = payload.get(HASH_KEY, DEFAULT_HASH)
    if type(algorithm) is not str or algorithm not in HASHES:
        raise DisclosureError("hash_not_allowed", f"expected _sd_alg to be one of {', '.join(HASHES)}")
    return algorithm


def read_presented(payload: bytes, disclosures: str) -> PresentedSdJwt:
    """Read what an issuer signed and the disclosures beside it.

    Args:
        payload: JSON.
        disclosures: base64url, a tilde between two; empty for none.

    Raises:
        MalformedError: malformed or duplicate_key, of the payload; duplicate_key, of a disclosure.
        DisclosureError: disclosure_malformed.
        LimitExceededError: One is too long or too deep.

    Cost:
        Linear in the size of both.
    """
    if not disclosures.isascii():
        raise DisclosureError("disclosure_malformed", "expected base64url of a JSON array")
    return PresentedSdJwt.read(
        payload,
        disclosures,
        max_payload_depth=MAX_JSON_DEPTH,
        max_characters=MAX_DISCLOSURE_CHARS,
        max_depth=MAX_CLAIMS_DEPTH,
    )


def reveal(presented: PresentedSdJwt) -> JsonObject:
    """Put each disclosure where its digest stands.

    Returns:
        The processed payload, made anew.

    Raises:
        DisclosureError: hash_not_allowed, disclosure_duplicate,
            disclosure_malformed, disclosure_name_forbidden,
            disclosure_name_collision, digest_duplicate, disclosure_unreferenced.
        LimitExceededError: The result is nested too deeply.

    Cost:
        One hash of each disclosure; linear in the size of the payload and the disclosures.

    Reference:
        RFC 9901, section 7.1, steps 2.4 and 3 to 5.
    """
    return presented.reveal(max_depth=MAX_CLAIMS_DEPTH)


def disclosures_for(presented: PresentedSdJwt, paths: Sequence[Path]) -> set[int]:
    """Which disclosures must be sent to show the claims at these paths.

    Raises:
        QueryError: query_mismatch, where a path selects nothing.
        DisclosureError, LimitExceededError: As `reveal`.

    Reference:
        RFC 9901, section 7.2; OpenID4VP 1.0, section 7.1.
    """
    claims = reveal(presented)
    containers = _containers(claims)
    places = presented.places(max_depth=MAX_CLAIMS_DEPTH)
    origins = {(id(containers[number]), name): index for index, (number, name) in enumerate(places)}
    needed: set[int] = set()
    for path in paths:
        # Each claim reached so far, with the disclosures that stand on the way to it.
        reached: list[tuple[Any, tuple[int, ...]]] = [(claims, ())]
        for component in path:
            onward = []
            for container, way in reached:
                for name in _names(container, component):
                    origin = origins.get((id(container), name))
                    onward.append((container[name], way if origin is None else (*way, origin)))
            reached = onward
        if not reached or not path:
            raise QueryError("query_mismatch", "expected a path that selects a claim of this credential")
        for value, way in reached:
            needed.update(way)
            needed.update(_below(value, origins))
    return needed


def _containers(claims: JsonObject) -> list[Any]:
    """Every object and array, in the order in which they begin in the text, as the core counts them."""
    found = []
    work: list[Any] = [claims]
    while work:
        container = work.pop()
        found.append(container)
        members = container.values() if type(container) is dict else container
        work += reversed([member for member in members if type(member) in _CONTAINERS])
    return found


def _names(container: Any, component: str | int | None) -> Sequence[Any]:
    if type(component) is str:
        return (component,) if type(container) is dict and component in container else ()
    if type(container) is not list:
        return ()
    if component is None:
        return range(len(container))
    return (component,) if type(component) is int and 0 <= component < len(container) else ()


def _below(value: Any, origins: Mapping[tuple[int, str | int], int]) -> set[int]:
    found = set()
    work = [value]
    while work:
        container = work.pop()
        if type(container) is dict:
            members: Sequence[tuple[Any, Any]] = list(container.items())
        elif type(container) is list:
            members = list(enumerate(container))
        else:
            continue
        for name, member in members:
            origin = origins.get((id(container), name))
            if origin is not None:
                found.add(origin)
            work.append(member)
    return found
