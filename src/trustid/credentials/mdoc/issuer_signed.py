"""What the issuer of an mdoc signed: reading it, showing a part of it, verifying it.

    Mdoc.parse -> x5chain (and the key that it vouches for) -> verify -> check_time

Reference:
    ISO/IEC 18013-5:2021, sections 8.3.2.1.2.2 and 9.3.1.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from trustid.credentials import cose
from trustid.credentials.cose import CoseSign1
from trustid.credentials.key_binding import SKEW_SECONDS
from trustid.credentials.mdoc.security_object import SecurityObject
from trustid.credentials.mdoc.values import embed, read_embedded, read_map, text_members, to_claim
from trustid.encoding import JsonObject, b64_decode, b64_encode, cbor_decode, cbor_encode
from trustid.errors import MalformedError, QueryError, SignatureError, TrustError
from trustid.keys import PublicKey
from trustid.keys.x509 import check_x5c, leaf_key, leaf_names

__all__ = ["MIN_RANDOM_BYTES", "IssuerSignedItem", "Mdoc"]

MIN_RANDOM_BYTES: Final = 16
MAX_ITEMS: Final = 2_000
MAX_BYTES: Final = 4 << 20
"""How long an mdoc may be: portraits are in it."""
MAX_DEPTH: Final = 24


@dataclass(frozen=True, slots=True)
class IssuerSignedItem:
    """One data element, as the issuer signed it.

    Attributes:
        digest_id: The number of its digest.
        random: What makes its digest unpredictable.
        element: Its name.
        value: Its value, as CBOR has it.
        encoded: The bytes that the digest is over.
    """

    digest_id: int
    random: bytes = field(repr=False)
    element: str
    value: Any = field(repr=False)
    encoded: bytes = field(repr=False)

    @classmethod
    def read(cls, value: object) -> IssuerSignedItem:
        """Read IssuerSignedItemBytes.

        Raises:
            MalformedError: malformed.
        """
        encoded = read_embedded(value, "an issuer-signed item")
        members = read_map(encoded, "an issuer-signed item")
        number, random = members.get("digestID"), members.get("random")
        element = members.get("elementIdentifier")
        if type(number) is not int or number < 0 or not isinstance(random, bytes):
            raise MalformedError("malformed", "expected an item with digestID and random")
        if not isinstance(element, str) or "elementValue" not in members:
            raise MalformedError("malformed", "expected an item with elementIdentifier and elementValue")
        return cls(number, random, element, members["elementValue"], encoded)


@dataclass(frozen=True, slots=True)
class Mdoc:
    """An mdoc, whole or in part. Its attributes are claimed, not yet verified.

    Attributes:
        doc_type: What the document says its type is; None where it comes
            without a document around it, as an issuer sends it.
        namespaces: For each namespace the items that are shown.
        issuer_auth: What the issuer signed.
        security_object: The same, read.
    """

    doc_type: str | None
    namespaces: Mapping[str, tuple[IssuerSignedItem, ...]] = field(repr=False)
    issuer_auth: CoseSign1 = field(repr=False)
    security_object: SecurityObject

    @classmethod
    def parse(cls, data: bytes) -> Mdoc:
        """Read an IssuerSigned structure, as OpenID4VCI carries it.

        Raises:
            MalformedError: malformed, limit_exceeded.
            UnsupportedError: unsupported.
            DisclosureError: hash_not_allowed.
            SignatureError: crit_unsupported.

        Reference:
            OpenID4VCI 1.0, appendix A.2.4.
        """
        return cls.from_value(cbor_decode(data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH), None)

    @classmethod
    def from_value(cls, value: object, doc_type: str | None) -> Mdoc:
        """Look at decoded CBOR as IssuerSigned; as `parse`."""
        members = text_members(value, "issuerSigned")
        issuer_auth = CoseSign1.from_value(members.get("issuerAuth"))
        if issuer_auth.payload is None:
            raise MalformedError("malformed", "expected the security object in issuerAuth")
        payload = cbor_decode(issuer_auth.payload, max_depth=MAX_DEPTH)
        security_object = SecurityObject.parse(read_embedded(payload, "the mobile security object"))
        namespaces = {
            name: _read_items(items)
            for name, items in text_members(members.get("nameSpaces", {}), "nameSpaces").items()
        }
        if sum(map(len, namespaces.values())) > MAX_ITEMS:
            raise MalformedError("malformed", f"expected at most {MAX_ITEMS} items")
        return cls(doc_type, namespaces, issuer_auth, security_object)

    def to_value(self) -> dict[str, Any]:
        """IssuerSigned, as a part of other CBOR; the items are the bytes that came."""
        members: dict[str, Any] = {}
        if self.namespaces:
            members["nameSpaces"] = {
                name: [embed(item.encoded) for item in items] for name, items in self.namespaces.items()
            }
        return members | {"issuerAuth": self.issuer_auth.to_value()}

    def to_bytes(self) -> bytes:
        """IssuerSigned by itself."""
        return cbor_encode(self.to_value())

    def select(self, elements: Mapping[str, Collection[str]]) -> Mdoc:
        """Keep only these elements of each namespace.

        Raises:
            QueryError: query_mismatch: one of them is not there.
        """
        kept = {
            name: tuple(item for item in self.namespaces.get(name, ()) if item.element in wanted)
            for name, wanted in elements.items()
        }
        for name, wanted in elements.items():
            if {item.element for item in kept[name]} != set(wanted):
                raise QueryError("query_mismatch", "expected elements that the document has")
        shown = {name: items for name, items in kept.items() if items}
        return Mdoc(self.doc_type, shown, self.issuer_auth, self.security_object)

    def x5chain(self) -> list[str]:
        """The issuer's certificates, base64 of DER, the leaf first.

        Raises:
            TrustError: x5c_invalid: they are not in the unprotected header.

        Reference:
            ISO/IEC 18013-5:2021, section 9.1.2.4.
        """
        chain = cose.x5chain(self.issuer_auth.unprotected)
        if chain is None:
            raise TrustError("x5c_invalid", "expected x5chain in the unprotected header")
        return chain

    def check_certificate(self, trust_anchors: Sequence[bytes], now: int) -> PublicKey:
        """Check the issuer's certificates against the authorities that are trusted for this document.

        An authority vouches for its own country only; and the document must
        have been signed while the certificate was valid.

        Args:
            trust_anchors: IACA certificates, DER.
            now: Seconds of the epoch.

        Returns:
            The issuer's key.

        Raises:
            TrustError: x5c_invalid.

        Reference:
            ISO/IEC 18013-5:2021, sections 9.3.1 (step 5), 9.3.3 and B.1.
        """
        chain = self.x5chain()
        country = leaf_names(chain).country
        anchors = [one for one in trust_anchors if leaf_names([b64_encode(one)]).country == country]
        if any(one in trust_anchors for one in map(b64_decode, chain)):
            raise TrustError("x5c_invalid", "expected a chain without its trust anchor")
        key = check_x5c(chain, trust_anchors=anchors, now=now)
        leaf_key(chain, now=int(self.security_object.validity.signed.timestamp()))
        return key

    def verify(
        self,
        key: PublicKey,
        *,
        algorithms: Collection[str] = cose.DEFAULT_ALGORITHMS,
        doc_type: str | None = None,
    ) -> None:
        """Check the issuer's signature, the document type and the digest of every item.

        Args:
            key: The issuer's key, from `check_certificate`.
            algorithms: Signature algorithms allowed.
            doc_type: The document type that was asked for.

        Raises:
            SignatureError: signature_invalid, alg_not_allowed, mdoc_doctype, mdoc_digest.
            MalformedError: malformed: an item is guessable, or one stands there twice.

        Reference:
            ISO/IEC 18013-5:2021, section 9.3.1, steps 2 to 4.
        """
        self.issuer_auth.verify(key, algorithms=algorithms)
        signed_type = self.security_object.doc_type
        if not {self.doc_type, doc_type} <= {None, signed_type}:
            raise SignatureError("mdoc_doctype", "expected the document type that the issuer signed")
        for name, items in self.namespaces.items():
            signed = self.security_object.digests.get(name, {})
            for item in items:
                expected = signed.get(item.digest_id, b"")
                if not hmac.compare_digest(self.security_object.digest(item.encoded), expected):
                    raise SignatureError("mdoc_digest", "expected an item that the issuer signed")
        randoms = [item.random for items in self.namespaces.values() for item in items]
        if any(len(random) < MIN_RANDOM_BYTES for random in randoms) or len(set(randoms)) != len(randoms):
            raise MalformedError(
                "malformed", f"expected {MIN_RANDOM_BYTES} random bytes of its own in each item"
            )

    def check_time(self, now: int, skew_seconds: int = SKEW_SECONDS) -> None:
        """Check that the document holds now.

        Raises:
            NotYetValidError: not_yet_valid.
            ExpiredError: expired.
        """
        self.security_object.validity.check(now, skew_seconds)

    def claims(self) -> JsonObject:
        """The elements that are shown, by namespace, as JSON can hold them.

        Raises:
            UnsupportedError: unsupported: a value that JSON cannot hold.
        """
        return {
            name: {item.element: to_claim(item.value) for item in items}
            for name, items in self.namespaces.items()
        }


def _read_items(value: object) -> tuple[IssuerSignedItem, ...]:
    if not isinstance(value, list):
        raise MalformedError("malformed", "expected a list of items in each namespace")
    items = tuple(IssuerSignedItem.read(one) for one in value)
    names, numbers = {item.element for item in items}, {item.digest_id for item in items}
    if len(names) != len(items) or len(numbers) != len(items):
        raise MalformedError("malformed", "expected each element and each digest once in a namespace")
    return items
