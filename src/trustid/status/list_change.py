"""Signed changes of a status list, for verifiers that ask often.

An extension of this project: a list stays where it is and what it is, and who
knows nothing of this fetches it whole. Who has the list of yesterday fetches
`<address of the list>/changes/<digest of that list>` instead: a token that
tells which entries changed, in hardly more bytes than their entropy, and what
the digest is then. The token that starts from the newest list changes nothing
and says that it is still the newest.

    typ     statuslist-change+jwt
    sub, iss, iat, exp, ttl     as in the list's own token
    base, result                digests before and after, base64url
    bits                        bits of an entry
    change                      for each bit of an entry, the lowest first, the
                                entries in which it flips (position_coding), base64url

Digest: SHA-256 of `TrustID-status-list-1`, a byte with the bits of an entry,
and the uncompressed list with entry 0 in the lowest bits of byte 0.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final, TypeVar

from trustid.credentials import jose
from trustid.encoding import JsonObject, b64url_decode, b64url_encode, sha256
from trustid.errors import MalformedError, SignatureError, StatusUnknownError
from trustid.keys import PublicKey
from trustid.status.bitstring import Bitstring, BitstringListCredential
from trustid.status.list_token import ListSigning, StatusListToken, check_claims, read_claims
from trustid.status.position_coding import decode_positions, encode_positions
from trustid.status.token_list import TokenStatusList

__all__ = [
    "CHANGE_MEDIA_TYPE",
    "CHANGE_TYP",
    "MAX_CHANGE_BYTES",
    "REVERSED",
    "apply",
    "change_uri",
    "digest_of",
    "encode_change",
    "is_kept",
    "issue",
    "keep",
    "kept_token",
    "list_digest",
    "open_kept",
    "parse",
]

CHANGE_TYP: Final = "statuslist-change+jwt"
CHANGE_MEDIA_TYPE: Final = "application/statuslist-change+jwt"

MAX_CHANGE_BYTES: Final = 4 * 1024 * 1024
"""The largest token that is read; one that is larger is hardly shorter than the list."""

REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Turns the bits of each byte around: Bitstring Status Lists have the first entry leftmost."""

_BLOCK: Final = 256
_NOT_ZERO: Final = re.compile(rb"[^\0]", re.DOTALL)
_SET_BITS: Final = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))
_KEPT: Final = "~"
_TAG: Final = b"TrustID-status-list-1"

Listed = TypeVar("Listed", StatusListToken, BitstringListCredential)


def list_digest(content: bytes, bits: int) -> bytes:
    """The digest by which a change names a list, 32 bytes.

    Args:
        content: Uncompressed, entry 0 in the lowest bits of byte 0.
        bits: Bits of an entry.
    """
    return sha256(_TAG + bytes([bits]) + content)


def digest_of(listed: StatusListToken | BitstringListCredential) -> bytes:
    """The digest of a verified list: where to ask for what changed since."""
    return list_digest(*_content(listed))


def change_uri(listed: StatusListToken | BitstringListCredential) -> str:
    """Where the change that starts from this list is served."""
    return f"{listed.uri}/changes/{b64url_encode(digest_of(listed))}"


