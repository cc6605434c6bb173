"""Who the issuer is: its identifier, its keys, and the documents that show them.

Two keys, one for credentials and one for status lists, so that neither can be
made to sign the other's statements. They stand in the keystore and are made at
the first start, as is a development CA; an institution with a certificate of
its own puts it there instead.

| issuer identifier | how a verifier finds the key |
|---|---|
| `url` (default) | `iss` is the public URL; `x5c` chain in the header; also `/.well-known/jwt-vc-issuer` |
| `did` | `iss` is the did:web of the public URL; `kid` is a DID URL; `/.well-known/did.json` |
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from trustid import keys
from trustid.did import web as did_web
from trustid.encoding import JsonObject, b64_encode
from trustid.keys import PublicKey, SigningKey
from trustid.keys.keystore import Keystore
from trustid.keys.x509 import DevelopmentCa

__all__ = ["IssuerIdentity", "SigningIdentity", "prepare_keystore"]

CREDENTIAL_KEY: Final = "issuer.credential"
STATUS_KEY: Final = "issuer.status"
CA_SECRET: Final = "issuer.development-ca"
SEALING_SECRET: Final = "issuer.sealing"
SESSION_SECRET: Final = "issuer.session"
KEY_KIND: Final = "P-256"
"""ES256 is the algorithm that every wallet and verifier of OpenID4VC must know (HAIP 1.0, section 7)."""
SECRET_BYTES: Final = 32
CERTIFICATE_DAYS: Final = 3650
"""As long as the development CA itself: a verifier that checks the chain takes no credential that outlives it."""
PEM_WIDTH: Final = 64
CREDENTIAL_FRAGMENT: Final = "credential"
STATUS_FRAGMENT: Final = "status"


@dataclass(frozen=True, slots=True)
class SigningIdentity:
    """A key, and how the header of what it signs points to it.

    Attributes:
        x5c: Certificate chain, leaf first, without the anchor; None when `kid` is used.
        kid: DID URL of the key; None when `x5c` is used.
    """

    key: SigningKey
    x5c: tuple[str, ...] | None
    kid: str | None


@dataclass(frozen=True, slots=True)
class IssuerIdentity:
    """The issuer as others see it.

    Attributes:
        public_url: The credential issuer identifier of OpenID4VCI.
        issuer: The `iss` of credentials: the public URL or the did:web.
        did: The did:web of the public URL, served in either case.
        credential: Signs credentials.
        status: Signs status lists.
        ca_certificate: The development CA, DER, for verifiers' trust files.
    """

    public_url: str
    issuer: str
    did: str
    credential: SigningIdentity
    status: SigningIdentity
    ca_certificate: bytes

    @classmethod
    def open(
        cls, keystore: Keystore, *, public_url: str, issuer_id: Literal["url", "did"], name: str
    ) -> Self:
        """Take the keys out of a prepared keystore.

        Args:
            keystore: After `prepare_keystore`.
            public_url: Without a trailing slash.
            issuer_id: Which identifier credentials carry.
            name: Common name of the certificates.
        """
        did = did_web.create(public_url)
        ca = DevelopmentCa.from_pem(keystore.secret(CA_SECRET))

        def signing(key_name: str, fragment: str) -> SigningIdentity:
            key = keystore.get(key_name)
            if issuer_id == "did":
                return SigningIdentity(key, None, f"{did}#{fragment}")
            leaf = ca.issue(
                key.public_key,
                common_name=name,
                dns_names=[urlsplit(public_url).hostname or ""],
                uris=[public_url],
                valid_days=CERTIFICATE_DAYS,
            )
            return SigningIdentity(key, (b64_encode(leaf),), None)

        return cls(
            public_url=public_url,
            issuer=did if issuer_id == "did" else public_url,
            did=did,
            credential=signing(CREDENTIAL_KEY, CREDENTIAL_FRAGMENT),
            status=signing(STATUS_KEY, STATUS_FRAGMENT),
            ca_certificate=ca.certificate_der,
        )

    @property
    def ca_certificate_pem(self) -> str:
        """The development CA's certificate as PEM (RFC 7468)."""
        lines = wrap(b64_encode(self.ca_certificate), PEM_WIDTH)
        return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])

    def did_document(self, further: Mapping[str, PublicKey] | None = None) -> JsonObject:
        """The document of the did:web.

        Args:
            further: Keys of other engines under the same name, by fragment.
        """
        return did_web.document_for(
            self.did,
            {
                CREDENTIAL_FRAGMENT: self.credential.key.public_key,
                STATUS_FRAGMENT: self.status.key.public_key,
                **(further or {}),
            },
        )

    def jwt_vc_issuer_metadata(self) -> JsonObject:
        """JWT VC Issuer Metadata (draft-ietf-oauth-sd-jwt-vc-19, section 5)."""
        return {
            "issuer": self.public_url,
            "jwks": {
                "keys": [
                    _jwk(self.credential.key, CREDENTIAL_FRAGMENT),
                    _jwk(self.status.key, STATUS_FRAGMENT),
                ]
            },
        }


def prepare_keystore(keystore: Keystore, *, name: str) -> None:
    """Make what is missing in the issuer's keystore: keys, secrets, a development CA.

    Call it before workers are forked, so that all have the same keys.
    """
    for key_name in (CREDENTIAL_KEY, STATUS_KEY):
        if not keystore.has(key_name):
            keystore.add(key_name, keys.generate(KEY_KIND))
    for secret_name in (SEALING_SECRET, SESSION_SECRET):
        if not keystore.has(secret_name):
            keystore.add(secret_name, secrets.token_bytes(SECRET_BYTES))
    if not keystore.has(CA_SECRET):
        keystore.add(CA_SECRET, DevelopmentCa.create(f"{name} development CA").to_pem())


def _jwk(key: SigningKey, kid: str) -> JsonObject:
    public = key.public_key
    return {**public.to_jwk(), "kid": kid, "alg": public.algorithm, "use": "sig"}
