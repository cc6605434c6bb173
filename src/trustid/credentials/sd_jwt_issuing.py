"""Issuing an SD-JWT: claims are hidden behind salted digests, then signed.

Salts are made with the disclosures and nowhere else: no caller can supply,
shorten or repeat one.

Reference:
    RFC 9901, sections 4.1, 4.2 and 9.3.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trustid.credentials import jose
from trustid.credentials.disclosure import (
    DEFAULT_HASH,
    DIGEST_KEY,
    DIGESTS_KEY,
    HASH_KEY,
    MAX_CLAIMS_DEPTH,
    MAX_DISCLOSURES,
    RESERVED_NAMES,
    Path,
    digests_of,
    make_many,
)
from trustid.encoding import JsonObject, dump_json
from trustid.errors import DisclosureError, LimitExceededError, MalformedError
from trustid.keys import SigningKey

__all__ = ["MAX_DECOYS", "conceal", "issue"]

MAX_DECOYS: Final = 64
"""How many decoy digests one object or array may get."""

_CONTAINERS: Final = (dict, list)

# A place to hide: the object or array (a copy of ours) and the name or index in it.
_Place = tuple[Any, Any]
# The disclosable paths as a tree: for each component, whether a path ends there, and what follows.
_Tree = dict[str | int | None, tuple[bool, "_Tree"]]


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
        DisclosureError: A claim has a reserved name.
        MalformedError: A path or a claim is of the wrong type, the holder's
            key is private, or `cnf` is given twice.

    Reference:
        RFC 9901, sections 4.1 and 4.2.
    """
    payload, disclosures = conceal(claims, disclosable, decoys=decoys)
    if holder_jwk is not None:
        if "cnf" in payload:
            raise MalformedError("malformed", "expected cnf or a holder key, found both")
        if "d" in holder_jwk or "k" in holder_jwk:
            raise MalformedError("key_invalid", "expected a public key for cnf, found a secret one")
        payload["cnf"] = {"jwk": dict(holder_jwk)}
    return "~".join([jose.sign(header, dump_json(payload), key), *disclosures, ""])


def conceal(
    claims: Mapping[str, Any], disclosable: Sequence[Path], *, decoys: int = 0
) -> tuple[JsonObject, list[str]]:
    """Replace disclosable claims by digests.

    Works from the deepest level up, so that the disclosure of a parent holds
    the digests of its children; each level is encoded and hashed in one pass.

    Returns:
        The payload to sign and the disclosures to send with it.
    """
    if not 0 <= decoys <= MAX_DECOYS:
        raise LimitExceededError("limit_exceeded", f"expected 0 to {MAX_DECOYS} decoys, found {decoys}")
    payload = dict(claims)
    _refuse_reserved_names(payload)
    levels = _places(payload, disclosable)
    if sum(map(len, levels)) > MAX_DISCLOSURES:
        raise LimitExceededError("limit_exceeded", f"expected at most {MAX_DISCLOSURES} hidden claims")
    disclosures: list[str] = []
    for places in reversed(levels):
        if places:
            disclosures += _hide(places, decoys)
    if disclosures:
        payload[HASH_KEY] = DEFAULT_HASH
    return payload, disclosures


def _hide(places: Sequence[_Place], decoys: int) -> list[str]:
    """Put digests where the values stood; all those of one container follow one another."""
    disclosures = make_many(
        [
            (name, container[name]) if type(container) is dict else (container[name],)
            for container, name in places
        ]
    )
    touched: list[Any] = []
    container: Any = None
    hidden: list[str] = []
    for place, digest in zip(places, digests_of(disclosures), strict=True):
        if place[0] is not container:
            container = place[0]
            touched.append(container)
            if type(container) is dict:
                hidden = container[DIGESTS_KEY] = []
        if type(container) is dict:
            del container[place[1]]
            hidden.append(digest)
        else:
            container[place[1]] = {DIGEST_KEY: digest}
    for container in touched:
        _finish(container, decoys)
    return disclosures


def _finish(container: Any, decoys: int) -> None:
    """Add decoys, and hide the order in which the members of an object stood."""
    for digest in digests_of([secrets.token_urlsafe() for _ in range(decoys)]):
        if type(container) is dict:
            container[DIGESTS_KEY].append(digest)
        else:
            container.insert(secrets.randbelow(len(container) + 1), {DIGEST_KEY: digest})
    if type(container) is dict:
        container[DIGESTS_KEY].sort()


def _tree(paths: Sequence[Path]) -> _Tree:
    root: _Tree = {}
    for path in paths:
        node = root
        last = len(path) - 1
        for position, component in enumerate(path):
            if component in RESERVED_NAMES:
                raise DisclosureError("claim_not_disclosable", "expected a path without reserved names")
            ends, below = node.get(component, (False, {}))
            node[component] = (ends or position == last, below)
            node = below
    return root


def _places(root: JsonObject, paths: Sequence[Path]) -> list[list[_Place]]:
    """Find what the paths select, by depth, copying each container on the way."""
    if () in paths:
        raise MalformedError("malformed", "expected a path of at least one component")
    if all(len(path) == 1 and type(path[0]) is str and path[0] not in RESERVED_NAMES for path in paths):
        return [[(root, name) for (name,) in dict.fromkeys(paths) if name in root]]
    levels: list[list[_Place]] = []
    work: list[tuple[Any, list[_Tree]]] = [(root, [_tree(paths)])]
    while work:
        found: list[_Place] = []
        deeper: list[tuple[Any, list[_Tree]]] = []
        for container, trees in work:
            for name, (ends, below) in _selected(container, trees).items():
                if ends:
                    found.append((container, name))
                if below:
                    copy = container[name] = _copy(container[name])
                    deeper.append((copy, below))
        levels.append(found)
        work = deeper
    return levels


def _selected(container: Any, trees: Sequence[_Tree]) -> dict[Any, tuple[bool, list[_Tree]]]:
    """Which members or elements the components name: for each, whether a path ends there."""
    chosen: dict[Any, tuple[bool, list[_Tree]]] = {}
    for tree in trees:
        for component, (ends, below) in tree.items():
            if (type(component) is str) != (type(container) is dict):
                raise MalformedError("claim_type_invalid", "expected names in objects, indices in arrays")
            if type(component) is str:
                names: Sequence[Any] = (component,) if component in container else ()
            elif component is None:
                names = range(len(container))
            else:
                names = (component,) if 0 <= component < len(container) else ()  # type: ignore[operator]
            for name in names:
                ended, known = chosen.get(name, (False, []))
                chosen[name] = (ended or ends, [*known, below] if below else known)
    return chosen


def _copy(value: Any) -> Any:
    if type(value) is dict:
        return dict(value)
    if type(value) is list:
        return list(value)
    raise MalformedError("claim_type_invalid", "expected an object or an array below a path")


def _refuse_reserved_names(claims: JsonObject) -> None:
    work: list[Any] = [claims]
    for _ in range(MAX_CLAIMS_DEPTH + 1):
        deeper: list[Any] = []
        for value in work:
            members = value
            if type(value) is dict:
                members = value.values()
                if not value.keys().isdisjoint(RESERVED_NAMES):
                    raise DisclosureError(
                        "disclosure_name_forbidden", "expected no claim named _sd, ... or _sd_alg"
                    )
                if not {str}.issuperset(map(type, value)):
                    raise MalformedError("claim_type_invalid", "expected strings as claim names")
            deeper += [member for member in members if type(member) in _CONTAINERS]
        if not deeper:
            return
        work = deeper
    raise LimitExceededError("limit_exceeded", f"expected claims at most {MAX_CLAIMS_DEPTH} deep")
