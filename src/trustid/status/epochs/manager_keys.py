"""The secrets of a revocation manager, in its keystore and nowhere else.

    registry     the manager's secret, with what the registry began with
    order        in which order slots are given out
    statements   signs the statements; statements.2, .3, ... are the keys that it was handed over to

Losing the first ends the registry: nobody can publish another epoch. Who reads
it makes proofs for everybody. Back the keystore up where the passphrase is not.
"""

from __future__ import annotations

from typing import Final, Literal, Self

from trustid import keys
from trustid.errors import KeystoreError, StoreError
from trustid.keys import SigningKey
from trustid.keys.keystore import Keystore
from trustid.keys.secret import Secret
from trustid.status.accumulator import Manager, Params
from trustid.status.allocation import IndexPermutation

__all__ = ["ManagerKeys"]

REGISTRY_NAME: Final = "registry"
ORDER_NAME: Final = "order"
STATEMENTS_NAME: Final = "statements"

SECRET_BYTES: Final = 64
FIRST_STATE_BYTES: Final = 64
"""State of a registry that nobody joined: accumulator (56) and the length of an empty map (8)."""


class ManagerKeys(Secret):
    """What only the revocation manager has.

    Attributes:
        params: The registry's parameters.
        first_state: The manager's state before anybody joined.
        order: Which slot the n-th one to join gets.
        signing_keys: Sign statements, one after the other.
    """

    __slots__ = ("_secret", "first_state", "order", "params", "signing_keys")

    def __init__(
        self, secret: bytes, params: Params, first_state: bytes, order_key: bytes, *signing_keys: SigningKey
    ) -> None:
        self._secret = secret
        self.params = params
        self.first_state = first_state
        self.order = IndexPermutation(order_key, params.capacity)
        self.signing_keys = signing_keys

    @classmethod
    def create(
        cls,
        keystore: Keystore,
        registry: str,
        capacity: int,
        *,
        signing_kind: Literal["Ed25519", "P-256"] = "Ed25519",
    ) -> Self:
        """Make the secrets of a new registry, or take up those that a call that died has made.

        Raises:
            MalformedError: `params_invalid`.
            StoreError: `registry_exists`: the keystore holds those of another registry.
        """
        keystore.secret_or_add(REGISTRY_NAME, lambda: _founded(registry, capacity))
        keystore.secret_or_add(ORDER_NAME)
        keystore.get_or_add(STATEMENTS_NAME, lambda: keys.generate(signing_kind))
        opened = cls.open(keystore)
        if (opened.params.registry, opened.params.capacity) != (registry.encode("ascii"), capacity):
            raise StoreError("registry_exists", "the keystore holds the secrets of another registry")
        return opened

    @classmethod
    def open(cls, keystore: Keystore) -> Self:
        """Read the secrets.

        Raises:
            KeystoreError: `key_missing`.
        """
        founded = keystore.secret(REGISTRY_NAME)
        secret, rest = founded[:SECRET_BYTES], founded[SECRET_BYTES:]
        first_state, params = rest[:FIRST_STATE_BYTES], rest[FIRST_STATE_BYTES:]
        signing_keys = [keystore.get(STATEMENTS_NAME)]
        while keystore.has(name := _successor_name(len(signing_keys))):
            signing_keys.append(keystore.get(name))
        return cls(secret, Params.from_bytes(params), first_state, keystore.secret(ORDER_NAME), *signing_keys)

    def with_successor(self, keystore: Keystore, signing_kind: Literal["Ed25519", "P-256"]) -> Self:
        """The secrets with one more key for statements, which is on disk when this returns.

        Args:
            keystore: Where they are kept.
            signing_kind: Which kind of key.
        """
        name = _successor_name(len(self.signing_keys))
        keystore.get_or_add(name, lambda: keys.generate(signing_kind))
        return self.open(keystore)

    def signing_key(self, thumbprint: str | None) -> SigningKey:
        """The key for statements with this thumbprint.

        Raises:
            KeystoreError: `key_missing`: the keystore is older than the last handover.
        """
        for key in self.signing_keys:
            if key.public_key.thumbprint() == thumbprint:
                return key
        raise KeystoreError(
            "key_missing",
            "the keystore lacks the key that statements were handed over to: bring back its newest copy",
        )

    def successor_of(self, key: SigningKey) -> SigningKey | None:
        """The key that is to sign after this one, if there is one."""
        place = self.signing_keys.index(key) + 1
        return self.signing_keys[place] if place < len(self.signing_keys) else None

    def manager(self, state: bytes) -> Manager:
        """The manager in a stored state.

        Raises:
            StoreError: `store_tampered`: the state is not one of this registry.
        """
        return Manager.restore(self._secret, self.params, state)


def _successor_name(number: int) -> str:
    return f"{STATEMENTS_NAME}.{number + 1}"


def _founded(registry: str, capacity: int) -> bytes:
    manager = Manager.create(registry.encode("ascii"), capacity)
    return manager.secret_bytes() + manager.state_bytes() + bytes(manager.params)
