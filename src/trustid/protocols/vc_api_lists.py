"""The Bitstring Status Lists of W3C credentials: entries made, changed and served.

Each name of the issuer has a set of lists (`trustid.status.list_set`): one list
for revocation, which is final, and one for suspension, which is not. The server
keeps nothing of a credential; whoever wants to change its status keeps the entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trustid.encoding import JsonObject, b64url_decode, b64url_encode, sha256
from trustid.errors import MalformedError, ProtocolError, StatusUnknownError
from trustid.keys.sealing import SealingKey
from trustid.protocols.ports import Clock
from trustid.protocols.vc_identity import VcIdentity
from trustid.status.bitstring import MIN_ENTRIES, BitstringStatusListEntry
from trustid.status.bitstring_entry import ENTRY_TYPE, REVOCATION, SUSPENSION
from trustid.status.list_set import BitstringLists, ListSet, ListSetStore

__all__ = ["LISTS_PATH", "PURPOSES", "ServedVcList", "VcLists"]

LISTS_PATH: Final = "/status-lists"
PURPOSES: Final = (REVOCATION, SUSPENSION)
LEASE_BLOCK: Final = 64
"""Places that a worker of the server may lose when it dies, of 131,072."""


@dataclass(frozen=True, slots=True)
class ServedVcList:
    """A signed list, or a signed change of one, and how long it may be kept.

    Attributes:
        body: The list credential, JSON; for a change a compact JWS.
        etag: Names these bytes, without quotes.
        max_age_seconds: For Cache-Control.
    """

    body: str
    etag: str
    max_age_seconds: int


class VcLists:
    """The lists of the issuer's names.

    Args:
        identity: Who signs.
        store: Where the lists live.
        key: Derives the order of places.
        ttl_seconds: How long a verifier may keep a list.
        clock: The time.
    """

    def __init__(
        self,
        *,
        identity: VcIdentity,
        store: ListSetStore,
        key: SealingKey,
        ttl_seconds: int,
        clock: Clock,
    ) -> None:
        self._prefix = f"{identity.public_url}{LISTS_PATH}/"
        self._ttl = ttl_seconds
        self._sets = {
            did: ListSet(
                did,
                kind=BitstringLists(
                    key=name.list_key.key,
                    uri_of=self._prefix.__add__,
                    issuer=did,
                    kid=name.list_key.method,
                    ttl_seconds=ttl_seconds,
                ),
                store=store,
                key=key,
                clock=clock,
                shard_size=MIN_ENTRIES,
                lease_block=LEASE_BLOCK,
            )
            for did, name in identity.names.items()
        }

    def entries(self, issuer: str, purposes: Sequence[str]) -> list[JsonObject]:
        """A place that nobody else gets, as an entry for each purpose.

        Args:
            issuer: One of the issuer's names.
            purposes: Of `PURPOSES`.
        """
        place = self._sets[issuer].take()
        return [
            {
                "id": f"{self._prefix}{place.names[purpose]}#{place.index}",
                "type": ENTRY_TYPE,
                "statusPurpose": purpose,
                "statusListIndex": str(place.index),
                "statusListCredential": f"{self._prefix}{place.names[purpose]}",
            }
            for purpose in purposes
        ]

    def change(self, entry: BitstringStatusListEntry, *, status: bool) -> None:
        """Set an entry, or for suspensions clear it; again changes nothing.

        Raises:
            ProtocolError: `not_found`: no entry of this server;
                `revocation_final`: a revocation is to be taken back.
        """
        if not entry.uri.startswith(self._prefix) or entry.purpose not in PURPOSES:
            raise ProtocolError("not_found", "expected an entry that this server gave")
        if not status and entry.purpose == REVOCATION:
            raise ProtocolError("revocation_final", "expected status to be true")
        name = entry.uri.removeprefix(self._prefix)
        lists = self._set_of(name)
        act = lists.revoke if entry.purpose == REVOCATION else lists.suspend if status else lists.resume
        try:
            act([(name, entry.index)])
        except StatusUnknownError as err:
            raise ProtocolError("not_found", "expected an entry that this server gave") from err

    def serve(self, name: str) -> ServedVcList:
        """The signed list with this name, true to the store.

        Raises:
            ProtocolError: `not_found`.

        Cost:
            One read; when something changed, a few milliseconds.
        """
        return self._served(self._set_of(name).serve(name).token or "")

    def serve_change(self, name: str, base: str) -> ServedVcList:
        """The signed change that starts from the list with this digest (`trustid.status.list_change`).

        Args:
            name: The list.
            base: Its digest as the verifier has it, base64url.

        Raises:
            ProtocolError: `not_found`: fetch the whole list.
        """
        try:
            digest = b64url_decode(base)
        except MalformedError as err:
            raise ProtocolError("not_found", "expected the digest of a list") from err
        return self._served(self._set_of(name).change(name, digest))

    def _served(self, body: str) -> ServedVcList:
        return ServedVcList(body, b64url_encode(sha256(body.encode())), self._ttl)

    def _set_of(self, name: str) -> ListSet:
        for lists in self._sets.values():
            if lists.holds(name):
                return lists
        raise ProtocolError("not_found", "expected the name of a status list")
