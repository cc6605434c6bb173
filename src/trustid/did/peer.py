"""did:peer: the document, or its keys, in the identifier; nothing is published anywhere.

| begins with | what the identifier holds |
|---|---|
| did:peer:0 | one key; the same as did:key |
| did:peer:2 | several keys with their uses, and services |
| did:peer:4 | a whole document (long form), or its hash (short form) |

A short form can only be resolved by whoever has seen the long one. Numbers 1
and 3 are hashes of documents that have to be exchanged in other ways; they are
refused as unsupported.

Reference:
    DIF, Peer DID Method Specification, "Generation Method".
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from trustid.did import key
from trustid.did.document import RELATIONSHIPS, DidDocument
from trustid.did.syntax import DID_LENGTH_MAX, Did
from trustid.encoding import (
    JsonObject,
    b64url_decode,
    b64url_encode,
    base58_decode,
    base58_encode,
    dump_json,
    parse_json_object,
    sha256,
)
from trustid.errors import LimitExceededError, MalformedError, ResolutionError, UnsupportedError
from trustid.keys import PublicKey

__all__ = [
    "PURPOSES",
    "create",
    "create_from_document",
    "create_from_keys",
    "resolve",
    "resolve_short",
    "short_form",
]

ELEMENTS_MAX = 64
"""Keys and services of one did:peer:2."""
SERVICE_BYTES_MAX = 2048
DOCUMENT_BYTES_MAX = 3072
JSON_DEPTH_MAX = 8

PURPOSES: Mapping[str, str] = {
    "assertionMethod": "A",
    "keyAgreement": "E",
    "authentication": "V",
    "capabilityInvocation": "I",
    "capabilityDelegation": "D",
}
"""What a key of a did:peer:2 is for, and the letter that says so."""

_PURPOSE_OF = {letter: name for name, letter in PURPOSES.items()}
_LONG_NAMES = {"t": "type", "s": "serviceEndpoint", "r": "routingKeys", "a": "accept"}
_SHORT_NAMES = {name: letter for letter, name in _LONG_NAMES.items()}
_MESSAGING = "DIDCommMessaging"
_MESSAGING_SHORT = "dm"
_SHORT_FORM = re.compile(r"4(zQm[1-9A-HJ-NP-Za-km-z]{44})")
_JSON_CODEC = b"\x80\x04"  # json, 0x0200 as a varint
_SHA256 = b"\x12\x20"  # multihash: sha2-256, 32 bytes


def create(public_key: PublicKey) -> str:
    """The did:peer:0 of a key.

    Example:
        >>> from trustid.keys import public_key_from_multikey
        >>> create(public_key_from_multikey("z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"))
        'did:peer:0z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH'
    """
    return f"did:peer:0{public_key.to_multikey()}"


def create_from_keys(
    keys: Sequence[tuple[str, PublicKey | str]], services: Sequence[Mapping[str, Any]] = ()
) -> str:
    """The did:peer:2 of several keys and services.

    Args:
        keys: Pairs of a relationship (one of `PURPOSES`) and a key; a Multikey
            text for keys that cannot be read here, such as X25519. They become
            `#key-1`, `#key-2` in this order.
        services: Services; an `id` must begin with `#`.

    Raises:
        UnsupportedError: Another relationship, or an unknown kind of key.
        ResolutionError: `did_malformed` or `did_document_invalid`; a key or a
            service that cannot be read, or too many.

    Reference:
        Section "Generating a did:peer:2".
    """
    elements = []
    for purpose, public_key in keys:
        if purpose not in PURPOSES:
            raise UnsupportedError("unsupported", "expected a verification relationship of DID Core")
        text = public_key if isinstance(public_key, str) else public_key.to_multikey()
        elements.append(f"{PURPOSES[purpose]}{text}")
    elements += [f"S{b64url_encode(dump_json(_shortened(dict(service))))}" for service in services]
    did = "did:peer:2" + "".join(f".{element}" for element in elements)
    resolve(Did.parse(did))
    return did


def create_from_document(document: Mapping[str, Any]) -> str:
    """The long form of the did:peer:4 of a document.

    Args:
        document: A DID document without `id`, in which everything is named
            relatively (`#key-1`), and methods leave out their controller.

    Raises:
        ResolutionError: `did_malformed` or `did_document_invalid`.
        LimitExceededError: The document is too large for an identifier.

    Reference:
        Section "Method 4", "Creating a DID".
    """
    data = _JSON_CODEC + dump_json(dict(document))
    encoded = "z" + base58_encode(data, max_characters=DID_LENGTH_MAX)
    did = f"did:peer:4{_hash(encoded)}:{encoded}"
    resolve(Did.parse(did))
    return did


def short_form(long_form: str) -> str:
    """The short form of a did:peer:4.

    Raises:
        ResolutionError: `did_malformed`; not a long form, or its hash does not fit.
    """
    did = Did.parse(long_form)
    _input_document(did)
    return f"did:peer:{did.identifier.partition(':')[0]}"


def resolve(did: Did) -> DidDocument:
    """Make the document that a did:peer stands for; nothing is fetched.

    Raises:
        ResolutionError: `did_malformed`; `did_document_invalid` or
            `did_document_mismatch` for the document within; `did_not_found`
            for a short form, which does not say what it stands for.
        UnsupportedError: did:peer:1, did:peer:3, an unknown kind of key.
    """
    match did.identifier[:1]:
        case "0":
            return key.document_of(did, did.identifier[1:])
        case "2":
            return DidDocument.made(did, _from_elements(did))
        case "4":
            if _SHORT_FORM.fullmatch(did.identifier):
                raise ResolutionError("did_not_found", "expected the long form, which the short one hashes")
            document = _input_document(did)
            return _contextualized(did, document, f"did:peer:{did.identifier.partition(':')[0]}")
    if did.identifier[:1] in ("1", "3"):
        raise UnsupportedError("unsupported", "expected did:peer:0, did:peer:2 or did:peer:4")
    raise ResolutionError("did_malformed", "expected a did:peer of a known number")


def resolve_short(did: Did, long_form: str) -> DidDocument:
    """Make the document of a short form from the long one, seen before.

    Raises:
        ResolutionError: `did_document_mismatch`; the long form is another DID's.
            Otherwise as `resolve`.

    Reference:
        Section "Method 4", "Resolving a DID", "Short form".
    """
    if short_form(long_form) != str(did):
        raise ResolutionError("did_document_mismatch", "expected the long form of the DID that was asked for")
    return _contextualized(did, _input_document(Did.parse(long_form)), long_form)


# --- did:peer:2 ------------------------------------------------------------------


def _from_elements(did: Did) -> JsonObject:
    first, *elements = did.identifier.split(".")
    if first != "2" or not 1 <= len(elements) <= ELEMENTS_MAX:
        raise ResolutionError("did_malformed", f"expected did:peer:2 with 1 to {ELEMENTS_MAX} elements")
    document: JsonObject = {"@context": list(key.CONTEXTS), "id": str(did), "verificationMethod": []}
    services: list[JsonObject] = []
    unnamed = 0
    for element in elements:
        purpose, text = element[:1], element[1:]
        if purpose == "S":
            service = _service(text)
            if "id" not in service:
                service["id"] = f"#service-{unnamed}" if unnamed else "#service"
                unnamed += 1
            services.append(service)
        elif purpose in _PURPOSE_OF:
            key.check_multikey(text)
            name = f"#key-{len(document['verificationMethod']) + 1}"
            document["verificationMethod"].append(
                {"id": name, "type": "Multikey", "controller": str(did), "publicKeyMultibase": text}
            )
            document.setdefault(_PURPOSE_OF[purpose], []).append(name)
        else:
            raise ResolutionError("did_malformed", "expected elements of a known purpose")
    return document | ({"service": services} if services else {})


def _service(text: str) -> JsonObject:
    try:
        short = parse_json_object(b64url_decode(text), max_bytes=SERVICE_BYTES_MAX, max_depth=JSON_DEPTH_MAX)
    except MalformedError as err:
        raise ResolutionError("did_malformed", "expected a service as a JSON object in base64url") from err
    service: JsonObject = _renamed(short, _LONG_NAMES)
    if service.get("type") == _MESSAGING_SHORT:
        service["type"] = _MESSAGING
    name = service.get("id", "#")
    if not isinstance(name, str) or not name.startswith("#"):
        raise ResolutionError("did_malformed", "expected services with a relative id")
    return service


def _shortened(service: JsonObject) -> JsonObject:
    short: JsonObject = _renamed(service, _SHORT_NAMES)
    if short.get("t") == _MESSAGING:
        short["t"] = _MESSAGING_SHORT
    return short


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Replace member names at every depth (section "Common String Abbreviations")."""
    if isinstance(value, dict):
        renamed = {names.get(name, name): _renamed(item, names) for name, item in value.items()}
        if len(renamed) != len(value):
            raise ResolutionError("did_malformed", "expected each member of a service once")
        return renamed
    if isinstance(value, list | tuple):
        return [_renamed(item, names) for item in value]
    return value


