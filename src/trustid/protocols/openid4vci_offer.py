"""Credential offers: by value, by reference, and the links that carry them.

OpenID4VCI 1.0 (Final), section 4.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import parse_qs, quote, urlsplit

from trustid.encoding import JsonObject, dump_json, parse_json_object
from trustid.errors import MalformedError

__all__ = [
    "PRE_AUTHORIZED_GRANT",
    "CredentialOffer",
    "TxCode",
    "offer_uri",
    "offer_uri_by_reference",
    "parse_offer_uri",
    "text_member",
]

PRE_AUTHORIZED_GRANT: Final = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
OFFER_SCHEME: Final = "openid-credential-offer"

CODE_MAX: Final = 512
TEXT_MAX: Final = 2048
OFFER_URI_MAX: Final = 16 * 1024
CONFIGURATIONS_MAX: Final = 100
TX_CODE_DESCRIPTION_MAX: Final = 300


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
        issuer = text_member(body, "credential_issuer")
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
        return cls(issuer, tuple(names), text_member(grant, "pre-authorized_code", CODE_MAX), tx_code)


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


def text_member(body: Mapping[str, Any], name: str, most: int = TEXT_MAX) -> str:
    """A required member that is a string.

    Raises:
        MalformedError: Missing, empty, too long or not a string.
    """
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise MalformedError("malformed", f"{name}: expected a string of 1 to {most} characters")
    return value
