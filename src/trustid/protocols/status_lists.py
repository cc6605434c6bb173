"""The issuer's Token Status Lists: places given out, lists signed and served.

A place is the secret permutation of a counter that the store moves, so each is
given out once over all workers and nobody can read the order of issuing from
it. The signed list is kept in the store: all workers serve the same bytes, and
it is signed anew when a revocation changed it or half its life is over. It is
signed with the key of its credentials: the wallets and verifiers that are
about know no other (@sd-jwt/sd-jwt-vc, and Credo with it).

Reference: draft-ietf-oauth-status-list-21, sections 4, 5.1 and 8.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from trustid.encoding import JsonObject, b64url_decode, b64url_encode, sha256
from trustid.errors import MalformedError, ProtocolError
from trustid.keys.sealing import SealingKey
from trustid.protocols.issuer_identity import IssuerIdentity
from trustid.protocols.ports import Clock
from trustid.protocols.ports_issuer import IssuerStore, SignedStatusList, StatusListRecord
from trustid.status import list_change, list_token
from trustid.status.allocation import IndexPermutation
from trustid.status.list_change import list_digest
from trustid.status.list_token import ListSigning
from trustid.status.token_list import INVALID, SUSPENDED, TokenStatusList

__all__ = ["LIST_SIZE", "ServedList", "StatusLists", "StatusPlaces"]

LIST_SIZE: Final = 1 << 20
"""Entries of a list. A credential hides among a million; all valid, the list is about a kilobyte compressed."""
LIST_BITS: Final = 2
"""A credential names one list, so revocation and suspension share an entry (section 7.1)."""
LIST_SECONDS: Final = 24 * 3600
NAME_BYTES: Final = 8
NAME_MAX: Final = 64


class StatusPlaces:
    """Turns counter values into places.

    Args:
        key: Derived for this purpose only.
        public_url: Under which the lists are served.
        list_size: Size of new lists.
    """

    def __init__(self, key: SealingKey, public_url: str, *, list_size: int = LIST_SIZE) -> None:
        self._public_url = public_url
        self.list_size = list_size
        self._permutation = lru_cache(maxsize=64)(
            lambda name, size: IndexPermutation(key.mac(f"{name}:{size}".encode()), size)
        )

    def new_name(self) -> str:
        """A public name for a new list; random, so that it tells nothing about when it was begun."""
        return secrets.token_hex(NAME_BYTES)

    def uri(self, name: str) -> str:
        """Where the list is served."""
        return f"{self._public_url}/status/{name}"

    def index(self, name: str, size: int, position: int) -> int:
        """The place of the credential that took this position of the counter."""
        return self._permutation(name, size).index(position)

    def indexes(self, name: str, size: int, positions: Sequence[int]) -> list[int]:
        """The places of several credentials."""
        return self._permutation(name, size).indexes(positions)

    def reference(self, name: str, size: int, position: int) -> JsonObject:
        """The `status` claim of a credential (section 6.1)."""
        return {"status_list": {"idx": self.index(name, size, position), "uri": self.uri(name)}}


@dataclass(frozen=True, slots=True)
class ServedList:
    """A Status List Token and how long it may be kept.

    Attributes:
        etag: Names these bytes, without quotes.
        max_age_seconds: For Cache-Control.
        issued_at: When it was signed.
    """

    token: str
    etag: str
    max_age_seconds: int
    issued_at: int


class StatusLists:
    """Signs and serves the lists.

    Args:
        identity: Who signs.
        store: What was revoked, and the signed lists.
        places: Where entries are.
        ttl_seconds: How long a verifier may keep a list; a revocation is seen by everybody after that.
        clock: The time.
    """

    def __init__(
        self,
        *,
        identity: IssuerIdentity,
        store: IssuerStore,
        places: StatusPlaces,
        ttl_seconds: int,
        clock: Clock,
    ) -> None:
        self._identity = identity
        self._store = store
        self._places = places
        self._ttl = ttl_seconds
        self._clock = clock

    def serve(self, name: str) -> ServedList:
        """The signed list with this name, true to the store.

        Raises:
            ProtocolError: `not_found`.

        Cost:
            One read; when something was revoked, one pass over the list and one signature.
        """
        record = self._store.status_list(name) if 0 < len(name) <= NAME_MAX else None
        if record is None:
            raise ProtocolError("not_found", "expected the name of a status list")
        now = self._clock()
        token, issued_at = record.token, record.token_issued_at
        if token is None or record.token_version < record.version or now > issued_at + LIST_SECONDS // 2:
            token, issued_at = self._sign(record, now)
        return ServedList(token, b64url_encode(sha256(token.encode())), self._ttl, issued_at)

    def serve_change(self, name: str, base: str) -> ServedList:
        """The signed change that starts from a list that was served (`trustid.status.list_change`).

        Args:
            name: The list.
            base: Its digest as the verifier has it, base64url.

        Raises:
            ProtocolError: `not_found`: fetch the whole list.
        """
        newest = self.serve(name)
        try:
            token = self._store.status_change(name, b64url_decode(base))
        except MalformedError:
            token = None
        if token is None:
            raise ProtocolError("not_found", "expected the digest of a list that is not long out of date")
        return ServedList(token, b64url_encode(sha256(token.encode())), self._ttl, newest.issued_at)

    def _sign(self, record: StatusListRecord, now: int) -> tuple[str, int]:
        found = self._store.status_positions(record.name)
        statuses = TokenStatusList(LIST_BITS, record.size)
        for positions, status in ((found.suspended, SUSPENDED), (found.revoked, INVALID)):
            statuses.set_many(self._places.indexes(record.name, record.size, positions), status)
        # Verifiers refuse a list older than one seen before, so its date never goes back with the clock.
        issued_at = max(now, record.token_issued_at)
        token, changes = self._tokens(record, statuses, issued_at)
        signed = SignedStatusList(found.version, token, issued_at, issued_at + LIST_SECONDS, changes)
        self._store.save_status_token(record.name, signed)
        return token, issued_at

    def _tokens(
        self, record: StatusListRecord, statuses: TokenStatusList, issued_at: int
    ) -> tuple[str, Mapping[bytes, str]]:
        """The list, and by its digest what changed since the one that was served last, signed."""
        signer = self._identity.signer_named(record.signer)
        signing = ListSigning(
            uri=self._places.uri(record.name),
            key=signer.key,
            issued_at=issued_at,
            expires_at=issued_at + LIST_SECONDS,
            ttl=self._ttl,
            issuer=self._identity.issuer,
            kid=signer.kid,
            x5c=signer.x5c,
        )
        bits, content = statuses.bits, statuses.to_bytes()
        changes = {
            list_digest(base, bits): list_change.issue(base, content, bits, signing)
            for base in {_served_before(record, statuses), content}
        }
        return list_token.issue(statuses, signing, changes=True), changes


def _served_before(record: StatusListRecord, statuses: TokenStatusList) -> bytes:
    """The list as it was signed last, if one can follow from there."""
    if record.token is not None:
        before = TokenStatusList.from_claim(list_token.parse(record.token).claims().get("status_list"))
        if (before.bits, len(before)) == (statuses.bits, len(statuses)):
            return before.to_bytes()
    return statuses.to_bytes()
