"""The kinds of credentials that come with TrustID, one folder a use case."""

from __future__ import annotations

from trustid.catalogue.cells import RowProblem
from trustid.catalogue.loading import load
from trustid.catalogue.rosters import RosterCheck, RosterRow, read_roster
from trustid.catalogue.types import Claim, CredentialType, Display, Question, RosterColumns

__all__ = [
    "Claim",
    "CredentialType",
    "Display",
    "Question",
    "RosterCheck",
    "RosterColumns",
    "RosterRow",
    "RowProblem",
    "load",
    "read_roster",
]
