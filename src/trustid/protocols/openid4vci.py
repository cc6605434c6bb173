"""The messages of OpenID for Verifiable Credential Issuance 1.0 (Final, 2025-09-16).

Each message is read once, strictly where the specification says MUST, and is
then a value that holds. Unknown parameters are ignored everywhere, as the
specification demands. The engine that answers is in `issuing`; a wallet uses
the same messages from the other side.

| message | section |
|---|---|
| credential offer, by value and by reference | 4.1 |
| token request and response | 6 |
| nonce response | 7 |
| credential request and response | 8 |
| issuer and authorization server metadata | 12.2, 12.3 |
| jwt proof | appendix F.1 |
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from trustid.encoding import JsonObject, dump_json, parse_json_object
from trustid.errors import MalformedError, ProtocolError, TrustidError

__all__ = [
    "AUTHORIZATION_DETAILS_TYPE",
    "BATCH_MAX",
    "PRE_AUTHORIZED_GRANT",
    "PROOF_ALGORITHMS",
    "PROOF_TYP",
    "SD_JWT_VC_FORMAT",
    "CredentialOffer",
    "CredentialRequest",
    "IssuerMetadata",
    "TokenRequest",
    "TokenResponse",
    "TxCode",
    "credential_response",
    "credentials_of",
    "error_body",
    "offer_uri",
    "offer_uri_by_reference",
    "parse_offer_uri",
    "well_known_url",
]

PRE_AUTHORIZED_GRANT: Final = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
AUTHORIZATION_DETAILS_TYPE: Final = "openid_credential"
PROOF_TYP: Final = "openid4vci-proof+jwt"
PROOF_ALGORITHMS: Final = ("ES256", "EdDSA", "Ed25519")
"""EdDSA and, for the same keys, its fully specified name (RFC 9864)."""
SD_JWT_VC_FORMAT: Final = "dc+sd-jwt"
OFFER_SCHEME: Final = "openid-credential-offer"

BATCH_MAX: Final = 100
CODE_MAX: Final = 512
TEXT_MAX: Final = 2048
PROOF_MAX: Final = 16 * 1024
OFFER_URI_MAX: Final = 16 * 1024
CONFIGURATIONS_MAX: Final = 100
TX_CODE_DESCRIPTION_MAX: Final = 300

_NOT_ERROR_TEXT = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


@dataclass(frozen=True, slots=True)
class TxCode:
    """What the wallet tells its owner about the transaction code (section 4.1.1).

    Attributes:
        length: How many characters it has.
        numeric: Whether it is made of digits only.
        description: Where the owner finds it; at most 300 characters.
    """

    length: int | None = None
    numeric: bool = True
    description: str | None = None

    def to_json(self) -> JsonObject:
        """The `tx_code` object of an offer."""
        body: JsonObject = {"input_mode": "numeric" if self.numeric else "text"}
        if self.length is not None:
            body["length"] = self.length
        if self.description is not None:
            body["description"] = self.description[:TX_CODE_DESCRIPTION_MAX]
        return body

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read a `tx_code` object; it may be empty."""
        if not isinstance(value, dict):
            raise MalformedError("malformed", "tx_code: expected an object")
        length, mode, description = (
            value.get("length"),
            value.get("input_mode", "numeric"),
            value.get("description"),
        )
        if length is not None and (not isinstance(length, int) or isinstance(length, bool) or length < 1):
            raise MalformedError("malformed", "tx_code.length: expected a whole number, 1 or more")
        if mode not in ("numeric", "text"):
            raise MalformedError("malformed", "tx_code.input_mode: expected 'numeric' or 'text'")
        if description is not None and (
            not isinstance(description, str) or len(description) > TX_CODE_DESCRIPTION_MAX
        ):
            raise MalformedError(
                "malformed", f"tx_code.description: expected at most {TX_CODE_DESCRIPTION_MAX} characters"
            )
        return cls(length, mode == "numeric", description)


