"""Parts of a document by JSON pointers.

A part keeps what gives it its meaning: the `@context`, and `id` and `type` of
every object on the way to what was selected.

Reference:
    W3C Data Integrity ECDSA Cryptosuites 1.0, sections 3.4.10 to 3.4.14; RFC 6901.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trustid.encoding import JsonObject
from trustid.errors import LimitExceededError, MalformedError

__all__ = ["MAX_POINTERS", "MAX_POINTER_CHARS", "check_pointers", "select"]

MAX_POINTERS: Final = 256
MAX_POINTER_CHARS: Final = 1024

_ALWAYS: Final = ("id", "type")
_CONTEXT: Final = "@context"
_POINTER: Final = re.compile(r"(/([^~/]|~[01])*)*", re.DOTALL)
_PLACE: Final = re.compile(r"0|[1-9][0-9]{0,5}", re.ASCII)

_Branches = dict[str, "_Branches | None"]
"""What was selected below an object or array; None for all of it."""


def check_pointers(pointers: object) -> tuple[str, ...]:
    """Return what is a list of JSON pointers.

    Raises:
        MalformedError: malformed: no array of JSON pointers.
        LimitExceededError: limit_exceeded: more than `MAX_POINTERS`, or longer than `MAX_POINTER_CHARS`.
    """
    if not isinstance(pointers, list | tuple) or not all(type(one) is str for one in pointers):
        raise MalformedError("malformed", "expected an array of JSON pointers")
    if len(pointers) > MAX_POINTERS or any(len(one) > MAX_POINTER_CHARS for one in pointers):
        raise LimitExceededError(
            "limit_exceeded", f"expected at most {MAX_POINTERS} pointers of {MAX_POINTER_CHARS} characters"
        )
    if not all(_POINTER.fullmatch(one) for one in pointers):
        raise MalformedError("malformed", "expected an array of JSON pointers")
    return tuple(pointers)


def select(document: Mapping[str, Any], pointers: Sequence[str]) -> JsonObject:
    """The part of a document that JSON pointers select.

    Args:
        document: A document in compact form.
        pointers: What `check_pointers` returned; at least one. An empty
            pointer selects everything.

    Returns:
        A new document; in an array only the selected places are left.

    Raises:
        MalformedError: malformed: a pointer leads nowhere, or into the @context.

    Example:
        >>> select({"id": "urn:x", "a": {"b": 1, "c": 2}, "d": 3}, ["/a/b"])
        {'id': 'urn:x', 'a': {'b': 1}}
    """
    chosen: _Branches | None = {}
    for pointer in pointers:
        chosen = _add(chosen, [_unescape(step) for step in pointer.split("/")[1:]])
    part = _part(document, chosen)
    return {_CONTEXT: copy.deepcopy(document[_CONTEXT]), **part} if _CONTEXT in document else part


def _unescape(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def _add(chosen: _Branches | None, steps: Sequence[str]) -> _Branches | None:
    if chosen is None or not steps:
        return None
    if steps[0] == _CONTEXT:
        raise MalformedError("malformed", "expected no JSON pointer into the @context")
    chosen[steps[0]] = _add(chosen.get(steps[0], {}), steps[1:])
    return chosen


def _part(value: Any, chosen: _Branches | None) -> Any:
    if chosen is None:
        return copy.deepcopy(value)
    if isinstance(value, Mapping):
        part = {name: copy.deepcopy(value[name]) for name in _ALWAYS if _is_kept(value, name)}
        for step, below in chosen.items():
            if step not in value:
                raise _leads_nowhere()
            selected = _part(value[step], below)
            # One of several types cannot be selected: the others stay, whoever asks for one.
            part.setdefault(step, selected)
        return part
    if isinstance(value, list):
        places = {_place(step, value): below for step, below in chosen.items()}
        return [_part(value[place], places[place]) for place in sorted(places)]
    raise _leads_nowhere()


def _is_kept(value: Mapping[str, Any], name: str) -> bool:
    # The name of a blank node says nothing outside of its document.
    return name in value and not str(value[name]).startswith("_:")


def _place(step: str, items: Sequence[Any]) -> int:
    if not _PLACE.fullmatch(step) or int(step) >= len(items):
        raise _leads_nowhere()
    return int(step)


def _leads_nowhere() -> MalformedError:
    return MalformedError("malformed", "expected JSON pointers to something in the document")
