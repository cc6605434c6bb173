"""Tickets: slots of a registry, taken beforehand, that an issuer's worker may give to credentials.

The revocation manager takes slots and seals their handles to the issuer's
ticket key; the issuer's store hands each ticket out once. So a web worker never
holds the manager's secret, and a copy of the store opens no handle.

Reference: docs/revocation.md, section "In credentials".
"""

from __future__ import annotations

from trustid.errors import StoreError, TrustidError
from trustid.keys.sealing import OpeningKey, seal_to
from trustid.status.accumulator import Member

__all__ = ["open_ticket", "seal_ticket"]


def seal_ticket(public_key: bytes, registry: str, slot: int, member: Member) -> bytes:
    """Seal the handle of a slot to an issuer.

    Args:
        public_key: The issuer's ticket key, 32 bytes.
        registry: The registry's name.
        slot: The slot, which nobody else got.
        member: Its handle, from `Manager.take`.

    Returns:
        112 bytes.

    Raises:
        MalformedError: `key_invalid`.
    """
    return seal_to(public_key, member.to_bytes(), _context(registry, slot))


def open_ticket(key: OpeningKey, registry: str, slot: int, sealed: bytes) -> Member:
    """The handle of a slot.

    Raises:
        StoreError: `store_tampered`: sealed for another issuer, registry or slot, or changed.
    """
    handle = key.open(sealed, _context(registry, slot))
    try:
        return Member.from_bytes(handle)
    except TrustidError as err:
        raise StoreError("store_tampered", "expected a ticket that holds a handle") from err


def _context(registry: str, slot: int) -> bytes:
    return f"ticket:{slot}:{registry}".encode()
