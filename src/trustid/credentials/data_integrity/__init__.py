"""Data Integrity proofs: a signature that lives inside the document it secures.

proof             what a proof claims, and the order in which it is checked
eddsa_jcs_2022    canonical JSON and Ed25519
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from trustid.credentials.data_integrity import eddsa_jcs_2022
from trustid.credentials.data_integrity.proof import (
    Expectation,
    KeyResolver,
    VerifiedDocument,
    Verifier,
    verify_document,
)

__all__ = ["SUITES", "Expectation", "KeyResolver", "VerifiedDocument", "Verifier", "verify_document"]

SUITES: Final = MappingProxyType({eddsa_jcs_2022.CRYPTOSUITE: eddsa_jcs_2022.verify})
"""Every cryptosuite that is spoken here."""
