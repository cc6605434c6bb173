"""Presenting an mdoc: the device signs, or authenticates, the session it answers in.

Reference:
    ISO/IEC 18013-5:2021, sections 8.3.2.1.2.2, 9.1.3 and 9.3.2.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from trustid.credentials import cose
from trustid.credentials.cose import CoseMac0, CoseSign1, sign1
from trustid.credentials.mdoc.issuer_signed import MAX_BYTES, MAX_DEPTH, Mdoc
from trustid.credentials.mdoc.values import embed, read_embedded, read_map, text_members, to_cbor, to_claim
from trustid.encoding import JsonObject, cbor_decode, cbor_encode, sha256
from trustid.errors import HolderBindingError, MalformedError, SignatureError
from trustid.keys import P256PublicKey, SigningKey
from trustid.keys.ec import P256AgreementKey

__all__ = ["DeviceMacKey", "DeviceResponse", "Document", "present"]

VERSION: Final = "1.0"
STATUS_OK: Final = 0
MAX_DOCUMENTS: Final = 32

_ARRAY_OF_FOUR: Final = b"\x84"


@dataclass(frozen=True, slots=True)
class DeviceMacKey:
    """The key that a device and a reader share, for a device MAC.

    Attributes:
        secret: EMacKey, 32 bytes.
    """

    secret: bytes = field(repr=False)

    @classmethod
    def agree(cls, own: P256AgreementKey, other: P256PublicKey, transcript: bytes) -> DeviceMacKey:
        """Derive it from one's own secret key, the other side's public key and the session.

        Reference:
            ISO/IEC 18013-5:2021, section 9.1.3.5; RFC 5869.
        """
        salt = sha256(cbor_encode(embed(transcript)))
        extracted = hmac.digest(salt, own.agree(other), "sha256")
        return cls(hmac.digest(extracted, b"EMacKey\x01", "sha256"))


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a response. Its attributes are claimed, not yet verified.

    Attributes:
        mdoc: What the issuer signed, as far as it is shown.
        namespaces: DeviceNameSpaces, the bytes that the device signed.
        stated: The same, read: what the device states by itself.
        proof: The device's signature or MAC.
        errors: Elements that were asked for and not returned, as they came.
    """

    mdoc: Mdoc
    namespaces: bytes = field(repr=False)
    stated: Mapping[str, Mapping[str, Any]] = field(repr=False)
    proof: CoseSign1 | CoseMac0 = field(repr=False)
    errors: Mapping[str, Any] | None = None

    @classmethod
    def from_value(cls, value: object) -> Document:
        """Look at decoded CBOR as a document.

        Raises:
            MalformedError: malformed; also for a signature and a MAC at once.
            As `Mdoc.parse`.
        """
        members = text_members(value, "a document")
        doc_type = members.get("docType")
        if not isinstance(doc_type, str):
            raise MalformedError("malformed", "expected a document with docType")
        device = text_members(members.get("deviceSigned"), "deviceSigned")
        namespaces = read_embedded(device.get("nameSpaces"), "the device's namespaces")
        stated = {
            name: text_members(found, "a namespace")
            for name, found in read_map(namespaces, "namespaces").items()
        }
        errors = members.get("errors")
        return cls(
            Mdoc.from_value(members.get("issuerSigned"), doc_type),
            namespaces,
            stated,
            _read_proof(device.get("deviceAuth")),
            None if errors is None else text_members(errors, "errors"),
        )

    def to_value(self) -> dict[str, Any]:
        """The document, as a part of other CBOR."""
        kind = "deviceSignature" if isinstance(self.proof, CoseSign1) else "deviceMac"
        members: dict[str, Any] = {
            "docType": self.mdoc.doc_type,
            "issuerSigned": self.mdoc.to_value(),
            "deviceSigned": {
                "nameSpaces": embed(self.namespaces),
                "deviceAuth": {kind: self.proof.to_value()},
            },
        }
        return members if self.errors is None else members | {"errors": dict(self.errors)}

    def check_device(
        self,
        transcript: bytes,
        *,
        mac_key: DeviceMacKey | None = None,
        algorithms: Collection[str] = cose.DEFAULT_ALGORITHMS,
    ) -> None:
        """Check that the device that the issuer named answers in this session.

        Call it once `Mdoc.verify` holds: the device key is believed here.

        Args:
            transcript: The SessionTranscript, as CBOR, built by the verifier
                from its own request.
            mac_key: What a device MAC must be made with; without it a MAC is refused.
            algorithms: Signature algorithms allowed.

        Raises:
            HolderBindingError: mdoc_device_auth; mdoc_device_ns: the device
                states what its key is not authorized for.
            MalformedError: malformed: the proof is not detached.

        Reference:
            ISO/IEC 18013-5:2021, sections 9.1.3.4 to 9.1.3.6 and 9.3.2.
        """
        content = _device_authentication(transcript, self.mdoc.doc_type or "", self.namespaces)
        try:
            if isinstance(self.proof, CoseSign1):
                key = self.mdoc.security_object.device_key
                self.proof.verify(key, algorithms=algorithms, payload=content)
            elif mac_key is not None:
                self.proof.verify(mac_key.secret, payload=content)
            else:
                raise HolderBindingError(
                    "mdoc_device_auth", "expected a signature; no key for a MAC was agreed"
                )
        except SignatureError as err:
            raise HolderBindingError(
                "mdoc_device_auth", "expected the device's proof for this session"
            ) from err
        authorizations = self.mdoc.security_object.authorizations
        for name, elements in self.stated.items():
            if not all(authorizations.allow(name, element) for element in elements):
                raise HolderBindingError("mdoc_device_ns", "expected elements that the device may state")

    def device_claims(self) -> JsonObject:
        """What the device states by itself, by namespace, as JSON can hold it."""
        return {
            name: {element: to_claim(value) for element, value in elements.items()}
            for name, elements in self.stated.items()
        }


