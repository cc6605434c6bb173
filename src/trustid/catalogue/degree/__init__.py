"""University degree certificate (words of Open Badges 3.0, as an SD-JWT VC)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["claims_of_row"]


def claims_of_row(cells: Mapping[str, str | int]) -> dict[str, Any]:
    """Turn one row of the registrar's list of graduates into claims.

    A roster must name the day and the diploma number; the claims schema leaves
    them open, since a university may state a degree from older files.
    """
    claims: dict[str, Any] = {
        "family_name": cells["familyName"],
        "given_name": cells["givenName"],
        "degree": {
            "name": cells["program"],
            "type": cells["degree"],
            "field_of_study": cells["fieldOfStudy"],
        },
        "completed_on": cells["activityEndDate"],
        "diploma_number": cells["diplomaNumber"],
    }
    if "creditsEarned" in cells:
        claims["credits_earned"] = cells["creditsEarned"]
    return claims
