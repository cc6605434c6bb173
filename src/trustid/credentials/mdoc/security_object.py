"""The mobile security object: what the issuer of an mdoc signs instead of the data itself.

Reference:
    ISO/IEC 18013-5:2021, section 9.1.2.4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from trustid.credentials.mdoc.values import (
    embed,
    key_from_cose,
    key_to_cose,
    read_map,
    read_moment,
    text_members,
    write_moment,
)
from trustid.encoding import cbor_encode
from trustid.errors import DisclosureError, ExpiredError, MalformedError, NotYetValidError
from trustid.keys import PublicKey

__all__ = ["HASHES", "KeyAuthorizations", "SecurityObject", "Validity"]

VERSION: Final = "1.0"
HASHES: Final = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
MAX_DIGESTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Validity:
    """When an mdoc was signed and when it holds.

    Attributes:
        signed: When the issuer signed.
        valid_from: From when it holds.
        valid_until: Until when it holds.
        expected_update: When the issuer means to sign anew.
    """

    signed: datetime
    valid_from: datetime
    valid_until: datetime
    expected_update: datetime | None = None

    @classmethod
    def read(cls, value: object) -> Validity:
        """Read ValidityInfo.

        Raises:
            MalformedError: malformed.
        """
        members = text_members(value, "validityInfo")
        update = members.get("expectedUpdate")
        return cls(
            read_moment(members.get("signed"), "signed"),
            read_moment(members.get("validFrom"), "validFrom"),
            read_moment(members.get("validUntil"), "validUntil"),
            None if update is None else read_moment(update, "expectedUpdate"),
        )

    def to_cbor(self) -> dict[str, Any]:
        """ValidityInfo."""
        names = {"signed": self.signed, "validFrom": self.valid_from, "validUntil": self.valid_until}
        members = {name: write_moment(moment) for name, moment in names.items()}
        if self.expected_update is not None:
            members["expectedUpdate"] = write_moment(self.expected_update)
        return members

    def check(self, now: int, skew_seconds: int) -> None:
        """Check that it holds now.

        Raises:
            NotYetValidError: not_yet_valid; also where it was signed in the future.
            ExpiredError: expired; also where it was signed when its time was over.

        Reference:
            ISO/IEC 18013-5:2021, section 9.3.1, step 5.
        """
        if max(self.signed, self.valid_from).timestamp() > now + skew_seconds:
            raise NotYetValidError("not_yet_valid")
        if self.valid_until.timestamp() < now - skew_seconds or self.signed > self.valid_until:
            raise ExpiredError("expired")


@dataclass(frozen=True, slots=True)
class KeyAuthorizations:
    """What a device may state by itself.

    Attributes:
        namespaces: Namespaces of which it may state anything.
        elements: For other namespaces, the elements that it may state.
    """

    namespaces: frozenset[str] = frozenset()
    elements: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, value: object) -> KeyAuthorizations:
        """Read KeyAuthorizations.

        Raises:
            MalformedError: malformed; also for a namespace that stands in both.
        """
        members = text_members(value, "keyAuthorizations")
        whole = _names(members.get("nameSpaces", []))
        elements = text_members(members.get("dataElements", {}), "dataElements")
        parts = {name: _names(found) for name, found in elements.items()}
        if not whole.isdisjoint(parts):
            raise MalformedError("malformed", "expected a namespace to be authorized in one way")
        return cls(whole, parts)

    def to_cbor(self) -> dict[str, Any]:
        """KeyAuthorizations."""
        members: dict[str, Any] = {}
        if self.namespaces:
            members["nameSpaces"] = sorted(self.namespaces)
        if self.elements:
            members["dataElements"] = {name: sorted(found) for name, found in self.elements.items()}
        return members

    def allow(self, namespace: str, element: str) -> bool:
        """Whether the device may state this element."""
        return namespace in self.namespaces or element in self.elements.get(namespace, ())


def _names(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise MalformedError("malformed", "expected a list of names in keyAuthorizations")
    return frozenset(value)


@dataclass(frozen=True, slots=True)
class SecurityObject:
    """What the issuer signed.

    Attributes:
        doc_type: The type of document.
        digest_algorithm: A key of `HASHES`.
        digests: For each namespace, the digests by their number.
        device_key: The key that the document is bound to.
        authorizations: What that key may state.
        validity: When it holds.
        status: The status member, for instance a place in a status list.
    """

    doc_type: str
    digest_algorithm: str
    digests: Mapping[str, Mapping[int, bytes]] = field(repr=False)
    device_key: PublicKey = field(repr=False)
    authorizations: KeyAuthorizations
    validity: Validity
    status: Mapping[str, Any] | None = field(repr=False, default=None)

    @classmethod
    def parse(cls, data: bytes) -> SecurityObject:
        """Read a MobileSecurityObject.

        Raises:
            MalformedError: malformed, key_invalid, limit_exceeded.
            UnsupportedError: unsupported: another kind of device key.
            DisclosureError: hash_not_allowed.
        """
        members = read_map(data, "the mobile security object")
        if members.get("version") != VERSION or not isinstance(members.get("docType"), str):
            raise MalformedError("malformed", "expected a mobile security object 1.0 with a docType")
        algorithm = members.get("digestAlgorithm")
        if not isinstance(algorithm, str) or algorithm not in HASHES:
            raise DisclosureError("hash_not_allowed", f"expected one of {', '.join(HASHES)}")
        device = text_members(members.get("deviceKeyInfo"), "deviceKeyInfo")
        status = members.get("status")
        return cls(
            members["docType"],
            algorithm,
            _read_digests(members.get("valueDigests"), algorithm),
            key_from_cose(device.get("deviceKey")),
            KeyAuthorizations.read(device.get("keyAuthorizations", {})),
            Validity.read(members.get("validityInfo")),
            None if status is None else text_members(status, "status"),
        )

    def to_bytes(self) -> bytes:
        """MobileSecurityObjectBytes: the object as embedded CBOR."""
        device: dict[str, Any] = {"deviceKey": key_to_cose(self.device_key)}
        authorizations = self.authorizations.to_cbor()
        if authorizations:
            device["keyAuthorizations"] = authorizations
        members: dict[str, Any] = {
            "version": VERSION,
            "digestAlgorithm": self.digest_algorithm,
            "valueDigests": {name: dict(digests) for name, digests in self.digests.items()},
            "deviceKeyInfo": device,
            "docType": self.doc_type,
            "validityInfo": self.validity.to_cbor(),
        }
        if self.status is not None:
            members["status"] = dict(self.status)
        return cbor_encode(embed(cbor_encode(members)))

    def digest(self, item: bytes) -> bytes:
        """The digest of an item: over IssuerSignedItemBytes, the tag included."""
        return hashlib.new(HASHES[self.digest_algorithm], cbor_encode(embed(item))).digest()


def _read_digests(value: object, algorithm: str) -> dict[str, dict[int, bytes]]:
    namespaces = text_members(value, "valueDigests")
    size = hashlib.new(HASHES[algorithm]).digest_size
    count = 0
    for digests in namespaces.values():
        if not isinstance(digests, dict):
            raise MalformedError("malformed", "expected digests by their number")
        count += len(digests)
        for number, digest in digests.items():
            if type(number) is not int or number < 0 or not isinstance(digest, bytes) or len(digest) != size:
                raise MalformedError("malformed", f"expected digests of {size} bytes by their number")
    if count > MAX_DIGESTS:
        raise MalformedError("malformed", f"expected at most {MAX_DIGESTS} digests")
    return namespaces
