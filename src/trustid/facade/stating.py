"""How a fact is written in each format: what `trustid.issue` does once it knows who says what of whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from trustid import catalogue
from trustid.credentials.data_integrity import CREATORS, Creator, ecdsa_sd_2023, usual_creator
from trustid.credentials.json_ld import OWN_CONTEXT
from trustid.credentials.jwt_vc_json import issue_jwt_vc_json
from trustid.credentials.mdoc import issue_copy
from trustid.credentials.model import V1_CONTEXT, V2_CONTEXT
from trustid.credentials.presentation import issue_credential
from trustid.credentials.sd_jwt_vc import issue_sd_jwt_vc
from trustid.credentials.vc_cose import issue_vc_cose
from trustid.credentials.vc_jose import issue_vc_jwt
from trustid.credentials.vc_sd_jwt import issue_vc_sd_jwt
from trustid.did import key as did_key
from trustid.encoding import JsonObject, b64url_encode
from trustid.errors import MalformedError, UnsupportedError
from trustid.keys import PublicKey, SigningKey

__all__ = ["FORMS", "Fact", "Path"]

Path = tuple[str | int | None, ...]
"""A claims path as in DCQL."""

UNDEFINED_TERMS: Final = "https://www.w3.org/ns/credentials/undefined-terms/v2"
"""The context that gives every term without a meaning a private one (Data Model 2.0, section 5.2)."""

PRIVATE_TERMS: Final = {"@vocab": "urn:trustid:private#"}
"""The same for version 1.1, which has no such context."""

_OLD_NAMES: Final = {"validFrom": "issuanceDate", "validUntil": "expirationDate"}
"""What members were called in version 1.1."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is to be stated; see `trustid.issue`.

    Attributes:
        method: The DID URL of the key.
        hidden: What the holder may keep back; None for each member by itself.
    """

    claims: Mapping[str, Any] = field(repr=False)
    type: str
    key: SigningKey
    issuer: str
    method: str
    holder: PublicKey | None
    hidden: Sequence[Path] | None
    context: Sequence[str | Mapping[str, Any]] | None
    cryptosuite: str | None
    status: JsonObject | None
    x5c: Sequence[str] | None
    issued_at: int
    expires_at: int | None

    def document(self) -> JsonObject:
        """The W3C credential, version 2.0."""
        subject, own_context = self._subject()
        document: JsonObject = {
            "@context": [V2_CONTEXT, *(own_context if self.context is None else self.context)],
            "type": ["VerifiableCredential", self.type],
            "issuer": self.issuer,
            "validFrom": _timestamp(self.issued_at),
            "validUntil": None if self.expires_at is None else _timestamp(self.expires_at),
            "credentialStatus": self.status,
            "credentialSubject": self._about() | subject,
        }
        return {name: value for name, value in document.items() if value is not None}

    def _about(self) -> JsonObject:
        return {} if self.holder is None else {"id": did_key.create(self.holder)}

    def _subject(self) -> tuple[JsonObject, tuple[str, ...]]:
        """What is said of the subject, and the context that gives it meaning."""
        kind = next((kind for kind in catalogue.load().values() if kind.w3c.type == self.type), None)
        if kind is None or self.context is not None:
            return dict(self.claims), (UNDEFINED_TERMS,)
        kind.check_claims(self.claims)
        return kind.w3c.subject(self.claims), (OWN_CONTEXT,)

    def paths(self, claims: Mapping[str, Any]) -> list[Path]:
        """What of these claims the holder may keep back."""
        each = [(name,) for name in claims if name not in ("id", "type")]
        return list(each if self.hidden is None else self.hidden)


def _sd_jwt_vc(fact: Fact) -> str:
    return issue_sd_jwt_vc(
        dict(fact.claims),
        vct=fact.type,
        issuer=fact.issuer,
        key=fact.key,
        holder=fact.holder,
        disclosable=[(name,) for name in fact.claims] if fact.hidden is None else fact.hidden,
        issued_at=fact.issued_at,
        expires_at=fact.expires_at,
        status=fact.status,
        kid=None if fact.x5c else fact.method,
        x5c=fact.x5c,
    )


def _ldp_vc(fact: Fact) -> JsonObject:
    return issue_credential(
        fact.document(),
        key=fact.key,
        verification_method=fact.method,
        created=datetime.fromtimestamp(fact.issued_at, UTC),
        create=_creator(fact),
    )


def _creator(fact: Fact) -> Creator:
    if fact.cryptosuite is None:
        return usual_creator(fact.key)
    if fact.cryptosuite not in CREATORS:
        raise UnsupportedError("unsupported", f"expected one of {', '.join(CREATORS)}")
    if fact.cryptosuite == ecdsa_sd_2023.CRYPTOSUITE:
        subject = fact.document()["credentialSubject"]
        shown = _pointers(subject, fact.paths(subject), "/credentialSubject")
        return ecdsa_sd_2023.selective_creator(tuple(shown))
    return CREATORS[fact.cryptosuite]


def _pointers(value: Any, hidden: Sequence[Path], place: str) -> Iterator[str]:
    """JSON pointers to all that no path of `hidden` leads to."""
    if not all(hidden):
        raise MalformedError("malformed", "expected paths of claims, and no empty one")
    members = value.items() if isinstance(value, Mapping) else enumerate(value)
    for name, inner in members:
        below = [
            path[1:] for path in hidden if path[0] in ((name, None) if isinstance(name, int) else (name,))
        ]
        pointer = f"{place}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if not below:
            yield pointer
        elif all(below) and isinstance(inner, Mapping | list):
            yield from _pointers(inner, below, pointer)


def _vc_jwt(fact: Fact) -> str:
    return issue_vc_jwt(
        fact.document(),
        key=fact.key,
        kid=None if fact.x5c else fact.method,
        x5c=fact.x5c,
        issued_at=fact.issued_at,
    )


def _vc_sd_jwt(fact: Fact) -> str:
    document = fact.document()
    return issue_vc_sd_jwt(
        document,
        disclosable=[("credentialSubject", *path) for path in fact.paths(document["credentialSubject"])],
        key=fact.key,
        kid=None if fact.x5c else fact.method,
        x5c=fact.x5c,
        holder=fact.holder,
    )


def _vc_cose(fact: Fact) -> str:
    kid = None if fact.x5c else fact.method.encode()
    return b64url_encode(issue_vc_cose(fact.document(), key=fact.key, kid=kid, x5c=fact.x5c))


def _jwt_vc_json(fact: Fact) -> str:
    document = fact.document()
    old = {_OLD_NAMES.get(name, name): value for name, value in document.items()}
    old["@context"] = [V1_CONTEXT, *([PRIVATE_TERMS] if fact.context is None else fact.context)]
    return issue_jwt_vc_json(old, key=fact.key, kid=None if fact.x5c else fact.method, x5c=fact.x5c)


def _mdoc(fact: Fact) -> str:
    return issue_copy(
        dict(fact.claims),
        doc_type=fact.type,
        key=fact.key,
        x5c=fact.x5c,
        holder=fact.holder,
        issued_at=fact.issued_at,
        expires_at=fact.expires_at,
        status=fact.status,
    )


FORMS: Final[Mapping[str, Callable[[Fact], str | JsonObject]]] = {
    "dc+sd-jwt": _sd_jwt_vc,
    "ldp_vc": _ldp_vc,
    "vc+jwt": _vc_jwt,
    "vc+sd-jwt": _vc_sd_jwt,
    "vc+cose": _vc_cose,
    "jwt_vc_json": _jwt_vc_json,
    "mso_mdoc": _mdoc,
}


def _timestamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
