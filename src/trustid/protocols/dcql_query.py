"""The Digital Credentials Query Language: reading a query, strictly.

OpenID4VP 1.0, section 6. What a query means for a wallet and for a verifier
stands in `trustid.protocols.dcql`. Unknown members are ignored, as the
specification demands; known members of a wrong type are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from trustid.encoding import JsonObject, b64url_decode
from trustid.errors import MalformedError
from trustid.protocols.claims_path import Path, parse_path

__all__ = [
    "ClaimQuery",
    "CredentialQuery",
    "CredentialSetQuery",
    "DcqlQuery",
    "TrustedAuthority",
]

MAX_CREDENTIALS = 64
MAX_CLAIMS = 256
MAX_ALTERNATIVES = 64
MAX_VALUES = 256
MAX_TEXT = 2048

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_Element = TypeVar("_Element")


@dataclass(frozen=True, slots=True)
class ClaimQuery:
    """One claim that is asked for (section 6.3).

    Attributes:
        id: Its name within `claim_sets`, or None.
        path: Where it stands in the credential.
        values: The values that are accepted, of exactly these types; empty
            when every value is.
    """

    id: str | None
    path: Path
    values: tuple[str | int | bool, ...] = ()

    def accepts(self, value: Any) -> bool:
        """Whether a value has the type and the content of one that is accepted."""
        # `type is type`, since in Python True == 1 and 1 == 1.0.
        return not self.values or any(type(value) is type(one) and value == one for one in self.values)


@dataclass(frozen=True, slots=True)
class TrustedAuthority:
    """A hint which authorities the verifier trusts (section 6.1.1)."""

    type: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CredentialQuery:
    """One credential that is asked for (section 6.1).

    Attributes:
        id: Its name in the answer.
        format: For example dc+sd-jwt or ldp_vc.
        meta: As received; what matching needs of it is in the next three.
        vct_values: Accepted types of an SD-JWT VC; empty for every type.
        type_values: Alternatives of type sets for a W3C credential.
        doctype_value: The type of an mdoc, or None.
        claims: Empty when nothing that is selectively disclosable is asked.
        claim_sets: Alternatives by claim id, most preferred first.
        multiple: Whether several presentations may answer.
        trusted_authorities: Empty when nothing is hinted.
        require_cryptographic_holder_binding: True unless switched off.
    """

    id: str
    format: str
    meta: JsonObject
    vct_values: tuple[str, ...] = ()
    type_values: tuple[tuple[str, ...], ...] = ()
    doctype_value: str | None = None
    claims: tuple[ClaimQuery, ...] = ()
    claim_sets: tuple[tuple[str, ...], ...] = ()
    multiple: bool = False
    trusted_authorities: tuple[TrustedAuthority, ...] = ()
    require_cryptographic_holder_binding: bool = True

    def alternatives(self) -> tuple[tuple[ClaimQuery, ...], ...]:
        """The combinations of claims that answer, most preferred first (section 6.4.1)."""
        if not self.claim_sets:
            return (self.claims,)
        by_id = {claim.id: claim for claim in self.claims}
        return tuple(tuple(by_id[name] for name in names) for names in self.claim_sets)


@dataclass(frozen=True, slots=True)
class CredentialSetQuery:
    """Alternative combinations of credentials for one use (section 6.2)."""

    options: tuple[tuple[str, ...], ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class DcqlQuery:
    """A whole query.

    Example:
        >>> query = DcqlQuery.parse({"credentials": [
        ...     {"id": "degree", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:degree"]},
        ...      "claims": [{"path": ["degree", "name"]}]}]})
        >>> query.credential("degree").claims[0].path
        ('degree', 'name')
    """

    credentials: tuple[CredentialQuery, ...]
    credential_sets: tuple[CredentialSetQuery, ...] = ()

    @classmethod
    def parse(cls, value: Any) -> DcqlQuery:
        """Read a query.

        Args:
            value: The JSON object, for example from `parse_json`.

        Raises:
            MalformedError: `query_malformed`; which rule was broken stands in
                the message.

        Reference:
            OpenID4VP 1.0, section 6.
        """
        query = _object(value, "the query")
        credentials = _list(query, "credentials", _credential, MAX_CREDENTIALS, required=True)
        names = _distinct([credential.id for credential in credentials], "credential id")

        def set_query(entry: Any) -> CredentialSetQuery:
            return _credential_set(entry, names)

        return cls(credentials, _list(query, "credential_sets", set_query, MAX_ALTERNATIVES))

    def credential(self, query_id: str) -> CredentialQuery:
        """The part of the query with this id.

        Raises:
            KeyError: There is none; the caller checks ids from outside first.
        """
        for credential in self.credentials:
            if credential.id == query_id:
                return credential
        raise KeyError(query_id)


def _refuse(message: str) -> MalformedError:
    return MalformedError("query_malformed", message)


def _object(value: Any, name: str) -> JsonObject:
    if not isinstance(value, dict):
        raise _refuse(f"expected {name} to be an object, found {type(value).__name__}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        raise _refuse(f"expected a string of 1 to {MAX_TEXT} characters")
    return value


def _id(value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise _refuse("expected an id of 1 to 128 letters, digits, underscores and hyphens")
    return value


def _flag(holder: JsonObject, name: str, default: bool) -> bool:
    value = holder.get(name, default)
    if not isinstance(value, bool):
        raise _refuse(f"expected {name} to be true or false")
    return value


def _list(
    holder: JsonObject, name: str, read: Callable[[Any], _Element], limit: int, *, required: bool = False
) -> tuple[_Element, ...]:
    """A non-empty array; the empty tuple stands for an optional one that is absent."""
    if name not in holder and not required:
        return ()
    return _elements(holder.get(name), name, read, limit)


def _elements(value: Any, name: str, read: Callable[[Any], _Element], limit: int) -> tuple[_Element, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= limit:
        raise _refuse(f"expected {name} to be an array of 1 to {limit} entries")
    return tuple(read(entry) for entry in value)


def _distinct(names: list[str], what: str) -> frozenset[str]:
    if len(set(names)) != len(names):
        raise _refuse(f"expected every {what} once")
    return frozenset(names)


def _value(value: Any) -> str | int | bool:
    if not isinstance(value, str | int | bool):
        raise _refuse("expected strings, integers and booleans in values")
    return value


def _claim(value: Any) -> ClaimQuery:
    entry = _object(value, "a claims query")
    name = _id(entry["id"]) if "id" in entry else None
    return ClaimQuery(name, parse_path(entry.get("path")), _list(entry, "values", _value, MAX_VALUES))


def _authority(value: Any) -> TrustedAuthority:
    entry = _object(value, "a trusted authority")
    authority = TrustedAuthority(
        _text(entry.get("type")), _list(entry, "values", _text, MAX_VALUES, required=True)
    )
    if authority.type == "aki":
        for identifier in authority.values:
            _key_identifier(identifier)
    return authority


def _key_identifier(value: str) -> bytes:
    try:
        return b64url_decode(value)
    except MalformedError as err:
        raise _refuse("expected aki values in base64url") from err


def _credential(value: Any) -> CredentialQuery:
    entry = _object(value, "a credential query")
    name = _id(entry.get("id"))
    credential_format = _text(entry.get("format"))
    meta = _object(entry.get("meta"), "meta")
    claims = _list(entry, "claims", _claim, MAX_CLAIMS)
    return CredentialQuery(
        id=name,
        format=credential_format,
        meta=meta,
        vct_values=_list(meta, "vct_values", _text, MAX_VALUES),
        type_values=_list(meta, "type_values", _type_set, MAX_VALUES),
        doctype_value=_text(meta["doctype_value"]) if "doctype_value" in meta else None,
        claims=claims,
        claim_sets=_claim_sets(entry, claims),
        multiple=_flag(entry, "multiple", False),
        trusted_authorities=_list(entry, "trusted_authorities", _authority, MAX_ALTERNATIVES),
        require_cryptographic_holder_binding=_flag(entry, "require_cryptographic_holder_binding", True),
    )


def _type_set(value: Any) -> tuple[str, ...]:
    return _elements(value, "type_values", _text, MAX_VALUES)


def _claim_sets(entry: JsonObject, claims: tuple[ClaimQuery, ...]) -> tuple[tuple[str, ...], ...]:
    names = _distinct([claim.id for claim in claims if claim.id is not None], "claim id")
    if "claim_sets" not in entry:
        return ()
    if len(names) != len(claims) or not claims:
        raise _refuse("claim_sets needs claims, each with an id")

    def one(value: Any) -> tuple[str, ...]:
        return _references(value, "claim_sets", names, MAX_CLAIMS)

    return _list(entry, "claim_sets", one, MAX_ALTERNATIVES)


def _credential_set(value: Any, names: frozenset[str]) -> CredentialSetQuery:
    entry = _object(value, "a credential set query")

    def option(names_of_option: Any) -> tuple[str, ...]:
        return _references(names_of_option, "options", names, MAX_CREDENTIALS)

    options = _list(entry, "options", option, MAX_ALTERNATIVES, required=True)
    return CredentialSetQuery(options, _flag(entry, "required", True))


def _references(value: Any, name: str, known: frozenset[str], limit: int) -> tuple[str, ...]:
    references = _elements(value, name, _id, limit)
    if not known.issuperset(references):
        raise _refuse(f"{name} refers to an id that the query does not define")
    return references
