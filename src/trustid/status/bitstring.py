"""Bitstring Status Lists: the status lists of W3C credentials.

W3C Bitstring Status List 1.0 (REC, 2025-05-15). Entry number i takes `size`
bits, the first entry leftmost, in a byte array that is compressed with GZIP.
The list stands in a credential of its own (`issue`), secured with a Data
Integrity proof. A credential names its places in lists by entries of its
`credentialStatus`, each for one purpose.

Two rules here are stricter than the recommendation, which leaves them open: a
list must be signed by the issuer of the credential that names it, and it must
name its own address, so that no list can stand in for another one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from trustid.credentials.data_integrity import (
    SUITES,
    Expectation,
    usual_creator,
    verify_document,
)
from trustid.credentials.data_integrity.proof import split_proofs
from trustid.credentials.model import V2_CONTEXT, Credential
from trustid.credentials.model_values import read_datetime
from trustid.credentials.presentation import issue_credential
from trustid.encoding import JsonObject, multibase_decode, multibase_encode, parse_json_object
from trustid.errors import (
    LimitExceededError,
    MalformedError,
    ProofError,
    StatusUnknownError,
    UnsupportedError,
)
from trustid.keys import PublicKey, SigningKey
from trustid.status.bitstring_entry import BitstringStatusListEntry, EntryStatus
from trustid.status.deflating import deflated
from trustid.status.inflating import GZIP, MAX_LIST_BYTES, inflated
from trustid.status.list_format import ListFormat, WantedList, list_key
from trustid.status.list_token import CLOCK_SKEW_SECONDS, MAX_TOKEN_BYTES, clamp_ttl

__all__ = [
    "BITSTRING_LISTS",
    "LIST_MEDIA_TYPE",
    "MAX_ENTRIES",
    "MIN_ENTRIES",
    "SIZES",
    "Bitstring",
    "BitstringListCredential",
    "BitstringStatusListEntry",
    "EntryStatus",
    "issue",
    "open_list",
]

SIZES: Final = range(1, 9)
"""The widths of an entry that are spoken here; the recommendation names no upper end."""

MIN_ENTRIES: Final = 131_072
"""Section 3.2: 16 KiB of single bits, so that nobody stands alone in a list."""

MAX_ENTRIES: Final = 8
"""How many status entries one credential may have: each may cost a fetch."""

MAX_PURPOSES: Final = 16
LIST_MEDIA_TYPE: Final = "application/vc"
MEDIA_TYPES: Final = (LIST_MEDIA_TYPE, "application/vc+ld+json", "application/ld+json", "application/json")
"""Section 4: any media type of a credential with a proof inside; JSON, as some servers say."""

LIST_CREDENTIAL_TYPE: Final = "BitstringStatusListCredential"
LIST_TYPE: Final = "BitstringStatusList"
MILLISECONDS: Final = 1000


class Bitstring:
    """The statuses of many credentials, first entry leftmost.

    Args:
        entries: How many.
        size: Bits of an entry, 1 to 8.

    Raises:
        ValueError: The size is another one, or the list too short or too long.

    Reference:
        Bitstring Status List 1.0, sections 2.2 and 3.3.

    Example:
        >>> statuses = Bitstring()
        >>> statuses.set(7, 1)
        >>> statuses.to_bytes()[0], Bitstring.decode(statuses.encode()).get(7)
        (1, 1)
    """

    __slots__ = ("_bytes",)

    def __init__(self, entries: int = MIN_ENTRIES, *, size: int = 1) -> None:
        length = -(-entries * size // 8)
        if size not in SIZES or entries < MIN_ENTRIES or length > MAX_LIST_BYTES:
            raise ValueError(f"expected entries of 1 to 8 bits, at least {MIN_ENTRIES} of them")
        self._bytes = bytearray(length)

    @classmethod
    def from_bytes(cls, content: bytes) -> Bitstring:
        """Take over an uncompressed list. Whether it is long enough depends on
        the size of its entries, so `get` says it."""
        statuses = cls.__new__(cls)
        statuses._bytes = bytearray(content)
        return statuses

    def to_bytes(self) -> bytes:
        """The uncompressed list."""
        return bytes(self._bytes)

    @property
    def byte_length(self) -> int:
        """Bytes that the list takes uncompressed."""
        return len(self._bytes)

    def get(self, index: int, *, size: int = 1) -> int:
        """The status at an index.

        Raises:
            StatusUnknownError: `status_list_length`: the list is too short
                for anybody. `status_range`: it has no such entry.
        """
        place, shift = self._place(index, size)
        return (int.from_bytes(self._bytes[place : place + 2], "big") >> shift) & ((1 << size) - 1)

    def set(self, index: int, status: int, *, size: int = 1) -> None:
        """Change the status at an index.

        Raises:
            StatusUnknownError: As `get`.
            ValueError: The status does not fit into the size.
        """
        self.set_many([index], status, size=size)

    def set_many(self, indexes: Iterable[int], status: int, *, size: int = 1) -> None:
        """Give several entries one status; nothing is changed if an index does not fit.

        Cost:
            One step for each index, however long the list is.

        Raises:
            StatusUnknownError: As `get`.
            ValueError: The status does not fit into the size.
        """
        mask = (1 << size) - 1
        if size not in SIZES or not 0 <= status <= mask:
            raise ValueError(f"expected a status of {size} bits")
        places = [self._place(index, size) for index in indexes]
        for place, shift in places:
            window = self._bytes[place : place + 2]
            value = int.from_bytes(window, "big") & ~(mask << shift) | status << shift
            self._bytes[place : place + 2] = value.to_bytes(len(window), "big")

    def _place(self, index: int, size: int) -> tuple[int, int]:
        """The first byte of an entry, and how far it stands from the right of that byte and the next.

        An entry of at most eight bits touches at most two bytes.
        """
        entries = len(self._bytes) * 8 // size
        if entries < MIN_ENTRIES:
            raise StatusUnknownError(
                "status_list_length", f"expected a list of {MIN_ENTRIES} entries, found {entries}"
            )
        if type(index) is not int or not 0 <= index < entries:
            raise StatusUnknownError("status_range", f"expected an index below {entries}")
        place, bit = divmod(index * size, 8)
        width = 8 * len(self._bytes[place : place + 2])
        return place, width - bit - size

    def encode(self) -> str:
        """The list as `encodedList`: GZIP, base64url, multibase (section 3.3).

        The same list gives the same text: no time and no name stand in it.
        """
        return multibase_encode(deflated(self._bytes, GZIP), "u")

    @classmethod
    def decode(cls, encoded: Any) -> Bitstring:
        """Read an `encodedList` (section 3.4).

        Raises:
            StatusUnknownError: `status_malformed`.
            LimitExceededError: `limit_exceeded`: larger than `MAX_LIST_BYTES`.
        """
        if not isinstance(encoded, str) or not encoded.startswith("u"):
            raise StatusUnknownError("status_malformed", "expected encodedList in multibase base64url")
        try:
            data = multibase_decode(encoded)
        except MalformedError as err:
            raise StatusUnknownError("status_malformed", "expected encodedList in base64url") from err
        statuses = cls.__new__(cls)
        statuses._bytes = inflated(data, GZIP)
        return statuses


@dataclass(frozen=True, slots=True)
class BitstringListCredential:
    """A verified list.

    Attributes:
        uri: Its address.
        issuer: Who signed it.
        purposes: What it is for.
        size: Bits of an entry, if the list says so itself.
        issued_at: When it was signed, epoch seconds.
        expires_at: From when it is worth nothing, or None.
        ttl: How long it may be kept, in seconds; None when the issuer did not say.
        statuses: The list.
    """

    uri: str
    issuer: str
    purposes: tuple[str, ...]
    size: int | None
    issued_at: int
    expires_at: int | None
    ttl: int | None
    statuses: Bitstring


def issue(
    statuses: Bitstring,
    *,
    uri: str,
    issuer: str,
    purpose: str | Collection[str],
    key: SigningKey,
    verification_method: str,
    issued_at: int,
    expires_at: int | None = None,
    ttl_seconds: int | None = None,
) -> JsonObject:
    """Sign a list as a credential.

    Args:
        statuses: The list.
        uri: Where it will be served; credentials name the same.
        issuer: The issuer of the credentials.
        purpose: "revocation", "suspension", "refresh", "message", or several.
        key: A key of the issuer; its kind says with which cryptosuite (`usual_creator`).
        verification_method: The DID URL of that key.
        issued_at: Epoch seconds.
        expires_at: Epoch seconds; without it the list never ends.
        ttl_seconds: For how long a copy may be kept.

    Returns:
        A credential of version 2.0, secured with a Data Integrity proof.

    Raises:
        MalformedError: An address is no URL.
        TrustError: `issuer_mismatch`: the key is another party's.

    Reference:
        Bitstring Status List 1.0, sections 2.2 and 3.1.
    """
    subject: JsonObject = {
        "id": f"{uri}#list",
        "type": LIST_TYPE,
        "statusPurpose": purpose if isinstance(purpose, str) else list(purpose),
        "encodedList": statuses.encode(),
    }
    if ttl_seconds is not None:
        subject["ttl"] = ttl_seconds * MILLISECONDS
    document: JsonObject = {
        "@context": [V2_CONTEXT],
        "id": uri,
        "type": ["VerifiableCredential", LIST_CREDENTIAL_TYPE],
        "issuer": issuer,
        "validFrom": _timestamp(issued_at),
        "credentialSubject": subject,
    }
    if expires_at is not None:
        document["validUntil"] = _timestamp(expires_at)
    created = datetime.fromtimestamp(issued_at, UTC)
    return issue_credential(
        document,
        key=key,
        verification_method=verification_method,
        created=created,
        create=usual_creator(key),
    )


def open_list(text: str, wanted: WantedList) -> BitstringListCredential:
    """Read a list credential and check it; nothing is inflated before its proof holds.

    Args:
        text: What was served.
        wanted: What it must be.

    Raises:
        StatusUnknownError: `status_malformed`, `status_untrusted`,
            `status_mismatch`, `status_stale` or `status_unavailable`.
        LimitExceededError: `limit_exceeded`.

    Reference:
        Bitstring Status List 1.0, section 3.2, steps 4 to 8.
    """
    try:
        document = parse_json_object(text, max_bytes=MAX_TOKEN_BYTES)
        view = Credential.read(document)
    except LimitExceededError:
        raise
    except MalformedError as err:
        raise StatusUnknownError("status_malformed", "expected a credential at the list's address") from err
    if view.issuer != wanted.issuer:
        raise StatusUnknownError("status_untrusted", "expected a list by the issuer of the credential")
    issued_at, expires_at = _check_proofs(document, view, wanted)
    if LIST_CREDENTIAL_TYPE not in view.types:
        raise StatusUnknownError("status_malformed", f"expected a {LIST_CREDENTIAL_TYPE}")
    if document.get("id") != wanted.uri:
        raise StatusUnknownError("status_mismatch", "the list was signed for another address")
    starts_at = issued_at if view.valid_from is None else int(view.valid_from.timestamp())
    if max(starts_at, issued_at) > wanted.now + CLOCK_SKEW_SECONDS:
        raise StatusUnknownError("status_malformed", "the list was signed in the future")
    if expires_at is not None and expires_at + wanted.grace_seconds <= wanted.now:
        raise StatusUnknownError("status_stale", "the list has expired")
    purposes, size, ttl, statuses = _read_subject(document["credentialSubject"])
    return BitstringListCredential(
        wanted.uri, wanted.issuer, purposes, size, issued_at, expires_at, ttl, statuses
    )


BITSTRING_LISTS: Final = ListFormat(MEDIA_TYPES, open_list)


@dataclass(frozen=True, slots=True)
class _Method:
    id: str
    controller: str
    public_key: PublicKey


@dataclass(frozen=True, slots=True)
class _IssuerKeys:
    """The keys of one issuer, as `verify_document` asks for them."""

    wanted: WantedList

    def verification_method(self, did_url: str, relationship: str, /) -> _Method:  # noqa: ARG002
        key = list_key(self.wanted.key_of, {"verificationMethod": did_url}, self.wanted.now)
        if key.algorithm not in self.wanted.algorithms:
            raise StatusUnknownError("status_untrusted", "expected an algorithm that the verifier accepts")
        return _Method(did_url, did_url.partition("#")[0], key)


def _check_proofs(document: JsonObject, view: Credential, wanted: WantedList) -> tuple[int, int | None]:
    """Every proof of the list, and from when to when they and the list hold."""
    moment = datetime.fromtimestamp(wanted.now, UTC)
    try:
        verify_document(
            document,
            resolver=_IssuerKeys(wanted),
            suites=SUITES,
            expected=Expectation("assertionMethod", moment, controller=wanted.issuer),
        )
        proofs = split_proofs(document)[1]
        created = [read_datetime(proof, "created") for proof in proofs]
        ends = [view.valid_until, *(read_datetime(proof, "expires") for proof in proofs)]
    except (ProofError, MalformedError, UnsupportedError) as err:
        raise StatusUnknownError("status_untrusted", f"the list's proof was refused ({err.code})") from err
    signed = max((time for time in created if time is not None), default=view.valid_from)
    if signed is None:
        raise StatusUnknownError("status_malformed", "expected the list to say when it was made")
    end = min((time for time in ends if time is not None), default=None)
    return int(signed.timestamp()), None if end is None else int(end.timestamp())


def _read_subject(subject: Any) -> tuple[tuple[str, ...], int | None, int | None, Bitstring]:
    if not isinstance(subject, dict) or subject.get("type") not in (LIST_TYPE, [LIST_TYPE]):
        raise StatusUnknownError("status_malformed", f"expected a {LIST_TYPE}")
    purpose, size, ttl = (subject.get(name) for name in ("statusPurpose", "statusSize", "ttl"))
    purposes = purpose if isinstance(purpose, list) else [purpose]
    if not 0 < len(purposes) <= MAX_PURPOSES or not all(isinstance(one, str) and one for one in purposes):
        raise StatusUnknownError("status_malformed", "expected statusPurpose to be one or more strings")
    for name, value in (("statusSize", size), ("ttl", ttl)):
        if value is not None and (type(value) is not int or value < 0):
            raise StatusUnknownError("status_malformed", f"expected {name} to be a whole number")
    kept = None if ttl is None else clamp_ttl(ttl // MILLISECONDS)
    return tuple(purposes), size, kept, Bitstring.decode(subject.get("encodedList"))


def _timestamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
