"""Nonces that prove freshness without a stored row for each one handed out.

The nonce endpoint is open to everybody, so it must not fill the store: a nonce
carries its own time and a keyed hash, and only a nonce that was used is stored,
until it would have ended anyway.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from trustid.encoding import b64url_decode, b64url_encode, sha256
from trustid.errors import MalformedError, ProtocolError
from trustid.keys.sealing import SealingKey

__all__ = ["NONCE_SECONDS", "NonceMint"]

NONCE_SECONDS: Final = 300

_RANDOM_BYTES: Final = 16
_TIME_BYTES: Final = 8
_MAC_BYTES: Final = 16
_LENGTH: Final = _RANDOM_BYTES + _TIME_BYTES + _MAC_BYTES
_TEXT_MAX: Final = 128


class NonceMint:
    """Makes `c_nonce` values and knows its own again.

    Args:
        key: Derived for this purpose only.
        audience: Who the nonces are for; those of another issuer do not fit.

    Reference:
        OpenID4VCI 1.0, section 7 (nonce endpoint): unpredictable, at the
        issuer's discretion in form and lifetime.
    """

    def __init__(self, key: SealingKey, audience: str) -> None:
        self._key = key
        self._audience = audience.encode()

    def make(self, now: int) -> str:
        """A new nonce, good for `NONCE_SECONDS`."""
        body = secrets.token_bytes(_RANDOM_BYTES) + now.to_bytes(_TIME_BYTES, "big")
        return b64url_encode(body + self._mac(body))

    def check(self, nonce: str, now: int) -> tuple[bytes, int]:
        """Check a nonce and return what the store needs to refuse it a second time.

        Returns:
            The nonce's hash, and the time from which it is refused anyway.

        Raises:
            ProtocolError: `invalid_nonce`: not made here, or too old.
        """
        try:
            raw = b64url_decode(nonce) if len(nonce) <= _TEXT_MAX else b""
        except MalformedError as err:
            raise ProtocolError("invalid_nonce", "the nonce was not made by this issuer") from err
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if len(raw) != _LENGTH or not hmac.compare_digest(mac, self._mac(body)):
            raise ProtocolError("invalid_nonce", "the nonce was not made by this issuer")
        ends = int.from_bytes(body[_RANDOM_BYTES:], "big") + NONCE_SECONDS
        if now >= ends:
            raise ProtocolError("invalid_nonce", f"the nonce is older than {NONCE_SECONDS} seconds")
        return sha256(nonce.encode()), ends

    def _mac(self, body: bytes) -> bytes:
        return self._key.mac(self._audience + b"\x00" + body)[:_MAC_BYTES]