@dataclass(frozen=True, slots=True)
class CredentialOffer:
    """An offer of credentials with a pre-authorized code (section 4.1.1).

    Attributes:
        credential_issuer: The issuer's identifier, an https URL.
        configuration_ids: What is offered; keys of the issuer's metadata.
        pre_authorized_code: The code, or None when the offer has no such grant.
        tx_code: Present when the wallet must ask for a transaction code.
    """

    credential_issuer: str
    configuration_ids: tuple[str, ...]
    pre_authorized_code: str | None
    tx_code: TxCode | None = None

    def to_json(self) -> JsonObject:
        """The offer object."""
        body: JsonObject = {
            "credential_issuer": self.credential_issuer,
            "credential_configuration_ids": list(self.configuration_ids),
        }
        if self.pre_authorized_code is not None:
            grant: JsonObject = {"pre-authorized_code": self.pre_authorized_code}
            if self.tx_code is not None:
                grant["tx_code"] = self.tx_code.to_json()
            body["grants"] = {PRE_AUTHORIZED_GRANT: grant}
        return body

    @classmethod
    def from_json(cls, body: JsonObject) -> Self:
        """Read an offer.

        Raises:
            MalformedError: A required parameter is missing or has the wrong type.
        """
        issuer = _text(body, "credential_issuer")
        names = body.get("credential_configuration_ids")
        if (
            not isinstance(names, list)
            or not 0 < len(names) <= CONFIGURATIONS_MAX
            or not all(isinstance(name, str) for name in names)
            or len(set(names)) != len(names)
        ):
            raise MalformedError(
                "malformed", "credential_configuration_ids: expected distinct strings, one or more"
            )
        grants = body.get("grants", {})
        if not isinstance(grants, dict):
            raise MalformedError("malformed", "grants: expected an object")
        grant = grants.get(PRE_AUTHORIZED_GRANT)
        if grant is None:
            return cls(issuer, tuple(names), None)
        if not isinstance(grant, dict):
            raise MalformedError("malformed", "grants: expected an object for the pre-authorized code")
        tx_code = TxCode.from_json(grant["tx_code"]) if "tx_code" in grant else None
        return cls(issuer, tuple(names), _text(grant, "pre-authorized_code", CODE_MAX), tx_code)


def offer_uri(offer: CredentialOffer) -> str:
    """The link that carries an offer by value, for a QR code or a button (section 4.1.2)."""
    return f"{OFFER_SCHEME}://?credential_offer={quote(dump_json(offer.to_json()), safe='')}"


def offer_uri_by_reference(url: str) -> str:
    """The link that carries an offer by reference (section 4.1.3)."""
    return f"{OFFER_SCHEME}://?credential_offer_uri={quote(url, safe='')}"


