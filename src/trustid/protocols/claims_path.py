"""Claims path pointers: which claims of a JSON credential a question means.

A path is a tuple of strings (a member), non-negative integers (one element of
an array) and None (all elements of an array). OpenID4VP 1.0, section 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trustid.errors import MalformedError, QueryError

__all__ = ["MAX_PATH_LENGTH", "UNDISCLOSED", "Path", "covers", "parse_path", "select"]

Path = tuple[str | int | None, ...]

MAX_PATH_LENGTH = 32


class _Undisclosed:
    """Stands where an array element was not disclosed, so that indexes do not move."""

    def __repr__(self) -> str:
        return "UNDISCLOSED"


UNDISCLOSED = _Undisclosed()


def parse_path(value: Any) -> Path:
    """Read a claims path pointer.

    Args:
        value: A JSON array of 1 to 32 strings, nulls and non-negative integers.

    Raises:
        MalformedError: `query_malformed`.

    Reference:
        OpenID4VP 1.0, section 7.
    """
    if not isinstance(value, list) or not 0 < len(value) <= MAX_PATH_LENGTH:
        raise MalformedError("query_malformed", f"expected a path of 1 to {MAX_PATH_LENGTH} components")
    for component in value:
        if component is None or isinstance(component, str):
            continue
        # bool is a subclass of int in Python; in JSON it is not a number.
        if not isinstance(component, int) or isinstance(component, bool) or component < 0:
            raise MalformedError(
                "query_malformed", "expected strings, nulls and non-negative integers in a path"
            )
    return tuple(value)


def select(claims: Any, path: Sequence[str | int | None]) -> list[Any]:
    """Apply a path to a credential.

    Args:
        claims: The credential as a JSON object.
        path: A non-empty path.

    Returns:
        The selected elements, at least one.

    Raises:
        QueryError: `query_mismatch`: nothing is selected, or a component does
            not fit what stands there.

    Reference:
        OpenID4VP 1.0, section 7.1.1.
    """
    selected = [claims]
    for component in path:
        selected = _step(selected, component)
    if not selected or not path:
        raise QueryError("query_mismatch", "the path selects nothing")
    return selected


def _step(selected: list[Any], component: str | int | None) -> list[Any]:
    wanted = dict if isinstance(component, str) else list
    if any(not isinstance(element, wanted) for element in selected):
        raise QueryError("query_mismatch", f"expected {wanted.__name__}s at a component of the path")
    if isinstance(component, str):
        return [element[component] for element in selected if component in element]
    if component is None:
        found = [inner for element in selected for inner in element]
    else:
        found = [element[component] for element in selected if component < len(element)]
    return [inner for inner in found if inner is not UNDISCLOSED]


def covers(asked: Path, disclosed: Path) -> bool:
    """Whether disclosing one place serves a question for another.

    A claim asked for includes its sub-claims, and to show an inner claim the
    objects around it have to be shown as well.
    """
    return all(
        wanted == shown or (wanted is None and isinstance(shown, int))
        for wanted, shown in zip(asked, disclosed, strict=False)
    )
