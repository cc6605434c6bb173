"""Reading a roster: a spreadsheet of people, checked row by row before anything is issued.

Encoding and delimiter are found out, since the desk gets files from Excel,
from WPS Office and from school systems: UTF-8 with or without a byte order
mark, UTF-16 with one, else GB18030. A file that is none of these is refused as
a whole; everything else is said row by row and column by column.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trustid.catalogue.cells import RowProblem
from trustid.catalogue.types import CredentialType, RosterColumns
from trustid.errors import LimitExceededError, MalformedError

__all__ = ["MAX_COLUMNS", "MAX_ROSTER_BYTES", "MAX_ROSTER_ROWS", "RosterCheck", "RosterRow", "read_roster"]

MAX_ROSTER_BYTES = 5 * 1024 * 1024
MAX_ROSTER_ROWS = 10_000
MAX_COLUMNS = 200

HEADER_ROW = 1
"""Rows are counted as a spreadsheet shows them: the header is row 1."""

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person of a roster.

    Attributes:
        number: The row as a spreadsheet counts it; the first person is in row 2.
        reference: What the institution calls the person: the key column.
        claims: Claims that fit the type; None if something is wrong, or if
            the row was skipped.
        problems: Everything that is wrong, column by column.
        skipped: Why the row is no candidate at all (a teacher in the list
            for student cards); empty otherwise.
    """

    number: int
    reference: str
    claims: Mapping[str, Any] | None
    problems: tuple[RowProblem, ...] = ()
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class RosterCheck:
    """A roster, read and checked.

    Attributes:
        rows: Every row, in order.
        encoding: How the text was encoded.
        delimiter: What stood between the cells.
        columns_dropped: Columns that were thrown away unread (passwords).
        problems: What is wrong with the roster as a whole, such as a missing column.
    """

    rows: tuple[RosterRow, ...]
    encoding: str
    delimiter: str
    columns_dropped: tuple[str, ...] = ()
    problems: tuple[RowProblem, ...] = ()

    @property
    def ready(self) -> tuple[RosterRow, ...]:
        """The rows that can be issued, once nothing is wrong anywhere."""
        return tuple(row for row in self.rows if row.claims is not None)

    @property
    def all_problems(self) -> tuple[RowProblem, ...]:
        """Everything that is wrong. Issue only if this is empty: all rows or none."""
        return self.problems + tuple(problem for row in self.rows for problem in row.problems)


def read_roster(data: bytes, credential_type: CredentialType) -> RosterCheck:
    """Read a roster and check every row.

    Args:
        data: The file, at most `MAX_ROSTER_BYTES`, `MAX_ROSTER_ROWS` people.
        credential_type: What is to be issued to the people in it.

    Returns:
        Every row with its claims or its problems. Nothing may be issued from a
        roster with a single problem.

    Raises:
        MalformedError: `malformed`: not a text file, or not a table.
        LimitExceededError: `limit_exceeded`: too many bytes, rows or columns.

    Example:
        >>> from trustid.catalogue import load, read_roster
        >>> header = b"sourcedId,familyName,givenName,program,fieldOfStudy,degree,activityEndDate,diplomaNumber"
        >>> row = "S1,陈,思远,BSc Physics,Physics,Bachelor of Science,30/06/2026,D-1".encode()
        >>> check = read_roster(header + b"\\n" + row, load()["degree"])
        >>> [(problem.row, problem.column, problem.code) for problem in check.all_problems]
        [(2, 'activityEndDate', 'cell_date')]
    """
    if len(data) > MAX_ROSTER_BYTES:
        raise LimitExceededError(
            "limit_exceeded", f"expected a roster of at most {MAX_ROSTER_BYTES} bytes, found {len(data)}"
        )
    text, encoding = _decode(data)
    delimiter = _delimiter(text)
    lines = _records(text, delimiter)
    header = _header(next(lines, []))
    columns = credential_type.roster
    dropped = tuple(name for name in header if name in columns.dropped)
    missing = tuple(
        RowProblem(
            HEADER_ROW, column.name, "column_missing", "The roster has no such column. Add it to the header."
        )
        for column in columns.columns
        if column.required and column.name not in header
    )
    rows: tuple[RosterRow, ...] = ()
    if not missing:
        read = [
            _read_row(number, cells, header, credential_type)
            for number, cells in enumerate(lines, 2)
            if any(cells)
        ]
        rows = tuple(_mark_duplicates(read, columns))
    return RosterCheck(rows, encoding, _DELIMITERS[delimiter], dropped, missing)


