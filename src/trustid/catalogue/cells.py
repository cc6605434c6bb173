"""What may stand in one cell of a roster, and what is wrong with it if it may not.

A spreadsheet travels through many hands before it reaches the desk. What this
module refuses has been seen in real exports: formulas that run when the file is
opened again, characters that turn the reading direction, ideographic spaces
around a name, day-first dates, two values in one cell. Nothing is repaired
silently: a name on a credential is exactly the name in the cell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

__all__ = ["MAX_CELL_CHARACTERS", "Cell", "Column", "RowProblem", "read_cells", "text_problem"]

Cell = str | int
"""A checked cell: an integer for the kind `integer`, else text. Empty cells are left out."""

MAX_CELL_CHARACTERS = 1_000
"""No name, brand or address that people write is longer."""

MAX_EMAIL_CHARACTERS = 254
"""RFC 5321 bounds a path to 256 octets, angle brackets included."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# OWASP "CSV injection": a spreadsheet runs a cell that begins with one of these.

_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Unicode bidirectional controls: a name that holds one reads differently from what is signed.

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*/?^_`{|}~+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?Z")
_INTEGER = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing that is wrong with one cell.

    Attributes:
        row: The row as a spreadsheet counts it: the header is row 1. 0 where
            the caller has to fill it in.
        column: The column's name in the header; empty for the whole row.
        code: Which rule was broken; stable.
        message: What to do, in a clerk's words. Never repeats the cell.
    """

    row: int
    column: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column that is read.

    Attributes:
        name: Its name in the header, exactly.
        kind: A key of `_KINDS`.
        required: Whether a row without it is refused.
        choices: The only values that may stand in it, if not empty.
        pattern: A regular expression the whole value fits, if not empty.
        hint: What the value looks like, in a clerk's words, for `pattern`.
    """

    name: str
    kind: str = "text"
    required: bool = True
    choices: tuple[str, ...] = ()
    pattern: str = ""
    hint: str = ""


def read_cells(row: Mapping[str, str], columns: Sequence[Column]) -> tuple[dict[str, Cell], list[RowProblem]]:
    """Check the cells of one row.

    Returns:
        The cells that hold something, by column, and what is wrong with the
        others. The row may be used only if nothing is wrong.
    """
    cells: dict[str, Cell] = {}
    problems: list[RowProblem] = []
    for column in columns:
        text = row.get(column.name, "")
        if not text:
            if column.required:
                problems.append(RowProblem(0, column.name, "cell_missing", "This cell is empty. Fill it in."))
            continue
        found = text_problem(text) or _kind_problem(text, column)
        if found is not None:
            problems.append(RowProblem(0, column.name, *found))
            continue
        cells[column.name] = int(text) if column.kind == "integer" else text
    return cells, problems


def text_problem(text: str) -> tuple[str, str] | None:
    """Find what makes a text unfit for any claim, whatever its meaning.

    Returns:
        Code and message, or None if it may be used as it is.
    """
    if len(text) > MAX_CELL_CHARACTERS:
        return "cell_too_long", f"This cell holds more than {MAX_CELL_CHARACTERS} characters. Shorten it."
    if any(character in _DIRECTION for character in text):
        return (
            "cell_direction",
            "This cell holds an invisible character that turns the reading direction. Type it anew.",
        )
    if text.startswith(_FORMULA_STARTS):
        return "cell_formula", "This cell begins like a spreadsheet formula. Replace it by plain text."
    if any(
        unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"} or character == "\ufffd"
        for character in text
    ):
        return "cell_control", "This cell holds a character that cannot be printed. Type it anew."
    if text != text.strip() or text != text.strip("\u3000\u200b\ufeff"):
        return "cell_space", "This cell begins or ends with a space (perhaps a wide one). Remove it."
    return None


def _kind_problem(text: str, column: Column) -> tuple[str, str] | None:
    found = _KINDS[column.kind](text)
    if found is not None:
        return found
    if column.choices and text not in column.choices:
        return "cell_choice", f"This cell may only hold: {', '.join(column.choices)} (spelled exactly so)."
    if column.pattern and re.fullmatch(column.pattern, text, re.ASCII) is None:
        return "cell_pattern", f"This cell does not look right. Expected {column.hint}."
    return None


def _no_problem(_text: str) -> None:
    return None


def _single_problem(text: str) -> tuple[str, str] | None:
    if ";" in text or "," in text or "|" in text:
        return "cell_several", "This cell holds more than one value. Leave one."
    return None


def _date_problem(text: str) -> tuple[str, str] | None:
    problem = ("cell_date", "This is not a date of the form 2026-09-01 (year, month, day).")
    if _DATE.fullmatch(text) is None:
        return problem
    try:
        date.fromisoformat(text)
    except ValueError:
        return problem
    return None


def _time_problem(text: str) -> tuple[str, str] | None:
    match = _TIME.fullmatch(text)
    if match is None or _date_problem(match[1]) is not None:
        return "cell_date", "This is not a time of the form 2026-09-01T00:00:00Z."
    return None


def _email_problem(text: str) -> tuple[str, str] | None:
    if len(text) > MAX_EMAIL_CHARACTERS or _EMAIL.fullmatch(text) is None:
        return "cell_email", "This is not an e-mail address."
    return None


def _integer_problem(text: str) -> tuple[str, str] | None:
    if _INTEGER.fullmatch(text) is None:
        return "cell_number", "This is not a whole number in plain digits."
    return None


_KINDS: dict[str, Callable[[str], tuple[str, str] | None]] = {
    "text": _no_problem,
    "single": _single_problem,
    "date": _date_problem,
    "time": _time_problem,
    "email": _email_problem,
    "integer": _integer_problem,
}