def _read_proof(value: object) -> CoseSign1 | CoseMac0:
    match value:
        case {"deviceSignature": signature, **others} if not others:
            return CoseSign1.from_value(signature)
        case {"deviceMac": mac, **others} if not others:
            return CoseMac0.from_value(mac)
        case {"deviceSignature": _} | {"deviceMac": _}:
            raise MalformedError("malformed", "expected either a device signature or a device MAC")
    raise HolderBindingError("mdoc_device_auth", "expected a device signature or a device MAC")


def _device_authentication(transcript: bytes, doc_type: str, namespaces: bytes) -> bytes:
    """DeviceAuthenticationBytes; the transcript goes in as the bytes it is."""
    name = cbor_encode("DeviceAuthentication")
    rest = cbor_encode(doc_type) + cbor_encode(embed(namespaces))
    return cbor_encode(embed(_ARRAY_OF_FOUR + name + transcript + rest))


def present(
    mdoc: Mdoc,
    *,
    transcript: bytes,
    device_key: SigningKey | None = None,
    mac_key: DeviceMacKey | None = None,
    stated: Mapping[str, Mapping[str, Any]] | None = None,
) -> Document:
    """Show an mdoc in a session, with a signature or a MAC of the device.

    Args:
        mdoc: What is shown: see `Mdoc.select`.
        transcript: The SessionTranscript, as CBOR.
        device_key: The key that the document is bound to, to sign with; or
        mac_key: The key agreed with the reader, to authenticate with.
        stated: What the device states by itself.

    Raises:
        HolderBindingError: holder_mismatch: the document is bound to another
            key; mdoc_device_auth: neither key or both.

    Reference:
        ISO/IEC 18013-5:2021, section 9.1.3.
    """
    security_object = mdoc.security_object
    typed = Mdoc(security_object.doc_type, mdoc.namespaces, mdoc.issuer_auth, security_object)
    own = {name: {key: to_cbor(one) for key, one in found.items()} for name, found in (stated or {}).items()}
    namespaces = cbor_encode(own)
    content = _device_authentication(transcript, security_object.doc_type, namespaces)
    proof: CoseSign1 | CoseMac0
    match device_key, mac_key:
        case None, DeviceMacKey(secret):
            proof = cose.create_mac0(content, secret, detached=True)
        case SigningKey(), None:
            if device_key.public_key != security_object.device_key:
                raise HolderBindingError("holder_mismatch", "expected the key that the document is bound to")
            proof = sign1(content, device_key, detached=True)
        case _:
            raise HolderBindingError("mdoc_device_auth", "expected one key, for a signature or for a MAC")
    return Document(typed, namespaces, own, proof)


@dataclass(frozen=True, slots=True)
class DeviceResponse:
    """What a device sends: documents, each with its own proof.

    Attributes:
        documents: The documents.
        document_errors: Documents that were asked for and not returned.
        status: 0, or why there is nothing.
    """

    documents: tuple[Document, ...]
    document_errors: Sequence[Any] = ()
    status: int = STATUS_OK

    @classmethod
    def parse(cls, data: bytes) -> DeviceResponse:
        """Read a DeviceResponse.

        Raises:
            MalformedError: malformed, limit_exceeded.
            UnsupportedError: unsupported.
            DisclosureError: hash_not_allowed.
            SignatureError: crit_unsupported.
            HolderBindingError: mdoc_device_auth: a document without a proof.

        Reference:
            ISO/IEC 18013-5:2021, section 8.3.2.1.2.2; OpenID4VP 1.0, appendix B.2.
        """
        members = text_members(cbor_decode(data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH), "a response")
        documents, errors = members.get("documents", []), members.get("documentErrors", [])
        status = members.get("status")
        if members.get("version") != VERSION or type(status) is not int:
            raise MalformedError("malformed", "expected a device response 1.0 with a status")
        if not isinstance(documents, list) or not isinstance(errors, list) or len(documents) > MAX_DOCUMENTS:
            raise MalformedError("malformed", f"expected a list of at most {MAX_DOCUMENTS} documents")
        return cls(tuple(Document.from_value(one) for one in documents), errors, status)

    def to_bytes(self) -> bytes:
        """The response as CBOR."""
        members: dict[str, Any] = {"version": VERSION}
        if self.documents:
            members["documents"] = [document.to_value() for document in self.documents]
        if self.document_errors:
            members["documentErrors"] = list(self.document_errors)
        return cbor_encode(members | {"status": self.status})
