"""Reading the catalogue from the package: one folder a use case."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from trustid.catalogue import degree, student_id, vaccination
from trustid.catalogue.cells import Column
from trustid.catalogue.schema import check_schema_is_understood
from trustid.catalogue.types import (
    Claim,
    CredentialType,
    Display,
    MdocForm,
    Question,
    RosterColumns,
    RowReader,
    W3cForm,
)

__all__ = ["load", "sample"]

_ROW_READERS: dict[str, RowReader] = {
    "student_id": student_id.claims_of_row,
    "degree": degree.claims_of_row,
    "vaccination": vaccination.claims_of_row,
}
"""Folder by folder, the function that turns a checked row into claims."""


@cache
def load() -> Mapping[str, CredentialType]:
    """Return every credential type, by `credential_configuration_id`.

    Example:
        >>> from trustid.catalogue import load
        >>> sorted(load())
        ['degree', 'student-id', 'vaccination']
        >>> load()["degree"].vct("https://school.example")
        'https://school.example/vct/degree/1'
    """
    types = [_read_type(folder, row_reader) for folder, row_reader in _ROW_READERS.items()]
    return MappingProxyType({one.configuration_id: one for one in types})


def sample(folder: str, name: str) -> bytes:
    """Return a sample file of a use case.

    Args:
        folder: `student_id`, `degree` or `vaccination`.
        name: File name inside the folder's `samples`.
    """
    return files("trustid.catalogue").joinpath(folder, "samples", name).read_bytes()


def _read_type(folder: str, row_reader: RowReader) -> CredentialType:
    text = files("trustid.catalogue").joinpath(folder, "type.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    check_schema_is_understood(data["claims_schema"])
    result = CredentialType(
        configuration_id=data["configuration_id"],
        vct_path=data["vct_path"],
        w3c=W3cForm(**data["w3c"]),
        mdoc=MdocForm(**data["mdoc"]),
        title=data["title"],
        description=data["description"],
        displays=tuple(Display(**display) for display in data["displays"]),
        claims_schema=MappingProxyType(data["claims_schema"]),
        claims=tuple(_read_claim(claim) for claim in data["claims"]),
        sample_claims=MappingProxyType(data["sample_claims"]),
        lifetime_days=data["lifetime_days"],
        batch_size=data["batch_size"],
        roster=_read_columns(data["roster"]),
        questions=tuple(
            Question(
                one["id"],
                one["title"],
                one["explanation"],
                tuple(MappingProxyType(claim) for claim in one["claims"]),
            )
            for one in data["questions"]
        ),
        row_reader=row_reader,
    )
    result.check_claims(result.sample_claims)
    return result


def _read_claim(data: Mapping[str, Any]) -> Claim:
    return Claim(tuple(data["path"]), MappingProxyType(data["names"]), data["mandatory"], data["disclosable"])


def _read_columns(data: Mapping[str, Any]) -> RosterColumns:
    return RosterColumns(
        key=data["key"],
        columns=tuple(
            Column(
                name=column["name"],
                kind=column.get("kind", "text"),
                required=column.get("required", True),
                choices=tuple(column.get("choices", ())),
                pattern=column.get("pattern", ""),
                hint=column.get("hint", ""),
            )
            for column in data["columns"]
        ),
        dropped=tuple(data.get("dropped", ())),
        unique=tuple(tuple(group) for group in data.get("unique", ())),
        only=MappingProxyType(data.get("only", {})),
    )
