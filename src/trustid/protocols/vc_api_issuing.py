"""The issuing side of the VC API: W3C credentials with a Data Integrity proof and a place in a status list.

The credential comes from the caller, so what it claims about itself is held
against who signs: it must name this issuer, bring no proof, and bring no
status, which only the issuer can keep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from trustid.credentials.data_integrity import CREATORS, ecdsa_sd_2023
from trustid.credentials.data_integrity.ecdsa_sd_2023 import selective_creator
from trustid.credentials.data_integrity.selection import check_pointers, select
from trustid.credentials.model import Credential
from trustid.credentials.presentation import issue_credential
from trustid.encoding import JsonObject
from trustid.errors import MalformedError, ProtocolError, StatusUnknownError
from trustid.keys.sealing import SealingKey
from trustid.protocols.ports import Clock
from trustid.protocols.vc_api import read_members
from trustid.protocols.vc_api_lists import PURPOSES, VcLists
from trustid.protocols.vc_identity import VcIdentity, VcName
from trustid.status.bitstring import BitstringStatusListEntry
from trustid.status.bitstring_entry import ENTRY_TYPE, REVOCATION
from trustid.status.list_set import ListSetStore

__all__ = ["VcIssuing"]

STATUS: Final = "credentialStatus"
MAX_DEPTH: Final = 32
POINTERS: Final = "mandatoryPointers"
OPTIONS: Final = frozenset(
    {"credentialId", "cryptosuite", "issuer", POINTERS, "statusPurposes", "verificationMethod"}
)


class VcIssuing:
    """Issues W3C credentials and changes their status.

    Args:
        identity: Who signs.
        store: The lists.
        places: Makes indexes of counters; derived for this purpose.
        ttl_seconds: How long a verifier may keep a list.
        clock: The time.
        keep_foreign_status: For test suites: let a credential keep a status
            of another kind that it brings.
    """

    def __init__(
        self,
        *,
        identity: VcIdentity,
        store: ListSetStore,
        places: SealingKey,
        ttl_seconds: int,
        clock: Clock,
        keep_foreign_status: bool = False,
    ) -> None:
        self.identity = identity
        self.lists = VcLists(identity=identity, store=store, key=places, ttl_seconds=ttl_seconds, clock=clock)
        self._clock = clock
        self._keep_foreign_status = keep_foreign_status

    def issue(self, body: Any, *, cryptosuite: str | None = None) -> JsonObject:
        """Answer POST /credentials/issue.

        With ecdsa-sd-2023 the holder can keep back all but what
        `mandatoryPointers` name and what every verifier needs
        (`essential_pointers`).

        Args:
            body: `{"credential": {...}, "options": {...}}`.
            cryptosuite: The one of the address; another in the options is refused.

        Returns:
            The secured credential.

        Raises:
            MalformedError: The request or the credential breaks a rule; also
                a proof or a status that it brings.
            StatusUnknownError: An entry of a Bitstring Status List in it is malformed.
            ProtocolError: `issuer_not_ours`.

        Reference:
            VC API 0.3, section 3.2.1; VC Data Model 2.0, section 4.
        """
        request = read_members(body, {"credential", "options"}, what="the request")
        credential = request.get("credential")
        if not isinstance(credential, dict):
            raise MalformedError("malformed", "expected a credential")
        if "proof" in credential:
            raise MalformedError("malformed", "expected a credential without a proof")
        _check_entries(credential)
        view = Credential.read(credential)
        if view.status and not self._keep_foreign_status:
            raise MalformedError("malformed", "expected no credentialStatus; it is added here")
        options = read_members(request.get("options", {}), OPTIONS, what="options")
        name = self._name(view.issuer, options)
        suite, key = name.choose(_suite(options, cryptosuite), options.get("verificationMethod"))
        pointers = _pointers(options, suite, credential)
        if view.version != "2.0":
            raise MalformedError("malformed", "expected a credential of version 2.0")
        purposes = _purposes(options)
        entries = [*view.status, *self.lists.entries(name.did, purposes)]
        secured = {**credential, STATUS: entries if len(entries) > 1 else entries[0]}
        return issue_credential(
            secured,
            key=key.key,
            verification_method=key.method,
            created=datetime.fromtimestamp(self._clock(), UTC),
            create=CREATORS[suite] if pointers is None else selective_creator(pointers),
        )

    def _name(self, issuer: str, options: JsonObject) -> VcName:
        name = self.identity.names.get(issuer)
        if name is None:
            raise ProtocolError("issuer_not_ours", "expected this server's issuer")
        if options.get("issuer", name.did) != name.did:
            raise ProtocolError("issuer_not_ours", "expected no other issuer in options")
        return name

    def change_status(self, body: Any) -> None:
        """Answer POST /credentials/status: revoke, which is final; suspend, or end a suspension.

        Args:
            body: `{"credentialId"?, "credentialStatus": the entry, "status": bool}`.

        Raises:
            MalformedError, StatusUnknownError: The request cannot be read.
            ProtocolError: `not_found`: no entry of this server;
                `revocation_final`: the status is to be taken back.

        Reference:
            VC API 0.3, section 3.3.
        """
        members = {"credentialId", STATUS, "status"}
        request = read_members(body, members, what="the request")
        if not isinstance(request.get("status"), bool):
            raise MalformedError("malformed", "expected status to be true or false")
        self.lists.change(BitstringStatusListEntry.parse(request.get(STATUS)), status=request["status"])


def _purposes(options: JsonObject) -> Sequence[str]:
    """What the credential's status will be about: revocation, and suspension if that is asked for."""
    asked = options.get("statusPurposes", [REVOCATION])
    for purposes in ((REVOCATION,), PURPOSES):
        if asked == list(purposes):
            return purposes
    raise MalformedError("malformed", f"expected statusPurposes {REVOCATION}, or {' and '.join(PURPOSES)}")


def _suite(options: JsonObject, of_address: str | None) -> str | None:
    named = options.get("cryptosuite", of_address)
    if named is not None and (not isinstance(named, str) or of_address not in (None, named)):
        raise MalformedError("malformed", "expected the cryptosuite of this address in options")
    return named


def _pointers(options: JsonObject, suite: str, credential: JsonObject) -> tuple[str, ...] | None:
    """What the caller makes mandatory beside the essential; None where everything is."""
    if POINTERS not in options:
        return () if suite == ecdsa_sd_2023.CRYPTOSUITE else None
    if suite != ecdsa_sd_2023.CRYPTOSUITE:
        raise MalformedError("malformed", f"expected {POINTERS} only with {ecdsa_sd_2023.CRYPTOSUITE}")
    pointers = check_pointers(options[POINTERS])
    select({**credential, STATUS: {}}, pointers)  # before a place is taken
    return pointers


def _check_entries(value: Any, depth: int = 0) -> None:
    """An object that calls itself an entry of a Bitstring Status List must be one, wherever it stands."""
    if depth > MAX_DEPTH:
        raise MalformedError("malformed", "expected a credential that is less deep")
    if isinstance(value, Mapping):
        if value.get("type") in (ENTRY_TYPE, [ENTRY_TYPE]):
            try:
                BitstringStatusListEntry.parse(value)
            except StatusUnknownError as err:
                raise MalformedError("malformed", err.message) from err
        for inner in value.values():
            _check_entries(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_entries(inner, depth + 1)