def encode_change(before: bytes, after: bytes, bits: int) -> list[bytes]:
    """Which entries differ, for each bit of an entry the lowest first.

    Args:
        before: An uncompressed list, entry 0 in the lowest bits of byte 0.
        after: The same later; as long.
        bits: Bits of an entry.

    Cost:
        A millisecond for a million entries, and a microsecond for each that differs.
    """
    planes: list[list[int]] = [[] for _ in range(bits)]
    flips = b"" if before == after else _exclusive_or(before, after)
    # Few entries change: most of the list is passed over in whole blocks.
    zeros = bytes(_BLOCK)
    for start in range(0, len(flips), _BLOCK):
        block = flips[start : start + _BLOCK]
        if block != zeros:
            for found in _NOT_ZERO.finditer(block):
                first = 8 * (start + found.start())
                for offset in _SET_BITS[found.group()[0]]:
                    planes[offset % bits].append((first + offset) // bits)
    entries = 8 * len(before) // bits
    return [encode_positions(positions, entries) for positions in planes]


def _exclusive_or(first: bytes, second: bytes | bytearray) -> bytes:
    number = int.from_bytes(first, "little") ^ int.from_bytes(second, "little")
    return number.to_bytes(len(first), "little")


def issue(before: bytes, after: bytes, bits: int, signing: ListSigning) -> str:
    """Sign what changed from one list to the next.

    Args:
        before: An uncompressed list, entry 0 in the lowest bits of byte 0.
        after: The same when `signing` says that it is issued; as long. Equal for "nothing changed".
        bits: Bits of an entry.
        signing: As for the list's own token.
    """
    claims = {
        "bits": bits,
        "base": b64url_encode(list_digest(before, bits)),
        "result": b64url_encode(list_digest(after, bits)),
        "change": [b64url_encode(plane) for plane in encode_change(before, after, bits)],
    }
    return signing.sign(CHANGE_TYP, claims)


def parse(token: str | bytes) -> jose.Jws:
    """Read a token without believing it.

    Raises:
        StatusUnknownError: `status_malformed`: not a compact JWS.
        SignatureError: `typ_mismatch`: a token for another purpose.
    """
    try:
        jws = jose.parse(
            token if isinstance(token, str) else token.decode("ascii"), max_bytes=MAX_CHANGE_BYTES
        )
    except (MalformedError, UnicodeDecodeError) as err:
        raise StatusUnknownError("status_malformed", "expected a signed change (compact JWS)") from err
    if jws.header.get("typ") != CHANGE_TYP:
        raise SignatureError("typ_mismatch", f"expected a token of type {CHANGE_TYP}")
    return jws


def apply(
    listed: Listed,
    token: jose.Jws,
    key: PublicKey,
    *,
    now: int,
    algorithms: Collection[str] = jose.DEFAULT_ALGORITHMS,
    grace_seconds: int = 0,
) -> Listed:
    """Check a change and make the newer list of the one at hand, which stays as it is.

    Args:
        listed: A verified list.
        token: From `parse`.
        key: A key of the list's issuer.
        now: Epoch seconds.
        algorithms: Signature algorithms that are accepted.
        grace_seconds: For how long after its end a list is still taken.

    Returns:
        The list as it is after the change, as fresh as the change.

    Raises:
        StatusUnknownError: `status_change_invalid`: it starts from another
            list, or does not lead where it says. `status_untrusted`,
            `status_mismatch`, `status_rollback`, `status_stale`,
            `status_malformed`: as for a list.
        SignatureError: `typ_mismatch`.
    """
    claims, opened = _verified(
        token, key, uri=listed.uri, now=now, algorithms=algorithms, grace_seconds=grace_seconds
    )
    if opened["issued_at"] < listed.issued_at:
        raise StatusUnknownError("status_rollback", "the change is older than the list at hand")
    after = _changed(*_content(listed), claims)
    return replace(
        listed,
        issued_at=opened["issued_at"],
        expires_at=opened["expires_at"],
        ttl=opened["ttl"],
        statuses=_statuses(listed, after),
    )


def keep(listed: StatusListToken, token: str) -> str:
    """A list that came of changes, as text to be kept: the last change, and the list that it signs by its digest."""
    return f"{token}{_KEPT}{b64url_encode(listed.statuses.compress())}"


def is_kept(text: str) -> bool:
    """Whether a text is of `keep`, and not the token of a list."""
    return _KEPT in text


def kept_token(text: str) -> jose.Jws:
    """The last change in a text of `keep`, not believed yet; raises as `parse`."""
    return parse(text.partition(_KEPT)[0])


def open_kept(
    text: str,
    token: jose.Jws,
    key: PublicKey,
    *,
    uri: str,
    now: int,
    algorithms: Collection[str] = jose.DEFAULT_ALGORITHMS,
    grace_seconds: int = 0,
) -> StatusListToken:
    """Check a list that was kept; raises as `apply`, and `limit_exceeded`."""
    claims, opened = _verified(
        token, key, uri=uri, now=now, algorithms=algorithms, grace_seconds=grace_seconds
    )
    statuses = TokenStatusList.from_claim({"bits": claims.get("bits"), "lst": text.partition(_KEPT)[2]})
    if claims.get("result") != b64url_encode(list_digest(statuses.to_bytes(), statuses.bits)):
        raise StatusUnknownError("status_change_invalid", "expected the list that the change leads to")
    return StatusListToken(**opened, statuses=statuses, changes=True)


def _verified(
    token: jose.Jws,
    key: PublicKey,
    *,
    uri: str,
    now: int,
    algorithms: Collection[str],
    grace_seconds: int,
) -> tuple[JsonObject, JsonObject]:
    """The claims of a change after every check that does not need the list, and those it has in common with one."""
    try:
        jose.verify(token, key, algorithms=algorithms, typ=CHANGE_TYP)
        claims = token.claims()
    except SignatureError as err:
        if err.code == "typ_mismatch":
            raise
        raise StatusUnknownError(
            "status_untrusted", f"the change's signature was refused ({err.code})"
        ) from err
    except MalformedError as err:
        raise StatusUnknownError("status_malformed", "expected a JSON object in the change") from err
    opened = read_claims(*(claims.get(name) for name in ("sub", "iat", "exp", "ttl", "iss")))
    check_claims(opened, uri=uri, now=now, grace_seconds=grace_seconds)
    return claims, opened


def _changed(content: bytes, bits: int, claims: JsonObject) -> bytes:
    if claims.get("bits") != bits or claims.get("base") != b64url_encode(list_digest(content, bits)):
        raise StatusUnknownError("status_change_invalid", "expected a change of the list at hand")
    planes = claims.get("change")
    if not isinstance(planes, list) or len(planes) != bits:
        raise StatusUnknownError("status_malformed", "expected a change for each bit of an entry")
    entries = 8 * len(content) // bits
    flips = bytearray(len(content))
    for plane, coded in enumerate(planes):
        for position in _positions(coded, entries):
            flips[position * bits + plane >> 3] |= 1 << (position * bits + plane & 7)
    after = _exclusive_or(content, flips)
    if claims.get("result") != b64url_encode(list_digest(after, bits)):
        raise StatusUnknownError("status_change_invalid", "the change does not lead where it says")
    return after


def _positions(coded: Any, entries: int) -> list[int]:
    try:
        if not isinstance(coded, str):
            raise MalformedError("malformed", "expected text")
        return decode_positions(b64url_decode(coded), entries)
    except MalformedError as err:
        raise StatusUnknownError("status_malformed", "expected the places that changed") from err


def _content(listed: StatusListToken | BitstringListCredential) -> tuple[bytes, int]:
    if isinstance(listed, StatusListToken):
        return listed.statuses.to_bytes(), listed.statuses.bits
    return listed.statuses.to_bytes().translate(REVERSED), 1


def _statuses(listed: StatusListToken | BitstringListCredential, after: bytes) -> Any:
    if isinstance(listed, StatusListToken):
        return TokenStatusList.from_bytes(after, bits=listed.statuses.bits)
    return Bitstring.from_bytes(after.translate(REVERSED))
