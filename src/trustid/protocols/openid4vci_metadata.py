"""What an issuer says about itself, as a wallet reads it.

OpenID4VCI 1.0 (Final), section 12.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from trustid.encoding import JsonObject
from trustid.errors import MalformedError, ProtocolError
from trustid.protocols.openid4vci_offer import text_member

__all__ = ["BATCH_MAX", "IssuerMetadata", "well_known_url"]

BATCH_MAX: Final = 100


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
        issuer = text_member(body, "credential_issuer")
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
            credential_endpoint=text_member(body, "credential_endpoint"),
            nonce_endpoint=text_member(body, "nonce_endpoint") if "nonce_endpoint" in body else None,
            authorization_servers=tuple(servers),
            batch_size=min(size, BATCH_MAX),
            display=tuple(display),
            configurations=configurations,
        )