def parse_offer_uri(uri: str) -> CredentialOffer | str:
    """Read the link of an offer.

    Args:
        uri: `openid-credential-offer://?…`, or any URL with the same query.

    Returns:
        The offer, or the URL from which it must be fetched.

    Raises:
        MalformedError: Not an offer, or both forms at once.
    """
    if len(uri) > OFFER_URI_MAX:
        raise MalformedError("malformed", f"expected an offer link of at most {OFFER_URI_MAX} characters")
    try:
        query = parse_qs(
            urlsplit(uri.strip()).query, keep_blank_values=True, strict_parsing=True, max_num_fields=20
        )
    except ValueError as err:
        raise MalformedError("malformed", "expected an offer link with a query") from err
    by_value, by_reference = query.get("credential_offer", []), query.get("credential_offer_uri", [])
    if len(by_value) + len(by_reference) != 1:
        raise MalformedError("malformed", "expected credential_offer or credential_offer_uri, once")
    if by_reference:
        return by_reference[0]
    return CredentialOffer.from_json(parse_json_object(by_value[0], max_bytes=OFFER_URI_MAX))


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request for an access token with a pre-authorized code (section 6.1).

    Attributes:
        configuration_ids: What `authorization_details` narrowed the request to; None when it was not sent.
    """

    pre_authorized_code: str
    tx_code: str | None
    client_id: str | None
    configuration_ids: tuple[str, ...] | None = None

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> Self:
        """Read the form that a wallet posted.

        Raises:
            ProtocolError: `invalid_request` or `unsupported_grant_type` (RFC 6749, section 5.2).
        """
        grant_type = form.get("grant_type")
        if not grant_type:
            raise ProtocolError("invalid_request", "grant_type is missing")
        if grant_type != PRE_AUTHORIZED_GRANT:
            raise ProtocolError("unsupported_grant_type", f"expected {PRE_AUTHORIZED_GRANT}")
        code = form.get("pre-authorized_code")
        if not code or len(code) > CODE_MAX:
            raise ProtocolError("invalid_request", "pre-authorized_code is missing or too long")
        tx_code = form.get("tx_code")
        if tx_code is not None and len(tx_code) > CODE_MAX:
            raise ProtocolError("invalid_request", "tx_code is too long")
        client_id = form.get("client_id") or None
        if client_id is not None and len(client_id) > TEXT_MAX:
            raise ProtocolError("invalid_request", "client_id is too long")
        # An empty tx_code is none: RFC 6749, section 3.2, treats a parameter without a value as omitted.
        return cls(
            code, tx_code or None, client_id, _authorization_details(form.get("authorization_details"))
        )

    def to_form(self) -> bytes:
        """The form as a wallet posts it."""
        form = {"grant_type": PRE_AUTHORIZED_GRANT, "pre-authorized_code": self.pre_authorized_code}
        if self.tx_code is not None:
            form["tx_code"] = self.tx_code
        if self.client_id is not None:
            form["client_id"] = self.client_id
        return urlencode(form).encode()


def _authorization_details(text: str | None) -> tuple[str, ...] | None:
    if not text:
        return None
    try:
        details = parse_json_object(f'{{"details":{text}}}', max_bytes=64 * 1024)["details"]
    except MalformedError as err:
        raise ProtocolError("invalid_request", "authorization_details: expected a JSON array") from err
    if not isinstance(details, list) or not 0 < len(details) <= CONFIGURATIONS_MAX:
        raise ProtocolError("invalid_request", "authorization_details: expected a JSON array of objects")
    names: list[str] = []
    for detail in details:
        if not isinstance(detail, dict) or detail.get("type") != AUTHORIZATION_DETAILS_TYPE:
            raise ProtocolError(
                "invalid_request", f"authorization_details: expected type {AUTHORIZATION_DETAILS_TYPE}"
            )
        name = detail.get("credential_configuration_id")
        if not isinstance(name, str):
            raise ProtocolError(
                "invalid_request", "authorization_details: credential_configuration_id is missing"
            )
        names.append(name)
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """An access token (section 6.2).

    Attributes:
        identifiers: Credential identifiers by configuration; empty unless the
            request used `authorization_details`.
    """

    access_token: str
    expires_in: int
    identifiers: Mapping[str, tuple[str, ...]]

    def to_json(self) -> JsonObject:
        """The answer's body."""
        body: JsonObject = {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
        }
        if self.identifiers:
            body["authorization_details"] = [
                {
                    "type": AUTHORIZATION_DETAILS_TYPE,
                    "credential_configuration_id": name,
                    "credential_identifiers": list(identifiers),
                }
                for name, identifiers in self.identifiers.items()
            ]
        return body

    @classmethod
    def from_json(cls, body: JsonObject) -> Self:
        """Read the answer.

        Raises:
            MalformedError: No Bearer token in it.
        """
        token_type, expires_in = body.get("token_type"), body.get("expires_in", 0)
        if not isinstance(token_type, str) or token_type.lower() != "bearer":
            raise MalformedError("malformed", "token_type: expected Bearer")
        if not isinstance(expires_in, int) or isinstance(expires_in, bool):
            raise MalformedError("malformed", "expires_in: expected a whole number")
        identifiers: dict[str, tuple[str, ...]] = {}
        details = body.get("authorization_details", [])
        if not isinstance(details, list):
            raise MalformedError("malformed", "authorization_details: expected an array")
        for detail in details:
            if isinstance(detail, dict) and detail.get("type") == AUTHORIZATION_DETAILS_TYPE:
                found = detail.get("credential_identifiers")
                if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
                    raise MalformedError("malformed", "credential_identifiers: expected strings")
                identifiers[_text(detail, "credential_configuration_id")] = tuple(found)
        return cls(_text(body, "access_token", TEXT_MAX * 4), expires_in, identifiers)


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """A request for copies of one credential, one for each proof (section 8.2).

    Attributes:
        configuration_id: Named by `credential_configuration_id`, or None.
        identifier: Named by `credential_identifier`, or None.
        proofs: Compact JWTs, one for each key.
    """

    configuration_id: str | None
    identifier: str | None
    proofs: tuple[str, ...]

    @classmethod
    def from_json(cls, body: JsonObject) -> Self:
        """Read the body that a wallet posted.

        Raises:
            ProtocolError: `invalid_credential_request`, `invalid_proof` or `invalid_encryption_parameters`.
        """
        configuration_id, identifier = (
            body.get("credential_configuration_id"),
            body.get("credential_identifier"),
        )
        if (configuration_id is None) == (identifier is None):
            raise ProtocolError(
                "invalid_credential_request",
                "expected credential_configuration_id or credential_identifier, one of them",
            )
        for name in (configuration_id, identifier):
            if name is not None and (not isinstance(name, str) or not 0 < len(name) <= TEXT_MAX):
                raise ProtocolError(
                    "invalid_credential_request", "expected a string that names the credential"
                )
        if "credential_response_encryption" in body:
            # Ignoring it would send the credential in a form that the wallet asked us not to use.
            raise ProtocolError("invalid_encryption_parameters", "encrypted answers are not offered")
        return cls(configuration_id, identifier, _proofs(body))

    def to_json(self) -> JsonObject:
        """The body as a wallet posts it."""
        body: JsonObject = {"proofs": {"jwt": list(self.proofs)}}
        if self.identifier is not None:
            body["credential_identifier"] = self.identifier
        else:
            body["credential_configuration_id"] = self.configuration_id
        return body


