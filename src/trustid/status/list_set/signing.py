"""The two standard forms in which the lists of a set are signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from trustid.encoding import dump_json
from trustid.keys import SigningKey
from trustid.status import bitstring, list_change, list_token
from trustid.status.bitstring import Bitstring
from trustid.status.list_change import REVERSED
from trustid.status.list_set.changing import BOTH_BITS, REVOCATION, STATUS, SUSPENSION
from trustid.status.list_set.ports import ListRecord
from trustid.status.list_token import ListSigning
from trustid.status.token_list import TokenStatusList

__all__ = ["BitstringLists", "ListKind", "TokenLists"]


class ListKind(Protocol):
    """How the lists of a set are signed."""

    @property
    def purposes(self) -> Mapping[str, int]:
        """The lists of a shard: for each purpose the bits of an entry."""
        ...

    @property
    def lifetime_seconds(self) -> int:
        """For how long a signed list holds; it is signed anew at half of it."""
        ...

    def sign(self, record: ListRecord, issued_at: int) -> str:
        """The list as it is served."""
        ...

    def sign_change(self, record: ListRecord, before: bytes, issued_at: int) -> str:
        """What changed since this content was served."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signing:
    """Who signs, and for how long.

    Attributes:
        key: The key of the credentials that name the lists.
        uri_of: From the name of a list to where it is served.
        issuer: Their issuer.
        kid: The key's name; for W3C lists its DID URL.
        x5c: The issuer's certificate chain, leaf first, base64 DER.
        ttl_seconds: For how long a copy may be kept.
        lifetime_seconds: For how long a signed list holds.
    """

    key: SigningKey
    uri_of: Callable[[str], str]
    issuer: str
    kid: str | None = None
    x5c: Sequence[str] | None = None
    ttl_seconds: int = 3600
    lifetime_seconds: int = 24 * 3600

    def sign_change(self, record: ListRecord, before: bytes, issued_at: int) -> str:
        """See `ListKind`."""
        return list_change.issue(before, record.content, record.bits, self._signing(record, issued_at))

    def _signing(self, record: ListRecord, issued_at: int) -> ListSigning:
        return ListSigning(
            uri=self.uri_of(record.name),
            key=self.key,
            issued_at=issued_at,
            expires_at=issued_at + self.lifetime_seconds,
            ttl=self.ttl_seconds,
            issuer=self.issuer,
            kid=self.kid,
            x5c=self.x5c,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLists(_Signing):
    """Token Status Lists, one a shard.

    A credential names one list, so suspension stands in the same: entries of
    two bits. Without it, entries of one.

    Attributes:
        suspending: Whether credentials can be suspended.

    Reference:
        draft-ietf-oauth-status-list-21, sections 4.1, 5.1 and 7.1.
    """

    suspending: bool = True

    @property
    def purposes(self) -> Mapping[str, int]:
        """See `ListKind`."""
        return {STATUS: BOTH_BITS if self.suspending else 1}

    def sign(self, record: ListRecord, issued_at: int) -> str:
        """See `ListKind`."""
        statuses = TokenStatusList.from_bytes(record.content, bits=record.bits)
        return list_token.issue(statuses, self._signing(record, issued_at), changes=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class BitstringLists(_Signing):
    """Bitstring Status Lists, two a shard: revocation, and suspension beside it.

    `kid` is the DID URL of `key` here.

    Reference:
        Bitstring Status List 1.0, sections 2.2 and 3.1.
    """

    @property
    def purposes(self) -> Mapping[str, int]:
        """See `ListKind`."""
        return {REVOCATION: 1, SUSPENSION: 1}

    def sign(self, record: ListRecord, issued_at: int) -> str:
        """See `ListKind`."""
        document = bitstring.issue(
            Bitstring.from_bytes(record.content.translate(REVERSED)),
            uri=self.uri_of(record.name),
            issuer=self.issuer,
            purpose=record.purpose,
            key=self.key,
            verification_method=self.kid or self.issuer,
            issued_at=issued_at,
            expires_at=issued_at + self.lifetime_seconds,
            ttl_seconds=self.ttl_seconds,
        )
        return dump_json(document).decode()
