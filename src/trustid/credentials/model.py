"""The W3C data model of credentials and presentations: what must be there, and of which form.

Version 2.0 is checked as the recommendation says; version 1.1 is read. Only
the JSON is looked at. Whether every term means something is a question to a
JSON-LD processor; a little of it is answered here where the contexts are
known: a type must be a URL or a term that a context defines, and no inline
context may redefine a term of the base context.

Reference:
    W3C Verifiable Credentials Data Model 2.0, sections 4 and 6; 1.1, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from trustid.credentials.model_values import (
    check_language_value,
    check_url,
    is_url,
    one_or_more,
    read_datetime,
)
from trustid.credentials.related_resources import check_related_resources
from trustid.encoding import JsonObject
from trustid.errors import ExpiredError, MalformedError, NotYetValidError

__all__ = [
    "PROTECTED_TERMS",
    "PROTECTED_TERMS_1_1",
    "V1_CONTEXT",
    "V2_CONTEXT",
    "Credential",
    "Presentation",
    "issuer_of",
]

V2_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
V1_CONTEXT: Final = "https://www.w3.org/2018/credentials/v1"

PROTECTED_TERMS: Final = frozenset(
    {
        "id",
        "type",
        "description",
        "digestMultibase",
        "digestSRI",
        "mediaType",
        "name",
        "VerifiableCredential",
        "EnvelopedVerifiableCredential",
        "VerifiablePresentation",
        "EnvelopedVerifiablePresentation",
        "JsonSchemaCredential",
        "JsonSchema",
        "BitstringStatusListCredential",
        "BitstringStatusList",
        "BitstringStatusListEntry",
        "DataIntegrityProof",
        "...",
        "_sd",
        "_sd_alg",
        "aud",
        "cnf",
        "exp",
        "iat",
        "iss",
        "jku",
        "kid",
        "nbf",
        "sub",
        "x5u",
    }
)
"""The terms of the base context; a test holds them against the context itself."""

PROTECTED_TERMS_1_1: Final = frozenset(
    {
        "id",
        "type",
        "VerifiableCredential",
        "VerifiablePresentation",
        "EcdsaSecp256k1Signature2019",
        "EcdsaSecp256r1Signature2019",
        "Ed25519Signature2018",
        "RsaSignature2018",
        "proof",
    }
)
"""Those of version 1.1."""

_PUBLISHED: Final = object()
"""Stands for the definition of a base context's term, which no context in a document repeats."""

MAX_CONTEXTS: Final = 32
MAX_TYPES: Final = 32
MAX_SUBJECTS: Final = 256
MAX_CREDENTIALS: Final = 64
"""How many credentials one presentation may hold."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential of the W3C data model, checked in form.

    Attributes:
        document: The JSON that was read.
        version: "2.0" or "1.1".
        types: Its types, VerifiableCredential among them.
        issuer: The issuer's URL.
        subjects: The identifiers of the subjects that have one.
        valid_from: From when it holds.
        valid_until: Until when it holds.
        status: Its status entries.
    """

    document: Mapping[str, Any] = field(repr=False)
    version: str
    types: tuple[str, ...]
    issuer: str
    subjects: tuple[str, ...] = field(repr=False)
    valid_from: datetime | None
    valid_until: datetime | None
    status: tuple[JsonObject, ...] = field(repr=False)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Credential:
        """Check a credential's form.

        Args:
            document: The credential, with or without proof.

        Raises:
            MalformedError: malformed, or claim_type_invalid.

        Reference:
            Data model 2.0, sections 4.3 to 4.14; 1.1, sections 4.1 to 4.8.
        """
        contexts = _contexts(document)
        old = contexts[0] == V1_CONTEXT
        types = _types(document, "VerifiableCredential", contexts)
        _check_id(document)
        subjects = one_or_more(document, "credentialSubject", MAX_SUBJECTS)
        if not subjects or not all(subjects):
            raise MalformedError("malformed", "expected a credentialSubject with at least one claim")
        for subject in subjects:
            _check_id(subject)
        start, end = ("issuanceDate", "expirationDate") if old else ("validFrom", "validUntil")
        if old and start not in document:
            raise MalformedError("malformed", "expected an issuanceDate")
        valid_from, valid_until = read_datetime(document, start), read_datetime(document, end)
        if valid_from and valid_until and valid_until < valid_from:
            raise MalformedError("malformed", f"expected {end} not to be before {start}")
        for name, required in _TYPED.items():
            _check_typed(document, name, required, contexts)
        _check_texts(document)
        if not old:
            check_related_resources(document)
        return cls(
            document,
            "1.1" if old else "2.0",
            types,
            issuer_of(document),
            tuple([subject["id"] for subject in subjects if "id" in subject]),
            valid_from,
            valid_until,
            tuple(one_or_more(document, "credentialStatus", MAX_TYPES)),
        )

    def check_time(self, now: datetime, skew_seconds: int = 0) -> None:
        """Check that it holds now.

        Args:
            now: An aware time.
            skew_seconds: How far the issuer's clock may be off.

        Raises:
            NotYetValidError: not_yet_valid.
            ExpiredError: expired.

        Reference:
            Data model 2.0, section 4.9.
        """
        if self.valid_from and (self.valid_from - now).total_seconds() > skew_seconds:
            raise NotYetValidError("not_yet_valid")
        if self.valid_until and (now - self.valid_until).total_seconds() > skew_seconds:
            raise ExpiredError("expired")