def _proofs(body: JsonObject) -> tuple[str, ...]:
    if "proof" in body and "proofs" not in body:
        raise ProtocolError(
            "invalid_proof", "expected proofs (OpenID4VCI 1.0), found proof of an older draft"
        )
    proofs = body.get("proofs")
    if not isinstance(proofs, dict) or len(proofs) != 1:
        raise ProtocolError("invalid_proof", "proofs: expected an object with exactly one proof type")
    if "jwt" not in proofs:
        raise ProtocolError("invalid_proof", "proofs: expected the proof type jwt")
    jwts = proofs["jwt"]
    if not isinstance(jwts, list) or not jwts:
        raise ProtocolError("invalid_proof", "proofs.jwt: expected a non-empty array")
    if len(jwts) > BATCH_MAX:
        raise ProtocolError("invalid_proof", f"proofs.jwt: expected at most {BATCH_MAX}")
    if not all(isinstance(jwt, str) and 0 < len(jwt) <= PROOF_MAX for jwt in jwts):
        raise ProtocolError("invalid_proof", "proofs.jwt: expected compact JWTs")
    return tuple(jwts)


def credential_response(credentials: Sequence[str]) -> JsonObject:
    """The answer with the credentials (section 8.3)."""
    return {"credentials": [{"credential": credential} for credential in credentials]}


