"""The manners of an object that holds a secret."""

from __future__ import annotations

from typing import Any, NoReturn, SupportsIndex

__all__ = ["Secret"]


class Secret:
    """Base of every class that holds a secret: not printed, pickled or copied.

    Equality stays that of objects: comparing secrets leaks them through time.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: secret>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be pickled")

    def __copy__(self) -> Any:
        raise TypeError(f"{type(self).__name__} cannot be copied")

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        raise TypeError(f"{type(self).__name__} cannot be copied")
