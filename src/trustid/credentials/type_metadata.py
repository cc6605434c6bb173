"""Type metadata: what a type of credential is called, which claims it has, how it looks.

A document may extend another one; the chain is resolved here, from the base
up. Documents are loaded through a function of the caller's, who decides
whether they come from a catalogue, a cache or the network.

Reference:
    draft-ietf-oauth-sd-jwt-vc-19, section 5.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trustid.credentials.disclosure import Path
from trustid.encoding import JsonObject, b64_decode, parse_json_object
from trustid.errors import (
    DisclosureError,
    LimitExceededError,
    MalformedError,
    VerificationError,
)

__all__ = ["MAX_EXTENDS", "TypeMetadata", "check_integrity", "resolve"]

MAX_EXTENDS: Final = 8
"""How many documents a chain of extensions may have."""

MAX_DOCUMENT_BYTES: Final = 1 << 18
"""How large one document may be."""

_HASHES: Final = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_STRENGTH: Final = tuple(_HASHES)
_SVG_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SD_VALUES: Final = ("always", "allowed", "never")


@dataclass(frozen=True, slots=True)
class TypeMetadata:
    """What is known of a type, all that it extends included.

    Attributes:
        vct: The type.
        extends: The types that it extends, the nearest first.
        name: Its name for developers.
        description: Its description for developers.
        display: How to show it, one object for each locale.
        claims: What is known of its claims, one object for each path.
    """

    vct: str
    extends: tuple[str, ...]
    name: str | None
    description: str | None
    display: tuple[JsonObject, ...]
    claims: tuple[JsonObject, ...]

    def check_issuing(self, claims: Mapping[str, Any], disclosable: Sequence[Path]) -> None:
        """Check what an issuer is about to sign against the rules of the type.

        Raises:
            DisclosureError: required_claim_missing, for a mandatory claim;
                claim_not_disclosable, where `sd` is "never", or is "always"
                and the claim is not hidden.

        Reference:
            Sections 5.6.3 and 5.6.4.
        """
        hidden = set(disclosable)
        for claim in self.claims:
            path = tuple(claim["path"])
            present = _selects(claims, path)
            if claim.get("mandatory", False) and not present:
                raise DisclosureError("required_claim_missing", "expected every mandatory claim of the type")
            rule = claim.get("sd", "allowed")
            if present and rule != "allowed" and (rule == "always") != (path in hidden):
                raise DisclosureError(
                    "claim_not_disclosable", f"expected a claim whose rule is {rule} to follow it"
                )


def resolve(vct: str, load: Callable[[str], bytes], *, integrity: str | None = None) -> TypeMetadata:
    """Load the metadata of a type and of everything that it extends.

    Args:
        vct: The type that a credential names.
        load: Gives the document of a type, as it was published.
        integrity: The claim `vct#integrity`, if the credential has it.

    Raises:
        VerificationError: vct_integrity: a document is not the one that was
            signed, or describes another type.
        MalformedError: A document breaks the format, a type extends itself, or
            an extension loosens a rule of its base.
        LimitExceededError: The chain is longer than `MAX_EXTENDS`.

    Reference:
        Sections 5.2 to 5.5 and 6.3 (circular extensions).
    """
    documents: list[JsonObject] = []
    seen: list[str] = []
    wanted: str | None = vct
    while wanted is not None:
        if wanted in seen:
            raise MalformedError("malformed", "expected a type not to extend itself")
        if len(seen) == MAX_EXTENDS:
            raise LimitExceededError("limit_exceeded", f"expected a chain of at most {MAX_EXTENDS} types")
        document = _load(wanted, load, integrity)
        documents.append(document)
        seen.append(wanted)
        wanted, integrity = document.get("extends"), document.get("extends#integrity")
    claims: list[JsonObject] = []
    display: list[JsonObject] = []
    for document in reversed(documents):
        claims = _merge_claims(claims, document.get("claims", []))
        display = document.get("display", display)
    first = documents[0]
    return TypeMetadata(
        vct, tuple(seen[1:]), first.get("name"), first.get("description"), tuple(display), tuple(claims)
    )


def check_integrity(integrity: str, body: bytes) -> None:
    """Check a document against integrity metadata, the strongest hash in it.

    Unlike a browser, this refuses where no hash is understood.

    Raises:
        VerificationError: vct_integrity.

    Reference:
        W3C Subresource Integrity, sections 3.3.2 to 3.3.5.
    """
    known: dict[str, list[bytes]] = {}
    for entry in integrity.split():
        algorithm, _, value = entry.partition("?")[0].partition("-")
        if algorithm in _HASHES:
            try:
                known.setdefault(algorithm, []).append(b64_decode(value))
            except MalformedError as err:
                raise VerificationError("vct_integrity", "expected base64 in integrity metadata") from err
    if not known:
        raise VerificationError("vct_integrity", "expected a sha256, sha384 or sha512 hash")
    strongest = max(known, key=_STRENGTH.index)
    digest = _HASHES[strongest](body).digest()
    if not any(hmac.compare_digest(digest, value) for value in known[strongest]):
        raise VerificationError("vct_integrity", "expected the document that was hashed")


def _load(vct: str, load: Callable[[str], bytes], integrity: object) -> JsonObject:
    body = load(vct)
    if integrity is not None:
        if type(integrity) is not str:
            raise MalformedError("malformed", "expected integrity metadata to be text")
        check_integrity(integrity, body)
    document = parse_json_object(body, max_bytes=MAX_DOCUMENT_BYTES)
    if document.get("vct") != vct:
        raise VerificationError("vct_integrity", "expected the metadata of the type that was asked for")
    for name in ("name", "description", "extends"):
        if name in document and type(document[name]) is not str:
            raise MalformedError("malformed", f"expected {name} to be text")
    display = document.get("display", [])
    if type(display) is not list or not all(_is_display(entry) for entry in display):
        raise MalformedError("malformed", "expected display to be objects with a locale and a name")
    claims = document.get("claims", [])
    if type(claims) is not list:
        raise MalformedError("malformed", "expected claims to be an array")
    for claim in claims:
        _check_claim(claim)
    identifiers = [claim["svg_id"] for claim in claims if "svg_id" in claim]
    if len(set(identifiers)) != len(identifiers):
        raise MalformedError("malformed", "expected each svg_id once")
    return document


def _is_display(entry: object) -> bool:
    # Drafts up to -11 said `lang` where `locale` stands now.
    return (
        type(entry) is dict
        and type(entry.get("locale", entry.get("lang"))) is str
        and type(entry.get("name")) is str
    )


def _check_claim(claim: object) -> None:
    if type(claim) is not dict:
        raise MalformedError("malformed", "expected claim metadata to be an object")
    path = claim.get("path")
    if type(path) is not list or not path:
        raise MalformedError("malformed", "expected claim metadata with a path")
    for component in path:
        if (
            component is not None
            and type(component) is not str
            and (type(component) is not int or component < 0)
        ):
            raise MalformedError("malformed", "expected a path of names, indices and null")
    if claim.get("sd", "allowed") not in _SD_VALUES or type(claim.get("mandatory", False)) is not bool:
        raise MalformedError("malformed", "expected sd and mandatory to have a value of the draft")
    identifier = claim.get("svg_id", "a")
    if type(identifier) is not str or not _SVG_ID.fullmatch(identifier):
        raise MalformedError("malformed", "expected svg_id to be letters, digits and underscores")


def _merge_claims(base: list[JsonObject], extending: list[JsonObject]) -> list[JsonObject]:
    """A claim of the same path takes the place of the base's; what is fixed there stays fixed."""
    merged = {tuple(claim["path"]): claim for claim in base}
    for claim in extending:
        path = tuple(claim["path"])
        inherited = merged.get(path, {})
        fixed = inherited.get("sd", "allowed")
        if fixed != "allowed" and claim.get("sd", fixed) != fixed:
            raise MalformedError("malformed", f"expected a claim with sd {fixed} to keep it when extended")
        if inherited.get("mandatory", False) and not claim.get("mandatory", True):
            raise MalformedError("malformed", "expected a mandatory claim to stay mandatory when extended")
        kept: JsonObject = {name: inherited[name] for name in ("sd", "mandatory") if name in inherited}
        merged[path] = kept | claim
    return list(merged.values())


def _selects(claims: Mapping[str, Any], path: Path) -> bool:
    reached: list[Any] = [claims]
    for component in path:
        onward: list[Any] = []
        for value in reached:
            if type(component) is str and isinstance(value, Mapping) and component in value:
                onward.append(value[component])
            elif component is None and type(value) is list:
                onward += value
            elif type(component) is int and type(value) is list and component < len(value):
                onward.append(value[component])
        reached = onward
    return bool(reached)