def credentials_of(body: JsonObject) -> tuple[str, ...]:
    """Read the credentials out of an answer.

    Raises:
        MalformedError: Not an immediate answer with credentials as strings.
    """
    found = body.get("credentials")
    if not isinstance(found, list) or not 0 < len(found) <= BATCH_MAX:
        raise MalformedError("malformed", "credentials: expected a non-empty array")
    texts = [entry.get("credential") if isinstance(entry, dict) else None for entry in found]
    if not all(isinstance(text, str) and text for text in texts):
        raise MalformedError("malformed", "credentials: expected objects with the credential as a string")
    return tuple(str(text) for text in texts)


def error_body(error: TrustidError) -> JsonObject:
    """The error answer of the token and credential endpoints (sections 6.3 and 8.3.1).

    `error_description` keeps to the ASCII that the specification allows.
    """
    description = f"{error.public} ({error.message})" if error.message != error.public else error.public
    return {"error": error.code, "error_description": _NOT_ERROR_TEXT.sub("'", description)}


def well_known_url(identifier: str, suffix: str) -> str:
    """Where the metadata of an issuer is: the suffix is inserted between host and path (section 12.2.2).

    Args:
        identifier: The issuer's URL, without a trailing slash.
        suffix: E.g. `openid-credential-issuer`, `oauth-authorization-server`, `jwt-vc-issuer`.
    """
    parts = urlsplit(identifier)
    return f"{parts.scheme}://{parts.netloc}/.well-known/{suffix}{parts.path.rstrip('/')}"


@dataclass(frozen=True, slots=True)
class IssuerMetadata:
    """What a wallet needs of the issuer's metadata (section 12.2.4).

    Attributes:
        configurations: `credential_configurations_supported`, as sent.
        authorization_servers: Empty when the issuer is its own.
        batch_size: How many proofs one request may have.
    """

    credential_issuer: str
    credential_endpoint: str
    nonce_endpoint: str | None
    authorization_servers: tuple[str, ...]
    batch_size: int
    display: tuple[JsonObject, ...]
    configurations: Mapping[str, JsonObject]

    @classmethod
    def from_json(cls, body: JsonObject, *, expected_issuer: str) -> Self:
        """Read issuer metadata.

        Raises:
            MalformedError: A required parameter is missing or has the wrong type.
            ProtocolError: `issuer_metadata_mismatch`: it belongs to another issuer (section 12.2.4: MUST NOT be used).
        """
        issuer = _text(body, "credential_issuer")
        if issuer != expected_issuer:
            raise ProtocolError(
                "issuer_metadata_mismatch", "credential_issuer: expected the issuer of the offer"
            )
        configurations = body.get("credential_configurations_supported")
        if not isinstance(configurations, dict) or not all(
            isinstance(one, dict) for one in configurations.values()
        ):
            raise MalformedError(
                "malformed", "credential_configurations_supported: expected an object of objects"
            )
        servers, display = body.get("authorization_servers", []), body.get("display", [])
        if not isinstance(servers, list) or not all(isinstance(server, str) for server in servers):
            raise MalformedError("malformed", "authorization_servers: expected strings")
        if not isinstance(display, list) or not all(isinstance(one, dict) for one in display):
            raise MalformedError("malformed", "display: expected objects")
        batch = body.get("batch_credential_issuance", {})
        size = batch.get("batch_size", 1) if isinstance(batch, dict) else None
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise MalformedError("malformed", "batch_size: expected a whole number, 2 or more")
        return cls(
            credential_issuer=issuer,
            credential_endpoint=_text(body, "credential_endpoint"),
            nonce_endpoint=_text(body, "nonce_endpoint") if "nonce_endpoint" in body else None,
            authorization_servers=tuple(servers),
            batch_size=min(size, BATCH_MAX),
            display=tuple(display),
            configurations=configurations,
        )


def _text(body: Mapping[str, Any], name: str, most: int = TEXT_MAX) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise MalformedError("malformed", f"{name}: expected a string of 1 to {most} characters")
    return value
