"""Data Integrity proofs: a signature that lives inside the document it secures.

proof             what a proof claims, and the order in which it is checked
cryptosuite       what the cryptosuites share
eddsa_jcs_2022    canonical JSON and Ed25519
eddsa_rdfc_2022   canonical statements and Ed25519
ecdsa_jcs_2019    canonical JSON and P-256 or P-384
ecdsa_rdfc_2019   canonical statements and P-256 or P-384
ecdsa_sd_2023     canonical statements, of which the holder may keep some back, and P-256

The last one stands on three more: selection (parts of a document by JSON
pointers), statements (their labels) and ecdsa_sd_proof_value.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from trustid.credentials.data_integrity import (
    ecdsa_jcs_2019,
    ecdsa_rdfc_2019,
    ecdsa_sd_2023,
    eddsa_jcs_2022,
    eddsa_rdfc_2022,
)
from trustid.credentials.data_integrity.proof import (
    Creator,
    Expectation,
    KeyResolver,
    VerifiedDocument,
    Verifier,
    verify_document,
)
from trustid.keys import SigningKey

__all__ = [
    "CREATORS",
    "SUITES",
    "Creator",
    "Expectation",
    "KeyResolver",
    "VerifiedDocument",
    "Verifier",
    "usual_creator",
    "verify_document",
]

SUITES: Final[Mapping[str, Verifier]] = MappingProxyType(
    {
        ecdsa_jcs_2019.CRYPTOSUITE: ecdsa_jcs_2019.verify,
        ecdsa_rdfc_2019.CRYPTOSUITE: ecdsa_rdfc_2019.verify,
        ecdsa_sd_2023.CRYPTOSUITE: ecdsa_sd_2023.verify,
        eddsa_jcs_2022.CRYPTOSUITE: eddsa_jcs_2022.verify,
        eddsa_rdfc_2022.CRYPTOSUITE: eddsa_rdfc_2022.verify,
    }
)
"""Every cryptosuite that is spoken here."""

CREATORS: Final[Mapping[str, Creator]] = MappingProxyType(
    {
        ecdsa_jcs_2019.CRYPTOSUITE: ecdsa_jcs_2019.create,
        ecdsa_rdfc_2019.CRYPTOSUITE: ecdsa_rdfc_2019.create,
        ecdsa_sd_2023.CRYPTOSUITE: ecdsa_sd_2023.create,
        eddsa_jcs_2022.CRYPTOSUITE: eddsa_jcs_2022.create,
        eddsa_rdfc_2022.CRYPTOSUITE: eddsa_rdfc_2022.create,
    }
)
"""How each of them makes a proof."""


_SUITE_OF_KEY: Final = {
    "EdDSA": eddsa_jcs_2022.CRYPTOSUITE,
    "ES256": ecdsa_jcs_2019.CRYPTOSUITE,
    "ES384": ecdsa_jcs_2019.CRYPTOSUITE,
}


def usual_creator(key: SigningKey) -> Creator:
    """The cryptosuite for a key where nobody names another: canonical JSON, which leaves nothing unsigned."""
    return CREATORS[_SUITE_OF_KEY[key.algorithm]]
