"""The holder's side of the VC API: of a credential with a base proof, show some.

It needs no key and keeps nothing; whoever has the credential can do it.
"""

from __future__ import annotations

from typing import Any

from trustid.credentials.data_integrity.ecdsa_sd_2023 import derive
from trustid.credentials.data_integrity.selection import check_pointers
from trustid.credentials.model import Credential
from trustid.encoding import JsonObject
from trustid.errors import MalformedError
from trustid.protocols.vc_api import read_members

__all__ = ["derive_credential"]


def derive_credential(body: Any) -> JsonObject:
    """Answer POST /credentials/derive.

    Args:
        body: `{"verifiableCredential": {...}, "options": {"selectivePointers": [...]}}`.

    Returns:
        The part of the credential, with a derived proof.

    Raises:
        MalformedError: The request or the credential breaks a rule, or a pointer leads nowhere.
        ProofError: `proof_invalid`: no base proof that one can derive from.
        LimitExceededError: `limit_exceeded`: too many pointers or statements.

    Reference:
        VC API 0.3, section 3.3 (derive); ECDSA Cryptosuites 1.0, section 3.6.6.
    """
    request = read_members(body, {"verifiableCredential", "options"}, what="the request")
    credential = request.get("verifiableCredential")
    if not isinstance(credential, dict):
        raise MalformedError("malformed", "expected a verifiableCredential")
    Credential.read(credential)
    options = read_members(request.get("options", {}), {"selectivePointers"}, what="options")
    return derive(credential, check_pointers(options.get("selectivePointers", [])))
