"""Student card for discounts and library (claims of the WE BUILD StudentID rulebook)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["claims_of_row"]


def claims_of_row(cells: Mapping[str, str | int]) -> dict[str, Any]:
    """Turn one OneRoster 1.1 user into the claims of a student card.

    The scope of eduPerson names is the domain of the school's e-mail
    addresses; OneRoster has no column for it.

    Reference:
        OneRoster 1.1, section 4.13 (users.csv); eduPerson 202208,
        eduPersonPrincipalName and eduPersonScopedAffiliation.
    """
    scope = str(cells["email"]).partition("@")[2].lower()
    claims: dict[str, Any] = {
        "identifier": cells["identifier"],
        "schacHomeOrganization": cells["orgSourcedIds"],
        "firstName": cells["givenName"],
        "familyName": cells["familyName"],
        "eduPersonPrincipalName": f"{cells['username']}@{scope}",
        "eduPersonPrimaryAffiliation": "student",
        "eduPersonScopedAffiliation": [f"student@{scope}"],
        "mail": cells["email"],
    }
    if "grades" in cells:
        claims["grade_level"] = cells["grades"]
    return claims
