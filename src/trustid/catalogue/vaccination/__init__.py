"""Vaccination certificate for school entry (words of FHIR R4 Immunization)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trustid.catalogue.cells import RowProblem

__all__ = ["CVX_SYSTEM", "DEFAULT_COUNTRY", "claims_of_row"]

CVX_SYSTEM = "http://hl7.org/fhir/sid/cvx"
"""The code system of vaccine codes in FHIR (CDC's CVX)."""

DEFAULT_COUNTRY = "CN"
"""The country of a roster without a column `country`; ISO 3166-1 alpha-2."""


def claims_of_row(cells: Mapping[str, str | int]) -> dict[str, Any] | list[RowProblem]:
    """Turn one row of a clinic's list of doses into claims.

    `series_complete` is worked out here and signed, so that the person can
    show the one bit and keep the doses back.
    """
    if str(cells["occurrence_date"]) < str(cells["birthdate"]):
        message = "This day is before the person was born."
        return [RowProblem(0, "occurrence_date", "cell_contradiction", message)]
    disease = str(cells["target_disease"])
    claims: dict[str, Any] = {
        "vaccine_code": {"system": CVX_SYSTEM, "code": cells["cvx_code"], "display": cells["vaccine"]},
        "vaccine_brand": cells["vaccine"],
        "lot_number": cells["lot_number"],
        "occurrence_date": cells["occurrence_date"],
        "dose_number": cells["dose_number"],
        "series_doses": cells["series_doses"],
        "target_disease": disease,
        "administering_centre": cells["clinic"],
        "country": cells.get("country", DEFAULT_COUNTRY),
        "series_complete": {disease: int(cells["dose_number"]) >= int(cells["series_doses"])},
        "family_name": cells["family_name"],
        "given_name": cells["given_name"],
        "birthdate": cells["birthdate"],
    }
    if "manufacturer" in cells:
        claims["manufacturer"] = cells["manufacturer"]
    if "sex" in cells:
        claims["sex"] = int(cells["sex"])
    return claims
