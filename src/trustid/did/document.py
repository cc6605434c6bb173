"""DID documents: reading them strictly. The only door to pydid.

pydid gives the data model; on its own it mends documents (it invents a missing
controller and takes the first of several types), so every check that trust
hangs on is made here first, on the text as it came.

What is refused: another `id` than the one asked for, a method that belongs to
or is controlled by another DID, one id given twice, a secret key, two forms of
one key. What is left alone: keys of kinds that are not spoken here (they cannot
be used, but do not spoil the others) and references to methods of other DIDs
(never followed). `controller` is never followed either.

Reference:
    W3C Decentralized Identifiers (DIDs) 1.1, section 5; W3C Controlled
    Identifiers 1.0, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import pydid  # type: ignore[import-untyped]
from pydid.doc import DIDDocumentError  # type: ignore[import-untyped]

from trustid.did.material import check_material, read_key
from trustid.did.syntax import Did, DidUrl
from trustid.encoding import JsonObject, dump_json, parse_json_object
from trustid.errors import LimitExceededError, MalformedError, ResolutionError, TrustError, UnsupportedError
from trustid.keys import PublicKey, public_key_from_multikey

__all__ = ["RELATIONSHIPS", "DidDocument", "OwnKey", "VerificationMethod"]

RELATIONSHIPS = (
    "authentication",
    "assertionMethod",
    "keyAgreement",
    "capabilityInvocation",
    "capabilityDelegation",
)

DOCUMENT_BYTES_MAX = 256 * 1024
DOCUMENT_DEPTH_MAX = 16
METHODS_MAX = 64
"""Verification methods of one document, embedded ones included."""
ENTRIES_MAX = 64
"""Entries of any other list of a document."""

_NONE: frozenset[str] = frozenset()
_ABSOLUTE_ONLY = frozenset({"web"})
"""Methods whose documents must not use relative DID URLs (did:web, "DID documents")."""
_CONTROLLER_IMPLIED = frozenset({"webvh"})
"""Methods whose documents may leave out the controller of a verification method, which is the DID
itself then: the logs of the official did:webvh test suite do, and they are signed as they are."""


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """A verification method whose key was read.

    Attributes:
        id: Its absolute DID URL.
        controller: The DID that controls it: always that of its document.
        public_key: The key.
    """

    id: str
    controller: str
    public_key: PublicKey


class _Parts(NamedTuple):
    """A document, and its methods and relationships by absolute ids."""

    content: JsonObject
    methods: Mapping[str, JsonObject]
    relationships: Mapping[str, frozenset[str]]


class OwnKey(NamedTuple):
    """The key that a DID is: known before its document is made.

    Attributes:
        multikey: The key, and the fragment of its method.
        uses: The relationships that list it.
        public_key: The key, if it was read when the DID was.
    """

    multikey: str
    uses: Collection[str]
    public_key: PublicKey | None


class DidDocument:
    """A DID document that passed every check.

    Attributes:
        id: The DID that it describes.
    """

    __slots__ = ("_own", "_source", "id")

    def __init__(self, did: str, source: _Parts | Callable[[], _Parts], own: OwnKey | None = None) -> None:
        self.id = did
        self._source = source
        self._own = own

    def __repr__(self) -> str:
        return f"<DidDocument {self.id}>"

    @classmethod
    def from_json(cls, obj: Mapping[str, Any], expected_id: str) -> Self:
        """Check a document.

        Args:
            obj: The document, at most 256 KiB of JSON and 16 levels deep.
            expected_id: The DID that was asked for.

        Raises:
            ResolutionError: `did_document_mismatch` when it, or a method in it,
                belongs to another DID; `did_document_invalid`.
            LimitExceededError: `limit_exceeded`.
        """
        content = _copied(obj)
        if content.get("id") != expected_id:
            raise ResolutionError(
                "did_document_mismatch", "expected the document of the DID that was asked for"
            )
        document = cls._checked(content, Did.parse(expected_id))
        _check_model(content)
        return document

    @classmethod
    def made(cls, did: Did, content: JsonObject) -> Self:
        """Take a document that a method made from the identifier alone.

        Passes the same checks but pydid's, which guards the model of documents
        that strangers wrote and takes longer than everything else together.

        Raises:
            ResolutionError: `did_document_invalid`.
        """
        return cls._checked(_copy(content), did)

    @classmethod
    def assembled(
        cls, did: Did, make: Callable[[], tuple[JsonObject, Mapping[str, str]]], own: OwnKey | None
    ) -> Self:
        """Take a document that a method makes of keys alone, each of which it has checked.

        It is made when somebody looks into it, and not checked again.

        Args:
            did: The DID.
            make: Gives the document, held by nobody else, with absolute ids of
                its methods; and relationship -> the id of its one method.
            own: The method that is read without making the document, if there is one.
        """

        def parts() -> _Parts:
            content, uses = make()
            listed = {name: _NONE if name not in uses else frozenset((uses[name],)) for name in RELATIONSHIPS}
            return _Parts(content, {method["id"]: method for method in content["verificationMethod"]}, listed)

        return cls(str(did), parts, own)

    @classmethod
    def _checked(cls, content: JsonObject, did: Did) -> Self:
        _check_top(content)
        methods: dict[str, JsonObject] = {}
        for item in _list(content, "verificationMethod"):
            _add_method(methods, item, did)
        relationships = {name: _relationship(content, name, methods, did) for name in RELATIONSHIPS}
        _check_services(content, methods)
        return cls(str(did), _Parts(content, methods, relationships))

    def _parts(self) -> _Parts:
        if not isinstance(self._source, _Parts):
            # Two threads may both make it: they make the same.
            self._source = self._source()
        return self._source

    def to_json(self) -> JsonObject:
        """The document as it was read; a copy."""
        content: JsonObject = _copy(self._parts().content)
        return content

    def verification_method(
        self, did_url: str | DidUrl, relationship: str | None = None
    ) -> VerificationMethod:
        """Read the key that a DID URL of this document names.

        Args:
            did_url: Absolute, or relative (`#key-1`).
            relationship: What the key must be listed for, such as
                "assertionMethod"; None for anything.

        Raises:
            TrustError: `issuer_key_mismatch` for a DID URL of another DID;
                `issuer_key_unknown` when no such method is listed.
            UnsupportedError: The key is of a kind that is not spoken here.
            MalformedError: `key_invalid`.
            ResolutionError: `did_malformed`; not a DID URL.
        """
        url = did_url
        if isinstance(url, str):
            url = DidUrl.parse(self.id + url if url.startswith("#") else url)
        if str(url.did) != self.id:
            raise TrustError("issuer_key_mismatch", "expected a key of the document's own DID")
        name, own = str(url), self._own
        if (
            own is not None
            and url.fragment == own.multikey
            and name == f"{self.id}#{own.multikey}"
            and (relationship is None or relationship in own.uses)
        ):
            key = own.public_key
            return VerificationMethod(
                name, self.id, public_key_from_multikey(own.multikey) if key is None else key
            )
        method = self._parts().methods.get(name)
        if method is None or name not in self._listed(relationship):
            raise TrustError("issuer_key_unknown", f"expected a key listed for {relationship or 'some use'}")
        return VerificationMethod(name, self.id, read_key(method))

    def methods(self, relationship: str | None = None) -> tuple[VerificationMethod, ...]:
        """Every method listed for a relationship, in the document's order.

        Keys of kinds that are not spoken here are left out.

        Raises:
            MalformedError: `key_invalid`.
        """
        found = []
        for name in self._parts().methods:
            if name in self._listed(relationship):
                try:
                    found.append(self.verification_method(name, relationship))
                except UnsupportedError:
                    continue
        return tuple(found)

    def _listed(self, relationship: str | None) -> frozenset[str]:
        if relationship is None:
            return frozenset(self._parts().methods)
        relationships = self._parts().relationships
        if relationship not in relationships:
            raise UnsupportedError("unsupported", "expected a verification relationship of DID Core")
        return relationships[relationship]


def _copy(value: Any) -> Any:
    """A copy of JSON; a good deal faster than `copy.deepcopy`, which must be ready for anything."""
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value


def _invalid(message: str) -> ResolutionError:
    return ResolutionError("did_document_invalid", message)


def _copied(obj: Mapping[str, Any]) -> JsonObject:
    """A copy that nobody else holds, within the limits."""
    try:
        return parse_json_object(
            dump_json(dict(obj)), max_bytes=DOCUMENT_BYTES_MAX, max_depth=DOCUMENT_DEPTH_MAX
        )
    except LimitExceededError:
        raise
    except (MalformedError, TypeError) as err:
        raise _invalid("expected a JSON object") from err


def _check_top(content: JsonObject) -> None:
    context = content.get("@context", [])
    if not isinstance(context, (str, list)) or (isinstance(context, list) and len(context) > ENTRIES_MAX):
        raise _invalid("expected @context as text or list")
    controllers = content.get("controller", [])
    for controller in [controllers] if isinstance(controllers, str) else _list(content, "controller"):
        _check_did(controller)
    if not all(isinstance(name, str) for name in _list(content, "alsoKnownAs")):
        raise _invalid("expected a list of texts in alsoKnownAs")


def _check_did(value: object) -> None:
    try:
        Did.parse(value if isinstance(value, str) else "")
    except ResolutionError as err:
        raise _invalid("expected a DID as controller") from err


def _list(content: JsonObject, name: str, most: int = ENTRIES_MAX) -> list[Any]:
    value = content.get(name, [])
    if not isinstance(value, list) or len(value) > most:
        raise _invalid(f"expected a list of at most {most} entries in {name}")
    return value


def _absolute(value: object, did: Did) -> DidUrl:
    if not isinstance(value, str):
        raise _invalid("expected a DID URL")
    if value.startswith("#") and did.method not in _ABSOLUTE_ONLY:
        value = f"{did}{value}"
    try:
        return DidUrl.parse(value)
    except ResolutionError as err:
        raise _invalid("expected an absolute DID URL") from err


def _add_method(methods: dict[str, JsonObject], item: object, did: Did) -> str:
    """Check one verification method and note it under its absolute id."""
    if not isinstance(item, dict):
        raise _invalid("expected verification methods as objects")
    url = _absolute(item.get("id"), did)
    name = str(url)
    controller = item.get("controller", str(did) if did.method in _CONTROLLER_IMPLIED else None)
    if url.did != did or controller != str(did):
        raise ResolutionError(
            "did_document_mismatch", "expected methods that belong to the document's own DID"
        )
    if not url.fragment or url.path or url.query is not None:
        raise _invalid("expected a method id with a fragment")
    if name in methods or len(methods) >= METHODS_MAX:
        raise _invalid(f"expected at most {METHODS_MAX} methods, each with an id of its own")
    check_material(item)
    methods[name] = item
    return name


def _relationship(content: JsonObject, name: str, methods: dict[str, JsonObject], did: Did) -> frozenset[str]:
    listed: set[str] = set()
    for entry in _list(content, name):
        if isinstance(entry, dict):
            listed.add(_add_method(methods, entry, did))
        else:
            listed.add(str(_absolute(entry, did)))
    return frozenset(listed)


def _check_services(content: JsonObject, methods: Mapping[str, JsonObject]) -> None:
    seen = set(methods)
    for service in _list(content, "service"):
        if not isinstance(service, dict) or not isinstance(service.get("id"), str):
            raise _invalid("expected services as objects with an id")
        if not isinstance(service.get("type"), (str, list)) or not service.get("serviceEndpoint"):
            raise _invalid("expected a service with type and serviceEndpoint")
        name = service["id"]
        name = f"{content['id']}{name}" if name.startswith("#") else name
        if name in seen:
            raise _invalid("expected each id once")
        seen.add(name)


def _check_model(content: JsonObject) -> None:
    """Hold the document against pydid's model of DID Core.

    Without its services, whose ids pydid takes for DID URLs while DID Core
    allows any URI; and on a copy, since pydid writes into what it reads.
    """
    model = {name: value for name, value in content.items() if name != "service"}
    try:
        pydid.DIDDocument.deserialize(_copy(model))
    except (ValueError, TypeError, KeyError, AttributeError, pydid.DIDError, DIDDocumentError) as err:
        raise _invalid("expected a document of the DID Core data model") from err
