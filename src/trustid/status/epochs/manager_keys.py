"""The secrets of a revocation manager, in its keystore and nowhere else.

    registry     the manager's secret, with what the registry began with
    order        in which order slots are given out
    statements   signs the statements

Losing the first ends the registry: nobody can publish another epoch. Who reads
it makes proofs for everybody. Back the keystore up where the passphrase is not.
"""

from __future__ import annotations

from typing import Final, Literal, Self

from trustid import keys
from trustid.errors import StoreError
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
        signing_key: Signs statements.
    """

    __slots__ = ("_secret", "first_state", "order", "params", "signing_key")

    def __init__(
        self, secret: bytes, params: Params, first_state: bytes, order_key: bytes, signing_key: SigningKey
    ) -> None:
        self._secret = secret
        self.params = params
        self.first_state = first_state
        self.order = IndexPermutation(order_key, params.capacity)
        self.signing_key = signing_key

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
        order_key, signing_key = keystore.secret(ORDER_NAME), keystore.get(STATEMENTS_NAME)
        return cls(secret, Params.from_bytes(params), first_state, order_key, signing_key)

    def manager(self, state: bytes) -> Manager:
        """The manager in a stored state.

        Raises:
            StoreError: `store_tampered`: the state is not one of this registry.
        """
        return Manager.restore(self._secret, self.params, state)


def _founded(registry: str, capacity: int) -> bytes:
    manager = Manager.create(registry.encode("ascii"), capacity)
    return manager.secret_bytes() + manager.state_bytes() + bytes(manager.params)
