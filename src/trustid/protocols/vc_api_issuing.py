"""The issuing side of the VC API: W3C credentials with a Data Integrity proof and a place in a status list.

The credential comes from the caller, so what it claims about itself is held
against who signs: it must name this issuer, bring no proof, and bring no
status, which only the issuer can keep.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from trustid.credentials.data_integrity import CREATORS
from trustid.credentials.model import Credential
from trustid.credentials.presentation import issue_credential
from trustid.encoding import JsonObject, b64url_encode, dump_json, sha256
from trustid.errors import MalformedError, ProtocolError, StatusUnknownError
from trustid.keys.sealing import SealingKey
from trustid.protocols.ports import Clock
from trustid.protocols.ports_vc_api import VcListRecord, VcStatusStore
from trustid.protocols.vc_api import read_members
from trustid.protocols.vc_identity import VcIdentity, VcName
from trustid.status import bitstring
from trustid.status.allocation import IndexPermutation
from trustid.status.bitstring import MIN_ENTRIES, Bitstring, BitstringStatusListEntry
from trustid.status.bitstring_entry import ENTRY_TYPE, REVOCATION

__all__ = ["LISTS_PATH", "ServedVcList", "VcIssuing"]

LISTS_PATH: Final = "/status-lists"
LIST_SECONDS: Final = 24 * 3600
NAME_BYTES: Final = 8
NAME_MAX: Final = 64
STATUS: Final = "credentialStatus"
MAX_DEPTH: Final = 32
OPTIONS: Final = frozenset({"credentialId", "cryptosuite", "issuer", "verificationMethod"})
CRYPTOSUITES: Final = ("eddsa-jcs-2022", "eddsa-rdfc-2022")
"""What the issuer's Ed25519 key can sign with; the first by default."""


@dataclass(frozen=True, slots=True)
class ServedVcList:
    """A signed list and how long it may be kept.

    Attributes:
        body: The list credential, JSON.
        etag: Names these bytes, without quotes.
        max_age_seconds: For Cache-Control.
    """

    body: str
    etag: str
    max_age_seconds: int


class VcIssuing:
    """Issues W3C credentials and serves their status lists.

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
        store: VcStatusStore,
        places: SealingKey,
        ttl_seconds: int,
        clock: Clock,
        keep_foreign_status: bool = False,
    ) -> None:
        self.identity = identity
        self._store = store
        self._places = places
        self._ttl = ttl_seconds
        self._clock = clock
        self._keep_foreign_status = keep_foreign_status

    def issue(self, body: Any) -> JsonObject:
        """Answer POST /credentials/issue.

        Args:
            body: `{"credential": {...}, "options": {...}}`.

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
        suite = options.get("cryptosuite", CRYPTOSUITES[0])
        if suite not in CRYPTOSUITES:
            raise MalformedError("malformed", f"expected one of the cryptosuites {', '.join(CRYPTOSUITES)}")
        if view.version != "2.0":
            raise MalformedError("malformed", "expected a credential of version 2.0")
        entry = self._entry(name)
        secured = {**credential, STATUS: [*view.status, entry] if view.status else entry}
        return issue_credential(
            secured,
            key=name.key,
            verification_method=name.method,
            created=datetime.fromtimestamp(self._clock(), UTC),
            create=CREATORS[suite],
        )

    def _name(self, issuer: str, options: JsonObject) -> VcName:
        name = self.identity.names.get(issuer)
        if name is None:
            raise ProtocolError("issuer_not_ours", "expected this server's issuer")
        if options.get("issuer", name.did) != name.did:
            raise ProtocolError("issuer_not_ours", "expected no other issuer in options")
        if options.get("verificationMethod", name.method) != name.method:
            raise ProtocolError("issuer_not_ours", "expected this issuer's own key in options")
        return name

    def _entry(self, name: VcName) -> JsonObject:
        new_name = secrets.token_hex(NAME_BYTES)
        place = self._store.take_place(name.did, new_name=new_name, size=MIN_ENTRIES)
        secret = self._places.mac(f"vc:{place.name}:{place.size}".encode())
        index = IndexPermutation(secret, place.size).index(place.position)
        uri = self._uri(place.name)
        return {
            "id": f"{uri}#{index}",
            "type": ENTRY_TYPE,
            "statusPurpose": REVOCATION,
            "statusListIndex": str(index),
            "statusListCredential": uri,
        }

    def _uri(self, name: str) -> str:
        return f"{self.identity.public_url}{LISTS_PATH}/{name}"

    def change_status(self, body: Any) -> None:
        """Answer POST /credentials/status: revoke, which is final.

        Args:
            body: `{"credentialId"?, "credentialStatus": the entry, "status": true}`.

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
            raise MalformedError("malformed", "expected status to be true")
        entry = BitstringStatusListEntry.parse(request.get(STATUS))
        prefix = self._uri("")
        if not entry.uri.startswith(prefix) or entry.purpose != REVOCATION:
            raise ProtocolError("not_found", "expected an entry that this server gave")
        if not request["status"]:
            raise ProtocolError("revocation_final", "expected status to be true")
        if not self._store.set_index(entry.uri.removeprefix(prefix), entry.index):
            raise ProtocolError("not_found", "expected an entry that this server gave")

    def serve(self, name: str) -> ServedVcList:
        """The signed list with this name, true to the store.

        Raises:
            ProtocolError: `not_found`.

        Cost:
            One read; when something was revoked, one step for each revoked entry and one signature.
        """
        record = self._store.vc_list(name) if 0 < len(name) <= NAME_MAX else None
        if record is None or record.issuer not in self.identity.names:
            raise ProtocolError("not_found", "expected the name of a status list")
        now = self._clock()
        body = record.signed
        if (
            body is None
            or record.signed_version < record.version
            or now > record.signed_at + LIST_SECONDS // 2
        ):
            body = self._sign(record, now)
        return ServedVcList(body, b64url_encode(sha256(body.encode())), self._ttl)

    def _sign(self, record: VcListRecord, now: int) -> str:
        version, indexes = self._store.set_indexes(record.name)
        statuses = Bitstring(record.size)
        statuses.set_many(indexes, 1)
        signer = self.identity.names[record.issuer]
        # Verifiers refuse a list older than one seen before, so its date never goes back with the clock.
        signed_at = max(now, record.signed_at)
        document = bitstring.issue(
            statuses,
            uri=self._uri(record.name),
            issuer=signer.did,
            purpose=REVOCATION,
            key=signer.list_key,
            verification_method=signer.list_method,
            issued_at=signed_at,
            expires_at=signed_at + LIST_SECONDS,
            ttl_seconds=self._ttl,
        )
        body = dump_json(document).decode()
        self._store.save_signed(record.name, version=version, signed=body, signed_at=signed_at)
        return body


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
