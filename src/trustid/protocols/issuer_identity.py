"""Who the issuer is: its identifier, its keys, and the documents that show them.

Each institution that issues here has a key of its own, so that none can be made
to sign another's statements. It signs credentials and the status lists that
they point to; their `typ` keeps the two apart. The keys stand in the keystore
and are made at the first start, as are a development CA and the certificates
under it.

| issuer identifier | how a verifier finds the key |
|---|---|
| `url` (default) | `iss` is the public URL; `x5c` chain in the header; also `/.well-known/jwt-vc-issuer` |
| `did` | `iss` is the did:web of the public URL; `kid` is a DID URL; `/.well-known/did.json` |
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from trustid import keys
from trustid.did import web as did_web
from trustid.encoding import JsonObject, b64_encode, sha256
from trustid.keys import PublicKey, SigningKey
from trustid.keys.keystore import Keystore
from trustid.keys.x509 import DevelopmentCa

__all__ = ["IssuerIdentity", "SigningIdentity", "prepare_keystore"]

CREDENTIAL_KEY: Final = "issuer.credential"
CA_SECRET: Final = "issuer.development-ca"
SEALING_SECRET: Final = "issuer.sealing"
SESSION_SECRET: Final = "issuer.session"
KEY_KIND: Final = "P-256"
"""ES256 is the algorithm that every wallet and verifier of OpenID4VC must know (HAIP 1.0, section 7)."""
CERTIFICATE_DAYS: Final = 3650
"""As long as the development CA itself: a verifier that checks the chain takes no credential that outlives it."""
PEM_WIDTH: Final = 64
CREDENTIAL_FRAGMENT: Final = "credential"


@dataclass(frozen=True, slots=True)
class SigningIdentity:
    """A key, and how the header of what it signs points to it.

    Attributes:
        fragment: Names the key in the DID document and in the issuer metadata.
        x5c: Certificate chain, leaf first, without the anchor; None when `kid` is used.
        kid: DID URL of the key; None when `x5c` is used.
    """

    fragment: str
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
        credential: Signs credentials of kinds that no institution is named for.
        ca_certificate: The development CA, DER, for verifiers' trust files.
        institutions: By configuration: what signs the credentials of an institution's kinds.
    """

    public_url: str
    issuer: str
    did: str
    credential: SigningIdentity
    ca_certificate: bytes
    institutions: Mapping[str, SigningIdentity] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        keystore: Keystore,
        *,
        public_url: str,
        issuer_id: Literal["url", "did"],
        name: str,
        institutions: Mapping[str, str] | None = None,
    ) -> Self:
        """Take the keys out of a prepared keystore.

        Args:
            keystore: After `prepare_keystore`.
            public_url: Without a trailing slash.
            issuer_id: Which identifier credentials carry.
            name: Common name of the certificates.
            institutions: By configuration: the institution that issues it, if it is not the issuer itself.
        """
        did = did_web.create(public_url)
        ca = DevelopmentCa.from_pem(keystore.secret(CA_SECRET))

        def signing(key_name: str, fragment: str, owner: str) -> SigningIdentity:
            key = keystore.get(key_name)
            if issuer_id == "did":
                return SigningIdentity(fragment, key, None, f"{did}#{fragment}")

            def certificate() -> bytes:
                return ca.issue(
                    key.public_key,
                    common_name=owner,
                    dns_names=[urlsplit(public_url).hostname or ""],
                    uris=[public_url],
                    valid_days=CERTIFICATE_DAYS,
                )

            # Kept, so that all workers and machines show one certificate: a different one would tell copies apart.
            kept = f"{key_name}.certificate.{_short_hash(f'{public_url} {owner}')}"
            return SigningIdentity(
                fragment, key, (b64_encode(keystore.secret_or_add(kept, certificate)),), None
            )

        named = institutions or {}
        signers = {
            owner: signing(_key_name(owner), _fragment(owner), owner) for owner in sorted(set(named.values()))
        }
        return cls(
            public_url=public_url,
            issuer=did if issuer_id == "did" else public_url,
            did=did,
            credential=signing(CREDENTIAL_KEY, CREDENTIAL_FRAGMENT, name),
            ca_certificate=ca.certificate_der,
            institutions={configuration: signers[owner] for configuration, owner in named.items()},
        )

    @property
    def ca_certificate_pem(self) -> str:
        """The development CA's certificate as PEM (RFC 7468)."""
        lines = wrap(b64_encode(self.ca_certificate), PEM_WIDTH)
        return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])

    def did_document(self, further: Mapping[str, PublicKey] | None = None) -> JsonObject:
        """The document of the did:web.

        Args:
            further: Keys of Data Integrity proofs under the same name, by fragment.
        """
        own = {signer.fragment: signer.key.public_key for signer in self.signers()}
        return did_web.document_for(self.did, own, multikeys=further)

    def jwt_vc_issuer_metadata(self) -> JsonObject:
        """JWT VC Issuer Metadata (draft-ietf-oauth-sd-jwt-vc-19, section 5)."""
        return {
            "issuer": self.public_url,
            "jwks": {"keys": [_jwk(signer.key, signer.fragment) for signer in self.signers()]},
        }

    def signers(self) -> tuple[SigningIdentity, ...]:
        """Everything that signs here, each once."""
        found = {signer.fragment: signer for signer in (self.credential, *self.institutions.values())}
        return tuple(found.values())

    def signer_of(self, configuration_id: str) -> SigningIdentity:
        """What signs the credentials of a kind."""
        return self.institutions.get(configuration_id, self.credential)

    def signer_named(self, fragment: str) -> SigningIdentity:
        """What has this name in the DID document; the issuer itself for an institution that is gone."""
        return next((one for one in self.signers() if one.fragment == fragment), self.credential)


def prepare_keystore(keystore: Keystore, *, name: str, institutions: Collection[str] = ()) -> None:
    """Make what is missing in the issuer's keystore: keys, secrets, a development CA.

    Call it before workers are forked, so that all have the same keys. Several
    processes may call it at once.
    """
    for key_name in (CREDENTIAL_KEY, *(_key_name(owner) for owner in sorted(set(institutions)))):
        keystore.get_or_add(key_name, lambda: keys.generate(KEY_KIND))
    for secret_name in (SEALING_SECRET, SESSION_SECRET):
        keystore.secret_or_add(secret_name)
    keystore.secret_or_add(CA_SECRET, lambda: DevelopmentCa.create(f"{name} development CA").to_pem())


def _short_hash(text: str) -> str:
    return sha256(text.encode()).hex()[:16]


def _key_name(owner: str) -> str:
    return f"{CREDENTIAL_KEY}.{_short_hash(owner)}"


def _fragment(owner: str) -> str:
    return f"{CREDENTIAL_FRAGMENT}-{_short_hash(owner)}"


def _jwk(key: SigningKey, kid: str) -> JsonObject:
    public = key.public_key
    return {**public.to_jwk(), "kid": kid, "alg": public.algorithm, "use": "sig"}
