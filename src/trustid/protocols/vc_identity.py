"""Under which names and with which keys W3C credentials are issued.

One key for each kind of cryptosuite (Ed25519, P-256, P-384) beside those of
`trustid.protocols.issuer_identity`, and one for status lists. They stand in
the same DID document, and each of the first three has a did:key as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Self

from trustid import keys
from trustid.did import key as did_key
from trustid.errors import MalformedError, ProtocolError
from trustid.keys import PublicKey, SigningKey
from trustid.keys.keystore import Keystore

__all__ = ["ALGORITHMS", "VcIdentity", "VcKey", "VcName"]

VC_STATUS_KEY: Final = "issuer.vc-status"
VC_STATUS_FRAGMENT: Final = "vc-status"
_KINDS: Final[Mapping[str, tuple[str, Literal["Ed25519", "P-256", "P-384"]]]] = {
    "vc": ("issuer.vc", "Ed25519"),
    "vc-p256": ("issuer.vc-p256", "P-256"),
    "vc-p384": ("issuer.vc-p384", "P-384"),
}
"""Fragment in the DID document -> name in the keystore, and kind."""

ALGORITHMS: Final[Mapping[str, tuple[str, ...]]] = {
    "eddsa-jcs-2022": ("EdDSA",),
    "eddsa-rdfc-2022": ("EdDSA",),
    "ecdsa-jcs-2019": ("ES256", "ES384"),
    "ecdsa-rdfc-2019": ("ES256", "ES384"),
    "ecdsa-sd-2023": ("ES256",),
}
"""The cryptosuites issued with, the default of each key first -> the keys that each signs with."""


@dataclass(frozen=True, slots=True)
class VcKey:
    """A key that signs credentials.

    Attributes:
        key: The key.
        method: Its DID URL.
    """

    key: SigningKey
    method: str


@dataclass(frozen=True, slots=True)
class VcName:
    """One name of the issuer.

    Attributes:
        did: The `issuer` of credentials.
        keys: What signs credentials under this name; the first by default.
        list_key: What signs status lists.
    """

    did: str
    keys: tuple[VcKey, ...]
    list_key: VcKey

    def choose(self, cryptosuite: str | None, method: str | None) -> tuple[str, VcKey]:
        """The cryptosuite and the key for a wish, or what is usual.

        Args:
            cryptosuite: One of `ALGORITHMS`.
            method: The DID URL of one of `keys`.

        Raises:
            ProtocolError: `issuer_not_ours`: the key is not of this name.
            MalformedError: `malformed`: the cryptosuite is not spoken, or not with such a key.
        """
        if cryptosuite is not None and cryptosuite not in ALGORITHMS:
            raise MalformedError("malformed", f"expected one of the cryptosuites {', '.join(ALGORITHMS)}")
        named = [one for one in self.keys if method in (None, one.method)]
        if not named:
            raise ProtocolError("issuer_not_ours", "expected this issuer's own key in options")
        for key in named:
            for suite, algorithms in ALGORITHMS.items():
                if key.key.algorithm in algorithms and cryptosuite in (None, suite):
                    return suite, key
        raise MalformedError("malformed", "expected a cryptosuite that this issuer has a key for")


@dataclass(frozen=True, slots=True)
class VcIdentity:
    """The issuer of W3C credentials.

    It has several names: the did:web of the server, with every key, and the
    did:key of each of them, for those who cannot fetch. A did:key has one key,
    so under that name it signs the lists as well.

    Attributes:
        public_url: Under which the lists are served.
        names: By DID; the did:web first, then the did:key of the Ed25519 key.
        public_keys: For the DID document of the did:web, by fragment.
    """

    public_url: str
    names: Mapping[str, VcName]
    public_keys: Mapping[str, PublicKey]

    @classmethod
    def open(cls, keystore: Keystore, *, public_url: str, did: str) -> Self:
        """Take the keys out of the keystore; they are made at the first start."""
        found = {
            fragment: keystore.get_or_add(name, lambda kind=kind: keys.generate(kind))  # type: ignore[misc]
            for fragment, (name, kind) in _KINDS.items()
        }
        list_key = keystore.get_or_add(VC_STATUS_KEY, lambda: keys.generate("Ed25519"))
        web = VcName(
            did,
            tuple(VcKey(key, f"{did}#{fragment}") for fragment, key in found.items()),
            VcKey(list_key, f"{did}#{VC_STATUS_FRAGMENT}"),
        )
        own = [_did_key(key) for key in found.values()]
        public = {fragment: key.public_key for fragment, key in found.items()}
        return cls(
            public_url,
            {name.did: name for name in (web, *own)},
            public | {VC_STATUS_FRAGMENT: list_key.public_key},
        )


def _did_key(key: SigningKey) -> VcName:
    did = did_key.create(key.public_key)
    only = VcKey(key, f"{did}#{did.removeprefix('did:key:')}")
    return VcName(did, (only,), only)
