"""Under which names and with which keys W3C credentials are issued.

Two Ed25519 keys beside those of `trustid.protocols.issuer_identity`, for the
cryptosuite eddsa-jcs-2022: one for credentials, one for their status lists.
They stand in the same DID document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from trustid import keys
from trustid.did import key as did_key
from trustid.keys import PublicKey, SigningKey
from trustid.keys.keystore import Keystore

__all__ = ["VcIdentity", "VcName"]

VC_KEY: Final = "issuer.vc"
VC_STATUS_KEY: Final = "issuer.vc-status"
VC_FRAGMENT: Final = "vc"
VC_STATUS_FRAGMENT: Final = "vc-status"


@dataclass(frozen=True, slots=True)
class VcName:
    """One name of the issuer.

    Attributes:
        did: The `issuer` of credentials.
        key: Signs credentials, under the DID URL `method`.
        list_key: Signs status lists, under the DID URL `list_method`.
    """

    did: str
    key: SigningKey
    method: str
    list_key: SigningKey
    list_method: str


@dataclass(frozen=True, slots=True)
class VcIdentity:
    """The issuer of W3C credentials.

    It has two names: the did:web of the server, and the did:key of its
    credential key, for those who cannot fetch. A did:key has one key, so under
    that name it signs the lists as well.

    Attributes:
        public_url: Under which the lists are served.
        names: By DID.
        public_keys: For the DID document of the did:web, by fragment.
    """

    public_url: str
    names: Mapping[str, VcName]
    public_keys: Mapping[str, PublicKey]

    @classmethod
    def open(cls, keystore: Keystore, *, public_url: str, did: str) -> Self:
        """Take the keys out of the keystore; they are made at the first start."""
        key = keystore.get_or_add(VC_KEY, lambda: keys.generate("Ed25519"))
        list_key = keystore.get_or_add(VC_STATUS_KEY, lambda: keys.generate("Ed25519"))
        own = did_key.create(key.public_key)
        method = f"{own}#{own.removeprefix('did:key:')}"
        web = VcName(did, key, f"{did}#{VC_FRAGMENT}", list_key, f"{did}#{VC_STATUS_FRAGMENT}")
        return cls(
            public_url,
            {did: web, own: VcName(own, key, method, key, method)},
            {VC_FRAGMENT: key.public_key, VC_STATUS_FRAGMENT: list_key.public_key},
        )