@dataclass(frozen=True, slots=True)
class Presentation:
    """A presentation of the W3C data model, checked in form.

    Attributes:
        document: The JSON that was read.
        holder: The holder's URL, if it names one.
        credentials: The credentials in it that are JSON-LD.
        enveloped: Those that are data URLs, for instance of a JWT.
    """

    document: Mapping[str, Any] = field(repr=False)
    holder: str | None = field(repr=False)
    credentials: tuple[Credential, ...]
    enveloped: tuple[str, ...] = field(repr=False)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Presentation:
        """Check a presentation's form, and that of each credential in it.

        Raises:
            MalformedError: malformed, or claim_type_invalid.

        Reference:
            Data model 2.0, section 4.13; 1.1, section 4.10.
        """
        contexts = _contexts(document)
        _types(document, "VerifiablePresentation", contexts)
        _check_id(document)
        holder = _id_of(document["holder"], "holder") if "holder" in document else None
        for name in ("termsOfUse",):
            _check_typed(document, name, ("type",), contexts)
        plain: list[Credential] = []
        enveloped: list[str] = []
        for credential in one_or_more(document, "verifiableCredential", MAX_CREDENTIALS):
            if "EnvelopedVerifiableCredential" in _listed(credential.get("type")):
                enveloped.append(_enveloped(credential))
            else:
                plain.append(Credential.read(credential))
        return cls(document, holder, tuple(plain), tuple(enveloped))


def issuer_of(document: Mapping[str, Any]) -> str:
    """The URL of a credential's issuer.

    Raises:
        MalformedError: There is none, or it is no URL.

    Reference:
        Data model 2.0, section 4.7.
    """
    if "issuer" not in document:
        raise MalformedError("malformed", "expected an issuer")
    issuer = document["issuer"]
    if isinstance(issuer, Mapping):
        _check_texts(issuer)
    return _id_of(issuer, "issuer")


# Members whose values are objects with a type, and what each object must have
# (data model 2.0, sections 4.10, 4.11, 5.4 to 5.6 and 5.10; table of section 4.5).
_TYPED: Final[dict[str, tuple[str, ...]]] = {
    "credentialStatus": ("type",),
    "credentialSchema": ("type", "id"),
    "evidence": ("type",),
    "termsOfUse": ("type",),
    "refreshService": ("type",),
    "confidenceMethod": ("type",),
    "renderMethod": ("type",),
}


def _contexts(document: Mapping[str, Any]) -> list[Any]:
    found = document.get("@context")
    contexts = [found] if type(found) is str else found
    if type(contexts) is not list or not contexts or contexts[0] not in (V2_CONTEXT, V1_CONTEXT):
        raise MalformedError("malformed", "expected @context to begin with the base context")
    if len(contexts) > MAX_CONTEXTS:
        raise MalformedError("malformed", f"expected at most {MAX_CONTEXTS} contexts")
    base = PROTECTED_TERMS if contexts[0] == V2_CONTEXT else PROTECTED_TERMS_1_1
    protected: dict[str, Any] = dict.fromkeys(base, _PUBLISHED)
    for context in contexts:
        if type(context) is str:
            check_url(context, "@context")
        elif type(context) is not dict:
            raise MalformedError("claim_type_invalid", "expected contexts to be URLs or objects")
        else:
            _check_redefined(context, protected)
            protected |= _protected_by(context)
    return contexts


