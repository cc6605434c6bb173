"""What the institution's side of issuing takes and gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trustid.encoding import JsonObject

__all__ = ["CreatedIssuance", "CreatedRoster", "CreatedRow", "Details", "RosterEntry"]


@dataclass(frozen=True, slots=True)
class CreatedIssuance:
    """A new issuance, or an uncollected one with a new link.

    Attributes:
        offer_uri: A first offer, good for minutes.
        claim_url: The link for the person, good until collected.
        tx_code: To be given to the person on another way; None when not asked for.
    """

    issuance_id: str
    offer_uri: str
    claim_url: str
    tx_code: str | None


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """One checked row of a roster.

    Attributes:
        reference: What the institution calls the person.
        claims: What the credential will say.
    """

    reference: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CreatedRow:
    """A new issuance made from a roster row."""

    issuance_id: str
    claim_url: str
    tx_code: str | None


@dataclass(frozen=True, slots=True)
class CreatedRoster:
    """What became of a roster.

    Attributes:
        rows: For each row its new issuance; None where an earlier upload
            already made one that lives.
    """

    roster_id: str
    rows: tuple[CreatedRow | None, ...]

    @property
    def issued(self) -> int:
        """How many issuances are new."""
        return sum(row is not None for row in self.rows)


@dataclass(frozen=True, slots=True)
class Details:
    """The sealed part of an issuance.

    Attributes:
        reference: What the institution calls the person; empty when it did not say.
    """

    claims: JsonObject
    claim_url: str
    tx_code: str | None
    reference: str