# --- did:peer:4 ------------------------------------------------------------------


def _hash(encoded: str) -> str:
    return "z" + base58_encode(_SHA256 + sha256(encoded.encode("ascii")))


def _input_document(did: Did) -> JsonObject:
    """The document in a long form, after its hash was checked."""
    short, _, encoded = did.identifier.partition(":")
    match = _SHORT_FORM.fullmatch(short)
    if did.method != "peer" or match is None or not encoded.startswith("z"):
        raise ResolutionError("did_malformed", "expected did:peer:4, a hash and a document")
    if _hash(encoded) != match[1]:
        raise ResolutionError("did_malformed", "expected the hash of the document that follows")
    try:
        data = base58_decode(encoded[1:], max_characters=DID_LENGTH_MAX)
        if not data.startswith(_JSON_CODEC):
            raise ResolutionError("did_malformed", "expected a document in JSON")
        return parse_json_object(
            data[len(_JSON_CODEC) :], max_bytes=DOCUMENT_BYTES_MAX, max_depth=JSON_DEPTH_MAX
        )
    except LimitExceededError:
        raise
    except MalformedError as err:
        raise ResolutionError("did_malformed", "expected a JSON object in base58btc") from err


def _contextualized(did: Did, source: JsonObject, other_form: str) -> DidDocument:
    document = copy.deepcopy(source)
    if "id" in document:
        raise ResolutionError("did_document_invalid", "expected a document that does not name itself")
    known = document.get("alsoKnownAs", [])
    if not isinstance(known, list):
        raise ResolutionError("did_document_invalid", "expected a list of texts in alsoKnownAs")
    document |= {"id": str(did), "alsoKnownAs": [*known, other_form]}
    for name in ("verificationMethod", *RELATIONSHIPS):
        entries = document.get(name, [])
        for method in entries if isinstance(entries, list) else ():
            if isinstance(method, dict):
                method.setdefault("controller", str(did))
                _check_relative(method.get("id"))
            elif name != "verificationMethod":
                _check_relative(method)
    return DidDocument.from_json(document, str(did))


def _check_relative(name: object) -> None:
    if not isinstance(name, str) or not name.startswith("#"):
        raise ResolutionError("did_document_invalid", "expected methods named relatively")
