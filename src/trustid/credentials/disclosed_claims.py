"""Putting disclosed claims back where the issuer hid them.

The rules of RFC 9901, section 7.1, in one walk without recursion. The walk
copies every object and array, so neither the signed payload nor the
disclosures are changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from trustid.credentials.disclosure import (
    DEFAULT_HASH,
    DIGEST_KEY,
    DIGESTS_KEY,
    HASH_KEY,
    HASHES,
    MAX_CLAIMS_DEPTH,
    RESERVED_NAMES,
    Disclosure,
    Path,
    digests_of,
)
from trustid.encoding import JsonObject
from trustid.errors import DisclosureError, LimitExceededError, QueryError

__all__ = ["DisclosedClaims", "disclosures_for", "hash_algorithm", "reveal"]


_CONTAINERS: Final = (dict, list)
_ONLY_TEXT: Final = frozenset({str})


@dataclass(frozen=True, slots=True)
class DisclosedClaims:
    """Processed claims, and where each disclosure went.

    Attributes:
        claims: The processed payload.
        placed: For each disclosure that was used: the object or array within
            `claims` that it went to, its name or index there, its own number.
    """

    claims: JsonObject = field(repr=False)
    placed: Sequence[tuple[Any, str | int, int]] = field(repr=False)

    def top_level_names(self) -> list[str]:
        """The names of the claims that disclosures brought to the top level."""
        return [str(name) for container, name, _ in self.placed if container is self.claims]


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


def reveal(payload: JsonObject, disclosures: Sequence[Disclosure]) -> DisclosedClaims:
    """Put each disclosure where its digest stands.

    Args:
        payload: What the issuer signed.
        disclosures: What the holder sent.

    Raises:
        DisclosureError: hash_not_allowed, disclosure_duplicate,
            disclosure_malformed, disclosure_name_forbidden,
            disclosure_name_collision, digest_duplicate, disclosure_unreferenced.
        LimitExceededError: The result is nested too deeply.

    Cost:
        Linear in the size of the payload and the disclosures.

    Reference:
        RFC 9901, section 7.1, steps 2.4 and 3 to 5.
    """
    algorithm = hash_algorithm(payload)
    digests = digests_of([disclosure.text for disclosure in disclosures], algorithm)
    known = {digest: index for index, digest in enumerate(digests)}
    if len(known) != len(digests):
        raise DisclosureError("disclosure_duplicate", "expected each disclosure once")
    walk = _Walk(disclosures, known)
    root: JsonObject = {}
    walk.work.append((payload, root, 0))
    while walk.work:
        source, target, depth = walk.work.pop()
        if depth > MAX_CLAIMS_DEPTH:
            raise LimitExceededError("limit_exceeded", f"expected claims at most {MAX_CLAIMS_DEPTH} deep")
        if type(target) is dict:
            walk.visit_object(source, target, depth)
        else:
            walk.visit_array(source, target, depth)
    if len(walk.placed) != len(disclosures):
        raise DisclosureError(
            "disclosure_unreferenced", "expected every disclosure to be signed by the issuer"
        )
    return DisclosedClaims(root, walk.placed)


@dataclass(slots=True)
class _Walk:
    """What is still to be visited, as (signed original, our copy, depth), and what was seen."""

    disclosures: Sequence[Disclosure]
    known: Mapping[str, int]
    work: list[tuple[Any, Any, int]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    placed: list[tuple[Any, str | int, int]] = field(default_factory=list)

    def visit_object(self, source: JsonObject, target: JsonObject, depth: int) -> None:
        for name, value in source.items():
            if name in RESERVED_NAMES:
                if name == DIGEST_KEY:
                    raise DisclosureError("disclosure_malformed", "expected ... only within arrays")
                if name == HASH_KEY and depth:
                    raise DisclosureError("hash_not_allowed", "expected _sd_alg at the top level only")
            else:
                target[name] = self._copied(value, depth) if type(value) in _CONTAINERS else value
        if DIGESTS_KEY in source:
            # Last, so that no disclosure can take the name of an open claim.
            self._insert(target, self._find(source[DIGESTS_KEY]), depth)

    def visit_array(self, source: list[Any], target: list[Any], depth: int) -> None:
        for value in source:
            if type(value) is not dict or DIGEST_KEY not in value:
                target.append(self._copied(value, depth) if type(value) in _CONTAINERS else value)
                continue
            if len(value) != 1:
                raise DisclosureError("disclosure_malformed", "expected ... to stand alone")
            for index in self._find([value[DIGEST_KEY]]):
                disclosure = self.disclosures[index]
                if disclosure.name is not None:
                    raise DisclosureError("disclosure_malformed", "expected an array element without a name")
                self.placed.append((target, len(target), index))
                target.append(self._copied(disclosure.value, depth))

    def _insert(self, target: JsonObject, indices: Sequence[int], depth: int) -> None:
        disclosures, placed = self.disclosures, self.placed
        for index in indices:
            _, _, name, value = disclosures[index]
            if name is None:
                raise DisclosureError("disclosure_malformed", "expected a claim with a name")
            if name in RESERVED_NAMES:
                raise DisclosureError(
                    "disclosure_name_forbidden", "expected no claim named _sd, ... or _sd_alg"
                )
            if name in target:
                raise DisclosureError("disclosure_name_collision", "expected a claim that is not there yet")
            placed.append((target, name, index))
            target[name] = self._copied(value, depth) if type(value) in _CONTAINERS else value

    def _find(self, digests: Any) -> list[int]:
        """Which disclosures these digests stand for; a digest without one is passed over."""
        if type(digests) is not list or not _ONLY_TEXT.issuperset(map(type, digests)):
            raise DisclosureError("disclosure_malformed", "expected _sd to be an array of digests")
        before = len(self.seen)
        self.seen.update(digests)
        if len(self.seen) != before + len(digests):
            raise DisclosureError("digest_duplicate", "expected each digest once")
        return [index for index in map(self.known.get, digests) if index is not None]

    def _copied(self, value: Any, depth: int) -> Any:
        if type(value) not in _CONTAINERS:
            return value
        copy: Any = {} if type(value) is dict else []
        self.work.append((value, copy, depth + 1))
        return copy


def disclosures_for(disclosed: DisclosedClaims, paths: Sequence[Path]) -> set[int]:
    """Which disclosures must be sent to show the claims at these paths.

    Raises:
        QueryError: query_mismatch, where a path selects nothing.

    Reference:
        RFC 9901, section 7.2; OpenID4VP 1.0, section 7.1.
    """
    origins = {(id(container), name): index for container, name, index in disclosed.placed}
    needed: set[int] = set()
    for path in paths:
        # Each claim reached so far, with the disclosures that stand on the way to it.
        reached: list[tuple[Any, tuple[int, ...]]] = [(disclosed.claims, ())]
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