def _check_redefined(context: Mapping[str, Any], protected: Mapping[str, Any]) -> None:
    """A protected term keeps its meaning; repeating that is allowed (JSON-LD 1.1 API, section 4.2.2, step 27)."""
    for name in protected.keys() & context.keys():
        if context[name] != protected[name]:
            raise MalformedError("malformed", "expected no context to redefine a protected term")


def _protected_by(context: Mapping[str, Any]) -> JsonObject:
    """The terms that an inline context protects, each with its definition."""
    every = context.get("@protected") is True

    def is_protected(definition: Any) -> bool:
        return definition.get("@protected", every) is True if type(definition) is dict else every

    return {
        name: definition
        for name, definition in context.items()
        if not name.startswith("@") and is_protected(definition)
    }


def _types(document: Mapping[str, Any], wanted: str, contexts: Sequence[Any]) -> tuple[str, ...]:
    types = _listed(document.get("type"))
    if not types or len(types) > MAX_TYPES or len(set(types)) != len(types):
        raise MalformedError("malformed", "expected one or more distinct types")
    if wanted not in types:
        raise MalformedError("malformed", f"expected the type {wanted}")
    for name in types:
        _check_term(name, contexts)
    return tuple(types)


def _listed(value: object) -> list[str]:
    values = [value] if type(value) is str else value
    if type(values) is not list or not all(type(item) is str and item for item in values):
        raise MalformedError("malformed", "expected type to be one or more texts")
    return values


def _check_term(name: str, contexts: Sequence[Any]) -> None:
    """A type must lead to a URL: be one, or be defined by a context.

    A context that is fetched may define anything, so it leaves the question open.
    """
    meaning: Any = None
    for context in contexts:
        if type(context) is dict and name in context:
            meaning = context[name]
            meaning = meaning.get("@id") if type(meaning) is dict else meaning
    if meaning is not None:
        check_url(meaning, "the meaning of a type")
        return
    inline_only = all(type(context) is dict or context == V2_CONTEXT for context in contexts)
    vocabularies = [
        context["@vocab"] for context in contexts if type(context) is dict and "@vocab" in context
    ]
    if (
        inline_only
        and not (vocabularies and vocabularies[-1])
        and name not in PROTECTED_TERMS
        and not is_url(name)
    ):
        raise MalformedError("malformed", "expected every type to be a URL or a term of a context")


def _check_typed(
    document: Mapping[str, Any], name: str, required: Sequence[str], contexts: Sequence[Any]
) -> None:
    for entry in one_or_more(document, name, MAX_TYPES):
        for member in required:
            if member not in entry:
                raise MalformedError("malformed", f"expected {name} to have a {member}")
        types = _listed(entry["type"])
        if not types:
            raise MalformedError("malformed", f"expected {name} to have a type")
        for type_name in types:
            _check_term(type_name, contexts)
        _check_id(entry)


def _check_texts(document: Mapping[str, Any]) -> None:
    for name in ("name", "description"):
        if name in document:
            check_language_value(document[name], name)


def _check_id(document: Mapping[str, Any]) -> None:
    if "id" in document:
        check_url(document["id"], "id")


def _id_of(value: object, name: str) -> str:
    identifier = value.get("id") if isinstance(value, Mapping) else value
    return check_url(identifier, name)


def _enveloped(credential: Mapping[str, Any]) -> str:
    _contexts(credential)
    address = credential.get("id")
    if type(address) is str:
        # What reads URLs drops white space around them (URL Standard, section 4.4); the W3C suite relies on it.
        address = address.strip(" \t\r\n")
    address = check_url(address, "id")
    if not address.startswith("data:"):
        raise MalformedError("malformed", "expected an enveloped credential to be a data URL")
    return address