@dataclass(slots=True)
class _ReadRow:
    """A row with the cells that must stand only once."""

    row: RosterRow
    cells: Mapping[str, str]


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\x00" in data:
        raise MalformedError(
            "malformed", "expected a text file (CSV), found a binary one; save the spreadsheet as CSV"
        )
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding), encoding.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
    raise MalformedError(
        "malformed", "expected text in UTF-8 or GB18030, found neither; save the spreadsheet as CSV UTF-8"
    )


def _delimiter(text: str) -> str:
    """The one that splits the header line into most cells."""
    header = text.lstrip("\r\n").partition("\n")[0]
    return max(_DELIMITERS, key=header.count)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(reader):
            if number > MAX_ROSTER_ROWS:
                raise LimitExceededError(
                    "limit_exceeded", f"expected at most {MAX_ROSTER_ROWS} people in a roster"
                )
            yield cells
    except csv.Error as err:
        raise MalformedError(
            "malformed", f"expected CSV, line {reader.line_num} has a quoting fault"
        ) from err


def _header(cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    if len(header) > MAX_COLUMNS:
        raise LimitExceededError(
            "limit_exceeded", f"expected at most {MAX_COLUMNS} columns, found {len(header)}"
        )
    named = [name for name in header if name]
    if len(named) < 2 or len(set(named)) != len(named):
        raise MalformedError("malformed", "expected a header line with different column names")
    return header


def _read_row(number: int, cells: list[str], header: list[str], credential_type: CredentialType) -> _ReadRow:
    columns = credential_type.roster
    row = {
        name: cell for name, cell in zip(header, cells, strict=False) if name and name not in columns.dropped
    }
    reference = _shown_reference(row.get(columns.key, ""))
    if len(cells) != len(header):
        code = "row_short" if len(cells) < len(header) else "row_long"
        message = f"This row has {len(cells)} cells, the header has {len(header)}. Check the separators."
        return _ReadRow(RosterRow(number, reference, None, (RowProblem(number, "", code, message),)), row)
    for name, wanted in columns.only.items():
        known = next(column.choices for column in columns.columns if column.name == name)
        found = row.get(name, "")
        if found != wanted and found in known:
            return _ReadRow(RosterRow(number, reference, None, skipped=f"{name} is {found}"), {})
    result = credential_type.from_row(row)
    if isinstance(result, list):
        problems = tuple(replace(problem, row=number) for problem in result)
        return _ReadRow(RosterRow(number, reference, None, problems), row)
    return _ReadRow(RosterRow(number, reference, result), row)


def _shown_reference(cell: str) -> str:
    """The key as it may be shown and logged: no control or direction characters."""
    return "".join(character for character in cell[:64] if character.isprintable()).strip()


def _mark_duplicates(rows: list[_ReadRow], columns: RosterColumns) -> Iterator[RosterRow]:
    """Give a problem to each row that repeats an earlier one where it must not."""
    seen: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    for read in rows:
        problems: list[RowProblem] = []
        for group in columns.unique:
            values = tuple(read.cells.get(name, "") for name in group)
            if not all(values):
                continue
            first = seen.setdefault((group, values), read.row.number)
            if first != read.row.number:
                message = f"The same stands in row {first}. Keep one."
                problems.append(
                    RowProblem(
                        read.row.number,
                        group[-1] if len(group) == 1 else " + ".join(group),
                        "cell_duplicate",
                        message,
                    )
                )
        if problems:
            yield replace(read.row, claims=None, problems=read.row.problems + tuple(problems))
        else:
            yield read.row
