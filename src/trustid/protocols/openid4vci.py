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
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlencode

from trustid.encoding import JsonObject, parse_json_object
from trustid.errors import MalformedError, ProtocolError, TrustidError
from trustid.protocols.openid4vci_metadata import BATCH_MAX, IssuerMetadata, well_known_url
from trustid.protocols.openid4vci_offer import (
    CODE_MAX,
    CONFIGURATIONS_MAX,
    PRE_AUTHORIZED_GRANT,
    TEXT_MAX,
    CredentialOffer,
    TxCode,
    offer_uri,
    offer_uri_by_reference,
    parse_offer_uri,
    text_member,
)
from trustid.status.accumulator_entry import STATUS_SECRETS

__all__ = [
    "AUTHORIZATION_DETAILS_TYPE",
    "BATCH_MAX",
    "PRE_AUTHORIZED_GRANT",
    "MDOC_FORMAT",
    "PROOF_ALGORITHMS",
    "PROOF_TYP",
    "SD_JWT_VC_FORMAT",
    "CredentialOffer",
    "CredentialRequest",
    "IssuedCopy",
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

AUTHORIZATION_DETAILS_TYPE: Final = "openid_credential"
PROOF_TYP: Final = "openid4vci-proof+jwt"
PROOF_ALGORITHMS: Final = ("ES256", "EdDSA", "Ed25519")
"""EdDSA and, for the same keys, its fully specified name (RFC 9864)."""
SD_JWT_VC_FORMAT: Final = "dc+sd-jwt"
MDOC_FORMAT: Final = "mso_mdoc"

PROOF_MAX: Final = 16 * 1024

_NOT_ERROR_TEXT = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


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
                identifiers[text_member(detail, "credential_configuration_id")] = tuple(found)
        return cls(text_member(body, "access_token", TEXT_MAX * 4), expires_in, identifiers)


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """A request for copies of one credential, one for each proof (section 8.2).

    Attributes:
        configuration_id: Named by `credential_configuration_id`, or None.
        identifier: Named by `credential_identifier`, or None.
        proofs: Compact JWTs, one for each key.
        status_mechanism: How the wallet would have the copies be taken back
            (`status_mechanism`, a member of our own); a place in a status list
            for each copy where it says nothing.
    """

    configuration_id: str | None
    identifier: str | None
    proofs: tuple[str, ...]
    status_mechanism: str | None = None

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
        mechanism = body.get("status_mechanism")
        return cls(
            configuration_id, identifier, _proofs(body), mechanism if isinstance(mechanism, str) else None
        )

    def to_json(self) -> JsonObject:
        """The body as a wallet posts it."""
        body: JsonObject = {"proofs": {"jwt": list(self.proofs)}}
        if self.identifier is not None:
            body["credential_identifier"] = self.identifier
        else:
            body["credential_configuration_id"] = self.configuration_id
        if self.status_mechanism is not None:
            body["status_mechanism"] = self.status_mechanism
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


@dataclass(frozen=True, slots=True)
class IssuedCopy:
    """One copy as it goes to the wallet.

    Attributes:
        text: The credential.
        status_secrets: What the holder alone gets beside it (`status_secrets`,
            a member of our own), or None.
    """

    text: str = field(repr=False)
    status_secrets: JsonObject | None = field(repr=False, default=None)


def credential_response(copies: Sequence[IssuedCopy]) -> JsonObject:
    """The answer with the credentials (section 8.3)."""
    entries = [{"credential": copy.text} for copy in copies]
    beside = [{} if copy.status_secrets is None else {STATUS_SECRETS: copy.status_secrets} for copy in copies]
    return {"credentials": [entry | more for entry, more in zip(entries, beside, strict=True)]}


def credentials_of(body: JsonObject) -> tuple[IssuedCopy, ...]:
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
    secrets = [entry.get(STATUS_SECRETS) for entry in found]
    if not all(one is None or isinstance(one, dict) for one in secrets):
        raise MalformedError("malformed", f"{STATUS_SECRETS}: expected objects")
    return tuple(IssuedCopy(str(text), beside) for text, beside in zip(texts, secrets, strict=True))


def error_body(error: TrustidError) -> JsonObject:
    """The error answer of the token and credential endpoints (sections 6.3 and 8.3.1).

    `error_description` keeps to the ASCII that the specification allows.
    """
    description = f"{error.public} ({error.message})" if error.message != error.public else error.public
    return {"error": error.code, "error_description": _NOT_ERROR_TEXT.sub("'", description)}
